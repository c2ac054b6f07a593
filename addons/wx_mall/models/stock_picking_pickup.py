from odoo import models


class StockPicking(models.Model):
    _inherit = "stock.picking"

    def _action_done(self):
        """The last delivery of a pickup order done: it was picked up."""
        done = super()._action_done()
        # whoever validates may not write mall orders
        orders = self.sudo().sale_id.wx_order_id.filtered("pickup_point_id")
        if orders:
            pickups = self.env["wx.pickup"]._ensure(orders)
            pickups.with_env(self.env).filtered(
                # sudo: warehouse staff need not read mall orders
                lambda p: not p.sudo()._open_pickings()
            )._set_picked_up()
        return done
