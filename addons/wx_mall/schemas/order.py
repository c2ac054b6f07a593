"""What a shopper sends and gets about orders; pure Python. Amounts are integer fen."""

from typing import Annotated, Literal

from pydantic import Field, StringConstraints

from odoo.addons.wx_base.schemas.base import Cursor, Fen, Limit, WxIn, WxOut

from ..states.order import STATES
from .checkout import CheckoutIn, PricedLine, PriceStep, SkuId
from .parcel import OrderParcel
from .pickup import PickupCode

OrderState = Literal[STATES]
Delivery = Literal["express", "pickup", "none"]
Remark = Annotated[str, StringConstraints(max_length=200)]
QuoteToken = Annotated[str, StringConstraints(min_length=1, max_length=600)]


class OrderIn(CheckoutIn):
    """A new order. With ``quote_token`` (its address is used when none is named) or
    ``expected_total_fen`` another amount than the shopper saw is refused with
    ``order.price_changed`` instead of being charged. ``no_return_sku_ids``: goods whose
    exception from the seven-day rule the shopper ticked for this purchase; never ticked
    by default."""

    quote_token: QuoteToken | None = None
    expected_total_fen: Fen | None = None
    remark: Remark = ""
    from_cart: bool = False
    no_return_sku_ids: Annotated[list[SkuId], Field(max_length=100)] = []


class OrderLine(PricedLine):
    """One bought SKU as it was when the order was placed."""


class OrderPlaced(WxOut):
    """A new order: held until ``expires_at``, not yet paid. A repeated
    Idempotency-Key makes nothing and gets its order as it is now: same ``id``, but
    state, amounts and items of today (staff may have lowered the price meanwhile)."""

    id: int
    number: str
    state: OrderState
    delivery: Delivery
    goods_fen: int
    discount_fen: int
    freight_fen: int
    amount_fen: int
    expires_at: str
    items: list[OrderLine]


class OrderSummary(WxOut):
    """One order in a list."""

    id: int
    number: str
    state: OrderState
    delivery: Delivery
    goods_fen: int
    discount_fen: int
    freight_fen: int
    amount_fen: int
    paid_fen: int
    refunded_fen: int
    qty_total: int
    created_at: str
    expires_at: str
    items: list[OrderLine]


class OrderAddress(WxOut):
    """The receiver of an order; the shopper reads their own in clear."""

    name: str
    phone: str
    province: str
    city: str
    district: str
    detail: str


class OrderDetail(OrderSummary):
    """One order with everything the shopper may see of it."""

    remark: str
    paid_at: str | None
    closed_at: str | None
    close_reason: str | None
    discounts: list[PriceStep]
    promised_at: str | None
    received_at: str | None
    receive_due_at: str | None
    cancel_request: Literal["none", "requested", "granted", "refused"]
    address: OrderAddress | None
    parcels: list[OrderParcel]
    pickup: PickupCode | None


class OrderPage(WxOut):
    """A page of orders, newest first."""

    items: list[OrderSummary]
    next_cursor: str | None


class OrderQuery(WxIn):
    """``?state=…&cursor=…&limit=…``"""

    state: OrderState | None = None
    cursor: Cursor | None = None
    limit: Limit = 20


class PaymentParams(WxOut):
    """Arguments of ``wx.requestPayment``."""

    timeStamp: str
    nonceStr: str
    package: str
    signType: str
    paySign: str
