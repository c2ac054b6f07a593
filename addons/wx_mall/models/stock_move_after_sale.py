from odoo import fields, models


class StockMove(models.Model):
    """Which bought goods a move brings, also when it replaces them."""

    _inherit = "stock.move"

    wx_after_sale_line_id = fields.Many2one(
        "wx.after.sale.line",
        "Replaces",
        readonly=True,
        copy=False,
        index="btree_not_null",
        ondelete="restrict",
        help="The exchanged goods that this move sends anew: they have no line on the "
        "sales order, but may come back like the first ones.",
    )

    def _wx_goods(self):
        """The mall order line whose goods this move carries, in either direction."""
        self.ensure_one()
        move = self.origin_returned_move_id or self
        return move.sale_line_id.wx_line_id or move.wx_after_sale_line_id.order_line_id
