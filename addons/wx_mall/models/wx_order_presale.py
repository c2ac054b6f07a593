from odoo import fields, models
from odoo.exceptions import UserError

from ..shipping.payload import PRESALE_FROM


class WxOrder(models.Model):
    """Orders of goods that are not there yet: the promised day, told to WeChat."""

    _inherit = "wx.order"

    ship_promised_at = fields.Datetime(
        "Promised to ship",
        readonly=True,
        help="For goods sold without stock or procured for the order: until when they "
        "leave. It takes the place of the usual deadline.",
    )
    special_state = fields.Selection(
        [
            ("todo", "Waiting"),
            ("done", "Reported"),
            ("failed", "Refused"),
        ],
        "Special report",
        readonly=True,
        copy=False,
    )
    special_kind = fields.Selection(
        [("presale", "Presale"), ("test", "Test order")], readonly=True, copy=False
    )
    special_until = fields.Datetime("Presale told until", readonly=True, copy=False)
    special_error = fields.Char(readonly=True, copy=False)

    _special_idx = models.Index("(write_date) WHERE special_state = 'todo'")

    def _wx_queue_presale(self):
        """Queues the presale report of orders whose day is far enough away."""
        for order in self:
            if not order.ship_promised_at or not order.paid_at:
                continue
            span = order.ship_promised_at - order.paid_at
            if span > PRESALE_FROM and not order.special_state:
                order.write({"special_state": "todo", "special_kind": "presale"})
                self.env["wx.order.special"]._enqueue(order.id)

    def action_report_test_order(self):
        """Button: a payment made to try things out needs no shipping (§6.6)."""
        self.ensure_one()
        self.check_access("write")
        # sudo: the right was checked above; the fields are nobody's to write
        order = self.sudo()
        if order.state not in ("paid", "to_ship") or order.shipping_known:
            raise UserError(
                self.env._(
                    "Only an order that has not been shipped can be a test order."
                )
            )
        order.write({"special_state": "todo", "special_kind": "test"})
        self.env["wx.order.special"]._job_report(order.id)
        order._wx_log("shipping", self.env._("Marked as a test order"))

    def action_retry_special(self):
        """Button: tells WeChat again."""
        self.check_access("write")
        # sudo: the right was checked above; the fields are nobody's to write
        orders = self.sudo().filtered(lambda o: o.special_state == "failed")
        orders.write({"special_state": "todo", "special_error": False})
        for order in orders:
            self.env["wx.order.special"]._enqueue(order.id)
        return self._notify("success", self.env._("Queued for reporting to WeChat."))
