"""What a shopper sends and gets about pickup points; pure Python."""

from typing import Annotated, Literal

from pydantic import Field, model_validator

from odoo.addons.wx_base.schemas.base import WxIn, WxOut

Latitude = Annotated[float, Field(ge=-90, le=90, allow_inf_nan=False)]
Longitude = Annotated[float, Field(ge=-180, le=180, allow_inf_nan=False)]


class PickupQuery(WxIn):
    """``?lat=…&lng=…``: the phone's position in GCJ-02 degrees, both or none."""

    lat: Latitude | None = None
    lng: Longitude | None = None

    @model_validator(mode="after")
    def _both_or_none(self):
        if (self.lat is None) != (self.lng is None):
            raise ValueError("lat and lng belong together")
        return self


class PickupPoint(WxOut):
    """A shop where orders can be collected."""

    id: int
    name: str
    address: str
    phone: str
    opening_hours: str
    latitude: float | None = Field(description="GCJ-02 degrees, for wx.openLocation")
    longitude: float | None
    distance_m: int | None = Field(description="Metres as the crow flies")


class PickupPointList(WxOut):
    """All points of the mini-program, the nearest first when a position was given."""

    items: list[PickupPoint]
    next_cursor: str | None


class PickupCode(WxOut):
    """The code of a paid order, to be shown at the counter."""

    order_id: int
    state: Literal["preparing", "ready", "overdue", "picked_up"]
    code: str | None = Field(description="Ten digits; null when it was used")
    qr_data: str | None = Field(description="Text of the QR code to draw")
    ready_at: str | None
    expires_at: str | None = Field(description="Kept until then, once ready")
    picked_at: str | None
    point: PickupPoint
