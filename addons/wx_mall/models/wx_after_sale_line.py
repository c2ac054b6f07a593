from odoo import api, fields, models
from odoo.exceptions import ValidationError

from odoo.addons.wx_base.money import to_fen, to_yuan

#: 退货暂行办法 8, 9: when returned goods are not intact
FAIL_REASONS = [
    ("seal", "One-time seal broken (food, cosmetics, medical goods)"),
    ("used", "Used or worn beyond a trial"),
    ("tags", "Tags or marks removed"),
    ("activated", "Activated or repaired without authority (electronics)"),
    ("parts", "Parts, gifts or papers are missing"),
    ("damaged", "Damaged"),
    ("other_goods", "Not the goods that were sold"),
]


class WxAfterSaleLine(models.Model):
    """Goods of an after-sale: pieces, what is given back for them, what came back."""

    _name = "wx.after.sale.line"
    _inherit = ["wx.guarded.mixin"]
    _description = "After-sales line"
    _order = "after_sale_id, id"
    # the amount only before it is granted
    _wx_staff_fields = frozenset(
        {
            "amount",
            "amount_fen",
            "passed_qty",
            "failed_qty",
            "fail_reason",
            "inspection_note",
        }
    )

    after_sale_id = fields.Many2one(
        "wx.after.sale", required=True, ondelete="cascade", index=True
    )
    company_id = fields.Many2one(related="after_sale_id.company_id")
    currency_id = fields.Many2one(related="after_sale_id.currency_id")
    state = fields.Selection(related="after_sale_id.state")
    order_line_id = fields.Many2one(
        "wx.order.line", "Goods", required=True, ondelete="restrict", index=True
    )
    title = fields.Char(related="order_line_id.title")
    sku_text = fields.Char(related="order_line_id.sku_text")
    product_id = fields.Many2one(related="order_line_id.product_id")
    qty = fields.Integer("Pieces", required=True)
    max_fen = fields.Integer(
        "At most (fen)", readonly=True, help="What the pieces are worth."
    )
    amount_fen = fields.Integer("Amount (fen)", required=True, default=0)
    amount_max = fields.Monetary("At most", compute="_compute_money")
    amount = fields.Monetary(compute="_compute_money", inverse="_inverse_amount")
    passed_qty = fields.Integer("Passed")
    failed_qty = fields.Integer("Failed")
    fail_reason = fields.Selection(
        FAIL_REASONS, "Why not", help="Why pieces failed; the shopper is told."
    )
    inspection_open = fields.Boolean(related="after_sale_id.inspection_open")
    inspection_note = fields.Char("Inspection")

    _numbers = models.Constraint(
        "CHECK(qty > 0 AND amount_fen >= 0 AND amount_fen <= max_fen"
        " AND passed_qty >= 0 AND failed_qty >= 0 AND passed_qty + failed_qty <= qty)",
        "An after-sale gives back at most what the goods are worth, for pieces that "
        "came back.",
    )

    @api.depends("max_fen", "amount_fen")
    def _compute_money(self):
        for line in self:
            line.amount_max = to_yuan(line.max_fen)
            line.amount = to_yuan(line.amount_fen)

    def _wx_fail_text(self):
        """Why pieces failed, in words for the shopper; None when none did."""
        self.ensure_one()
        labels = dict(self._fields["fail_reason"]._description_selection(self.env))
        return labels.get(self.fail_reason) if self.failed_qty else None

    def _inverse_amount(self):
        for line in self:
            line.amount_fen = to_fen(line.amount)

    def write(self, vals):
        if {"passed_qty", "failed_qty"} & set(vals) and not self.env.su:
            waiting = self.filtered(lambda line: not line.inspection_open)
            waiting._check_editable(("received", "approved", "returning"))
        raised = self.browse()
        if "amount_fen" in vals and not self.env.su:
            self._check_editable(("requested", "second_approval", "inspected"))
            raised = self.filtered(lambda line: vals["amount_fen"] > line.amount_fen)
        done = super().write(vals)
        raised.after_sale_id._wx_raised()
        return done

    def _check_editable(self, states):
        if any(line.state not in states for line in self):
            raise ValidationError(
                self.env._("This can no longer be changed in this state.")
            )
