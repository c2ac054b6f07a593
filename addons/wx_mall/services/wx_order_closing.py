import logging

import psycopg2

from odoo import api, fields, models
from odoo.exceptions import ConcurrencyError

from odoo.addons.wx_base.http import WxError
from odoo.addons.wx_base.tools import outside_transaction, rc_cursor

from . import order_log_sql, stock_sql

_logger = logging.getLogger(__name__)
BATCH = 200
#: states of a payment attempt that WeChat may still accept money for
OPEN_ATTEMPTS = ("intent", "open", "closing")

# No attempt that WeChat may still accept money for (a payment that came too late goes
# back by itself): these can be closed at once, whole batches in one statement.
_NEVER_TRIED = """
UPDATE wx_order SET intake_state = 'closed', state = 'closed', closed_at = %(now)s,
       close_reason = %(reason)s, write_date = %(now)s
 WHERE id IN (
       SELECT o.id FROM wx_order o
        WHERE o.id = ANY(%(ids)s) AND o.intake_state = 'unpaid'
          AND NOT EXISTS (
              SELECT 1 FROM payment_transaction t
               WHERE t.wx_payable_model = 'wx.order' AND t.wx_payable_id = o.id
                 AND t.operation <> 'refund'
                 AND t.wx_attempt_state NOT IN (
                     'closed', 'refused', 'paid_late', 'paid_twice')))
RETURNING id
"""


class WxOrderClosing(models.AbstractModel):
    """Unpaid orders end here: WeChat confirms the close first, then the hold goes.

    Releasing the stock before that would sell it again to somebody else while the
    first shopper can still pay (``reference/peers.md`` §2.7).
    """

    _name = "wx.order.closing"
    _description = "Closing of unpaid mall orders"

    @api.model
    def _finish(self, order_ids, reason, who="system") -> list[int]:
        """Closes those orders that no attempt can pay any more and releases their
        holds, in one READ COMMITTED transaction; returns their ids.

        The order's row is locked before its attempts are looked at: the payment route
        takes the same lock before it makes an attempt.
        """
        self.env.flush_all()
        ids = sorted(order_ids)
        with rc_cursor(self.env) as cr:
            cr.execute(
                "SELECT id FROM wx_order WHERE id = ANY(%s) AND intake_state = 'unpaid'"
                " ORDER BY id FOR UPDATE",
                [ids],
            )
            with order_log_sql.because(cr, who):
                cr.execute(
                    _NEVER_TRIED,
                    {"ids": ids, "reason": reason, "now": fields.Datetime.now()},
                )
                closed = [row[0] for row in cr.fetchall()]
            if closed:
                stock_sql.release(cr, closed)
        self.env.invalidate_all(flush=False)
        return closed

    @api.model
    def _close_order(self, order, reason, who="system") -> str:
        """Closes one unpaid order: ``closed``, ``paid`` (the shopper was faster) or
        ``unknown`` (WeChat did not confirm; the hold stays, try again)."""
        attempts = order.payment_attempt_ids.filtered(
            lambda tx: tx.wx_attempt_state in OPEN_ATTEMPTS
        )
        for tx in attempts:
            result = self.env["wx.pay.service"]._close(tx)
            if result != "closed":
                return result
        with outside_transaction(self.env):
            closed = self._finish(order.ids, reason, who)
        if closed:
            return "closed"
        return "paid" if order.intake_state == "paid" else "unknown"

    @api.model
    def _cancel(self, ctx, order_id) -> dict:
        """The shopper cancels an unpaid order; repeating it is harmless.

        :raises WxError: 404; 409 ``order.already_paid``, ``order.close_unconfirmed``
        """
        order = ctx.env["wx.order"]._wx_owned(ctx, order_id)
        result = "closed"
        if order.intake_state == "unpaid":
            reason = self.env._("Cancelled by the shopper")
            result = ctx.env["wx.order.closing"]._close_order(order, reason, "shopper")
        elif order.intake_state == "paid":
            result = "paid"
        if result != "closed":
            # the refusal must not undo what WeChat has told us meanwhile
            with outside_transaction(ctx.env):
                pass
        if result == "paid":
            raise WxError("order.already_paid", self.env._("Already paid"), 409)
        if result != "closed":
            raise WxError(
                "order.close_unconfirmed",
                self.env._("WeChat has not confirmed yet, please try again"),
                409,
            )
        return ctx.env["wx.order.reader"]._detail(ctx, order_id, fresh=True)

    @api.model
    def _cron_close_expired(self):
        """Every minute: orders whose time to pay is over."""
        cron = self.env["ir.cron"]
        reason = self.env._("Not paid in time")
        while ids := self._expired_ids():
            closed = set(self._finish(ids, reason))
            if not cron._commit_progress(len(closed)):
                return
            left = [order_id for order_id in ids if order_id not in closed]
            for order_id in left:
                self._close_expired(order_id, reason)
                if not cron._commit_progress(1):
                    return
            if left or len(ids) < BATCH:
                return

    def _expired_ids(self):
        self.env.cr.execute(
            "SELECT id FROM wx_order WHERE intake_state = 'unpaid' AND expires_at <= %s"
            " ORDER BY expires_at LIMIT %s",
            (fields.Datetime.now(), BATCH),
        )
        return [row[0] for row in self.env.cr.fetchall()]

    def _close_expired(self, order_id, reason):
        """One order; a failure is logged and tried again by the next run."""
        order = self.env["wx.order"].browse(order_id)
        try:
            self._close_order(order, reason)
        except (psycopg2.OperationalError, ConcurrencyError) as exc:
            self.env.cr.rollback()
            _logger.info("Closing mall order %s collided: %s", order_id, exc)
        except Exception:
            self.env.cr.rollback()
            _logger.exception("Mall order %s could not be closed", order_id)
