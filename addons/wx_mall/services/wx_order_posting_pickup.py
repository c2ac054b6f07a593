from odoo import api, models


class WxOrderPosting(models.AbstractModel):
    _inherit = "wx.order.posting"

    @api.model
    def _post_batch(self, orders):
        """An order that is collected gets its code with its delivery."""
        done = super()._post_batch(orders)
        self.env["wx.pickup"]._ensure(orders)
        return done
