from odoo import fields, models


class WxParcelLine(models.Model):
    """What is in a parcel: pieces of one order line."""

    _name = "wx.parcel.line"
    _description = "Parcel line"
    _log_access = False
    _rec_name = "order_line_id"

    parcel_id = fields.Many2one(
        "wx.parcel", required=True, ondelete="cascade", index=True
    )
    company_id = fields.Many2one(related="parcel_id.company_id")
    order_line_id = fields.Many2one(
        "wx.order.line", "Goods", required=True, ondelete="cascade", index=True
    )
    qty = fields.Integer("Quantity", required=True)

    _qty_pos = models.Constraint("CHECK(qty > 0)", "The quantity must be positive.")
    _line_uniq = models.Constraint(
        "UNIQUE(parcel_id, order_line_id)", "This order line is in the parcel already."
    )
