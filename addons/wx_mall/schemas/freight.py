"""What a shopper sends and gets about freight; pure Python. Amounts in fen."""

from typing import Annotated, Literal

from pydantic import Field, StringConstraints, field_validator

from odoo.addons.wx_base.schemas.base import Quantity, WxIn, WxOut, owned_id

Place = Annotated[str, StringConstraints(max_length=32)]


class FreightItemIn(WxIn):
    """One SKU and how many pieces of it."""

    sku_id: owned_id("sku", "app")
    qty: Quantity = 1


class FreightRegionIn(WxIn):
    """Where to, as ``wx.chooseAddress`` names it."""

    province: Annotated[str, StringConstraints(min_length=1, max_length=32)]
    city: Place = ""
    district: Place = ""


class FreightIn(WxIn):
    """What freight would be for these SKUs in one parcel order."""

    items: Annotated[list[FreightItemIn], Field(min_length=1, max_length=100)]
    region: FreightRegionIn

    @field_validator("items")
    @classmethod
    def _each_sku_once(cls, items):
        if len({item.sku_id for item in items}) != len(items):
            raise ValueError("each SKU only once; add up the quantities")
        return items


class FreightReason(WxOut):
    """One part of the freight, or why something cannot be sent."""

    kind: Literal[
        "charged", "free", "promotion", "restricted", "excluded", "undeliverable"
    ]
    text: str
    fen: int
    sku_ids: list[int]


class FreightEstimate(WxOut):
    """Freight at today's prices; an order computes it again."""

    freight_fen: int
    deliverable: bool
    undeliverable_sku_ids: list[int]
    explanation: list[FreightReason]
