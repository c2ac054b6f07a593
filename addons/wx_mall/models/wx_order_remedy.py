import logging
from datetime import timedelta

import psycopg2

from odoo import api, fields, models
from odoo.exceptions import ConcurrencyError, LockError, UserError

_logger = logging.getLogger(__name__)
_AGAIN = (psycopg2.OperationalError, ConcurrencyError, LockError)

#: hours between automatic tries; after the last one a person is needed
TRIES = (1, 4, 12, 24)


class WxOrderException(models.Model):
    """One-click remedies, and those that run by themselves."""

    _inherit = "wx.order.exception"

    tries = fields.Integer("Automatic tries", readonly=True)
    next_try = fields.Datetime("Tried again", readonly=True)
    last_error = fields.Text("Last try failed", readonly=True)
    can_retry = fields.Boolean(compute="_compute_can_retry")

    @api.depends("kind", "state")
    def _compute_can_retry(self):
        kinds = self._automatic()
        for record in self:
            record.can_retry = record.state == "open" and record.kind in kinds

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
            tries = record._tries_before()
            record.write({"tries": tries, "next_try": self._try_after(tries)})
        return record

    def _tries_before(self) -> int:
        """Tries of the last exception about the same when it ended a short while ago: a
        remedy that only seemed to help goes on with its back-off."""
        since = fields.Datetime.now() - timedelta(hours=2 * TRIES[-1])
        # sudo: remedies act for the shop, whoever caused them
        before = self.sudo().search(
            [
                ("open_key", "=", self.open_key),
                ("state", "=", "resolved"),
                ("resolved_at", ">=", since),
            ],
            order="id desc",
            limit=1,
        )
        return before.tries

    @api.model
    def _try_after(self, tries):
        """When to try again after ``tries`` automatic tries; False: a person must."""
        if tries >= len(TRIES):
            return False
        return fields.Datetime.now() + timedelta(hours=TRIES[tries])

    @api.model
    def _cron_remedy(self):
        """Every ten minutes: tries again what may have cured itself."""
        cron = self.env["ir.cron"]
        due = self.search(
            [
                ("state", "=", "open"),
                ("kind", "in", list(self._automatic())),
                ("next_try", "<=", fields.Datetime.now()),
                "|",
                ("app_id", "=", False),
                ("app_id.exception_auto", "=", True),
            ],
            limit=200,
            order="next_try, id",
        )
        cron._commit_progress(remaining=len(due))
        for record in due:
            record._try_remedy()
            if not cron._commit_progress(1):
                return

    def _try_remedy(self):
        """One automatic try. One that fails does not stop the others: its error stays
        on the exception, which remains open."""
        self.ensure_one()
        tries = self.tries + 1
        self.write({"tries": tries, "next_try": self._try_after(tries)})
        self.env.flush_all()
        error = False
        try:
            with self.env.cr.savepoint():
                getattr(self, self._automatic()[self.kind])()
                self.env.flush_all()
        except _AGAIN:
            raise  # a collision: the next run tries again
        except Exception as exc:
            self.env.invalidate_all(flush=False)
            _logger.info("Remedy of %s failed: %s", self, exc, exc_info=True)
            error = str(exc.args[0] if exc.args else exc)
        self.last_error = error

    # remedies -------------------------------------------------------------------
    def _retry_posting(self):
        self.order_id._wx_post_again()

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
        # sudo: the right was checked above; the fields are nobody's to write
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
        # sudo: the right was checked above; the fields are nobody's to write
        for record in self.sudo().filtered(lambda r: r.kind == "late_payment"):
            record.order_id._wx_revive(record.transaction_id)
            record._end("resolved", self.env._("Order revived"))
        return self.env["wx.order"]._notify("success", self.env._("Order revived."))

    def action_return_payment(self):
        """Sends a late payment back."""
        self._check_open()
        # sudo: the right was checked above; the fields are nobody's to write
        service = self.env["wx.pay.service"].sudo()
        # sudo: the right was checked above; the fields are nobody's to write
        for record in self.sudo().filtered(lambda r: r.kind == "late_payment"):
            record.order_id._wx_lock()
            if record.order_id.transaction_id != record.transaction_id:
                service._return_payment(record.transaction_id, "fact.late_payment")
        return self.env["wx.order"]._notify("success", self.env._("On its way back."))

    def action_cancel_rest(self):
        """What was refunded elsewhere and has not left is not shipped."""
        self._check_open()
        # sudo: the right was checked above; the fields are nobody's to write
        for record in self.sudo().filtered(lambda r: r.kind == "refunded_outside"):
            record.order_id._wx_lock()
            record.order_id._wx_cancel_rest(record.refund_id)
            record._end("resolved", self.env._("The rest was cancelled"))
        return self.env["wx.order"]._notify("success", self.env._("Cancelled."))

    def action_ship_again(self):
        """A new delivery for what no delivery brings any more."""
        self._check_open()
        # sudo: the right was checked above; the fields are nobody's to write
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
