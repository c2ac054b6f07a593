from odoo import api, fields, models

from .. import const


class PaymentTransaction(models.Model):
    """The whole story of a payment on its form."""

    _inherit = "payment.transaction"

    wx_story = fields.Html("Story", compute="_compute_wx_story", sanitize=False)

    @api.depends_context("lang", "tz")
    def _compute_wx_story(self):
        story = self.env["wx.pay.story"]
        for tx in self:
            mine = tx.id and tx.provider_code == const.CODE
            tx.wx_story = story._html(tx) if mine else False
