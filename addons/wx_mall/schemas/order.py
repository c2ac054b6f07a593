"""What a shopper sends and gets about orders; pure Python. Amounts are integer fen."""

from typing import Annotated, Literal

from pydantic import Field, StringConstraints, field_validator

from odoo.addons.wx_base.schemas.base import (
    Cursor,
    Fen,
    Limit,
    Quantity,
    WxIn,
    WxOut,
    owned_id,
)

from .parcel import OrderParcel

OrderState = Literal[
    "unpaid",
    "paid",
    "to_ship",
    "partially_shipped",
    "shipped",
    "received",
    "cancelled",
    "refunded",
    "closed",
]

SkuId = owned_id("sku", "app")
AddressId = owned_id("address")
Remark = Annotated[str, StringConstraints(max_length=200)]


class OrderItemIn(WxIn):
    """One SKU and how many pieces of it."""

    sku_id: SkuId
    qty: Quantity


class OrderIn(WxIn):
    """A new order. ``expected_total_fen``: what the shopper saw; another total is
    refused with ``order.price_changed`` instead of being charged."""

    items: Annotated[list[OrderItemIn], Field(min_length=1, max_length=100)]
    address_id: AddressId | None = None
    remark: Remark = ""
    expected_total_fen: Fen | None = None
    from_cart: bool = False

    @field_validator("items")
    @classmethod
    def _each_sku_once(cls, items):
        if len({item.sku_id for item in items}) != len(items):
            raise ValueError("each SKU only once; add up the quantities")
        return items


class OrderLine(WxOut):
    """One bought SKU as it was when the order was placed."""

    sku_id: int
    listing_id: int | None
    title: str
    sku_text: str
    image: str | None
    price_fen: int
    list_price_fen: int
    qty: int
    amount_fen: int


class OrderPlaced(WxOut):
    """The answer to a new order: held until ``expires_at``, not yet paid."""

    id: int
    number: str
    state: OrderState
    amount_fen: int
    expires_at: str
    items: list[OrderLine]


class OrderSummary(WxOut):
    """One order in a list."""

    id: int
    number: str
    state: OrderState
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
    address: OrderAddress | None
    parcels: list[OrderParcel]


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
