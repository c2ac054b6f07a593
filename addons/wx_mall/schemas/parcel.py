"""What a shopper reads of a parcel; pure Python. Times are ISO 8601, Beijing."""

from typing import Literal

from odoo.addons.wx_base.schemas.base import WxOut

ParcelState = Literal[
    "waiting",
    "collected",
    "transit",
    "delivering",
    "delivered",
    "problem",
    "returned",
]


class ParcelItem(WxOut):
    """Pieces of one bought SKU in a parcel."""

    sku_id: int
    title: str
    qty: int


class OrderParcel(WxOut):
    """One parcel on its way, as an order shows it."""

    id: int
    state: ParcelState
    carrier: str | None
    tracking_no: str | None
    shipped_at: str | None
    delivered_at: str | None
    last_event: str | None
    last_event_at: str | None
    items: list[ParcelItem]


class ParcelEvent(WxOut):
    """One entry of the track."""

    at: str
    state: ParcelState | None
    text: str


class ParcelDetail(OrderParcel):
    """A parcel with its track, newest first. ``waybill_token`` opens WeChat's own
    tracking page (``openWaybillTracking``)."""

    waybill_token: str | None
    track: list[ParcelEvent]
