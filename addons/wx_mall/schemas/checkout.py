"""What a shopper sends to and gets from the confirmation page; pure Python."""

from typing import Annotated, Any, Literal

from pydantic import Field, StringConstraints

from odoo.addons.wx_base.schemas.base import Quantity, WxIn, WxOut, owned_id

from .freight import FreightReason
from .items import ItemList

SkuId = owned_id("sku", "app")
AddressId = owned_id("address")
PickupPointId = owned_id("pickup_point", "app")
CouponCode = Annotated[str, StringConstraints(min_length=1, max_length=64)]


class OrderItemIn(WxIn):
    """One SKU and how many pieces of it."""

    sku_id: SkuId
    qty: Quantity


class CheckoutIn(WxIn):
    """What is to be bought and how it gets to the shopper. Goods are sent to the
    address or picked up at the point; virtual goods and services need neither."""

    items: ItemList[OrderItemIn]
    address_id: AddressId | None = None
    delivery: Literal["express", "pickup"] = "express"
    pickup_point_id: PickupPointId | None = None
    coupons: Annotated[list[CouponCode], Field(max_length=10)] = []
    points: Annotated[int, Field(ge=0, le=10**9)] = 0


class QuoteIn(CheckoutIn):
    """A confirmation. Without an address the default one is used."""


class PriceStep(WxOut):
    """One promotion that took ``fen`` off, in the order of application."""

    stage: Literal["member", "item", "order", "coupon", "points", "freight"]
    code: str
    title: str
    fen: int


class Hint(WxOut):
    """Something to tell the shopper. ``address_required``, ``pickup_point_required``,
    ``out_of_area`` and ``restricted`` come without a quote token: such an order would
    be refused. ``no_return``: exempt from the seven-day rule by law;
    ``no_return_confirm``: to be shown prominently, with a box that is not ticked; the
    exception binds only when the order names the SKU in ``no_return_sku_ids``."""

    code: Literal[
        "address_required",
        "pickup_point_required",
        "out_of_area",
        "restricted",
        "sold_out",
        "low_stock",
        "presale",
        "price_changed",
        "duplicate_order",
        "unpaid_order",
        "no_return",
        "no_return_confirm",
    ]
    message: str
    sku_ids: list[int]
    in_stock: int | None = None
    was_fen: int | None = None
    now_fen: int | None = None
    order_id: int | None = None
    order_number: str | None = None
    expires_at: str | None = None
    ships_on: str | None = None


class PricedLine(WxOut):
    """One SKU with its price: ``price_fen`` × ``qty`` − ``discount_fen`` is
    ``amount_fen``."""

    sku_id: int
    listing_id: int | None
    title: str
    sku_text: str
    image: str | None
    price_fen: int
    list_price_fen: int
    qty: int
    discount_fen: int
    amount_fen: int


class QuoteLine(PricedLine):
    """A line of the confirmation, with what took off how much."""

    explanation: list[PriceStep]


class Quote(WxOut):
    """The confirmation: an order with ``quote_token`` is charged exactly
    ``amount_fen`` = ``goods_fen`` − ``discount_fen`` + ``freight_fen``, or refused.
    ``freight`` explains the fee per template and names what is not sent."""

    items: list[QuoteLine]
    delivery: Literal["express", "pickup", "none"]
    address_id: int | None
    pickup_point_id: int | None
    goods_fen: int
    discount_fen: int
    freight_fen: int
    amount_fen: int
    discounts: list[PriceStep]
    freight: list[FreightReason]
    tax_note: str
    hints: list[Hint]
    coupons: list[dict[str, Any]]
    invites: list[dict[str, Any]]
    quote_token: str | None
    expires_at: str | None
