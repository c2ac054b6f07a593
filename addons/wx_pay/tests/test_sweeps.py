"""Requirement X29: a lost notification, a crash, a forgotten close lose nothing."""

from datetime import timedelta
from unittest.mock import patch

from odoo import fields
from odoo.tests import TransactionCase, tagged
from odoo.tools import mute_logger

from ..services.wx_pay_sweep import Sweep
from .common import WxPayMixin

SERVICE = "odoo.addons.wx_pay.services.wx_pay_service"
SWEEP = "odoo.addons.wx_pay.services.wx_pay_sweep"


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

    def test_other_modules_register_what_they_look_after(self):
        """Profit sharing and transfers use the same sweep: own model, step, ladder."""
        looked = []
        tx, _params = self.prepay(self.make_payable())
        self.only(tx)
        self.make_due(tx)
        service = type(self.service)
        known = service._sweeps

        def step(record):
            looked.append(record.id)
            raise RuntimeError("the step fails")

        def more(record):
            sweep = Sweep([("id", "=", tx.id)], step, (7200,))
            return {**known(record), "sharing": sweep}

        with patch.object(service, "_sweeps", more), mute_logger(SWEEP):
            self.sweep("ir_cron_sweep_others")
            self.sweep("ir_cron_sweep_others")
        # a failing step waits for its rung; it stops nobody else
        self.assertEqual(looked, [tx.id])
        self.assertGreater(
            tx.wx_next_sweep, fields.Datetime.now() + timedelta(minutes=110)
        )

    def test_a_dead_queue_only_delays(self):
        """No job ran for six hours: a lost payment, a payment after its time, an unsent
        refund and a fact that could not be applied are all settled afterwards."""
        lost, params = self.prepay(self.make_payable())
        self.pay(params)
        soon = fields.Datetime.now() + timedelta(hours=1)
        unpaid, _params = self.prepay(self.make_payable(time_expire=soon))
        _payable, source = self.paid(1000)
        refund = self.service._refund(source, 1000, "", "k1")
        waiting, params = self.prepay(self.make_payable())
        self.pay(params)
        service = type(self.service)
        with patch.object(service, "_lock_attempt", lambda *_args: "locked"):
            self.service._query(waiting)
        self.only(lost + unpaid + refund + waiting)
        self.told.clear()
        self.sim.ctl("POST", "/_ctl/clock", {"advance": 6 * 3600})
        self.env.cr.execute(
            "UPDATE payment_transaction SET create_date = create_date - interval '6 h',"
            " wx_next_sweep = wx_next_sweep - interval '6 h',"
            " wx_time_expire = wx_time_expire - interval '6 h' WHERE id = ANY(%s)",
            ((lost + unpaid + refund + waiting).ids,),
        )
        self.env.invalidate_all()
        for name in ("apply_facts", "sweep_payments", "sweep_refunds"):
            self.sweep(f"ir_cron_{name}")
        self.sim.ctl("POST", "/_ctl/clock", {"advance": 120})
        if refund.state == "pending":
            self.make_due(refund)
            self.sweep("ir_cron_sweep_refunds")
        self.assertEqual((lost.state, waiting.state), ("done", "done"))
        self.assertEqual((unpaid.state, unpaid.wx_attempt_state), ("cancel", "closed"))
        self.assertEqual(refund.state, "done")
        self.assertEqual(
            sorted(self.told),
            sorted(
                [
                    ("paid", lost.id),
                    ("paid", waiting.id),
                    ("closed", unpaid.id),
                    ("refund", refund.id, "done"),
                ]
            ),
        )
