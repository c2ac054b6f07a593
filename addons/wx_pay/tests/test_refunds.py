"""Full and partial refunds, their facts, refunds made at the platform."""

from datetime import timedelta

from odoo import fields
from odoo.tests import HttpCase, tagged
from odoo.tools import mute_logger

from odoo.addons.wx_base.problems import WxError

from ..wxclient_pay import refund_fact
from .common import WxPayMixin

REFUND = "odoo.addons.wx_pay.services.wx_pay_refund"
NOTIFY = "odoo.addons.wx_pay.controllers.notify"


@tagged("post_install", "-at_install", "wx")
class TestRefunds(WxPayMixin, HttpCase):
    def settle(self, refund):
        """Send the refund, let WeChat finish it, take its answer."""
        self.service._send_refund(refund)
        for _round in range(3):
            if refund.state != "pending":
                break
            self.sim.ctl("POST", "/_ctl/clock", {"advance": 60})
            self.service._query_refund(refund)
        return refund.state

    def refused(self, code, *args, **kwargs):
        try:
            self.service._refund(*args, **kwargs)
        except WxError as error:
            self.assertEqual(error.code, code)
            return error
        raise AssertionError(f"{code} was not raised")

    def setUp(self):
        super().setUp()
        self.before = 0
        self.before = self.sim_refunded()

    def sim_refunded(self):
        """Fen refunded in this test by the simulator's own books."""
        answer = self.sim.ctl("GET", f"/_ctl/sums?mchid={self.mchid}")
        return answer["refunded_fen"] - self.before

    def test_full_refund(self):
        _payable, tx = self.paid(1234)
        refund = self.service._refund(tx, 1234, "不要了", "k1")
        self.assertEqual((refund.state, refund.amount), ("draft", -12.34))
        self.assertEqual(refund.source_transaction_id, tx)
        self.assertEqual(refund.wx_payable_id, tx.wx_payable_id)
        self.assertTrue(refund.wx_out_refund_no.startswith("T1"))
        self.assertEqual(self.settle(refund), "done")
        self.assertTrue(refund.wx_refund_id)
        self.assertEqual(refund.provider_reference, refund.wx_refund_id)
        self.assertFalse(refund.wx_next_sweep)
        self.assertEqual(self.told[-1], ("refund", refund.id, "done"))
        self.assertEqual(self.sim_refunded(), 1234)

    def test_the_same_key_never_refunds_twice(self):
        _payable, tx = self.paid(1000)
        refund = self.service._refund(tx, 400, "", "k1")
        self.assertEqual(self.service._refund(tx, 400, "", "k1"), refund)
        self.refused("refund.key_conflict", tx, 300, "", "k1")
        for _round in range(3):
            self.service._send_refund(refund)
        self.assertEqual(self.sim_refunded(), 400)

    def test_partial_refunds_up_to_the_rest(self):
        _payable, tx = self.paid(1000)
        first = self.service._refund(tx, 600, "", "k1")
        error = self.refused("refund.amount", tx, 401, "", "k2")
        self.assertEqual(error.extra["refundable_fen"], 400)
        self.refused("refund.amount", tx, 0, "", "k2")
        self.refused("refund.amount", tx, -5, "", "k2")
        second = self.service._refund(tx, 400, "", "k2")
        self.assertNotEqual(first.wx_out_refund_no, second.wx_out_refund_no)
        # WeChat wants a minute between two refunds of one payment
        self.assertGreaterEqual(
            second.wx_next_sweep - first.wx_next_sweep, timedelta(seconds=60)
        )
        self.assertEqual(self.settle(first), "done")
        self.sim.ctl("POST", "/_ctl/clock", {"advance": 60})
        self.assertEqual(self.settle(second), "done")
        self.assertEqual(self.sim_refunded(), 1000)
        self.refused("refund.amount", tx, 1, "", "k3")

    def test_what_cannot_be_refunded(self):
        tx, _params = self.prepay(self.make_payable())
        self.refused("refund.not_paid", tx, 1, "", "k1")
        _payable, tx = self.paid(1000)
        tx.wx_success_time = fields.Datetime.now() - timedelta(days=366)
        self.refused("refund.too_old", tx, 1, "", "k1")

    def test_refund_notification(self):
        _payable, tx = self.paid(1000)
        refund = self.service._refund(tx, 300, "", "k1")
        self.service._send_refund(refund)
        self.sim.ctl("POST", "/_ctl/clock", {"advance": 60})
        response = self.deliver(out_refund_no=refund.wx_out_refund_no)
        self.assertEqual(response.status_code, 204)
        refund.invalidate_recordset()
        self.assertEqual(refund.state, "done")
        self.assertEqual(self.told[-1], ("refund", refund.id, "done"))

    def test_refund_made_at_the_platform(self):
        """A refund without our request is recorded as a child transaction."""
        payable, tx = self.paid(1000)
        made = self.sim.ctl(
            "POST",
            f"/_ctl/merchants/{self.mchid}/platform_refund",
            {"transaction_id": tx.wx_transaction_id, "amount_fen": 250},
        )
        self.sim.ctl("POST", "/_ctl/clock", {"advance": 60})
        # WeChat tells nobody: the bill brings the number, a query the truth
        answer = self.provider._wx_client().query_refund(made["out_refund_no"])
        fact = refund_fact(answer, "bill", mchid=self.mchid)
        outcome = self.service._apply_fact(fact, self.provider)
        self.assertEqual((outcome.state, outcome.code), ("applied", None))
        tx.invalidate_recordset()
        refund = tx.child_transaction_ids
        self.assertEqual((refund.state, refund.wx_amount_fen), ("done", -250))
        self.assertEqual(refund.wx_refund_origin, "platform")
        self.assertEqual(refund.wx_payable_id, payable.id)
        self.assertEqual(self.told[-1], ("refund", refund.id, "done"))
        self.refused("refund.amount", tx, 751, "", "k1")

    @mute_logger(REFUND)
    def test_refund_waits_for_money(self):
        _payable, tx = self.paid(1000)
        refund = self.service._refund(tx, 1000, "", "k1")
        self.outcome(refund, "NOT_ENOUGH")
        self.service._send_refund(refund)
        self.assertEqual((refund.state, refund.wx_error_code), ("draft", "NOT_ENOUGH"))
        self.assertTrue(refund.wx_next_sweep)
        self.refused("refund.amount", tx, 1, "", "k2")

    def outcome(self, refund, outcome):
        self.sim.ctl(
            "POST",
            f"/_ctl/merchants/{self.mchid}/refund_outcome",
            {"out_refund_no": refund.wx_out_refund_no, "outcome": outcome},
        )

    def test_refund_that_wechat_gives_up(self):
        _payable, tx = self.paid(1000)
        refund = self.service._refund(tx, 1000, "", "k1")
        self.outcome(refund, "CLOSED")
        self.assertEqual(self.settle(refund), "cancel")
        self.assertEqual(self.told[-1], ("refund", refund.id, "cancel"))
        self.assertEqual(
            self.facts(refund_id=refund.wx_refund_id, code="refund.closed").resolution,
            "open",
        )
        # the money is free again, under a new number
        again = self.service._refund(tx, 1000, "", "k2")
        self.assertNotEqual(again.wx_out_refund_no, refund.wx_out_refund_no)

    def test_refund_the_bank_refused(self):
        _payable, tx = self.paid(1000)
        refund = self.service._refund(tx, 1000, "", "k1")
        self.outcome(refund, "ABNORMAL")
        self.assertEqual(self.settle(refund), "error")
        fact = self.facts(refund_id=refund.wx_refund_id, code="refund.abnormal")
        self.assertEqual(fact.resolution, "open")
        # the money is still under way: nothing more may be promised
        self.refused("refund.amount", tx, 1, "", "k2")

    @mute_logger(REFUND)
    def test_lost_answer_is_repeated_with_the_same_number(self):
        _payable, tx = self.paid(1000)
        refund = self.service._refund(tx, 700, "", "k1")
        self.sim.ctl(
            "POST",
            "/_ctl/faults",
            {"kind": "http_5xx", "match": {"path_prefix": "/v3/refund"}, "times": 2},
        )
        self.service._send_refund(refund)
        self.assertEqual(refund.state, "draft")
        self.assertEqual(self.settle(refund), "done")
        self.assertEqual(self.sim_refunded(), 700)

    @mute_logger(NOTIFY)
    def test_refund_fact_with_another_amount(self):
        _payable, tx = self.paid(1000)
        refund = self.service._refund(tx, 300, "", "k1")
        self.service._send_refund(refund)
        self.env.cr.execute(
            "UPDATE payment_transaction SET wx_amount_fen = -299, state = 'pending' "
            "WHERE id = %s",
            (refund.id,),
        )
        refund.invalidate_recordset()
        self.sim.ctl("POST", "/_ctl/clock", {"advance": 60})
        self.service._query_refund(refund)
        self.assertEqual(refund.state, "pending")
        fact = self.facts(
            out_refund_no=refund.wx_out_refund_no, code="fact.amount_mismatch"
        )
        self.assertEqual(fact.state, "exception")

    def test_core_refund_button(self):
        """Core's own refund wizard ends in the same path."""
        _payable, tx = self.paid(1000)
        tx._refund(amount_to_refund=4)
        refund = tx.child_transaction_ids
        self.assertEqual((refund.state, refund.wx_amount_fen), ("draft", -400))
        self.assertTrue(refund.wx_out_refund_no)
        self.assertEqual(self.settle(refund), "done")
