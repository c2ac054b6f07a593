from odoo import models


class WxPickup(models.Model):
    """Goods that lie at the counter are shipped in WeChat's eyes."""

    _inherit = "wx.pickup"

    def _wx_on_ready(self):
        done = super()._wx_on_ready()
        # sudo: the report's state is written by the system only
        self.sudo().order_id.filtered("transaction_id")._wx_queue_shipping()
        return done

    def _is_reported_ready(self) -> bool:
        """Whether the shop reports before the hand-over, and may by now."""
        return any(
            pickup.app_id.pickup_report == "ready" and pickup.state != "preparing"
            for pickup in self
        )
