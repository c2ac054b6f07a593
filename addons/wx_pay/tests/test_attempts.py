"""Placing, handing out, closing and querying attempts."""

from datetime import timedelta

from odoo import fields
from odoo.exceptions import ValidationError
from odoo.tests import TransactionCase, tagged
from odoo.tools import mute_logger

from odoo.addons.wx_base.problems import WxError

from .common import WxPayMixin

SERVICE = "odoo.addons.wx_pay.services.wx_pay_service"


@tagged("post_install", "-at_install", "wx")
class TestAttempts(WxPayMixin, TransactionCase):
    def assertCode(self, code, func, *args):
        # Odoo's assertRaises would roll back what the refusal left behind
        try:
            func(*args)
        except WxError as error:
            self.assertEqual(error.code, code)
            return error
        raise AssertionError(f"{code} was not raised")

    def test_prepay_gives_parameters_the_client_accepts(self):
        payable = self.make_payable()
        tx, params = self.prepay(payable)
        self.assertEqual(
            set(params), {"timeStamp", "nonceStr", "package", "signType", "paySign"}
        )
        self.assertEqual((tx.state, tx.wx_attempt_state), ("pending", "open"))
        self.assertEqual(tx.reference, f"T1D{payable.id}-1")
        self.assertEqual(tx.wx_amount_fen, 1234)
        self.assertEqual(tx.amount, 12.34)
        answer = self.pay(params)
        self.assertEqual(answer["out_trade_no"], tx.reference)
        self.assertEqual(self.service._query(tx), "paid")
        self.assertEqual((tx.state, tx.wx_attempt_state), ("done", "paid"))
        self.assertEqual(tx.wx_transaction_id, answer["transaction_id"])
        self.assertEqual(tx.provider_reference, answer["transaction_id"])
        self.assertTrue(tx.wx_success_time)
        self.assertEqual(self.told, [("paid", tx.id)])

    def test_native_qr(self):
        tx, params = self.prepay(self.make_payable(), "NATIVE")
        self.assertTrue(params["code_url"].startswith("weixin://"))
        stranger = self.make_person()
        self.pay(params, uid=stranger["uid"])
        self.assertEqual(self.service._query(tx), "paid")

    def test_the_same_attempt_is_handed_out_again(self):
        payable = self.make_payable()
        tx, first = self.prepay(payable)
        again, second = self.prepay(payable)
        self.assertEqual(tx, again)
        self.assertEqual(first["package"], second["package"])

    def test_a_price_change_closes_the_old_attempt_first(self):
        payable = self.make_payable(1000)
        old, params = self.prepay(payable)
        self.infos[payable.id]["amount_fen"] = 900
        new, _params = self.prepay(payable)
        self.assertNotEqual(old, new)
        self.assertEqual((old.state, old.wx_attempt_state), ("cancel", "closed"))
        self.assertEqual(new.wx_amount_fen, 900)
        self.assertEqual(self.told, [("closed", old.id)])
        answer = self.pay(params, fails=True)
        self.assertNotEqual(answer["errMsg"], "requestPayment:ok")

    def test_close_answered_already_paid_is_a_payment_fact(self):
        payable = self.make_payable(1000)
        tx, params = self.prepay(payable)
        self.pay(params)
        self.infos[payable.id]["amount_fen"] = 900
        self.assertCode(
            "pay.already_paid", self.service._create_attempt, payable, self.provider
        )
        self.assertEqual((tx.state, tx.wx_attempt_state), ("done", "paid"))
        self.assertEqual(self.told, [("paid", tx.id)])
        self.assertCode(
            "pay.already_paid", self.service._create_attempt, payable, self.provider
        )

    def test_close(self):
        tx, _params = self.prepay(self.make_payable())
        self.assertEqual(self.service._close(tx), "closed")
        self.assertEqual(self.service._close(tx), "closed")
        self.assertEqual((tx.state, tx.wx_attempt_state), ("cancel", "closed"))
        self.assertFalse(tx.wx_next_sweep)
        self.assertEqual(self.told, [("closed", tx.id)])

    def test_close_of_a_paid_attempt(self):
        tx, params = self.prepay(self.make_payable())
        self.pay(params)
        self.assertEqual(self.service._close(tx), "paid")
        self.assertEqual(self.service._close(tx), "paid")
        self.assertEqual(self.told, [("paid", tx.id)])

    @mute_logger(SERVICE)
    def test_close_without_an_answer_stays_open(self):
        payable = self.make_payable(1000)
        tx, _params = self.prepay(payable)
        self.sim.ctl(
            "POST",
            "/_ctl/faults",
            {"kind": "http_5xx", "match": {"path_prefix": "/v3/pay"}, "times": 2},
        )
        self.assertEqual(self.service._close(tx), "unknown")
        self.assertEqual((tx.state, tx.wx_attempt_state), ("pending", "closing"))
        # no second price while the first may still be paid
        self.infos[payable.id]["amount_fen"] = 900
        self.sim.ctl(
            "POST",
            "/_ctl/faults",
            {"kind": "http_5xx", "match": {"path_prefix": "/v3/pay"}, "times": 2},
        )
        self.assertCode(
            "pay.unavailable", self.service._create_attempt, payable, self.provider
        )
        self.assertEqual(self.service._close(tx), "closed")

    @mute_logger(SERVICE)
    def test_prepay_without_an_answer_leaves_an_intent(self):
        payable = self.make_payable()
        tx = self.service._create_attempt(payable, self.provider)
        self.sim.ctl(
            "POST",
            "/_ctl/faults",
            {"kind": "http_5xx", "match": {"path_prefix": "/v3/pay"}, "times": 2},
        )
        error = self.assertCode("pay.unavailable", self.service._prepay, tx)
        self.assertEqual(error.http_status, 503)
        self.assertEqual((tx.state, tx.wx_attempt_state), ("draft", "intent"))
        self.assertTrue(tx.wx_next_sweep)
        # the retry uses the same number
        again, params = self.prepay(payable)
        self.assertEqual(again, tx)
        self.pay(params)

    @mute_logger(SERVICE)
    def test_refused_prepay_says_so(self):
        payable = self.make_payable(openid="not-an-openid-of-this-app-000")
        tx = self.service._create_attempt(payable, self.provider)
        error = self.assertCode("pay.refused", self.service._prepay, tx)
        self.assertEqual(error.http_status, 422)
        self.assertEqual((tx.state, tx.wx_attempt_state), ("error", "refused"))
        self.assertTrue(tx.wx_error_code)
        self.infos[payable.id]["openid"] = self.openid
        new, _params = self.prepay(payable)
        self.assertNotEqual(new, tx)

    def test_wrongly_signed_answer_is_not_believed(self):
        tx = self.service._create_attempt(self.make_payable(), self.provider)
        self.sim.ctl(
            "POST",
            "/_ctl/faults",
            {"kind": "wrong_response_signature", "match": {}, "times": 1},
        )
        with mute_logger(SERVICE):
            self.assertCode("pay.unavailable", self.service._prepay, tx)
        self.assertFalse(tx.wx_prepay_id)

    def test_an_expired_document_is_not_offered(self):
        past = fields.Datetime.now() - timedelta(seconds=1)
        self.assertCode(
            "pay.expired",
            self.service._create_attempt,
            self.make_payable(time_expire=past),
            self.provider,
        )

    def test_only_wechat_pay_for_payables(self):
        """Requirement 2.2: no other provider inside the mini-program."""
        payable = self.make_payable()
        other = self.env["payment.provider"].search([("code", "=", "none")], limit=1)
        self.assertTrue(other)
        self.assertCode(
            "pay.provider_refused", self.service._create_attempt, payable, other
        )
        with self.assertRaises(ValidationError):
            self.transactions.create(
                {
                    "provider_id": other.id,
                    "payment_method_id": self.env["payment.method"]
                    .with_context(active_test=False)
                    .search([], limit=1)
                    .id,
                    "reference": "SNEAKED-IN",
                    "amount": 1,
                    "currency_id": self.env.ref("base.CNY").id,
                    "partner_id": payable.id,
                    "wx_payable_model": "res.partner",
                    "wx_payable_id": payable.id,
                }
            )

    def test_an_app_that_is_not_bound(self):
        other = self.make_app(name="Other App")
        self.assertCode(
            "pay.app_not_bound",
            self.service._create_attempt,
            self.make_payable(app=other),
            self.provider,
        )

    def test_numbers_from_core_are_made_legal(self):
        """An invoice name as reference becomes a number WeChat accepts."""
        number = self.transactions._wx_free_number(
            self.provider, "INV/2026/00001-销售", 32
        )
        self.assertRegex(number, r"^T1INV-2026-00001[0-9A-Za-z_\-]{0,16}$")
        long = self.transactions._wx_free_number(self.provider, "X" * 60, 32)
        self.assertEqual(len(long), 32)

    def test_query_of_an_unpaid_and_of_an_unknown_attempt(self):
        tx = self.service._create_attempt(self.make_payable(), self.provider)
        self.assertEqual(self.service._query(tx), "missing")
        self.service._prepay(tx)
        self.assertEqual(self.service._query(tx), "unpaid")
