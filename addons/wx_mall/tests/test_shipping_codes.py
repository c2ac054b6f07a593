from datetime import timedelta

from odoo import fields
from odoo.exceptions import UserError
from odoo.tests import tagged

from ..shipping import outcomes
from .parcel_common import ParcelCase

UPLOAD = "/wxa/sec/order/upload_shipping_info"
REMIND = "/wxa/sec/order/notify_confirm_receive"
#: what becomes of a report that WeChat refuses with a code (reference §6.10):
#: again later; taken as done; WeChat is asked, and has nothing of it: for people;
#: for people, with the hint of the class
AGAIN, DONE, ASKED, STAFF, SETTING, DEFECT = (
    "again",
    "done",
    "asked",
    "Correct the parcel.",
    "Check the mini-program's settings",
    "This is a defect of the software.",
)
CASES = {
    -1: AGAIN,
    10060001: AGAIN,
    10060012: AGAIN,
    10060019: AGAIN,
    44990: AGAIN,
    44991: AGAIN,
    45009: AGAIN,
    10060002: ASKED,
    10060003: ASKED,
    10060004: ASKED,
    10060023: DONE,
    10060005: DEFECT,
    10060006: DEFECT,
    10060007: DEFECT,
    10060031: DEFECT,
    268485194: DEFECT,
    268485195: DEFECT,
    268485196: DEFECT,
    268485197: DEFECT,
    268485216: DEFECT,
    268485224: DEFECT,
    268485228: DEFECT,
    40097: DEFECT,
    10060008: STAFF,
    10060009: STAFF,
    10060014: STAFF,
    10060020: STAFF,
    10060024: STAFF,
    10060025: STAFF,
    10060026: STAFF,
    268485226: STAFF,
    268485227: STAFF,
    123456: STAFF,
    40013: SETTING,
    48001: SETTING,
    50007: SETTING,
    61004: SETTING,
    61011: SETTING,
}


@tagged("post_install", "-at_install", "wx")
class TestShippingCodes(ParcelCase):
    """Every code of the error table, answered by WeChat itself to a sound report."""

    def plant(self, path, code, times=1):
        self.sim.ctl(
            "POST",
            "/_ctl/faults",
            {
                "kind": "errcode",
                "errcode": code,
                "match": {"path_prefix": path},
                "times": times,
            },
        )

    def clear(self):
        self.sim.ctl("DELETE", "/_ctl/faults")

    def exceptions(self, order):
        return order.exception_ids.filtered(
            lambda row: row.kind == "shipping_failed" and row.state == "open"
        )

    def queued(self, order):
        key = f"wx.order.shipping.{order.id}.%"
        return self.env["queue.job"].search([("identity_key", "=like", key)])

    def test_the_table_is_complete(self):
        self.assertEqual(set(outcomes.OUTCOMES) - set(CASES), set())

    def test_every_code(self):
        order = self.paid_order((self.sku_a, 1))
        self.ship(order, carrier_id=self.zto.id, carrier_tracking_ref="7880")
        for code, verdict in CASES.items():
            with self.subTest(code=code):
                self.one_code(order, code, verdict)
        # after all of it the same report goes through and clears the list
        order.action_retry_shipping()
        self.report(order)
        self.assertEqual(order.shipping_state, "done", order.shipping_error)
        self.assertFalse(self.exceptions(order))
        self.assertEqual(self.theirs(order)["shipping"]["finish_shipping_count"], 1)

    def one_code(self, order, code, verdict):
        order.write({"shipping_digest": False, "shipping_known": False})
        order._wx_queue_shipping()
        self.queued(order).unlink()
        # "busy" is tried three times by the client itself
        self.plant(UPLOAD, code, 3 if code == -1 else 1)
        self.report(order)
        self.clear()
        # the client closes an interface after a limit of WeChat's
        self.env["wx.rate.bucket"].search([]).action_reopen()
        self.env.invalidate_all()
        if verdict == DONE:
            self.assertEqual(order.shipping_state, "done")
            self.assertFalse(self.exceptions(order))
        elif verdict == AGAIN:
            self.assertEqual(order.shipping_state, "todo", order.shipping_error)
            self.assertIn(str(code), order.shipping_error)
            self.assertTrue(order.shipping_retry_at)
            self.assertEqual(len(self.queued(order)), 1)
            self.assertFalse(self.exceptions(order))
        else:
            self.assertEqual(order.shipping_state, "failed")
            self.assertIn(str(code), order.shipping_error)
            if verdict != ASKED:
                self.assertIn(verdict, order.shipping_error)
            self.assertEqual(len(self.exceptions(order)), 1)
            self.assertFalse(self.queued(order))

    # the reminder (§6.5) ----------------------------------------------------------
    def test_every_code_of_the_reminder(self):
        order = self.paid_order((self.sku_a, 1))
        self.ship(order, carrier_id=self.zto.id, carrier_tracking_ref="7881")
        self.report(order)
        later = fields.Datetime.now() + timedelta(hours=1)
        order.parcel_ids._record_track(
            [{"at": later, "state": "delivered", "text": "签收"}]
        )
        for code in (
            outcomes.NOT_EXPRESS,
            outcomes.TOO_EARLY,
            outcomes.NOT_SHIPPED,
            10060001,
            10060014,
        ):
            with self.subTest(code=code):
                self.plant(REMIND, code)
                with self.assertRaisesRegex(UserError, str(code)):
                    order.action_remind_receipt()
                self.assertFalse(order.receive_reminded_at)
                self.clear()
        self.plant(REMIND, outcomes.REMINDED)
        self.assertEqual(order.action_remind_receipt()["params"]["type"], "warning")
        self.assertTrue(order.receive_reminded_at, "not offered a second time")

    def test_reminder_finds_that_the_shopper_has_confirmed(self):
        order = self.paid_order((self.sku_a, 1))
        self.ship(order, carrier_id=self.zto.id, carrier_tracking_ref="7882")
        self.report(order)
        later = fields.Datetime.now() + timedelta(hours=1)
        order.parcel_ids._record_track(
            [{"at": later, "state": "delivered", "text": "签收"}]
        )
        self.sim.ctl(
            "POST",
            f"/_ctl/users/{self.person}/confirm_order",
            {
                "appid": self.app.appid,
                "transaction_id": order.transaction_id.wx_transaction_id,
            },
        )
        self.assertEqual(order.action_remind_receipt()["params"]["type"], "success")
        self.assertTrue(order.received_at)
        self.assertEqual(order.received_by, "wechat")

    def test_same_city_is_not_reminded_of(self):
        rider = self.make_carrier("Rider", kind="2")
        order = self.paid_order((self.sku_a, 1))
        self.ship(order, carrier_id=rider.id)
        self.report(order)
        with self.assertRaisesRegex(UserError, "express"):
            order.action_remind_receipt()

    # is_trade_managed (§6.2) --------------------------------------------------------
    def test_whether_trade_is_managed_is_not_guessed(self):
        for code in (40013, 40097, 44990, 61004, 61011):
            with self.subTest(code=code):
                self.plant("/wxa/sec/order/is_trade_managed", code)
                self.app._cron_trade_managed()
                self.assertEqual(self.app.trade_managed, "unknown")
                self.assertIn(str(code), self.app.trade_notice)
                self.clear()
                self.env["wx.rate.bucket"].search([]).action_reopen()
        self.app._cron_trade_managed()
        self.assertEqual(self.app.trade_managed, "yes")
