"""What WeChat said: checked field by field, kept for ever, whatever else it says."""

import json

import psycopg2

from odoo.exceptions import AccessError, UserError
from odoo.tests import TransactionCase, new_test_user, tagged
from odoo.tools import mute_logger

from odoo.addons.wx_base.problems import WxError
from odoo.addons.wx_base.tests.common import WxApiCase

from ..wxclient_pay import payment_fact
from .common import WxPayMixin

FACTS = "odoo.addons.wx_pay.services.wx_pay_facts"

#: change of a genuine payment fact → finding (None: applied)
CHECKS = {
    "as ordered": ({}, None),
    "currency left out": ({"amount": {"currency": None}}, None),
    "fields nobody knows": ({"settlement": {"x": [1]}, "new": "值"}, None),
    "already refunded": ({"trade_state": "REFUND"}, None),
    "other merchant": ({"mchid": "1999999999"}, "fact.mchid_mismatch"),
    "other mini-program": ({"appid": "wx0000000000000000"}, "fact.appid_mismatch"),
    "no mini-program": ({"appid": "wx"}, "fact.appid_mismatch"),
    "other payer": ({"payer": {"openid": "oOther"}}, "fact.payer_mismatch"),
    "no payer": ({"payer": {}}, "fact.payer_mismatch"),
    "other currency": ({"amount": {"currency": "USD"}}, "fact.currency_mismatch"),
    "a fen less": ({"amount": {"total": 1233}}, "fact.amount_mismatch"),
    "a fen more": ({"amount": {"total": 1235}}, "fact.amount_mismatch"),
    "hundred times": ({"amount": {"total": 123400}}, "fact.amount_mismatch"),
    "nothing": ({"amount": {"total": 0}}, "fact.amount_mismatch"),
    "unknown number": ({"out_trade_no": "T1NOBODY"}, "fact.unknown_order"),
}


@tagged("post_install", "-at_install", "wx")
class TestFacts(WxPayMixin, TransactionCase):
    def answer(self, tx):
        """What WeChat's query says about a paid attempt."""
        return self.provider._wx_client().query(tx.reference)

    def apply(self, said, key):
        return self.service._apply_fact(
            payment_fact(said, "query", key=key), self.provider
        )

    @mute_logger(FACTS)
    def test_merchant_app_payer_currency_amount(self):
        """Requirement X31, as a table."""
        for name, (change, code) in CHECKS.items():
            with self.subTest(name):
                tx, params = self.prepay(self.make_payable())
                self.pay(params)
                said = self.answer(tx)
                for field, value in change.items():
                    if isinstance(value, dict) and value and field in said:
                        said[field] = {**said[field], **value}
                    else:
                        said[field] = value
                outcome = self.apply(said, f"table:{name}:{tx.id}")
                tx.invalidate_recordset()
                self.assertEqual(outcome.code, code)
                state = "exception" if code else "applied"
                self.assertEqual(outcome.state, state)
                self.assertEqual(tx.state, "pending" if code else "done")
                fact = self.env["wx.pay.fact"].browse(outcome.fact_id)
                self.assertEqual(fact.payload, said)  # every field, known or not
                self.assertEqual(fact.resolution, "open" if code else False)
                if code:
                    self.assertEqual(self.told, [])
                self.told.clear()

    def test_second_transaction_for_the_same_number(self):
        _payable, tx = self.paid()
        said = {**self.answer(tx), "transaction_id": "4200000000000000000000000001"}
        outcome = self.apply(said, "second")
        self.assertEqual(outcome.code, "fact.transaction_mismatch")

    def test_a_payer_whom_the_document_expects(self):
        tx, params = self.prepay(self.make_payable())
        self.pay(params)
        said = self.answer(tx)
        tx.wx_openid = "oFriend"
        self.payers = {self.openid}
        outcome = self.apply(said, f"friend:{tx.id}")
        tx.invalidate_recordset()
        self.assertEqual((outcome.state, tx.state), ("applied", "done"))
        self.assertEqual(tx.wx_openid, self.openid)

    # -- append-only -------------------------------------------------------------

    def test_what_was_said_cannot_be_changed(self):
        _payable, tx = self.paid()
        fact = self.facts(tx)[:1]
        changes = {
            "amount_fen": 1,
            "payload": json.dumps({}),
            "raw": "x",
            "out_trade_no": "OTHER",
            "wechat_state": "REFUND",
            "received_at": "2001-01-01",
            "dedup_key": "x",
            "seen": 0,
        }
        for name, value in changes.items():
            with (
                self.subTest(name),
                mute_logger("odoo.sql_db"),
                self.assertRaises(psycopg2.IntegrityError),
                self.cr.savepoint(),
            ):
                self.env.cr.execute(
                    f"UPDATE wx_pay_fact SET {name} = %s WHERE id = %s",
                    (value, fact.id),
                )
        for statement in ("DELETE FROM wx_pay_fact WHERE id = %s", "TRUNCATE %s"):
            value = fact.id
            if "TRUNCATE" in statement:
                statement, value = "TRUNCATE wx_pay_fact CASCADE", None
            with (
                self.subTest(statement),
                mute_logger("odoo.sql_db"),
                self.assertRaises(psycopg2.IntegrityError),
                self.cr.savepoint(),
            ):
                self.env.cr.execute(statement, value and (value,))
        with self.assertRaises(UserError):
            fact.unlink()
        # what became of it is another matter
        fact.sudo().write({"state": "applied", "seen": fact.seen + 1})
        self.env.flush_all()

    def test_people_write_their_note_only(self):
        _payable, tx = self.paid()
        user = new_test_user(self.env, "fact_finance", "wx_base.group_wx_finance")
        fact = self.facts(tx)[:1].with_user(user)
        fact.resolution_note = "Seen"
        for values in ({"state": "new"}, {"code": False}, {"transaction_id": False}):
            with self.assertRaises(AccessError):
                fact.write(values)
        with self.assertRaises(AccessError):
            self.env["wx.pay.call"].with_user(user).search([], limit=1).write(
                {"code": "x"}
            )

    # -- refunds of refunds ------------------------------------------------------

    def test_refund_of_a_refund(self):
        _payable, tx = self.paid()
        refund = self.service._refund(tx, 100, "不要了", "k1")
        refund.sudo().write({"state": "done", "wx_transaction_id": "42"})
        with self.assertRaises(WxError) as refusal:
            self.service._refund(refund, 50, "again", "k2")
        self.assertEqual(refusal.exception.code, "refund.not_paid")
        # core's own button as well
        with self.assertRaises(UserError):
            refund._refund(amount_to_refund=0.5)
        self.assertFalse(refund.child_transaction_ids)


@tagged("post_install", "-at_install", "wx")
class TestStory(WxPayMixin, TransactionCase):
    def kinds(self, tx):
        return [row["kind"] for row in self.env["wx.pay.story"]._of(tx)]

    def test_the_whole_story_in_time_order(self):
        payable = self.make_payable()
        tx, params = self.prepay(payable)
        self.assertEqual(self.service._query(tx), "unpaid")
        self.pay(params)
        self.assertEqual(self.service._query(tx), "paid")
        tx._post_process()
        refund = self.service._refund(tx, 1234, "不要了 <b>", "k1")
        self.service._send_refund(refund)
        self.sim.ctl("POST", "/_ctl/clock", {"advance": 60})
        self.service._query_refund(refund)
        rows = self.env["wx.pay.story"]._of(tx)
        self.assertEqual(rows, self.env["wx.pay.story"]._of(refund))
        self.assertEqual({row["root"] for row in rows}, {tx.id})
        found = self.kinds(tx)
        for kind, count in (
            ("attempt", 1),
            ("call", 5),  # prepay, two queries, refund, its query
            ("paid", 1),
            ("fact", 3),
            ("entry", 1),
            ("refund", 1),
            ("refund_end", 1),
        ):
            self.assertEqual(found.count(kind), count, (kind, found))
        self.assertEqual(found[0], "attempt")
        times = [row["at"] for row in rows]
        self.assertEqual(
            [t.replace(microsecond=0) for t in times],
            sorted(t.replace(microsecond=0) for t in times),
        )
        shown = tx.wx_story
        self.assertIn("不要了 &lt;b&gt;", shown)
        self.assertEqual(shown.count("<tr "), len(rows))

    @mute_logger(FACTS, "odoo.addons.wx_pay.services.wx_pay_service")
    def test_refused_and_closed_calls_are_told(self):
        tx, _params = self.prepay(self.make_payable())
        self.sim.ctl(
            "POST",
            "/_ctl/faults",
            {"kind": "http_5xx", "match": {"path_prefix": "/v3/pay"}, "times": 2},
        )
        self.assertEqual(self.service._query(tx), "unknown")
        self.assertEqual(self.service._close(tx), "closed")
        self.assertEqual(self.kinds(tx), ["attempt", "call", "call", "call", "ended"])
        calls = self.env["wx.pay.call"].search([("transaction_id", "=", tx.id)])
        self.assertEqual(calls.mapped("call"), ["close", "query", "prepay"])
        self.assertEqual([bool(call.code) for call in calls], [False, True, False])

    @mute_logger(FACTS)
    def test_a_fact_that_was_not_applied_is_told_too(self):
        tx, params = self.prepay(self.make_payable())
        self.pay(params)
        tx.wx_openid = "oOther"
        self.env.flush_all()
        self.service._query(tx)
        self.assertIn("fact", self.kinds(tx))
        user = new_test_user(self.env, "story_service", "wx_base.group_wx_service")
        self.assertIn("<tr ", tx.with_user(user).wx_story)


@tagged("post_install", "-at_install", "wx")
class TestFunnel(WxPayMixin, TransactionCase):
    def events(self, tx):
        """[(kind, seconds)] of one attempt, in time order."""
        self.env.cr.execute(
            "SELECT kind, data, user_id, app_id, key FROM wx_event"
            " WHERE key LIKE %s ORDER BY occurred_at, id",
            (f"pay.%:{tx.id}",),
        )
        return self.env.cr.dictfetchall()

    def tell(self):
        self.transactions._wx_tell_funnel()

    def test_asked_and_paid(self):
        self.tell()
        tx, params = self.prepay(self.make_payable())
        self.tell()
        [asked] = self.events(tx)
        self.assertEqual(asked["kind"], "pay.prepay")
        self.assertEqual(asked["app_id"], self.app.id)
        self.assertEqual(
            {name: asked["data"][name] for name in ("payment", "amount_fen", "way")},
            {"payment": tx.id, "amount_fen": 1234, "way": "JSAPI"},
        )
        self.pay(params)
        self.service._query(tx)
        for _again in range(2):
            self.tell()
        kinds = [event["kind"] for event in self.events(tx)]
        self.assertEqual(kinds, ["pay.prepay", "pay.paid"])
        self.assertGreaterEqual(self.events(tx)[1]["data"]["seconds"], -1)

    def test_told_late_and_all_at_once(self):
        """The job stood still: both steps are told with their own times."""
        tx, params = self.prepay(self.make_payable())
        self.pay(params)
        self.service._query(tx)
        self.tell()
        kinds = sorted(event["kind"] for event in self.events(tx))
        self.assertEqual(kinds, ["pay.paid", "pay.prepay"])

    def test_abandoned(self):
        tx, _params = self.prepay(self.make_payable())
        self.service._close(tx)
        self.tell()
        kinds = [event["kind"] for event in self.events(tx)]
        self.assertEqual(kinds, ["pay.prepay", "pay.abandoned"])

    def test_an_attempt_wechat_never_saw_is_not_abandoned(self):
        tx = self.service._create_attempt(self.make_payable(), self.provider)
        self.service._mark_closed(tx)
        self.tell()
        self.assertFalse(self.events(tx))

    @mute_logger("odoo.addons.wx_pay.services.wx_pay_service")
    def test_refused(self):
        payable = self.make_payable(openid="not-an-openid-of-this-app-000")
        tx = self.service._create_attempt(payable, self.provider)
        with self.assertRaises(WxError), self.cr.savepoint(flush=False):
            self.service._prepay(tx)
        tx.write({"wx_attempt_state": "refused", "wx_error_code": "PARAM_ERROR"})
        self.tell()
        [event] = self.events(tx)
        self.assertEqual(event["kind"], "pay.failed")
        self.assertEqual(event["data"]["code"], "PARAM_ERROR")

    def test_the_shopper_is_known(self):
        user = self.env["wx.user"].search([("app_id", "=", self.app.id)], limit=1)
        if not user:
            user = self.env["wx.user"].create(
                {"app_id": self.app.id, "openid": self.openid}
            )
        tx, _params = self.prepay(self.make_payable(openid=user.openid))
        self.tell()
        self.assertEqual(self.events(tx)[0]["user_id"], user.id)

    def test_kinds(self):
        kinds = self.env["wx.event"]._wx_event_kinds()
        self.assertTrue(kinds["pay.sheet"].client and kinds["pay.sheet_closed"].client)
        for kind in ("pay.prepay", "pay.paid", "pay.failed", "pay.abandoned"):
            self.assertFalse(kinds[kind].client, kind)


@tagged("post_install", "-at_install", "wx")
class TestFunnelFromThePhone(WxApiCase):
    def test_the_phone_tells_of_its_sheet_only(self):
        app = self.make_app(name="Funnel")
        token = self.login_shopper(app, self.make_person()["uid"])
        for kind, status in (
            ("pay.sheet", 202),
            ("pay.sheet_closed", 202),
            ("pay.paid", 422),
            ("pay.abandoned", 422),
        ):
            event = {
                "kind": kind,
                "at": "2001-01-01T00:00:00Z",
                "key": f"phone-{kind}".replace(".", "-"),
                "data": {"order_id": 7},
            }
            answer = self.api("POST", "/events", token, {"events": [event]})
            self.assertEqual(answer.status_code, status, answer.text)
            stored = self.env["wx.event"].search_count(
                [("kind", "=", kind), ("app_id", "=", app.id)]
            )
            self.assertEqual(stored, status == 202)
