from odoo import fields, models


class WxShipBatchLine(models.Model):
    """One row of a sheet of shipments, and what became of it."""

    _name = "wx.ship.batch.line"
    _description = "Row of a sheet of shipments"
    _log_access = False
    _order = "batch_id, row, id"
    _rec_name = "order_text"

    batch_id = fields.Many2one(
        "wx.ship.batch", required=True, ondelete="cascade", index=True
    )
    company_id = fields.Many2one(related="batch_id.company_id")
    row = fields.Integer(readonly=True)
    order_text = fields.Char("Order number", readonly=True)
    carrier_text = fields.Char("Carrier in the file", readonly=True)
    tracking_no = fields.Char("Tracking number", readonly=True)
    sku_text = fields.Char("SKU", readonly=True)
    qty = fields.Integer("Quantity", readonly=True)
    order_id = fields.Many2one("wx.order", "Mall order", readonly=True)
    carrier_id = fields.Many2one("delivery.carrier", readonly=True)
    order_line_id = fields.Many2one("wx.order.line", "Goods", readonly=True)
    state = fields.Selection(
        [("ready", "Ready to ship"), ("error", "Error"), ("done", "Shipped")],
        required=True,
        default="ready",
        readonly=True,
        index=True,
    )
    error = fields.Char(readonly=True)
