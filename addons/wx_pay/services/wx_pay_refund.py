import hashlib
import logging
from datetime import timedelta

from odoo import fields, models

from odoo.addons.wx_base.money import to_yuan
from odoo.addons.wx_base.problems import WxError

from .. import const
from ..wxclient_pay import (
    WxPayBusinessError,
    WxPayDecryptError,
    refund_fact,
)
from .wx_pay_facts import Applied

_logger = logging.getLogger(__name__)
# Refusals that cure themselves, need money or a right key, not another request.
_WAITING = (
    "NOT_ENOUGH",
    "FREQUENCY_LIMITED",
    "RESOURCE_NOT_EXISTS",
    "SIGN_ERROR",
)


class WxPayService(models.AbstractModel):
    """Refunds: noted, sent by the sweep, applied by their facts."""

    _inherit = "wx.pay.service"

    # -- note --------------------------------------------------------------------

    def _refund(self, tx, amount_fen, reason, key, origin="here"):
        """Note a refund; the sweep sends it at once after the commit.

        :param tx: the paid payment.transaction
        :param amount_fen: fen to give back, at least 1
        :param reason: shown to the shopper (80 bytes at most)
        :param key: identity of the refund; the same key never refunds twice
        :return: the child payment.transaction (``amount`` negative)
        :raise WxError: ``refund.not_paid``, ``refund.amount``, ``refund.too_old``,
            ``refund.too_many`` (422), ``refund.key_conflict`` (409)
        """
        # sudo: callers check the right; payments are the system's
        tx = tx.sudo()
        tx.ensure_one()
        # Concurrent refunds of one payment must not both see the same rest.
        self.env.cr.execute(
            "UPDATE payment_transaction SET write_date = write_date WHERE id = %s",
            (tx.id,),
        )
        tx.invalidate_recordset(["child_transaction_ids"])
        known = tx.child_transaction_ids.filtered(lambda c: c.wx_refund_key == key)
        if known:
            if -known.wx_amount_fen != amount_fen:
                raise WxError(
                    "refund.key_conflict",
                    self.env._("This refund was asked for with another amount"),
                    409,
                )
            return known
        self._check_refund(tx, amount_fen)
        refund = tx._create_child_transaction(
            to_yuan(amount_fen),
            is_refund=True,
            wx_payable_model=tx.wx_payable_model,
            wx_payable_id=tx.wx_payable_id,
            wx_app_id=tx.wx_app_id.id,
            wx_out_refund_no=self._refund_number(tx, key),
            wx_refund_key=key,
            wx_refund_reason=(reason or "")[:80],
            wx_refund_origin=origin,
            wx_next_sweep=self._refund_time(tx),
        )
        self._wake_refund_sweep()
        return refund

    def _check_refund(self, tx, amount_fen):
        if tx.state != "done" or tx.operation == "refund" or not tx.wx_transaction_id:
            raise WxError(
                "refund.not_paid", self.env._("Only a payment can be refunded"), 422
            )
        rest = tx.wx_amount_fen - tx._wx_refunded_fen()
        if amount_fen < 1 or amount_fen > rest:
            raise WxError(
                "refund.amount",
                self.env._(
                    "At most %(rest)s yuan can be refunded", rest=f"{rest / 100:.2f}"
                ),
                422,
                refundable_fen=rest,
            )
        paid_at = tx.wx_success_time or tx.last_state_change
        if fields.Datetime.now() - paid_at > timedelta(days=const.REFUND_DAYS):
            raise WxError(
                "refund.too_old",
                self.env._("WeChat refunds only within a year after the payment"),
                422,
            )
        parts = tx.child_transaction_ids.filtered(
            lambda c: c.operation == "refund" and c.state != "cancel"
        )
        if len(parts) >= const.REFUND_MAX_PARTS:
            raise WxError(
                "refund.too_many",
                self.env._("WeChat allows 50 refunds of one payment at most"),
                422,
            )

    @staticmethod
    def _refund_number(tx, key):
        """out_refund_no: derived from payment and key, so that a lost transaction comes
        to the same number again and WeChat refunds once."""
        digest = hashlib.sha256(f"{tx.reference}\n{key}".encode()).hexdigest()
        return f"{tx.reference}R{digest[:12].upper()}"

    @staticmethod
    def _refund_time(tx):
        """When the refund may be sent: WeChat wants a minute between two of one
        payment."""
        now = fields.Datetime.now()
        others = tx.child_transaction_ids.filtered(lambda c: c.operation == "refund")
        last = max(
            (c.wx_next_sweep or c.create_date for c in others if c.state != "error"),
            default=None,
        )
        spacing = timedelta(seconds=const.REFUND_SPACING_SECONDS)
        return max(now, last + spacing) if last else now

    def _wake_refund_sweep(self):
        # sudo: whoever refunds may not wake crons
        self.env.ref("wx_pay.ir_cron_sweep_refunds").sudo()._trigger()

    # -- send and query ----------------------------------------------------------

    def _send_refund(self, refund):
        """Ask WeChat for a noted refund, or again after a lost answer.

        :return: state of the refund afterwards (draft: will be tried again)
        """
        # sudo: callers check the right; payments are the system's
        refund = refund.sudo()
        source, provider = refund.source_transaction_id, refund.provider_id
        client = provider._wx_client()
        request = {
            "transaction_id": source.wx_transaction_id,
            "out_refund_no": refund.wx_out_refund_no,
            "refund": -refund.wx_amount_fen,
            "total": source.wx_amount_fen,
            "reason": refund.wx_refund_reason or "",
            "notify_url": provider._wx_notify_url("refund"),
        }
        answer, failure = self._ask(refund, "refund", lambda: client.refund(**request))
        if failure is not None:
            self._refund_failed(refund, failure)
        else:
            self._apply_refund_answer(refund, answer, client.mchid, "answer")
        return refund.state

    def _query_refund(self, refund):
        """Ask WeChat how far a refund is.

        :return: state of the refund afterwards
        """
        # sudo: callers check the right; payments are the system's
        refund = refund.sudo()
        client, number = refund.provider_id._wx_client(), refund.wx_out_refund_no
        answer, failure = self._ask(
            refund, "refund_query", lambda: client.query_refund(number)
        )
        if failure is None:
            self._apply_refund_answer(refund, answer, client.mchid, "query")
        elif isinstance(failure, WxPayBusinessError) and failure.unknown_order:
            # never arrived: the same number may be sent again
            refund.write({"wx_error_code": False})
            return self._send_refund(refund)
        else:
            _logger.info("Query of refund %s got no answer: %s", number, failure)
        return refund.state

    def _apply_refund_answer(self, refund, answer, mchid, source):
        try:
            fact = refund_fact(answer, source, mchid=mchid)
        except WxPayDecryptError as error:
            _logger.warning(
                "Refund %s was answered nonsense: %s", refund.wx_out_refund_no, error
            )
            return
        self._apply_fact(fact, refund.provider_id)
        refund.invalidate_recordset()

    def _refund_failed(self, refund, error):
        """WeChat did not take the refund: wait, or give it up with its reason."""
        waiting = not isinstance(error, WxPayBusinessError) or (
            error.retryable or error.code in _WAITING
        )
        code = getattr(error, "code", type(error).__name__)
        _logger.warning("Refund %s: %s", refund.wx_out_refund_no, error)
        if waiting:
            refund.write({"wx_error_code": code, "state_message": str(error)})
            return
        refund.write({"wx_error_code": code, "wx_next_sweep": False})
        refund._set_error(str(error))
        self._hand_to_staff(refund)
        payable = refund._wx_payable()
        if payable:
            payable._wx_on_refund(refund)

    def _hand_to_staff(self, refund):
        """Money that should have gone back by itself did not: the exception of its
        payment waits for a person."""
        if refund.wx_refund_origin != "auto":
            return
        self.env.cr.execute(
            """
            UPDATE wx_pay_fact SET resolution = 'open'
             WHERE transaction_id = %s AND kind = 'payment'
               AND resolution = 'refunding'
            """,
            (refund.source_transaction_id.id,),
        )
        self.env["wx.pay.fact"].invalidate_model(["resolution"])

    # -- facts -------------------------------------------------------------------

    def _apply_refund(self, fact, fact_id, config, twice=False):
        """Apply a refund fact; one without our request becomes a child transaction.

        :return: :class:`Applied`
        """
        if fact.mchid != config.mchid:
            return Applied("exception", "fact.mchid_mismatch")
        if fact.currency != "CNY":
            return Applied("exception", "fact.currency_mismatch")
        # sudo: callers check the right; payments are the system's
        transactions = self.env["payment.transaction"].sudo()
        refund = transactions.search(
            [
                ("provider_id", "=", config.provider_id),
                ("wx_out_refund_no", "=", fact.out_refund_no),
            ]
        )
        if not refund:
            source = self._refund_source(fact, config)
            if not source:
                return Applied("exception", "fact.unknown_refund")
            refund = self._adopt_refund(source, fact)
        if not refund.try_lock_for_update():
            return Applied("new")
        code = self._check_refund_fact(fact, refund)
        if code:
            return Applied("exception", code, refund.id)
        return self._move_refund(refund, fact)

    def _refund_source(self, fact, config):
        """The payment a refund made at the platform belongs to."""
        numbers = [("wx_transaction_id", "=", fact.transaction_id)]
        if not fact.transaction_id:
            numbers = [("reference", "=", fact.out_trade_no)]
        return (
            self.env["payment.transaction"]
            # sudo: callers check the right; payments are the system's
            .sudo()
            .search(
                [
                    ("provider_id", "=", config.provider_id),
                    ("operation", "!=", "refund"),
                    ("state", "=", "done"),
                    *numbers,
                ],
                limit=1,
            )
        )

    def _adopt_refund(self, source, fact):
        """A refund somebody made in the merchant platform is as real as ours."""
        return source._create_child_transaction(
            to_yuan(fact.amount),
            is_refund=True,
            wx_payable_model=source.wx_payable_model,
            wx_payable_id=source.wx_payable_id,
            wx_app_id=source.wx_app_id.id,
            wx_out_refund_no=fact.out_refund_no,
            wx_refund_origin="platform",
        )

    def _check_refund_fact(self, fact, refund):
        source = refund.source_transaction_id
        if fact.transaction_id and fact.transaction_id != source.wx_transaction_id:
            return "fact.transaction_mismatch"
        if fact.amount != -refund.wx_amount_fen:
            return "fact.amount_mismatch"
        if fact.total and fact.total != source.wx_amount_fen:
            return "fact.amount_mismatch"
        if refund.wx_refund_id and refund.wx_refund_id != fact.refund_id:
            return "fact.transaction_mismatch"
        return None

    def _move_refund(self, refund, fact):
        before = refund.state
        values = {
            "wx_refund_id": fact.refund_id,
            "provider_reference": fact.refund_id,
            "wx_error_code": False,
        }
        code = None
        if before in ("done", "cancel"):
            # final; a late or repeated message changes nothing
            return Applied("applied", None, refund.id)
        if fact.state == "PROCESSING":
            refund.write(values)
            refund._set_pending(extra_allowed_states=("error",))
        elif fact.state == "SUCCESS":
            values["wx_success_time"] = fact.success_utc or fields.Datetime.now()
            refund.write({**values, "wx_next_sweep": False})
            refund._set_done()
            if refund.source_transaction_id._wx_refunded_fen() > (
                refund.source_transaction_id.wx_amount_fen
            ):
                code = "fact.over_refund"
        elif fact.state == "CLOSED":
            refund.write({**values, "wx_next_sweep": False})
            refund._set_canceled(extra_allowed_states=("error",))
            code = "refund.closed"
        else:
            # ABNORMAL: a person settles it at the platform; go on asking
            refund.write({**values, "wx_error_code": "ABNORMAL"})
            refund._set_error(self.env._("The bank refused the refund."))
            code = "refund.abnormal"
        if refund.state != before:
            self._after_refund_move(refund)
        return Applied("applied", code, refund.id)

    def _after_refund_move(self, refund):
        payable = refund._wx_payable()
        if payable and refund.state in ("done", "cancel", "error"):
            payable._wx_on_refund(refund)
        if refund.state in ("cancel", "error"):
            self._hand_to_staff(refund)
        if refund.state == "done" and refund.wx_refund_origin == "auto":
            self.env.cr.execute(
                """
                UPDATE wx_pay_fact SET resolution = 'resolved'
                 WHERE transaction_id = %s AND kind = 'payment'
                   AND resolution IN ('refunding', 'open')
                """,
                (refund.source_transaction_id.id,),
            )
            self.env["wx.pay.fact"].invalidate_model(["resolution"])
        if refund.state == "done" and not payable:
            cron = self.env.ref("payment.cron_post_process_payment_tx", False)
            if cron:
                # sudo: whoever refunds may not wake crons
                cron.sudo()._trigger()
