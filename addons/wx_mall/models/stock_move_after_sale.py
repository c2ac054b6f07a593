from odoo import fields, models


class StockMove(models.Model):
    """Which bought goods a move brings, also when it replaces them."""

    _inherit = "stock.move"

    wx_after_sale_line_id = fields.Many2one(
        "wx.after.sale.line",
        "Goods of after-sale",
        readonly=True,
        copy=False,
        index="btree_not_null",
        ondelete="restrict",
        help="The exchanged goods that this move sends anew, or failed ones it sends "
        "back: they have no line on the sales order, but may be returned again.",
    )

    def _wx_goods(self):
        """The mall order line whose goods this move carries, in either direction."""
        self.ensure_one()
        move = self.origin_returned_move_id or self
        return move.sale_line_id.wx_line_id or move.wx_after_sale_line_id.order_line_id
