from odoo import api, fields, models


class WxOrder(models.Model):
    """The story of every payment attempt of an order on its form."""

    _inherit = "wx.order"

    payment_story = fields.Html(compute="_compute_payment_story", sanitize=False)

    @api.depends_context("lang", "tz")
    def _compute_payment_story(self):
        story = self.env["wx.pay.story"]
        transactions = self.env["payment.transaction"]
        allowed = transactions.has_access("read")
        for order in self:
            if not allowed:
                order.payment_story = False
                continue
            attempts = transactions.search(
                [
                    ("wx_payable_model", "=", self._name),
                    ("wx_payable_id", "=", order.id),
                    ("operation", "!=", "refund"),
                ]
            )
            order.payment_story = story._html(attempts) if attempts else False
