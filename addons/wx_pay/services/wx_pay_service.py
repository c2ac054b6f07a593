import base64
import io
import logging
import time
from contextlib import contextmanager
from datetime import timedelta

import qrcode

from odoo import fields, models

from odoo.addons.payment.utils import generate_access_token
from odoo.addons.wx_base.money import to_yuan
from odoo.addons.wx_base.problems import WxError
from odoo.addons.wx_base.tools import outside_transaction

from .. import const
from ..wxclient_pay import (
    PAID_STATES,
    WxPayBusinessError,
    WxPayDecryptError,
    WxPayError,
    beijing_rfc3339,
    payment_fact,
)

_logger = logging.getLogger(__name__)


class WxPayService(models.AbstractModel):
    """Attempts to be paid: place, hand out, query, close.

    Every call to WeChat runs with no open transaction: the intent is committed, the
    call made, its answer applied in the next transaction. A crash in between leaves an
    intent that the sweep heals. Safe to run twice.
    """

    _name = "wx.pay.service"
    _description = "WeChat Pay Service"

    @contextmanager
    def _no_transaction(self):
        """Commit, run the block with no open transaction.

        A queue job may not commit: there the intent was committed by whoever enqueued
        it, and only a flush happens.
        """
        if self.env.context.get("job_uuid"):
            self.env.flush_all()
            yield
        else:
            with outside_transaction(self.env):
                yield

    def _ask(self, tx, call, function):
        """One call about a transaction, made with no open transaction and noted.

        :param call: kind of ``wx.pay.call``
        :param function: makes the call; its WxPayError is returned, not raised
        :return: (answer, failure), one of them None
        """
        answer = failure = None
        with self._no_transaction():
            start = time.monotonic()
            try:
                answer = function()
            except WxPayError as error:
                failure = error
            spent = time.monotonic() - start
        tx.invalidate_recordset()
        self.env["wx.pay.call"]._note(tx, call, failure, int(1000 * spent))
        if failure is not None:
            if getattr(failure, "reason", "") == "serial_unknown":
                # WeChat signs with a new certificate: fetch it now, try again later
                self.env.ref("wx_pay.ir_cron_refresh_certificates").sudo()._trigger()
            # the caller's exception must not take the note along
            with self._no_transaction():
                pass
        return answer, failure

    # -- attempts ----------------------------------------------------------------

    def _create_attempt(self, payable, provider, trade_type="JSAPI", payer=None):
        """The payment attempt to offer for a document now.

        An open attempt for the same amount, payer and way is handed out again; any
        other open one is closed first, so that never two different prices can be paid.

        :param payable: one record of a model with ``wx.payable.mixin``
        :param provider: payment.provider
        :param trade_type: ``JSAPI`` or ``NATIVE``
        :param payer: OpenID of who pays when it is not the document's own payer
        :return: payment.transaction (superuser)
        :raise WxError: ``pay.provider_refused`` 422, ``pay.app_not_bound`` 422,
            ``pay.nothing_to_pay`` 422, ``pay.expired`` 409, ``pay.already_paid`` 409,
            ``pay.unavailable`` 503
        """
        # sudo: callers check the right; payments are the system's
        payable = payable.sudo()
        payable.ensure_one()
        provider = provider.sudo()
        info = payable._wx_payable_info()
        if payer:
            info = {**info, "openid": payer}
        self._check_attempt(provider, info, trade_type)
        for tx in self._attempts(payable):
            if tx.wx_attempt_state == "paid":
                raise self._already_paid()
            if self._is_reusable(tx, provider, info, trade_type):
                return tx
            outcome = self._close(tx)
            if outcome == "paid":
                raise self._already_paid()
            if outcome != "closed":
                raise self._unavailable()
        return self._new_attempt(payable, provider, info, trade_type)

    def _attempts(self, payable):
        """Open and paid attempts of a document, oldest first."""
        return (
            self.env["payment.transaction"]
            # sudo: callers check the right; payments are the system's
            .sudo()
            .search(
                [
                    ("wx_payable_model", "=", payable._name),
                    ("wx_payable_id", "=", payable.id),
                    ("wx_attempt_state", "in", (*const.OPEN_ATTEMPTS, "paid")),
                    ("operation", "!=", "refund"),
                ],
                order="id",
            )
        )

    def _check_attempt(self, provider, info, trade_type):
        if provider.code != const.CODE or provider.state == "disabled":
            raise WxError(
                "pay.provider_refused",
                self.env._("Orders of a mini-program are paid with WeChat Pay only"),
                422,
            )
        if (
            info["app"] not in provider.wx_app_ids
            or provider.company_id != info["company"]
        ):
            raise WxError(
                "pay.app_not_bound",
                self.env._(
                    "This mini-program is not connected with the merchant number"
                ),
                422,
            )
        if info["amount_fen"] < 1 or (trade_type == "JSAPI" and not info["openid"]):
            raise WxError(
                "pay.nothing_to_pay", self.env._("There is nothing to pay"), 422
            )
        expire = info.get("time_expire")
        if expire and expire <= fields.Datetime.now():
            raise WxError("pay.expired", self.env._("The time to pay is over"), 409)

    def _is_reusable(self, tx, provider, info, trade_type):
        expire = tx.wx_time_expire
        return (
            tx.wx_attempt_state in ("intent", "open")
            and tx.provider_id == provider
            and tx.wx_amount_fen == info["amount_fen"]
            and tx.wx_trade_type == trade_type
            and (trade_type == "NATIVE" or tx.wx_openid == info["openid"])
            and tx.wx_app_id == info["app"]
            and expire == (info.get("time_expire") or False)
        )

    def _new_attempt(self, payable, provider, info, trade_type):
        # sudo: callers check the right; payments are the system's
        transactions = self.env["payment.transaction"].sudo()
        number = transactions.search_count(
            [
                ("wx_payable_model", "=", payable._name),
                ("wx_payable_id", "=", payable.id),
                ("operation", "!=", "refund"),
            ]
        )
        reference = f"{provider.wx_prefix}{info['reference_prefix']}-{number + 1}"
        partner_id = info.get("partner_id") or self._consumer_partner().id
        method = provider.with_context(active_test=False).payment_method_ids.filtered(
            lambda m: m.code in const.DEFAULT_PAYMENT_METHOD_CODES
        )[:1]
        return transactions.create(
            {
                "provider_id": provider.id,
                "payment_method_id": method.id,
                "reference": reference,
                "amount": to_yuan(info["amount_fen"]),
                "currency_id": self.env.ref("base.CNY").id,
                "partner_id": partner_id,
                "operation": "online_direct",
                "wx_payable_model": payable._name,
                "wx_payable_id": payable.id,
                "wx_app_id": info["app"].id,
                "wx_openid": info["openid"],
                "wx_description": info["description"][:127],
                "wx_trade_type": trade_type,
                "wx_time_expire": info.get("time_expire"),
                "wx_attempt_state": "intent",
            }
        )

    def _consumer_partner(self):
        """The shared partner of payments whose shopper has no partner yet."""
        # sudo: callers check the right; payments are the system's
        return self.env.ref("wx_pay.partner_consumers").sudo()

    # -- prepay ------------------------------------------------------------------

    def _prepay(self, tx):
        """Place the order at WeChat and return what the mini-program needs.

        :param tx: an attempt of ``_create_attempt``
        :return: parameters of ``wx.requestPayment``; for NATIVE ``{"code_url": …}``
        :raise WxError: ``pay.already_paid`` 409, ``pay.closed`` 409,
            ``pay.refused`` 422, ``pay.unavailable`` 503
        """
        # sudo: callers check the right; payments are the system's
        tx = tx.sudo()
        tx.ensure_one()
        client = tx.provider_id._wx_client()
        if not self._prepay_is_fresh(tx):
            self._place_order(tx, client)
        if tx.wx_trade_type == "NATIVE":
            return {"code_url": tx.wx_code_url}
        return client.payment_params(tx.wx_app_id.appid, tx.wx_prepay_id)

    def _prepay_is_fresh(self, tx):
        limit = fields.Datetime.now() - timedelta(seconds=const.PREPAY_SECONDS)
        return bool(
            tx.wx_attempt_state == "open"
            and tx.wx_prepay_at
            and tx.wx_prepay_at > limit
        )

    def _place_order(self, tx, client):
        order = {
            "appid": tx.wx_app_id.appid,
            "out_trade_no": tx.reference,
            "description": tx.wx_description or tx.reference,
            "total": tx.wx_amount_fen,
            "notify_url": tx.provider_id._wx_notify_url("payment"),
        }
        if tx.wx_time_expire:
            order["time_expire"] = beijing_rfc3339(tx.wx_time_expire)
        place = client.prepay_native
        if tx.wx_trade_type == "JSAPI":
            place, order["openid"] = client.prepay_jsapi, tx.wx_openid
        answer, failure = self._ask(tx, "prepay", lambda: place(**order))
        if failure is not None:
            self._prepay_failed(tx, failure)
        name = "wx_code_url" if tx.wx_trade_type == "NATIVE" else "wx_prepay_id"
        self._mark_open(tx, name, answer)

    def _mark_open(self, tx, name, answer):
        """Apply the prepay answer unless the attempt moved on meanwhile (a payment
        notification may arrive before this answer)."""
        values = {name: answer, "wx_prepay_at": fields.Datetime.now()}
        tx.invalidate_recordset()
        if tx.wx_attempt_state in ("intent", "open"):
            values.update(wx_attempt_state="open", wx_error_code=False)
            if tx.state == "draft":
                tx._set_pending()
        tx.write(values)

    def _prepay_failed(self, tx, error):
        """Note why no order could be placed and raise what the caller may show."""
        tx.invalidate_recordset()
        if not isinstance(error, WxPayBusinessError) or error.retryable:
            _logger.warning("Prepay of %s got no answer: %s", tx.reference, error)
            raise self._unavailable() from error
        if error.already_paid:
            if self._query(tx) == "paid":
                raise self._already_paid() from error
            raise self._unavailable() from error
        _logger.warning("Prepay of %s refused: %s", tx.reference, error)
        code, title = "pay.refused", self.env._("WeChat refused the payment")
        status = 422
        if error.closed:
            self._mark_closed(tx)
            code, title = "pay.closed", self.env._("This payment is closed")
            status = 409
        elif not tx.wx_prepay_at:
            tx.write(
                {
                    "wx_attempt_state": "refused",
                    "wx_error_code": error.code,
                    "wx_next_sweep": False,
                }
            )
            tx._set_error(str(error))
        # the caller's exception must not undo what WeChat told us
        with self._no_transaction():
            pass
        raise WxError(code, title, status) from error

    # -- query -------------------------------------------------------------------

    def _query(self, tx):
        """Ask WeChat for the truth about one attempt and apply it.

        :return: ``paid``, ``closed``, ``unpaid``, ``missing`` (WeChat does not know the
            number) or ``unknown`` (no usable answer)
        """
        # sudo: callers check the right; payments are the system's
        tx = tx.sudo()
        client = tx.provider_id._wx_client()
        number = tx.reference
        answer, failure = self._ask(tx, "query", lambda: client.query(number))
        if failure is not None:
            if isinstance(failure, WxPayBusinessError) and failure.unknown_order:
                return "missing"
            _logger.info("Query of %s got no answer: %s", number, failure)
            return "unknown"
        try:
            fact = payment_fact(answer, "query")
        except WxPayDecryptError as error:
            _logger.warning("Query of %s answered nonsense: %s", number, error)
            return "unknown"
        if fact.state in PAID_STATES:
            self._apply_fact(fact, tx.provider_id)
            tx.invalidate_recordset()
            return "paid" if tx.state == "done" else "unknown"
        if fact.state in ("CLOSED", "REVOKED", "PAYERROR"):
            self._mark_closed(tx)
            return "closed"
        return "unpaid"

    # -- close -------------------------------------------------------------------

    def _close(self, tx):
        """Make sure that an attempt can no longer be paid.

        :return: ``closed``; ``paid`` (the shopper was faster: the fact is applied) or
            ``unknown`` (no usable answer yet, the sweep goes on)
        """
        # sudo: callers check the right; payments are the system's
        tx = tx.sudo()
        tx.ensure_one()
        if tx.state == "done":
            return "paid"
        if tx.wx_attempt_state in ("closed", "refused"):
            return "closed"
        client, number = tx.provider_id._wx_client(), tx.reference
        was_intent = not tx.wx_prepay_at
        tx.write({"wx_attempt_state": "closing"})
        _answer, failure = self._ask(tx, "close", lambda: client.close(number))
        if failure is None:
            self._mark_closed(tx)
            return "closed"
        return self._close_failed(tx, failure, was_intent)

    def _close_failed(self, tx, error, was_intent):
        if isinstance(error, WxPayBusinessError):
            if error.closed:
                self._mark_closed(tx)
                return "closed"
            if error.already_paid:
                return "paid" if self._query(tx) == "paid" else "unknown"
            if error.unknown_order and self._never_arrived(tx, was_intent):
                self._mark_closed(tx)
                return "closed"
        _logger.info("Close of %s got no answer: %s", tx.reference, error)
        return "unknown"

    def _never_arrived(self, tx, was_intent):
        """Whether an order WeChat does not know can be given up: its prepay call, if
        there was one, must be over for certain."""
        age = fields.Datetime.now() - tx.create_date
        return not was_intent or age > timedelta(seconds=60)

    def _mark_closed(self, tx):
        """WeChat confirmed: this attempt is not payable any more."""
        if tx.state == "done" or tx.wx_attempt_state in ("closed", "refused"):
            return
        tx.write({"wx_attempt_state": "closed", "wx_next_sweep": False})
        tx._set_canceled(extra_allowed_states=("error",))
        payable = tx._wx_payable()
        if payable:
            payable._wx_on_payment_closed(tx)

    # -- errors ------------------------------------------------------------------

    def _already_paid(self):
        return WxError("pay.already_paid", self.env._("This is already paid"), 409)

    def _unavailable(self):
        return WxError(
            "pay.unavailable",
            self.env._("WeChat does not answer, please try again"),
            503,
            headers=[("Retry-After", "3")],
        )

    # -- portal ------------------------------------------------------------------

    def _portal_values(self, tx):
        """Processing values of core's payment form: the QR code to scan.

        :return: dict with ``wx_qr`` (data URI) and ``wx_token`` for polling
        """
        if not tx.wx_trade_type:
            app = tx.provider_id.wx_app_ids[:1]
            if not app:
                raise WxError(
                    "pay.app_not_bound",
                    self.env._("No mini-program is bound to this merchant number"),
                    422,
                )
            now = fields.Datetime.now()
            tx.write(
                {
                    "wx_trade_type": "NATIVE",
                    "wx_app_id": app.id,
                    "wx_time_expire": now + timedelta(hours=2),
                    "wx_description": tx.company_id.name,
                }
            )
        params = self._prepay(tx)
        return {
            "wx_qr": self._qr_data_uri(params["code_url"]),
            "wx_token": self._poll_token(tx),
        }

    def _poll_token(self, tx):
        """Token that allows to ask for the state of one portal payment."""
        return generate_access_token("wx_poll", tx.reference, env=self.env)

    def _qr_data_uri(self, content):
        """A QR code drawn here, as a data URI: no third party sees the address."""
        buffer = io.BytesIO()
        qrcode.make(content, box_size=6, border=2).save(buffer, format="PNG")
        return f"data:image/png;base64,{base64.b64encode(buffer.getvalue()).decode()}"
