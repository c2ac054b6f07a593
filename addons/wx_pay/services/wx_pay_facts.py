import json
import logging
from dataclasses import dataclass
from typing import NamedTuple

import psycopg2

from odoo import fields, models

from ..wxclient_pay import PAID_STATES, Fact, payment_fact, refund_fact

_logger = logging.getLogger(__name__)
_BUSY = (
    psycopg2.errors.SerializationFailure,
    psycopg2.errors.DeadlockDetected,
    psycopg2.errors.LockNotAvailable,
)
# Findings whose money goes back by itself.
_RETURNED = ("fact.late_payment", "fact.duplicate_payment", "fact.not_accepted")
_NOTE = """
UPDATE wx_pay_fact
   SET state = %(fact_state)s, code = %(code)s, transaction_id = %(tx_id)s,
       resolution = CASE WHEN resolution = 'resolved' THEN resolution
                         ELSE %(resolution)s END,
       applied_at = now() AT TIME ZONE 'UTC'
 WHERE id = %(fact_id)s
"""
_PAID = """
UPDATE payment_transaction
   SET state = 'done', state_message = NULL, wx_attempt_state = %(attempt_state)s,
       wx_transaction_id = %(number)s, provider_reference = %(number)s,
       wx_success_time = %(success)s, wx_next_sweep = NULL, wx_error_code = NULL,
       is_post_processed = FALSE, last_state_change = now() AT TIME ZONE 'UTC',
       write_date = now() AT TIME ZONE 'UTC'
 WHERE id = %(tx_id)s
"""


def _without_nul(value):
    """The value without NUL characters, which PostgreSQL cannot store."""
    if isinstance(value, str):
        return value.replace("\0", "")
    if isinstance(value, dict):
        return {_without_nul(k): _without_nul(v) for k, v in value.items()}
    if isinstance(value, list):
        return [_without_nul(item) for item in value]
    return value


class Applied(NamedTuple):
    """What an apply step found: state of the fact, finding, transaction, and whether
    the fact's row says so already."""

    state: str
    code: str | None = None
    tx_id: int | None = None
    noted: bool = False


@dataclass(frozen=True)
class Outcome:
    """What became of a fact.

    :param state: state of the ``wx.pay.fact`` (``new`` when the payment was locked)
    :param code: finding, or None
    :param fact_id: id of the stored fact
    """

    state: str
    code: str | None
    fact_id: int

    @property
    def accepted(self):
        """Whether WeChat may be told that the fact arrived and is dealt with."""
        return self.state in ("applied", "ignored")


class WxPayService(models.AbstractModel):
    """Applying facts: the one entry point for whatever says that money moved."""

    _inherit = "wx.pay.service"

    def _apply_fact(self, fact: Fact, provider):
        """Store a fact as received, check it and apply it exactly once.

        Runs in the notification's hot path: plain SQL up to the document's own hook.
        A fact that cannot be applied stays stored, with its finding.

        :param fact: of a verified notification, a query, an answer or a bill
        :param provider: payment.provider (or its id) whose keys the fact came with
        :return: :class:`Outcome`
        """
        provider_id = provider if isinstance(provider, int) else provider.id
        config = self.env["payment.provider"]._wx_config(provider_id)
        fact_id, state, code = self._store_fact(fact, config)
        if state in ("applied", "ignored"):
            return Outcome(state, code, fact_id)
        return self._apply_stored(fact, fact_id, config)

    def _reapply(self, record):
        """Check and apply a stored fact again (button, sweep).

        :param record: wx.pay.fact
        """
        record.ensure_one()
        if record.state in ("applied", "ignored"):
            return Outcome(record.state, record.code or None, record.id)
        build = payment_fact if record.kind == "payment" else refund_fact
        fact = build(record.payload, record.source, key=record.dedup_key)
        if not fact.mchid:
            fact = fact.arrived(mchid=record.mchid or "")
        config = self.env["payment.provider"]._wx_config(record.provider_id.id)
        outcome = self._apply_stored(fact, record.id, config)
        record.invalidate_recordset()
        return outcome

    def _store_fact(self, fact, config):
        """:return: (id, state, code) of the new or already known fact"""
        self.env.cr.execute(
            """
            INSERT INTO wx_pay_fact (
                provider_id, company_id, kind, source, dedup_key, wechat_state,
                out_trade_no, wechat_transaction, out_refund_no, refund_id, appid,
                mchid, amount_fen, currency_code, success_time, payload, raw,
                received_at, seen, state)
            VALUES (%s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s, %s,
                    %s::jsonb, %s, now() AT TIME ZONE 'UTC', 1, 'new')
            ON CONFLICT (provider_id, dedup_key)
            DO UPDATE SET seen = wx_pay_fact.seen + 1
            RETURNING id, state, code
            """,
            (
                config.provider_id,
                config.company_id,
                fact.kind,
                fact.source,
                fact.key,
                fact.state,
                fact.out_trade_no or None,
                fact.transaction_id or None,
                fact.out_refund_no or None,
                fact.refund_id or None,
                fact.appid or None,
                fact.mchid or None,
                # the column is int4; the payload keeps whatever was said
                min(fact.amount, 2**31 - 1),
                fact.currency or None,
                fact.success_utc,
                json.dumps(_without_nul(fact.payload), ensure_ascii=False),
                fact.raw.replace("\0", "") or None,
            ),
        )
        return self.env.cr.fetchone()

    def _apply_stored(self, fact, fact_id, config):
        apply = self._apply_payment if fact.kind == "payment" else self._apply_refund
        cr = self.env.cr
        try:
            try:
                with cr.savepoint():
                    result = apply(fact, fact_id, config)
            except psycopg2.errors.UniqueViolation as error:
                # a second attempt for the same document was paid at the same moment
                if error.diag.constraint_name != "payment_transaction_wx_one_paid":
                    raise
                self.env.invalidate_all(flush=False)
                with cr.savepoint():
                    result = apply(fact, fact_id, config, twice=True)
        except _BUSY:
            raise  # the request or the sweep runs again
        except Exception:
            _logger.exception("WeChat fact %s could not be applied", fact_id)
            self.env.invalidate_all(flush=False)
            result = Applied("failed", "fact.internal")
        if result.state != "new" and not result.noted:
            cr.execute(_NOTE, self._note_values(fact_id, result))
        return Outcome(result.state, result.code, fact_id)

    @staticmethod
    def _note_values(fact_id, result):
        resolution = None
        if result.code:
            resolution = "refunding" if result.code in _RETURNED else "open"
        return {
            "fact_id": fact_id,
            "fact_state": result.state,
            "code": result.code,
            "tx_id": result.tx_id,
            "resolution": resolution,
        }

    # -- payments ----------------------------------------------------------------

    def _apply_payment(self, fact, fact_id, config, twice=False):
        """:return: :class:`Applied`"""
        if fact.state not in PAID_STATES:
            return Applied("ignored")
        row = self._lock_attempt(fact.out_trade_no, config.provider_id)
        if row is None:
            return Applied("exception", "fact.unknown_order")
        if row == "locked":
            return Applied("new")
        code = self._check_payment(fact, row, config)
        if code:
            return Applied("exception", code, row["id"])
        if row["state"] == "done":
            return Applied("applied", None, row["id"])
        return self._book_payment(fact, fact_id, row, twice)

    def _lock_attempt(self, number, provider_id):
        """The attempt as a dict, ``"locked"`` when another worker holds it, or None."""
        cr = self.env.cr
        self.env["payment.transaction"].flush_model()
        cr.execute(
            """
            SELECT t.id, t.state, t.wx_attempt_state, t.wx_amount_fen, t.wx_openid,
                   t.wx_trade_type, t.wx_payable_model, t.wx_payable_id,
                   t.wx_transaction_id, a.appid, c.name AS currency,
                   EXISTS (SELECT 1 FROM payment_transaction o
                            WHERE o.wx_payable_model = t.wx_payable_model
                              AND o.wx_payable_id = t.wx_payable_id
                              AND o.id != t.id AND o.wx_attempt_state = 'paid'
                          ) AS other_paid
              FROM payment_transaction t
              JOIN res_currency c ON c.id = t.currency_id
              LEFT JOIN wx_app a ON a.id = t.wx_app_id
             WHERE t.reference = %s AND t.provider_id = %s
               AND t.operation IS DISTINCT FROM 'refund'
               FOR NO KEY UPDATE OF t SKIP LOCKED
            """,
            (number, provider_id),
        )
        row = cr.fetchone()
        if row:
            return dict(
                zip((column.name for column in cr.description), row, strict=True)
            )
        cr.execute(
            "SELECT 1 FROM payment_transaction"
            " WHERE reference = %s AND provider_id = %s"
            "   AND operation IS DISTINCT FROM 'refund'",
            (number, provider_id),
        )
        return "locked" if cr.fetchone() else None

    def _check_payment(self, fact, row, config):
        """Requirement X31: merchant, mini-program, payer, currency, amount.

        :return: finding or None
        """
        if fact.mchid != config.mchid:
            return "fact.mchid_mismatch"
        if fact.appid != (row["appid"] or ""):
            return "fact.appid_mismatch"
        if (
            row["wx_trade_type"] == "JSAPI"
            and fact.openid != row["wx_openid"]
            and not self._allows_payer(row, fact.openid)
        ):
            return "fact.payer_mismatch"
        if (fact.currency or "CNY") != row["currency"]:
            return "fact.currency_mismatch"
        if fact.amount != row["wx_amount_fen"]:
            return "fact.amount_mismatch"
        known = row["wx_transaction_id"]
        if known and known != fact.transaction_id:
            return "fact.transaction_mismatch"
        return None

    def _allows_payer(self, row, openid):
        """Another payer whom the document expects: noted as who paid the attempt."""
        if not openid or row["wx_payable_model"] not in self.env:
            return False
        # sudo: WeChat's answer acts for the shop, whoever brought it
        payable = self.env[row["wx_payable_model"]].sudo().browse(row["wx_payable_id"])
        tx = self.env["payment.transaction"].sudo().browse(row["id"])
        if not payable.exists() or not payable._wx_payable_allows_payer(tx, openid):
            return False
        tx.wx_openid = openid
        tx.flush_recordset(["wx_openid"])  # booking goes on in SQL
        return True

    def _book_payment(self, fact, fact_id, row, twice):
        tx = self.env["payment.transaction"].sudo().browse(row["id"])
        payable = tx.browse()
        if row["wx_payable_id"] and row["wx_payable_model"] in self.env:
            payable = (
                # sudo: WeChat's answer acts for the shop, whoever brought it
                self.env[row["wx_payable_model"]].sudo().browse(row["wx_payable_id"])
            )
        state, code = "paid", None
        if row["state"] == "cancel" or row["wx_attempt_state"] == "closed":
            state, code = "paid_late", "fact.late_payment"
        elif twice or row["other_paid"]:
            state, code = "paid_twice", "fact.duplicate_payment"
        elif payable and not payable._wx_payable_accepts(tx):
            state, code = "paid_late", "fact.not_accepted"
        elif tx.wx_checkout_id and not tx.wx_checkout_id._accepts():
            state, code = "paid_twice", "fact.duplicate_payment"
        if not payable and state == "paid":
            self._book_portal_payment(tx, fact)
            return Applied("applied", None, tx.id)
        result = Applied("applied", code, tx.id, noted=True)
        self._mark_paid(fact, state, self._note_values(fact_id, result))
        tx.invalidate_recordset(flush=False)
        if code:
            if not payable or payable._wx_on_unwanted_payment(tx, code):
                self._return_payment(tx, code)
            else:
                self._keep_for_staff(fact_id)
        else:
            payable._wx_on_paid(tx)
        return result

    def _mark_paid(self, fact, attempt_state, note):
        """Transaction and fact in one statement: this is the hot path.

        Core's ``_set_done`` refuses a transaction that was cancelled, but money that
        arrived is a fact.
        """
        self.env.cr.execute(
            f"WITH noted AS ({_NOTE}) {_PAID}",
            {
                **note,
                "attempt_state": attempt_state,
                "number": fact.transaction_id,
                "success": fact.success_utc or fields.Datetime.now(),
            },
        )

    def _book_portal_payment(self, tx, fact):
        """An invoice or sale order paid by QR code: core's setters, its messages and
        its post-processing."""
        tx.write(
            {
                "wx_attempt_state": "paid",
                "wx_transaction_id": fact.transaction_id,
                "provider_reference": fact.transaction_id,
                "wx_success_time": fact.success_utc or fields.Datetime.now(),
                "wx_next_sweep": False,
                "wx_error_code": False,
            }
        )
        tx._set_done()
        cron = self.env.ref("payment.cron_post_process_payment_tx", False)
        if cron:
            # sudo: whoever brought the fact may not wake crons
            cron.sudo()._trigger()

    def _return_payment(self, tx, code):
        """Money that nobody may keep: ledgered with its finding, refunded in full."""
        # sudo: WeChat's answer acts for the shop, whoever brought it
        company = tx.company_id.sudo()
        lang = company.partner_id.lang or self.env.lang
        reasons = self.with_context(lang=lang)._return_reasons()
        _logger.warning("Payment %s goes back: %s", tx.reference, code)
        refund = self._refund(
            tx,
            tx.wx_amount_fen,
            reasons[code],
            f"return:{tx.id}",
            origin="auto",
        )
        payable = tx._wx_payable()
        if payable:
            payable._wx_on_returned_payment(tx, refund)
        return refund

    def _keep_for_staff(self, fact_id):
        """The money waits for a person: its finding stays open."""
        self.env.cr.execute(
            "UPDATE wx_pay_fact SET resolution = 'open' WHERE id = %s", (fact_id,)
        )

    def _return_reasons(self):
        """What the shopper reads beside an automatic refund (80 bytes at most)."""
        return {
            "fact.late_payment": self.env._("Paid after the order closed"),
            "fact.duplicate_payment": self.env._("The order was paid twice"),
            "fact.not_accepted": self.env._("The order can no longer be paid"),
        }

    # -- sweep of stored facts ---------------------------------------------------

    def _cron_apply_facts(self):
        """Facts that were stored but not applied: the payment was locked, or an error
        occurred."""
        cron = self.env["ir.cron"]
        facts = (
            self.env["wx.pay.fact"]
            .search([("state", "in", ("new", "failed"))], order="id", limit=500)
            .filtered(lambda fact: fact._is_due())
        )
        cron._commit_progress(remaining=len(facts))
        for fact in facts:
            try:
                self._reapply(fact)
            except psycopg2.OperationalError:
                self.env.cr.rollback()
            if not cron._commit_progress(1):
                break
