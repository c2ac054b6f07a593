"""The notification route: what is applied, what is refused, and why."""

import json
from unittest.mock import patch

from odoo.tests import HttpCase, tagged
from odoo.tools import mute_logger

from .common import WxPayMixin

NOTIFY = "odoo.addons.wx_pay.controllers.notify"
FACTS = "odoo.addons.wx_pay.services.wx_pay_facts"


class NotificationCase(WxPayMixin, HttpCase):
    def assertUnpaid(self, tx):
        tx.invalidate_recordset()
        self.assertEqual((tx.state, tx.wx_attempt_state), ("pending", "open"))
        self.assertEqual(self.told, [])

    def assertRefused(self, response, *statuses):
        self.assertIn(response.status_code, statuses or range(400, 600))
        self.assertEqual(response.json()["code"], "FAIL")
        self.assertFalse(response.cookies)


@tagged("post_install", "-at_install", "wx")
class TestNotifications(NotificationCase):
    def test_payment(self):
        tx, params = self.prepay(self.make_payable())
        answer = self.pay(params)
        response = self.deliver(out_trade_no=tx.reference)
        self.assertEqual((response.status_code, response.content), (204, b""))
        self.assertFalse(response.cookies)
        tx.invalidate_recordset()
        self.assertEqual((tx.state, tx.wx_attempt_state), ("done", "paid"))
        self.assertEqual(tx.wx_transaction_id, answer["transaction_id"])
        self.assertFalse(tx.is_post_processed)
        self.assertEqual(self.told, [("paid", tx.id)])
        fact = self.facts(tx)
        self.assertEqual((fact.state, fact.source), ("applied", "notification"))
        self.assertEqual(fact.transaction_id, tx)
        self.assertEqual(fact.amount, 12.34)
        raw = json.loads(fact.raw)
        self.assertTrue(raw["signature"] and raw["body"])
        self.assertEqual(fact.payload["out_trade_no"], tx.reference)

    def test_the_same_notification_twice(self):
        tx, params = self.prepay(self.make_payable())
        self.pay(params)
        (message,) = self.notifications(out_trade_no=tx.reference)
        delivery = self.sim.take(message["id"])
        for _round in range(3):
            self.assertEqual(self.post(*delivery).status_code, 204)
        self.assertEqual(self.told, [("paid", tx.id)])
        fact = self.facts(tx)
        self.assertEqual((len(fact), fact.seen), (1, 3))

    def test_replay(self):
        tx, params = self.prepay(self.make_payable())
        self.pay(params)
        self.deliver(out_trade_no=tx.reference)
        response = self.post(*self.forge("replay", tx))
        self.assertEqual(response.status_code, 204)
        self.assertEqual(self.told, [("paid", tx.id)])

    def test_notification_after_the_query(self):
        tx, params = self.prepay(self.make_payable())
        self.pay(params)
        self.service._query(tx)
        self.assertEqual(self.deliver(out_trade_no=tx.reference).status_code, 204)
        self.assertEqual(self.told, [("paid", tx.id)])
        self.assertEqual(set(self.facts(tx).mapped("state")), {"applied"})

    def test_forgeries_are_refused_and_not_stored(self):
        tx, _params = self.prepay(self.make_payable())
        for kind in (
            "bad_signature",
            "wrong_serial",
            "stale",
            "cut_body",
            "bad_base64",
        ):
            with self.subTest(kind), self.assertLogs(NOTIFY) as logs:
                response = self.post(*self.forge(kind, tx))
                self.assertRefused(response, 401)
                self.assertUnpaid(tx)
            text = "\n".join(logs.output)
            self.assertNotIn(tx.reference, text)
        self.assertFalse(self.facts(tx))

    def test_signtest_is_followed_by_the_real_one(self):
        tx, params = self.prepay(self.make_payable())
        self.pay(params)
        self.assertRefused(self.post(*self.forge("signtest", tx)), 401)
        self.assertEqual(self.deliver(out_trade_no=tx.reference).status_code, 204)
        self.assertEqual(self.told, [("paid", tx.id)])

    @mute_logger(NOTIFY)
    def test_signed_but_wrong_is_an_exception(self):
        """Requirement X31: each mismatch has its own finding; peers.md §2.7: one system
        never looks at the amount."""
        tx, _params = self.prepay(self.make_payable())
        for kind, code in (
            ("wrong_amount", "fact.amount_mismatch"),
            ("wrong_mchid", "fact.mchid_mismatch"),
            ("wrong_appid", "fact.appid_mismatch"),
        ):
            with self.subTest(kind):
                self.assertRefused(self.post(*self.forge(kind, tx)), 400)
                self.assertUnpaid(tx)
                fact = self.facts(code=code, out_trade_no=tx.reference)
                self.assertEqual((fact.state, fact.resolution), ("exception", "open"))
                self.assertTrue(fact.explanation)

    @mute_logger(NOTIFY)
    def test_unknown_order(self):
        tx, _params = self.prepay(self.make_payable())
        before = self.facts(code="fact.unknown_order")
        self.assertRefused(self.post(*self.forge("unknown_order", tx)), 400)
        self.assertUnpaid(tx)
        fact = self.facts(code="fact.unknown_order") - before
        self.assertEqual((fact.state, fact.resolution), ("exception", "open"))
        self.assertFalse(fact.transaction_id)

    @mute_logger(NOTIFY)
    def test_paid_by_somebody_else(self):
        tx, params = self.prepay(self.make_payable())
        self.pay(params)
        self.env.cr.execute(
            "UPDATE payment_transaction SET wx_openid = 'oOther' WHERE id = %s",
            (tx.id,),
        )
        tx.invalidate_recordset()
        self.assertRefused(self.deliver(out_trade_no=tx.reference), 400)
        self.assertUnpaid(tx)
        self.assertEqual(self.facts(tx).code, "fact.payer_mismatch")

    @mute_logger(NOTIFY)
    def test_other_currency(self):
        tx, params = self.prepay(self.make_payable())
        self.pay(params)
        tx.currency_id = self.env.ref("base.USD")
        self.env.flush_all()
        self.assertRefused(self.deliver(out_trade_no=tx.reference), 400)
        self.assertUnpaid(tx)
        self.assertEqual(self.facts(tx).code, "fact.currency_mismatch")

    @mute_logger(NOTIFY)
    def test_an_exception_heals_when_its_cause_is_gone(self):
        tx, params = self.prepay(self.make_payable())
        self.pay(params)
        tx.wx_openid = "oOther"
        self.env.flush_all()
        self.assertRefused(self.deliver(out_trade_no=tx.reference), 400)
        tx.wx_openid = self.openid
        self.facts(tx).action_retry()
        self.assertEqual(self.facts(tx).state, "applied")
        self.assertFalse(self.facts(tx).code)
        self.assertEqual(tx.state, "done")
        self.assertEqual(self.told, [("paid", tx.id)])

    @mute_logger(NOTIFY, FACTS)
    def test_a_failing_document_keeps_the_fact(self):
        tx, params = self.prepay(self.make_payable())
        self.pay(params)
        model = type(self.env["res.partner"])
        hook = model._wx_on_paid

        def broken(record, tx):
            raise RuntimeError("broken hook")

        model._wx_on_paid = broken
        try:
            self.assertRefused(self.deliver(out_trade_no=tx.reference), 503)
        finally:
            model._wx_on_paid = hook
        self.assertUnpaid(tx)
        fact = self.facts(tx)
        self.assertEqual((fact.state, fact.code), ("failed", "fact.internal"))
        self.service._reapply(fact)
        tx.invalidate_recordset()
        self.assertEqual(tx.state, "done")

    def test_odd_requests(self):
        tx, _params = self.prepay(self.make_payable())
        url = self.provider._wx_notify_url("payment")
        headers, body = {"Content-Type": "application/json"}, b"{}"
        with mute_logger(NOTIFY):
            self.assertRefused(self.post(url, headers, body), 401)
            self.assertRefused(self.post(url, {}, b""), 401)
            self.assertRefused(self.post(f"{url}9999999", headers, body), 404)
            self.assertRefused(
                self.post(url.replace("/payment/", "/other/"), headers, body), 404
            )
            form = {"Content-Type": "application/x-www-form-urlencoded"}
            self.assertRefused(self.post(url, form, b"a=b"), 401)
        big = self.post(url, headers, b"x" * (300 * 1024))
        self.assertEqual(big.status_code, 413)
        self.assertIn(
            self.url_open(f"/wx/pay/notify/payment/{self.provider.id}").status_code,
            (404, 405),
        )
        self.assertUnpaid(tx)


@tagged("post_install", "-at_install", "wx")
class TestLateAndDouble(NotificationCase):
    @mute_logger(FACTS)
    def test_paid_after_close_is_ledgered_and_refunded(self):
        """peers.md §2.7: pay after close is never kept silently."""
        tx, params = self.prepay(self.make_payable())
        self.assertEqual(self.service._close(tx), "closed")
        self.pay(params, late=True)
        self.assertEqual(self.deliver(out_trade_no=tx.reference).status_code, 204)
        tx.invalidate_recordset()
        self.assertEqual((tx.state, tx.wx_attempt_state), ("done", "paid_late"))
        self.assertEqual(self.told, [("closed", tx.id)])
        fact = self.facts(tx)
        self.assertEqual(fact.code, "fact.late_payment")
        self.assertEqual((fact.state, fact.resolution), ("applied", "refunding"))
        refund = tx.child_transaction_ids
        self.assertEqual(refund.wx_amount_fen, -1234)
        self.assertEqual(refund.wx_refund_origin, "auto")
        self.service._send_refund(refund)
        self.settle(refund)
        fact.invalidate_recordset()
        self.assertEqual((refund.state, fact.resolution), ("done", "resolved"))
        self.assertEqual(self.returned, [(tx.id, refund.id)])

    @mute_logger(FACTS)
    def test_unwanted_payment_may_wait_for_a_person(self):
        """The document's rule keeps it from going back by itself: the finding stays."""
        self.returns = False
        tx, params = self.prepay(self.make_payable())
        self.assertEqual(self.service._close(tx), "closed")
        self.pay(params, late=True)
        self.assertEqual(self.deliver(out_trade_no=tx.reference).status_code, 204)
        tx.invalidate_recordset()
        self.assertEqual(tx.wx_attempt_state, "paid_late")
        self.assertEqual(self.facts(tx).resolution, "open")
        self.assertFalse(tx.child_transaction_ids)
        self.assertFalse(self.returned)

    def settle(self, refund):
        """Let WeChat finish the refund and ask for it."""
        for _round in range(3):
            if refund.state == "done":
                break
            self.sim.ctl("POST", "/_ctl/clock", {"advance": 60})
            self.service._query_refund(refund)

    @mute_logger(FACTS)
    def test_two_paid_attempts_refund_the_second(self):
        payable = self.make_payable(1000)
        first, params = self.prepay(payable)
        # a crash lost track of the first attempt: it was never closed
        first.wx_attempt_state = False
        second, again = self.prepay(payable)
        self.assertNotEqual(first, second)
        self.pay(again)
        self.deliver(out_trade_no=second.reference)
        self.pay(params)
        first.wx_attempt_state = "open"
        self.env.flush_all()
        self.assertEqual(self.deliver(out_trade_no=first.reference).status_code, 204)
        (first + second).invalidate_recordset()
        self.assertEqual(second.wx_attempt_state, "paid")
        self.assertEqual((first.state, first.wx_attempt_state), ("done", "paid_twice"))
        self.assertEqual(self.told, [("paid", second.id)])
        self.assertEqual(self.facts(first).code, "fact.duplicate_payment")
        self.assertEqual(first.child_transaction_ids.wx_amount_fen, -1000)

    @mute_logger(FACTS)
    def test_document_that_no_longer_accepts(self):
        tx, params = self.prepay(self.make_payable())
        self.pay(params)
        self.accepts = False
        self.assertEqual(self.deliver(out_trade_no=tx.reference).status_code, 204)
        tx.invalidate_recordset()
        self.assertEqual((tx.state, tx.wx_attempt_state), ("done", "paid_late"))
        self.assertEqual(self.told, [])
        self.assertEqual(self.facts(tx).code, "fact.not_accepted")
        self.assertEqual(tx.child_transaction_ids.wx_amount_fen, -1234)

    @mute_logger("odoo.sql_db", FACTS)
    def test_one_paid_attempt_per_document_in_the_database(self):
        """Two workers at once: the index decides, the loser is refunded."""
        payable = self.make_payable(1000)
        first, params = self.prepay(payable)
        self.pay(params)
        other = first.copy(
            {
                "reference": f"{first.reference}9",
                "wx_payable_model": "res.partner",
                "wx_payable_id": payable.id,
                "wx_attempt_state": "paid",
                "state": "done",
            }
        )
        self.assertEqual(other.wx_attempt_state, "paid")
        self.env.flush_all()
        service = type(self.service)
        lock = service._lock_attempt

        def blind(*args):
            # the other worker's commit is not in this one's snapshot
            return {**lock(*args), "other_paid": False}

        with patch.object(service, "_lock_attempt", blind):
            self.assertEqual(
                self.deliver(out_trade_no=first.reference).status_code, 204
            )
        first.invalidate_recordset()
        self.assertEqual(first.wx_attempt_state, "paid_twice")
        self.assertEqual(self.told, [])
        self.assertEqual(first.child_transaction_ids.wx_amount_fen, -1000)


@tagged("post_install", "-at_install", "wx")
class TestCertificateMode(NotificationCase):
    trust_mode = "certificate"

    def test_certificates_rotation_and_both_signatures(self):
        certificates = self.env["wx.platform.certificate"]
        self.assertEqual(certificates._refresh(self.provider), 1)
        tx, params = self.prepay(self.make_payable())
        self.pay(params)
        self.assertEqual(self.deliver(out_trade_no=tx.reference).status_code, 204)
        # WeChat changes its certificate: refused until it is known here
        self.sim.ctl("POST", f"/_ctl/merchants/{self.mchid}/rotate", {})
        tx, params = self.prepay_after_rotation()
        (message,) = self.notifications(out_trade_no=tx.reference)
        delivery = self.sim.take(message["id"])
        with self.assertLogs(NOTIFY, "WARNING"):
            self.assertRefused(self.post(*delivery), 401)
        self.assertEqual(certificates._refresh(self.provider), 1)
        self.assertEqual(certificates._refresh(self.provider), 0)
        self.assertEqual(len(self.provider.wx_certificate_ids), 2)
        self.assertEqual(self.post(*delivery).status_code, 204)

    def prepay_after_rotation(self):
        """The order itself is placed with the old certificate's answers still valid;
        only the notification comes with the new one."""
        newest = self.env["wx.platform.certificate"]
        newest._refresh(self.provider)
        tx, params = self.prepay(self.make_payable())
        self.pay(params)
        newest.search([("provider_id", "=", self.provider.id)], limit=1).unlink()
        return tx, params
