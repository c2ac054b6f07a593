from odoo import fields, models


class WxOrderRefund(models.Model):
    """The after-sale that a refund ends."""

    _inherit = "wx.order.refund"

    after_sale_ids = fields.One2many("wx.after.sale", "refund_id", "After-sales")

    def _wx_state_changed(self):
        done = super()._wx_state_changed()
        # sudo: WeChat's answer moves it, whoever brought it
        records = self.sudo().after_sale_ids
        records.env["wx.after.sale.flow"]._follow(records)
        return done

    def action_retry(self):
        done = super().action_retry()
        # sudo: WeChat's answer moves it, whoever brought it
        records = self.sudo().after_sale_ids
        records.env["wx.after.sale.flow"]._follow(records)
        return done
