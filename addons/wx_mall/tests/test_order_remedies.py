"""Exceptions that may cure themselves are tried again, automatically by default."""

from datetime import timedelta
from unittest.mock import patch

from freezegun import freeze_time

from odoo import fields
from odoo.exceptions import UserError
from odoo.tests import tagged
from odoo.tools import mute_logger

from .refund_common import RefundCase

LOGS = (
    "odoo.addons.wx_mall.services.wx_order_posting",
    "odoo.addons.wx_mall.models.wx_order_remedy",
)


@tagged("post_install", "-at_install", "wx")
class TestOrderRemedies(RefundCase):
    def run_cron(self, **later):
        """The remedy job, so much later."""
        with (
            freeze_time(fields.Datetime.now() + timedelta(**later)),
            mute_logger(*LOGS),
        ):
            cron = self.env.ref("wx_mall.ir_cron_remedy_exceptions")
            with self.enter_registry_test_mode():
                cron.method_direct_trigger()
        self.env.invalidate_all()

    def set_paid(self, order, fen):
        """Plants (or mends) an amount at which the ERP's documents do not come out."""
        self.env.cr.execute(
            "UPDATE wx_order SET paid_fen = %s WHERE id = %s", [fen, order.id]
        )
        self.env.invalidate_all()

    def failing(self):
        """An exception *not posted* of an order."""
        order = self.order_of(self.place(self.token, self.address_id, (self.sku_a, 1)))
        self.pay(self.token, order, self.person)
        self.set_paid(order, 1)
        with mute_logger(*LOGS):
            self.post_all()
        found = order.exception_ids
        self.assertEqual((found.kind, found.state), ("posting_failed", "open"))
        return order, found

    def test_automatic_by_default(self):
        self.assertTrue(self.app.exception_auto)
        order, found = self.failing()
        self.assertTrue(found.can_retry)
        self.assertTrue(found.next_try, "nobody has to ask for it")
        self.set_paid(order, 1999)
        self.run_cron(minutes=30)
        self.assertEqual((found.state, found.tries), ("open", 0), "not yet")
        self.run_cron(minutes=61)
        self.assertEqual((found.state, found.tries), ("resolved", 1))
        self.assertEqual(order.posting_state, "done")
        self.assertFalse(found.last_error)

    def test_run_twice(self):
        order, found = self.failing()
        self.run_cron(minutes=61)
        self.assertEqual((found.tries, found.times), (1, 2))
        self.run_cron(minutes=61)
        self.assertEqual((found.tries, found.times), (1, 2), "not due again")
        self.set_paid(order, 1999)
        self.run_cron(hours=6)
        sale = order.sale_order_id
        self.run_cron(hours=6)
        self.assertEqual(found.state, "resolved")
        self.assertEqual(order.sale_order_id, sale)
        self.assertEqual(len(sale.search([("wx_order_id", "=", order.id)])), 1)

    def test_back_off_then_a_person(self):
        _order, found = self.failing()
        start = fields.Datetime.now()
        hours = 0
        for tries, wait in enumerate((1, 4, 12, 24), start=1):
            hours += wait
            self.run_cron(hours=hours - 1, minutes=50)
            self.assertEqual(found.tries, tries - 1, f"too early for try {tries}")
            self.run_cron(hours=hours, minutes=tries)
            self.assertEqual(found.tries, tries)
            if tries < 4:
                self.assertGreater(found.next_try, start + timedelta(hours=hours))
        self.assertFalse(found.next_try, "a person is needed now")
        self.run_cron(days=30)
        self.assertEqual((found.tries, found.state), (4, "open"))
        self.assertIn("1", found.message)

    def test_a_failing_remedy_stays_visible_and_stops_nobody(self):
        _bad, broken = self.failing()
        good, curable = self.failing()
        self.set_paid(good, 1999)
        real = type(broken)._retry_posting
        why = "The remedy itself broke"

        def retry(records):
            if records == broken:
                raise UserError(why)
            return real(records)

        with patch.object(type(broken), "_retry_posting", retry):
            self.run_cron(minutes=61)
        self.assertEqual((broken.state, broken.tries), ("open", 1))
        self.assertEqual(broken.last_error, why)
        self.assertTrue(broken.next_try)
        self.assertEqual(
            curable.state, "resolved", "the next one was tried all the same"
        )
        self.run_cron(hours=6)
        self.assertFalse(broken.last_error, "the new try ran, the cause is still there")
        self.assertEqual((broken.state, broken.tries), ("open", 2))

    def test_switched_off(self):
        self.app.exception_auto = False
        order, found = self.failing()
        self.set_paid(order, 1999)
        self.run_cron(hours=2)
        self.assertEqual((found.state, found.tries), ("open", 0))
        found.action_retry()
        self.assertEqual(found.state, "resolved")

    def test_a_refund_refused_again_goes_on_with_its_back_off(self):
        """Each new number that WeChat refuses ends and raises the exception: without
        memory it would be sent every hour for ever."""
        order = self.paid_order((self.sku_a, 1))
        self.wizard(order, "all").action_refund()
        self.send_refunds("CLOSED")
        found = order.exception_ids
        self.assertEqual((found.kind, found.tries), ("refund_failed", 0))
        self.run_cron(minutes=61)
        self.assertEqual(found.state, "resolved")
        self.assertEqual(order.refund_ids.state, "pending")
        self.send_refunds("CLOSED")
        again = order.exception_ids - found
        self.assertEqual((again.state, again.tries), ("open", 1))
        later = fields.Datetime.now() + timedelta(hours=3)
        self.assertGreater(again.next_try, later)
        self.run_cron(hours=6)
        self.send_refunds()
        self.assertEqual(order.refund_ids.state, "done")
        self.assertEqual(order.state, "refunded")
        self.assertFalse(order.exception_ids.filtered(lambda e: e.state == "open"))

    def test_what_needs_a_person_is_left_alone(self):
        order = self.paid_order((self.sku_a, 1))
        found = order._wx_exception("oversold", "one short", product_id=self.sku_a)
        self.assertFalse(found.next_try or found.can_retry)
        self.run_cron(days=3)
        self.assertEqual((found.state, found.tries), ("open", 0))
        with self.assertRaises(UserError):
            found.action_retry()
