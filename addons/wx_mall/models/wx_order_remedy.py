from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import UserError

#: hours between automatic tries; after the last one a person is needed
TRIES = (1, 4, 12, 24)


class WxOrderException(models.Model):
    """One-click remedies, and those that run by themselves."""

    _inherit = "wx.order.exception"

    tries = fields.Integer("Automatic tries", readonly=True)
    next_try = fields.Datetime("Tried again", readonly=True)

    @api.model
    def _automatic(self):
        """Hook: ``{kind: method}`` that a job tries by itself. The method gets one open
        record and resolves it, or leaves it."""
        return {
            "posting_failed": "_retry_posting",
            "shipping_failed": "_retry_shipping",
            "refund_failed": "_retry_refund",
        }

    def _raise(self, kind, message, **refs):
        record = super()._raise(kind, message, **refs)
        if kind in self._automatic() and not record.next_try and not record.tries:
            record.next_try = fields.Datetime.now() + timedelta(hours=TRIES[0])
        return record

    @api.model
    def _cron_remedy(self):
        """Every ten minutes: tries again what may have cured itself."""
        cron = self.env["ir.cron"]
        methods = self._automatic()
        due = self.search(
            [
                ("state", "=", "open"),
                ("kind", "in", list(methods)),
                ("next_try", "<=", fields.Datetime.now()),
            ],
            limit=200,
            order="next_try, id",
        )
        cron._commit_progress(remaining=len(due))
        for record in due:
            tries = record.tries + 1
            later = fields.Datetime.now() + timedelta(hours=TRIES[min(tries, 3)])
            record.write(
                {"tries": tries, "next_try": later if tries < len(TRIES) else False}
            )
            getattr(record, methods[record.kind])()
            if not cron._commit_progress(1):
                return

    # remedies -------------------------------------------------------------------
    def _retry_posting(self):
        self.env["wx.order.posting"]._post_orders(
            self.order_id.filtered(lambda o: o.posting_state in ("exception", "todo"))
        )

    def _retry_shipping(self):
        self.order_id._wx_queue_shipping()

    def _retry_refund(self):
        """Sends a refund that WeChat refused again, under its own number."""
        for record in self:
            if record.refund_id.state == "failed":
                record.refund_id.action_retry()
                continue
            refund = record.transaction_id
            if refund.operation != "refund" or refund.state != "error":
                continue
            refund.write({"wx_next_sweep": fields.Datetime.now()})
            self.env["wx.pay.service"]._wake_refund_sweep()

    def action_retry(self):
        """Tries the remedy of the kind now."""
        self._check_open()
        methods = self._automatic()
        for record in self.sudo():
            if record.kind not in methods:
                raise UserError(self.env._("There is nothing to try again here."))
            getattr(record, methods[record.kind])()
        self.invalidate_recordset()
        left = self.filtered(lambda record: record.state == "open")
        text = self.env._("Tried again.") if left else self.env._("Settled.")
        return self.env["wx.order"]._notify("info" if left else "success", text)

    def action_revive(self):
        """The closed order lives again with its late payment."""
        self._check_open()
        for record in self.sudo().filtered(lambda r: r.kind == "late_payment"):
            record.order_id._wx_revive(record.transaction_id)
            record._end("resolved", self.env._("Order revived"))
        return self.env["wx.order"]._notify("success", self.env._("Order revived."))

    def action_return_payment(self):
        """Sends a late payment back."""
        self._check_open()
        service = self.env["wx.pay.service"].sudo()
        for record in self.sudo().filtered(lambda r: r.kind == "late_payment"):
            record.order_id._wx_lock()
            if record.order_id.transaction_id != record.transaction_id:
                service._return_payment(record.transaction_id, "fact.late_payment")
        return self.env["wx.order"]._notify("success", self.env._("On its way back."))

    def action_cancel_rest(self):
        """What was refunded elsewhere and has not left is not shipped."""
        self._check_open()
        for record in self.sudo().filtered(lambda r: r.kind == "refunded_outside"):
            record.order_id._wx_lock()
            record.order_id._wx_cancel_rest(record.refund_id)
            record._end("resolved", self.env._("The rest was cancelled"))
        return self.env["wx.order"]._notify("success", self.env._("Cancelled."))

    def action_ship_again(self):
        """A new delivery for what no delivery brings any more."""
        self._check_open()
        self.sudo().filtered(
            lambda r: r.kind == "undelivered"
        ).order_id._wx_ship_again()
        return self.env["wx.order"]._notify("success", self.env._("Delivery made."))

    def action_grant_cancel(self):
        """Agrees to the shopper's cancellation."""
        self._check_open()
        self.order_id.action_grant_cancel()

    def action_refuse_cancel(self):
        """Refuses the shopper's cancellation."""
        self._check_open()
        self.order_id.action_refuse_cancel()

    def action_refund(self):
        """Opens the refund of the order."""
        self.ensure_one()
        return self.order_id.action_refund()
