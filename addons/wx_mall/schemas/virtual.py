"""What a shopper sends and gets about virtual goods; pure Python."""

from typing import Literal

from pydantic import Field

from odoo.addons.wx_base.schemas.base import WxIn, WxOut


class PayIn(WxIn):
    """``platform``: as ``wx.getDeviceInfo()`` tells. Virtual goods are refused on iOS;
    without it the User-Agent decides."""

    platform: Literal["ios", "android", "ohos", "windows", "mac", "devtools"] | None = (
        None
    )


class VirtualCode(WxOut):
    """One code that the shopper has bought."""

    sku_id: int
    title: str
    code: str
    valid_until: str | None


class VirtualCodeList(WxOut):
    """The codes of an order."""

    order_id: int
    pending: int | None = Field(
        description="Pieces that wait for a code; null until the order is processed"
    )
    items: list[VirtualCode]
