import logging
from collections.abc import Callable
from datetime import timedelta
from typing import NamedTuple

import psycopg2

from odoo import fields, models

from .. import const

_logger = logging.getLogger(__name__)
BATCH = 200


class Sweep(NamedTuple):
    """What a sweep looks after.

    :param domain: records that are not finished yet
    :param step: called with one locked record; postpones it first
    :param ladder: seconds until the next look after the n-th
    :param model: model of the records
    """

    domain: list
    step: Callable
    ladder: tuple
    model: str = "payment.transaction"


class WxPayService(models.AbstractModel):
    """Sweeps: a lost notification, a crash between call and answer, a forgotten close
    lose nothing (requirement X29). Each look backs off by a ladder."""

    _inherit = "wx.pay.service"

    def _sweeps(self):
        """Hook: what is looked after, ``{name: Sweep}``.

        Profit sharing, transfers and whatever else WeChat answers later extend it: the
        model has ``wx_next_sweep`` and ``wx_sweep_count`` (``wx.sweep.mixin``), the
        step asks WeChat and applies what it says, safe to run twice.
        """
        return {
            "payments": Sweep(
                [
                    ("wx_attempt_state", "in", const.OPEN_ATTEMPTS),
                    ("operation", "!=", "refund"),
                ],
                self._sweep_payment,
                const.PAYMENT_LADDER,
            ),
            "refunds": Sweep(
                [
                    ("provider_code", "=", const.CODE),
                    ("operation", "=", "refund"),
                    ("state", "in", ("draft", "pending", "error")),
                ],
                self._sweep_refund,
                const.REFUND_LADDER,
            ),
        }

    def _cron_sweep_payments(self):
        """Every minute: attempts whose time has come."""
        self._sweep(self._sweeps()["payments"])

    def _cron_sweep_refunds(self):
        """Every minute, and at once after a refund was noted."""
        self._sweep(self._sweeps()["refunds"])

    def _cron_sweep_others(self):
        """Every minute: what other modules registered."""
        for name, sweep in self._sweeps().items():
            if name not in ("payments", "refunds"):
                self._sweep(sweep)

    def _sweep(self, sweep):
        """Run the step on each due record, one database transaction each."""
        cron = self.env["ir.cron"]
        due = (
            self.env[sweep.model]
            # sudo: sweeps act for the shop
            .sudo()
            .search(
                [*sweep.domain, ("wx_next_sweep", "<=", fields.Datetime.now())],
                order="wx_next_sweep, id",
                limit=BATCH,
            )
        )
        cron._commit_progress(remaining=len(due))
        for record in due:
            try:
                if record.try_lock_for_update():
                    sweep.step(record)
            except psycopg2.OperationalError:
                self.env.cr.rollback()
            except Exception:
                # one broken payment must not stop the others
                _logger.exception("Sweep of %s failed", record)
                self.env.cr.rollback()
                self._postpone(record, sweep.ladder)
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
