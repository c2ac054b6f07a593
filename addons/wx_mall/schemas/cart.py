"""What a shopper sends and gets about the cart; pure Python. Amounts in fen."""

from odoo.addons.wx_base.schemas.base import Quantity, WxIn, WxOut, owned_id

from .checkout import PricedLine, PriceStep


class CartItemIn(WxIn):
    """Put pieces of a SKU into the cart (added to what is there)."""

    sku_id: owned_id("sku", "app")
    qty: Quantity = 1


class CartItemPatch(WxIn):
    """A new quantity for a cart item."""

    qty: Quantity


class CartItem(PricedLine):
    """A cart item with today's price and whether it can be ordered now.
    ``price_was_fen``: price of one piece when it was added, if it has changed."""

    id: int
    price_was_fen: int | None
    available: bool
    in_stock: int


class Cart(WxOut):
    """The whole cart; ``total_fen`` = ``goods_fen`` − ``discount_fen`` of what can be
    ordered now, without freight."""

    items: list[CartItem]
    goods_fen: int
    discount_fen: int
    discounts: list[PriceStep]
    total_fen: int
