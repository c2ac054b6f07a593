"""What a shopper is told about stock and time of one SKU; pure Python."""

from typing import Literal

from pydantic import Field

from odoo.addons.wx_base.schemas.base import WxOut


class Incoming(WxOut):
    """Goods on their way that nobody has been promised yet."""

    qty: int
    date: str = Field(description="Expected in the warehouse, Beijing date")


class Availability(WxOut):
    """Availability of this moment; never cached."""

    sku_id: int
    policy: Literal["stock", "incoming", "always", "order"] = Field(
        description="order: procured per order; it does not sell out"
    )
    state: Literal["in_stock", "presale", "to_order", "sold_out"]
    sellable: int | None = Field(
        description="Pieces, with those that a limit lets be promised; null where it "
        "cannot sell out"
    )
    incoming: Incoming | None
    ships_on: str | None = Field(
        description="Promised day of shipping for what is bought without stock"
    )
    promised_date: str | None = Field(
        description="Expected at the shopper's if ordered now, Beijing date"
    )
