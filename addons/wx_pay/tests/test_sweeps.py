"""Requirement X29: a lost notification, a crash, a forgotten close lose nothing."""

from datetime import timedelta

from odoo import fields
from odoo.tests import TransactionCase, tagged
from odoo.tools import mute_logger

from .common import WxPayMixin

SERVICE = "odoo.addons.wx_pay.services.wx_pay_service"


@tagged("post_install", "-at_install", "wx")
class TestSweeps(WxPayMixin, TransactionCase):
    def sweep(self, name):
        """Run one cron as the jobs process does."""
        cron = self.env.ref(f"wx_pay.{name}")
        self.env.flush_all()
        with self.enter_registry_test_mode():
            cron.method_direct_trigger()
        self.env.invalidate_all()

    def make_due(self, txs):
        txs.wx_next_sweep = fields.Datetime.now() - timedelta(seconds=1)

    def only(self, txs):
        """Other payments of the database must not be swept in this test."""
        self.transactions.search(
            [("wx_next_sweep", "!=", False), ("id", "not in", txs.ids)]
        ).wx_next_sweep = False

    def test_lost_notification(self):
        tx, params = self.prepay(self.make_payable())
        self.pay(params)
        self.only(tx)
        self.make_due(tx)
        self.sweep("ir_cron_sweep_payments")
        self.assertEqual((tx.state, tx.wx_attempt_state), ("done", "paid"))
        self.assertEqual(self.told, [("paid", tx.id)])
        self.assertFalse(tx.wx_next_sweep)

    def test_not_due_is_left_alone(self):
        tx, params = self.prepay(self.make_payable())
        self.pay(params)
        self.only(tx)
        self.sweep("ir_cron_sweep_payments")
        self.assertEqual(tx.state, "pending")

    def test_ladder(self):
        tx, _params = self.prepay(self.make_payable())
        self.only(tx)
        waits = []
        for _round in range(3):
            self.make_due(tx)
            before = fields.Datetime.now()
            self.sweep("ir_cron_sweep_payments")
            waits.append(round((tx.wx_next_sweep - before).total_seconds() / 30))
        self.assertEqual(waits, [1, 2, 2])
        self.assertEqual(tx.state, "pending")

    def test_expired_attempt_is_closed(self):
        soon = fields.Datetime.now() + timedelta(minutes=5)
        tx, _params = self.prepay(self.make_payable(time_expire=soon))
        self.only(tx)
        self.env.cr.execute(
            "UPDATE payment_transaction SET wx_time_expire = %s WHERE id = %s",
            (fields.Datetime.now() - timedelta(seconds=5), tx.id),
        )
        tx.invalidate_recordset()
        self.make_due(tx)
        self.sweep("ir_cron_sweep_payments")
        self.assertEqual((tx.state, tx.wx_attempt_state), ("cancel", "closed"))
        self.assertEqual(self.told, [("closed", tx.id)])

    def test_intent_that_never_arrived(self):
        """A crash between the commit of the intent and the call."""
        tx = self.service._create_attempt(self.make_payable(), self.provider)
        self.only(tx)
        self.make_due(tx)
        self.sweep("ir_cron_sweep_payments")
        self.assertEqual(tx.wx_attempt_state, "intent")
        self.env.cr.execute(
            "UPDATE payment_transaction SET create_date = create_date "
            "- interval '2 minutes' WHERE id = %s",
            (tx.id,),
        )
        self.make_due(tx)
        self.sweep("ir_cron_sweep_payments")
        self.assertEqual((tx.state, tx.wx_attempt_state), ("cancel", "closed"))

    def test_crash_after_the_call(self):
        """WeChat has the order, we lost the prepay_id, the shopper paid."""
        tx, params = self.prepay(self.make_payable())
        tx.write({"wx_attempt_state": "intent", "wx_prepay_id": False})
        self.pay(params)
        self.only(tx)
        self.make_due(tx)
        self.sweep("ir_cron_sweep_payments")
        self.assertEqual(tx.state, "done")

    @mute_logger(SERVICE)
    def test_close_that_got_no_answer(self):
        tx, _params = self.prepay(self.make_payable())
        self.sim.ctl(
            "POST",
            "/_ctl/faults",
            {"kind": "http_5xx", "match": {"path_prefix": "/v3/pay"}, "times": 2},
        )
        self.assertEqual(self.service._close(tx), "unknown")
        self.only(tx)
        self.make_due(tx)
        self.sweep("ir_cron_sweep_payments")
        self.assertEqual((tx.state, tx.wx_attempt_state), ("cancel", "closed"))

    def test_refund_is_sent_and_followed(self):
        _payable, tx = self.paid(1000)
        refund = self.service._refund(tx, 1000, "", "k1")
        self.only(refund)
        self.make_due(refund)
        self.sweep("ir_cron_sweep_refunds")
        self.assertIn(refund.state, ("pending", "done"))
        self.sim.ctl("POST", "/_ctl/clock", {"advance": 120})
        if refund.state == "pending":
            self.make_due(refund)
            self.sweep("ir_cron_sweep_refunds")
        self.assertEqual(refund.state, "done")
        self.assertEqual(self.told[-1], ("refund", refund.id, "done"))

    def test_stored_fact_is_applied_later(self):
        """The payment was locked by another worker when the notification came."""
        tx, params = self.prepay(self.make_payable())
        self.pay(params)
        service = type(self.service)
        lock = service._lock_attempt
        service._lock_attempt = lambda *_args: "locked"
        try:
            self.assertEqual(self.service._query(tx), "unknown")
        finally:
            service._lock_attempt = lock
        fact = self.facts(tx)
        self.assertEqual((fact.state, fact.seen), ("new", 1))
        self.sweep("ir_cron_apply_facts")
        self.assertEqual((fact.state, tx.state), ("applied", "done"))
        self.assertEqual(self.told, [("paid", tx.id)])
