import logging

import psycopg2

from odoo import api, fields, models
from odoo.exceptions import ConcurrencyError, LockError, UserError

from ..states import after_sale as machine

_logger = logging.getLogger(__name__)
_AGAIN = (psycopg2.OperationalError, ConcurrencyError, LockError)
BATCH = 200


class WxAfterSaleClock(models.AbstractModel):
    """What happens by itself when nobody acts in time.

    Not answered: what the law or the setting allows is approved, the rest becomes an
    exception. Not sent back: closed. Sent and never received: an exception. Received
    and not inspected: refunded; inspected: what passed is refunded, and when nothing
    did, an exception (CR-01: at the latest seven days after receipt). Safe to run
    twice: each step moves the state.
    """

    _name = "wx.after.sale.clock"
    _description = "Clocks of after-sales"

    @api.model
    def _cron_clocks(self):
        """Every five minutes."""
        due = self.env["wx.after.sale"].search(
            [
                ("due_at", "<=", fields.Datetime.now()),
                ("state", "in", machine.OPEN),
            ],
            order="due_at, id",
            limit=BATCH,
        )
        cron = self.env["ir.cron"]
        cron._commit_progress(remaining=len(due))
        for record in due:
            self._ring(record)
            if not cron._commit_progress(1):
                break

    @api.model
    def _ring(self, record):
        """One clock ran out; what cannot be done by itself becomes an exception."""
        try:
            with self.env.cr.savepoint():
                self._act(record)
                self.env.flush_all()
        except _AGAIN:
            raise
        except UserError as error:
            self.env.invalidate_all(flush=False)
            _logger.info("After-sale %s waits for staff: %s", record.name, error)
            self._late(record, str(error))

    def _act(self, record):
        flow = self.env["wx.after.sale.flow"]
        if record.state == "approved":
            flow._cancel(record, "expire")
            record.message_post(body=self.env._("Nothing was sent back in time."))
        elif record.state == "received" and record.kind == "return_refund":
            flow._lock(record)
            flow._check_second(record, by_clock=True)
            flow._refund(record, "overdue")
            record.order_id._wx_log(
                "after_sale",
                self.env._(
                    "%(name)s was refunded in time without an inspection: its return "
                    "still waits for one.",
                    name=record.name,
                ),
                after_sale=record.id,
            )
        elif record.state == "inspected" and record.kind == "return_refund":
            flow._finish(record)
        elif record.state == "returning":
            self._late(record, self.env._("Sent back long ago, but not received."))
        elif record.state == "requested" and self._by_itself(record):
            flow._approve(record, by_clock=True)
        else:
            self._late(record, self.env._("Nobody answered in time."))

    def _by_itself(self, record):
        if not record.app_id.after_sale_auto:
            return False
        if record.kind == "return_refund":
            return record.no_reason
        return record.kind == "refund_only" and self._unshipped(record)

    @api.model
    def _unshipped(self, record) -> bool:
        """All pieces asked for still wait in the warehouse, for their whole money."""
        states = record.order_id._wx_refund_lines()
        return bool(record.line_ids) and all(
            line.qty <= states[line.order_line_id].waiting
            and line.amount_fen == line.max_fen
            for line in record.line_ids
        )

    def _late(self, record, message):
        record.due_at = False
        record.order_id._wx_exception("after_sale_late", f"{record.name}: {message}")
