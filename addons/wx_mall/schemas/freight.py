"""What a shopper sends and gets about freight; pure Python. Amounts in fen."""

from typing import Annotated, Literal

from pydantic import StringConstraints

from odoo.addons.wx_base.schemas.base import Quantity, WxIn, WxOut, owned_id

from .items import ItemList

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

    items: ItemList[FreightItemIn]
    region: FreightRegionIn


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
