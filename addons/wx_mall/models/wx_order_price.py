from odoo import fields, models


class WxOrder(models.Model):
    """What an order's amount is made of; integer fen, tax included.

    ``amount_fen`` = ``goods_fen`` − ``discount_fen`` + ``freight_fen``, and the
    ``amount_fen`` of the lines are goods less discounts (``pricing/``).
    """

    _inherit = "wx.order"

    goods_fen = fields.Integer(
        "Goods (fen)", required=True, readonly=True, default=0, help="Before discounts."
    )
    discount_fen = fields.Integer(
        "Discounts (fen)", required=True, readonly=True, default=0
    )
    freight_fen = fields.Integer(
        "Freight (fen)", required=True, readonly=True, default=0
    )
    price_snapshot = fields.Json(
        readonly=True,
        help="How the amount came about: as it was when it was placed, and under "
        "“changes” what staff changed since, the last one being what is charged.",
    )
    delivery_kind = fields.Selection(
        [
            ("express", "Express"),
            ("pickup", "Pickup"),
            ("none", "Nothing to ship"),
        ],
        "Delivery",
        required=True,
        readonly=True,
        default="express",
    )
    quote_nonce = fields.Char(
        readonly=True, help="Mark of the quote that this order answered; used once."
    )

    _quote_once = models.UniqueIndex(
        "(user_id, quote_nonce) WHERE quote_nonce IS NOT NULL",
        "A quote serves one order.",
    )
    _price_parts = models.Constraint(
        "CHECK(goods_fen >= 0 AND discount_fen >= 0 AND freight_fen >= 0"
        " AND amount_fen = goods_fen - discount_fen + freight_fen)",
        "The amount of an order is goods less discounts plus freight.",
    )
