import logging
from datetime import timedelta

import psycopg2

from odoo import fields, models

from .. import const

_logger = logging.getLogger(__name__)
BATCH = 200


class WxPayService(models.AbstractModel):
    """Sweeps: a lost notification, a crash between call and answer, a forgotten close
    lose nothing (requirement X29). Each look backs off by a ladder."""

    _inherit = "wx.pay.service"

    def _cron_sweep_payments(self):
        """Every minute: attempts whose time has come."""
        self._sweep(
            [
                ("wx_attempt_state", "in", const.OPEN_ATTEMPTS),
                ("operation", "!=", "refund"),
            ],
            self._sweep_payment,
        )

    def _cron_sweep_refunds(self):
        """Every minute, and at once after a refund was noted."""
        self._sweep(
            [
                ("provider_code", "=", const.CODE),
                ("operation", "=", "refund"),
                ("state", "in", ("draft", "pending", "error")),
            ],
            self._sweep_refund,
        )

    def _sweep(self, domain, step):
        """Run ``step`` on each due transaction, one database transaction each."""
        cron = self.env["ir.cron"]
        due = (
            self.env["payment.transaction"]
            .sudo()
            .search(
                [*domain, ("wx_next_sweep", "<=", fields.Datetime.now())],
                order="wx_next_sweep, id",
                limit=BATCH,
            )
        )
        cron._commit_progress(remaining=len(due))
        for tx in due:
            try:
                if tx.try_lock_for_update():
                    step(tx)
            except psycopg2.OperationalError:
                self.env.cr.rollback()
            except Exception:
                # one broken payment must not stop the others
                _logger.exception("Sweep of %s failed", tx.id)
                self.env.cr.rollback()
                self._postpone(tx, const.PAYMENT_LADDER)
            if not cron._commit_progress(1):
                break

    def _postpone(self, tx, ladder):
        """Next look one rung further down the ladder."""
        count = tx.wx_sweep_count
        seconds = ladder[min(count, len(ladder) - 1)]
        tx.write(
            {
                "wx_sweep_count": count + 1,
                "wx_next_sweep": fields.Datetime.now() + timedelta(seconds=seconds),
            }
        )

    def _sweep_payment(self, tx):
        """Ask for one attempt; close it once its time is over."""
        self._postpone(tx, const.PAYMENT_LADDER)
        now = fields.Datetime.now()
        if tx.wx_attempt_state == "closing":
            return self._close(tx)
        outcome = self._query(tx)
        if outcome == "missing" and self._never_arrived(tx, not tx.wx_prepay_at):
            self._mark_closed(tx)
            return "closed"
        if outcome != "unpaid":
            return outcome
        expire = tx.wx_time_expire or tx.create_date + timedelta(days=const.CLOSE_DAYS)
        if expire <= now:
            return self._close(tx)
        if tx.wx_next_sweep > expire:
            tx.wx_next_sweep = expire + timedelta(seconds=1)
        return outcome

    def _sweep_refund(self, refund):
        """Send a noted refund, or ask how far a sent one is."""
        self._postpone(refund, const.REFUND_LADDER)
        if refund.state == "draft":
            return self._send_refund(refund)
        return self._query_refund(refund)
