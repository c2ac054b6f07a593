from odoo import api, fields, models

from odoo.addons.wx_base.money import to_fen, to_yuan


class WxOrderLine(models.Model):
    """What was bought at which price: a snapshot, the listing may change tomorrow."""

    _name = "wx.order.line"
    _description = "Mall order line"
    _log_access = False
    _rec_name = "title"
    _order = "order_id, id"

    order_id = fields.Many2one(
        "wx.order", required=True, ondelete="cascade", index=True
    )
    company_id = fields.Many2one(related="order_id.company_id")
    currency_id = fields.Many2one(related="order_id.currency_id")
    product_id = fields.Many2one(
        "product.product", "SKU", required=True, ondelete="restrict", index=True
    )
    listing_id = fields.Many2one("wx.listing", ondelete="set null")
    title = fields.Char(required=True)
    sku_text = fields.Char("Variant")
    image = fields.Char()
    price_fen = fields.Integer("Price (fen)", required=True)
    list_price_fen = fields.Integer("List price (fen)")
    qty = fields.Integer("Quantity", required=True)
    discount_fen = fields.Integer("Discount (fen)", required=True, default=0)
    amount_fen = fields.Integer(
        "Amount (fen)", required=True, help="To pay for the line after all discounts."
    )
    price = fields.Monetary(compute="_compute_money")
    discount = fields.Monetary(compute="_compute_money")
    amount = fields.Monetary(compute="_compute_money")
    sale_line_ids = fields.One2many(
        "sale.order.line",
        "wx_line_id",
        "Sales order lines",
        help="One, or two when the amount does not divide into equal whole fen.",
    )

    _qty_pos = models.Constraint("CHECK(qty > 0)", "The quantity must be positive.")
    _amounts = models.Constraint(
        "CHECK(discount_fen >= 0 AND amount_fen >= 0)",
        "Amounts of an order line are not negative.",
    )

    @api.depends("price_fen", "discount_fen", "amount_fen")
    def _compute_money(self):
        for line in self:
            line.price = to_yuan(line.price_fen)
            line.discount = to_yuan(line.discount_fen)
            line.amount = to_yuan(line.amount_fen)

    def _wx_refund_pieces(self, qty):
        """Which pieces a refund of ``qty`` takes: what has not left first, then what
        was delivered and not credited yet; within each the dearer pieces first.

        :return: ``([(sale.order.line, pieces, unit fen)] to take out of the sales
            order, the same of delivered pieces to credit)``; fewer than ``qty`` pieces
            together when there are not so many
        """
        self.ensure_one()
        credited = {}
        for refund in self.order_id.refund_ids:
            if refund.state != "failed":
                for key, pieces in (refund.quantities or {}).items():
                    credited[int(key)] = credited.get(int(key), 0) + pieces
        lines = self.sale_line_ids.sorted("sequence")
        waiting, delivered = [], []
        for line in lines:
            left = int(line.product_uom_qty - line.qty_delivered)
            waiting.append((line, left))
            gone = int(line.qty_delivered) - credited.get(line.id, 0)
            delivered.append((line, gone))
        lower, qty = self._wx_take(waiting, qty)
        credit, _rest = self._wx_take(delivered, qty)
        return lower, credit

    @staticmethod
    def _wx_take(groups, qty):
        taken = []
        for line, room in groups:
            pieces = max(0, min(qty, room))
            if pieces:
                taken.append((line, pieces, to_fen(line.price_unit)))
                qty -= pieces
        return taken, qty
