from odoo import api, fields, models
from odoo.exceptions import UserError

from odoo.addons.wx_base.money import to_fen, to_yuan

from ..states import after_sale as machine


class WxAfterSaleEntryLine(models.TransientModel):
    """Pieces of one order line in the dialog, and the fair account of them: what they
    cost before promotions, what promotions took off them, what they are worth now."""

    _name = "wx.after.sale.entry.line"
    _description = "Line of an after-sale to enter"

    entry_id = fields.Many2one(
        "wx.after.sale.entry", "Dialog", required=True, ondelete="cascade"
    )
    order_line_id = fields.Many2one("wx.order.line", required=True)
    title = fields.Char(related="order_line_id.title")
    sku_text = fields.Char(related="order_line_id.sku_text")
    currency_id = fields.Many2one(related="order_line_id.currency_id")
    ordered = fields.Integer(related="order_line_id.qty", string="Ordered")
    free_qty = fields.Integer(
        "Possible",
        compute="_compute_free_qty",
        help="Pieces neither refunded nor in another open after-sale.",
    )
    qty = fields.Integer("Pieces", compute="_compute_qty", store=True, readonly=False)
    full_price = fields.Monetary(
        "Before promotions", compute="_compute_worth", help="Of the pieces entered."
    )
    promotion = fields.Monetary(
        "Promotions",
        compute="_compute_worth",
        help="The pieces' share of discounts, coupons and points: it was not paid and "
        "does not go back as money.",
    )
    amount_max = fields.Monetary(
        "At most", compute="_compute_worth", help="What is still paid for the pieces."
    )
    amount = fields.Monetary(compute="_compute_amount", store=True, readonly=False)
    rule_text = fields.Char("Seven-day rule", compute="_compute_rule_text")

    @api.depends("order_line_id", "entry_id.kind")
    def _compute_free_qty(self):
        # counts for whoever may read the order
        asking = self.env["wx.after.sale.asking"].sudo()
        for entry in self.entry_id:
            free = asking._free(entry.order_id.sudo())
            for line in entry.line_ids:
                # sudo: counts for whoever may read the order
                part = free.get(line.order_line_id.sudo())
                line.free_qty = asking._pieces(part, entry.kind) if part else 0

    @api.depends("free_qty", "entry_id.picking_id")
    def _compute_qty(self):
        """All that is possible; from a delivery, what it brought of it."""
        for line in self:
            pieces = line.free_qty
            # whoever serves the shopper need not read deliveries
            picking = line.entry_id.picking_id.sudo()
            if picking:
                moves = picking.move_ids.filtered(
                    lambda m, li=line: m._wx_goods() == li.order_line_id
                )
                pieces = min(pieces, int(sum(moves.mapped("quantity"))))
            line.qty = pieces

    @api.depends("qty", "entry_id.kind")
    def _compute_worth(self):
        # sudo: counts and amounts for whoever may read the order
        refunding = self.env["wx.order.refunding"].sudo()
        for line in self:
            # sudo: counts and amounts for whoever may read the order
            goods, fen = line.order_line_id.sudo(), 0
            back = line.entry_id.kind in machine.RETURNS
            if 0 < line.qty <= line.free_qty:
                try:
                    fen = refunding._line_worth(goods, line.qty, back)
                except UserError:
                    fen = 0  # refused with its reason when it is entered
            full = goods.price_fen * line.qty
            line.full_price = to_yuan(full)
            line.amount_max = to_yuan(fen)
            line.promotion = to_yuan(goods.discount_fen * line.qty // (goods.qty or 1))

    @api.depends("amount_max", "entry_id.kind")
    def _compute_amount(self):
        for line in self:
            line.amount = line.amount_max

    @api.depends("order_line_id")
    def _compute_rule_text(self):
        texts = {
            "applies": self.env._("applies"),
            "exempt": self.env._("exempt"),
            "expired": self.env._("over"),
        }
        for line in self:
            # sudo: counts and amounts for whoever may read the order
            line.rule_text = texts[line.order_line_id.sudo()._wx_no_reason()[0]]

    @api.onchange("amount")
    def _onchange_amount(self):
        if to_fen(self.amount) > to_fen(self.amount_max):
            self.amount = self.amount_max
