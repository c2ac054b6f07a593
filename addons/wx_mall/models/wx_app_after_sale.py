from odoo import fields, models


class WxApp(models.Model):
    """After-sales settings of a mini-program."""

    _inherit = "wx.app"

    after_sale_answer_hours = fields.Integer("Hours to answer", default=48)
    after_sale_return_days = fields.Integer(
        "Days to send back",
        default=7,
        help="An approved return is closed when nothing was sent within this time.",
    )
    after_sale_refund_hours = fields.Integer(
        "Hours to refund",
        default=72,
        help="Goods received and not inspected within this time are refunded by "
        "themselves; the law allows seven days.",
    )
    after_sale_days = fields.Integer(
        "Days for after-sales",
        default=180,
        help="Counted from receipt; 0: no limit. The seven-day rule is separate.",
    )
    after_sale_auto = fields.Boolean(
        "Approve by itself",
        default=True,
        help="Goods that have not left are refunded at once; a return within the seven "
        "days is approved when staff did not answer in time.",
    )
    after_sale_two_person_fen = fields.Integer(
        "Two persons above (fen)",
        default=200000,
        help="Refunds of an order that come to more need two persons; 0: never.",
    )
    no_return_required = fields.Boolean(
        "Ask before payment",
        default=True,
        help="Goods that cannot be returned once opened, activated or near expiry are "
        "paid only after the shopper confirmed that for this purchase. Otherwise they "
        "are sold, and can be returned like others.",
    )
    return_partner_id = fields.Many2one(
        "res.partner",
        "Return address",
        check_company=True,
        help="Where shoppers send goods back; empty: the address of the warehouse.",
    )

    _after_sale_times = models.Constraint(
        "CHECK(after_sale_answer_hours > 0 AND after_sale_return_days > 0"
        " AND after_sale_refund_hours BETWEEN 1 AND 168 AND after_sale_days >= 0"
        " AND after_sale_two_person_fen >= 0)",
        "Times of after-sales are positive; a refund is due within seven days.",
    )
