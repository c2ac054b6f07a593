from odoo import api, fields, models


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
    pickup_ids = fields.One2many("wx.pickup", "order_id", readonly=True)
    pickup_state = fields.Selection(
        selection=lambda self: self.env["wx.pickup"]._fields["state"].selection,
        compute="_compute_pickup_state",
    )

    @api.depends("pickup_ids.state")
    def _compute_pickup_state(self):
        for order in self:
            order.pickup_state = order.pickup_ids[:1].state

    def action_open_pickup(self):
        """Smart button: the pickup of this order."""
        self.ensure_one()
        return self._open("wx.pickup", self.pickup_ids)
