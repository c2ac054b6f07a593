from odoo import fields, models


class WxOrder(models.Model):
    """Collection in a shop instead of a parcel."""

    _inherit = "wx.order"

    pickup_point_id = fields.Many2one(
        "wx.pickup.point",
        "Pickup point",
        readonly=True,
        index="btree_not_null",
        ondelete="restrict",
    )
