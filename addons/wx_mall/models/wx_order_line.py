from odoo import api, fields, models

from odoo.addons.wx_base.money import to_yuan


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
