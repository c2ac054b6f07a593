from odoo import fields, models


class WxOrderRefundLine(models.Model):
    """What a refund takes of one order line, or of the freight (no line).

    Without it nobody could tell later how much of a line may still be refunded.
    """

    _name = "wx.order.refund.line"
    _description = "Line of a refund of a mall order"
    _log_access = False
    _order = "refund_id, id"

    refund_id = fields.Many2one(
        "wx.order.refund", required=True, ondelete="cascade", index=True
    )
    order_line_id = fields.Many2one(
        "wx.order.line", "Goods", ondelete="restrict", index="btree_not_null"
    )
    qty = fields.Integer("Pieces", help="0: an amount, the goods are kept.")
    amount_fen = fields.Integer("Amount (fen)", required=True)
    value_fen = fields.Integer(
        "Value (fen)",
        required=True,
        help="What the pieces were worth; more than the amount after a deduction.",
    )
    credit_fen = fields.Integer(
        "To credit (fen)",
        required=True,
        default=0,
        help="Part to be credited on invoices; the rest shrank the sales order.",
    )
    credited_fen = fields.Integer("Credited (fen)", required=True, default=0)

    _amounts = models.Constraint(
        "CHECK(amount_fen >= 0 AND value_fen >= amount_fen AND credit_fen >= 0"
        " AND credited_fen <= credit_fen)",
        "A refund line gives back between nothing and the value of its goods.",
    )
