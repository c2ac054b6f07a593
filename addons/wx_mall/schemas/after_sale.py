"""After-sales over the API; pure Python. Amounts are integer fen."""

from typing import Annotated, Literal

from pydantic import Field, StringConstraints, field_validator

from odoo.addons.wx_base.schemas.base import (
    Fen,
    Id,
    PageQuery,
    Quantity,
    WxIn,
    WxOut,
    owned_id,
)

from ..states.after_sale import KINDS, STATES
from .parcel import OrderParcel

Kind = Literal[KINDS]
State = Literal[STATES]
MAX_PHOTO = 7 * 1024 * 1024
"""Characters of an upload; five megabytes of picture become seven of base64."""

OrderId = owned_id("order")
OrderLineId = owned_id("order_line")
PhotoId = owned_id("after_sale_photo")
ReasonCode = Annotated[str, StringConstraints(pattern=r"^[a-z_]{2,32}$")]
Text = Annotated[str, StringConstraints(max_length=500)]
Short = Annotated[str, StringConstraints(min_length=1, max_length=100)]


class PhotoIn(WxIn):
    """A picture as base64 (JPEG, PNG or WebP of at most 5 MB)."""

    image: Annotated[str, StringConstraints(min_length=1, max_length=MAX_PHOTO)]


class Photo(WxOut):
    """A stored picture; read it at ``/after-sales/photos/<id>``."""

    id: int


class AfterSaleItemIn(WxIn):
    """Pieces of one order line. ``amount_fen``: less than they are worth, when the
    shopper keeps the goods and asks for a part (refund only)."""

    line_id: OrderLineId
    qty: Quantity
    amount_fen: Fen | None = None


class AfterSaleIn(WxIn):
    """A request for money or other goods."""

    order_id: OrderId
    kind: Kind
    reason: ReasonCode
    description: Text = ""
    items: Annotated[list[AfterSaleItemIn], Field(min_length=1, max_length=100)]
    photo_ids: Annotated[list[PhotoId], Field(max_length=9)] = []

    @field_validator("items")
    @classmethod
    def _each_line_once(cls, items):
        if len({item.line_id for item in items}) != len(items):
            raise ValueError("each line only once; add up the quantities")
        return items

    @field_validator("photo_ids")
    @classmethod
    def _each_photo_once(cls, ids):
        if len(set(ids)) != len(ids):
            raise ValueError("each photo only once")
        return ids


class ReturnShipmentIn(WxIn):
    """The waybill with which the goods go back."""

    carrier: Short
    tracking_no: Annotated[str, StringConstraints(pattern=r"^[0-9A-Za-z-]{4,64}$")]


class EscalateIn(WxIn):
    """Why the shopper disputes the answer."""

    reason: Annotated[str, StringConstraints(min_length=1, max_length=500)]


class NoReturnIn(WxIn):
    """Lines whose exception from the seven-day rule the shopper confirms for this
    purchase; never pre-ticked."""

    line_ids: Annotated[list[OrderLineId], Field(min_length=1, max_length=100)]


class AfterSaleQuery(PageQuery):
    """``?order_id=…&state=…&cursor=…&limit=…``"""

    order_id: Id | None = None
    state: State | None = None


class AfterSaleItem(WxOut):
    """Goods of an after-sale."""

    line_id: int
    title: str
    sku_text: str
    qty: int
    amount_fen: int
    passed_qty: int
    failed_qty: int
    fail_reason: str | None


class ReturnAddress(WxOut):
    """Where the goods go back to."""

    name: str
    phone: str
    address: str


class ReturnShipment(WxOut):
    """The waybill of the way back."""

    carrier: str
    tracking_no: str


class SentBack(WxOut):
    """Pieces that failed inspection and were not refunded, on their way back to the
    shopper; ``parcels``: those that left."""

    state: Literal["preparing", "sent"]
    parcels: list[OrderParcel]


class AfterSale(WxOut):
    """One after-sale; ``due_at``: until when somebody must have acted."""

    id: int
    number: str
    order_id: int
    kind: Kind
    state: State
    reason: str
    reason_text: str
    description: str
    amount_fen: int
    refunded_fen: int
    seven_day: bool
    seller_pays_return: bool
    items: list[AfterSaleItem]
    photo_ids: list[int]
    created_at: str
    due_at: str | None
    ended_at: str | None
    reject_reason: str | None
    escalated: bool
    return_address: ReturnAddress | None
    return_shipment: ReturnShipment | None
    sent_back: SentBack | None
    actions: list[Literal["cancel", "return_shipment", "escalate"]]


class AfterSalePage(WxOut):
    """A page, newest first."""

    items: list[AfterSale]
    next_cursor: str | None


class ReasonOption(WxOut):
    """One reason the shopper may choose."""

    code: str
    name: str
    kinds: list[Kind]
    needs_photo: bool
    seven_day: bool


class SevenDay(WxOut):
    """The seven-day rule of one line. ``verdict``: applies, exempt (by law or by the
    confirmation given) or expired; ``until``: last day, once the goods are signed for;
    ``confirmable``: an exception that binds only when confirmed."""

    verdict: Literal["applies", "exempt", "expired"]
    rule: str
    until: str | None
    confirmable: bool
    confirmed: bool


class LineOption(WxOut):
    """What is possible for one line."""

    line_id: int
    title: str
    sku_text: str
    qty: int
    waiting_qty: int
    delivered_qty: int
    max_fen: int
    seven_day: SevenDay


class AfterSaleOptions(WxOut):
    """What the shopper may ask for, and why not when they may not."""

    order_id: int
    allowed: bool
    code: str | None
    kinds: list[Kind]
    refundable_fen: int
    lines: list[LineOption]
    reasons: list[ReasonOption]
