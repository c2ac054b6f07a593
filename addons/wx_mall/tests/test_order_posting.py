from datetime import timedelta

from odoo import fields
from odoo.exceptions import RedirectWarning, UserError, ValidationError
from odoo.tests import tagged
from odoo.tools import mute_logger

from .order_common import BuyerCase


@tagged("post_install", "-at_install", "wx")
class TestOrderPosting(BuyerCase):
    def advance_balance(self):
        unposted = self.env["payment.transaction"].search(
            [("wx_payable_id", "!=", False), ("is_post_processed", "=", False)]
        )
        unposted.filtered(lambda tx: tx.state == "done")._post_process()
        lines = self.env["account.move.line"].search(
            [
                ("account_id", "=", self.provider.wx_advance_account_id.id),
                ("parent_state", "=", "posted"),
            ]
        )
        return round(sum(lines.mapped("balance")), 2)

    def test_paid_order_reaches_the_erp(self):
        order = self.paid_order((self.sku_a, 2), (self.sku_b, 3))
        self.assertEqual(self.stock_of(self.sku_a), (10, 2))
        self.post_all()
        sale = order.sale_order_id
        self.assertEqual(order.posting_state, "done", order.posting_error)
        self.assertEqual(sale.state, "sale")
        self.assertEqual(sale.amount_total, 55.01)
        self.assertTrue(sale.amount_tax)
        self.assertEqual(order.state, "to_ship")
        self.assertEqual(order.transaction_id.sale_order_ids, sale)
        # reserved: free went down, the hold is taken over
        self.assertEqual(self.stock_of(self.sku_a), (8, 0))
        self.assertEqual(set(order.hold_ids.mapped("state")), {"converted"})
        partner = sale.partner_id
        self.assertEqual(partner, order.user_id.partner_id)
        self.assertNotIn("王小明", partner.name)
        self.assertFalse(partner.phone)
        self.assertFalse(partner.street)
        # nothing is done twice
        self.post_all()
        self.assertEqual(
            self.env["sale.order"].search_count([("wx_order_id", "=", order.id)]), 1
        )
        self.assertFalse(sale.invoice_ids)
        self.ship(order)
        self.post_all()
        self.assertEqual(order.state, "shipped")
        self.assertEqual(sale.invoice_ids.state, "posted")
        self.assertEqual(sale.invoice_ids.amount_total, 55.01)
        self.assertEqual(sale.invoice_ids.amount_residual, 0)
        self.assertEqual(self.advance_balance(), 0)
        self.assertEqual(self.stock_of(self.sku_a), (8, 0))
        found = self.env["wx.stock.reconcile"]._reconcile()
        self.assertFalse(found.filtered(lambda r: r.product_id == self.sku_a))

    def test_service_is_handed_over_and_invoiced_at_once(self):
        order = self.order_of(self.place(self.token, None, (self.service, 2)))
        self.pay(self.token, order, self.person)
        self.post_all()
        self.assertEqual(order.posting_state, "done", order.posting_error)
        self.assertEqual(order.state, "shipped")
        self.assertEqual(order.sale_order_id.invoice_ids.amount_total, 16)
        self.assertEqual(self.advance_balance(), 0)

    def test_partial_delivery_is_invoiced_in_parts(self):
        order = self.paid_order((self.sku_a, 3))
        self.post_all()
        picking = order.picking_ids
        picking.move_ids.quantity = 1
        picking.move_ids.picked = True
        picking._action_done()
        self.post_all()
        self.assertEqual(order.state, "partially_shipped")
        self.assertEqual(order.sale_order_id.invoice_ids.amount_total, 19.99)
        self.ship(order)
        self.post_all()
        self.assertEqual(order.state, "shipped")
        invoices = order.sale_order_id.invoice_ids
        self.assertEqual(sum(invoices.mapped("amount_total")), 59.97)
        self.assertEqual(self.advance_balance(), 0)

    @mute_logger("odoo.addons.wx_mall.services.wx_order_posting")
    def test_a_bad_order_does_not_stop_its_batch(self):
        good = self.paid_order((self.sku_a, 1))
        bad = self.paid_order((self.sku_b, 1))
        self.env.cr.execute(
            "UPDATE wx_order_line SET amount_fen = 1 WHERE order_id = %s", [bad.id]
        )
        self.env.invalidate_all()
        self.post_all()
        self.assertEqual(good.posting_state, "done")
        self.assertEqual(bad.posting_state, "exception")
        self.assertTrue(bad.posting_error)
        self.assertFalse(bad.sale_order_id)
        self.env.cr.execute(
            "UPDATE wx_order_line SET amount_fen = 501 WHERE order_id = %s", [bad.id]
        )
        self.env.invalidate_all()
        bad.action_retry_posting()
        self.assertEqual(bad.posting_state, "done")

    def test_unpaid_order_is_closed_at_wechat_before_stock_returns(self):
        """peers.md §2.7: expiry that never closes the payment; time-outs that live in
        one process. Ours are rows that any run of the cron finds."""
        order = self.order_of(self.place(self.token, self.address_id, (self.sku_a, 4)))
        self.api("POST", f"/orders/{order.id}/pay", self.token)
        self.env.invalidate_all()
        attempt = order.payment_attempt_ids
        self.assertEqual(attempt.wx_attempt_state, "open")
        order.expires_at = fields.Datetime.now() - timedelta(seconds=1)
        fault = {
            "kind": "http_5xx",
            "match": {"path_prefix": "/v3/pay/transactions/out-trade-no"},
            "times": 20,
        }
        self.sim.ctl("POST", "/_ctl/faults", fault)
        closing = self.env["wx.order.closing"]
        self.assertEqual(closing._close_order(order, "test"), "unknown")
        self.assertEqual(self.stock_of(self.sku_a), (10, 4))
        self.sim.ctl("DELETE", "/_ctl/faults")
        self.assertEqual(closing._close_order(order, "test"), "closed")
        self.env.invalidate_all()
        self.assertEqual(order.state, "closed")
        self.assertEqual(attempt.wx_attempt_state, "closed")
        self.assertEqual(self.stock_of(self.sku_a), (10, 0))

    def test_close_meets_a_payment(self):
        order = self.order_of(self.place(self.token, self.address_id, (self.sku_a, 1)))
        answer = self.api("POST", f"/orders/{order.id}/pay", self.token)
        self.sim.ctl(
            "POST",
            f"/_ctl/users/{self.person}/pay",
            {"appid": self.app.appid, "payment": answer.json()},
        )
        # the notification is still on its way, the shopper cancels elsewhere
        answer = self.api("POST", f"/orders/{order.id}/cancel", self.token)
        self.assertProblem(answer, 409, "order.already_paid")
        self.env.invalidate_all()
        self.assertEqual(order.state, "paid")
        self.assertEqual(self.stock_of(self.sku_a), (10, 1))

    def wizard(self, order, mode, **values):
        wizard = (
            self.env["wx.order.refund.wizard"]
            .with_context(default_order_id=order.id)
            .create({"mode": mode, "reason": "test", **values})
        )
        return wizard

    def finish_refunds(self):
        waiting = self.env["payment.transaction"].search(
            [("operation", "=", "refund"), ("state", "=", "draft")]
        )
        for refund in waiting.filtered("wx_payable_id"):
            self.env["wx.pay.service"]._send_refund(refund)
        self.sim.ctl("POST", "/_ctl/clock", {"advance": 120})
        self.deliver()
        self.env.invalidate_all()
        self.post_all()

    def test_full_refund_before_shipping_cancels_the_sale(self):
        order = self.paid_order((self.sku_a, 2))
        self.post_all()
        self.wizard(order, "all").action_refund()
        self.assertEqual(order.sale_order_id.state, "cancel")
        self.assertEqual(order.state, "cancelled")
        self.assertEqual(self.stock_of(self.sku_a), (10, 0))
        self.finish_refunds()
        self.assertEqual(order.state, "refunded")
        self.assertEqual(order.refunded_fen, order.paid_fen)
        self.assertEqual(self.advance_balance(), 0)

    def test_refund_of_pieces_before_and_after_shipping(self):
        order = self.paid_order((self.sku_a, 3))
        self.post_all()
        wizard = self.wizard(order, "lines")
        wizard.line_ids.qty = 1
        self.assertEqual(wizard.amount, 19.99)
        wizard.action_refund()
        self.assertEqual(order.sale_order_id.order_line.product_uom_qty, 2)
        self.assertEqual(sum(order.picking_ids.move_ids.mapped("product_uom_qty")), 2)
        self.assertEqual(self.stock_of(self.sku_a), (8, 0))
        self.ship(order)
        self.finish_refunds()
        self.assertEqual(order.refunded_fen, 1999)
        self.assertEqual(order.state, "shipped")
        self.assertEqual(order.sale_order_id.invoice_ids.amount_total, 39.98)
        self.assertEqual(self.advance_balance(), 0)
        wizard = self.wizard(order, "lines")
        wizard.line_ids.qty = 1
        wizard.action_refund()
        self.finish_refunds()
        notes = order.refund_ids.credit_move_ids
        self.assertEqual(notes.amount_total, 19.99)
        self.assertEqual(notes.amount_residual, 0)
        self.assertEqual(self.advance_balance(), 0)
        self.assertEqual(order.sale_order_id.order_line.qty_to_invoice, 0)

    def test_refund_of_an_amount_before_the_invoice(self):
        order = self.paid_order((self.sku_a, 1), (self.sku_b, 1))
        self.post_all()
        self.wizard(order, "amount", amount=3.33).action_refund()
        self.finish_refunds()
        self.assertEqual(order.refunded_fen, 333)
        self.assertFalse(order.refund_ids.credit_move_ids)
        self.ship(order)
        self.post_all()
        self.assertEqual(order.refund_ids.credit_move_ids.amount_total, 3.33)
        self.assertEqual(self.advance_balance(), 0)

    def test_refunds_never_exceed_the_payment(self):
        order = self.paid_order((self.sku_a, 1))
        self.post_all()
        self.wizard(order, "amount", amount=10.00).action_refund()
        with self.assertRaises(ValidationError):
            self.wizard(order, "amount", amount=10.00).action_refund()
        with self.assertRaises(ValidationError):
            self.wizard(order, "amount", amount=-1.00).action_refund()

    def test_native_acts_are_never_silent(self):
        order = self.paid_order((self.sku_a, 2))
        self.post_all()
        sale = order.sale_order_id
        with self.assertRaises(RedirectWarning):
            sale.action_cancel()
        line = sale.order_line
        for vals in ({"product_uom_qty": 1}, {"price_unit": 1.0}, {"discount": 5}):
            with self.assertRaises(UserError):
                line.write(vals)
        with self.assertRaises(UserError):
            self.env["sale.order.line"].create(
                {"order_id": sale.id, "product_id": self.sku_b.id, "price_unit": 1}
            )
        with self.assertRaises(UserError):
            order.unlink()
        self.ship(order)
        with self.assertRaises(UserError):
            sale.action_cancel()

    def test_unreserved_goods_stay_promised(self):
        order = self.paid_order((self.sku_a, 10))
        self.post_all()
        self.assertEqual(self.stock_of(self.sku_a), (0, 0))
        order.picking_ids.do_unreserve()
        self.assertEqual(self.stock_of(self.sku_a), (10, 10))
        order.picking_ids.action_assign()
        self.assertEqual(self.stock_of(self.sku_a), (0, 0))

    def test_slip_prints_the_receiver_and_logs_it(self):
        order = self.paid_order((self.sku_a, 1))
        self.post_all()
        report = self.env["ir.actions.report"]
        html, _kind = report._render_qweb_html(
            "stock.report_deliveryslip", order.picking_ids.ids
        )
        text = html.decode()
        for part in ("王小明", "13812345678", "文三路"):
            self.assertIn(part, text)
        log = self.env["wx.reveal.log"].search([], order="id desc", limit=1)
        self.assertIn(order.picking_ids.name, log.reason)

    def test_erp_loyalty_programme_is_not_applied(self):
        if "loyalty.program" not in self.env:
            self.skipTest("loyalty is not installed")
        self.env["loyalty.program"].create(
            {
                "name": "Points",
                "program_type": "loyalty",
                "rule_ids": [
                    (0, 0, {"reward_point_mode": "order", "reward_point_amount": 1})
                ],
                "reward_ids": [(0, 0, {"reward_type": "discount", "discount": 10})],
            }
        )
        order = self.paid_order((self.sku_a, 1))
        self.post_all()
        self.assertEqual(order.posting_state, "done", order.posting_error)
        self.assertEqual(order.sale_order_id.amount_total, 19.99)
        cards = self.env["loyalty.card"].search(
            [("partner_id", "=", order.sale_order_id.partner_id.id)]
        )
        self.assertFalse(cards)

    def test_sweep_reports_shipping_whose_job_was_lost(self):
        order = self.paid_order((self.sku_a, 1))
        self.post_all()
        self.sim.ctl("POST", "/_ctl/settings", {"shipping_visible_delay": 0})
        self.ship(order)
        carrier = self.env["delivery.carrier"].create(
            {"name": "ZTO", "product_id": self.service.id, "wx_express_code": "ZTO"}
        )
        order.picking_ids.write(
            {"carrier_id": carrier.id, "carrier_tracking_ref": "78300000000002"}
        )
        self.assertEqual(order.shipping_state, "todo")
        sweep = self.env.ref("wx_mall.ir_cron_report_shipping")
        with self.enter_registry_test_mode():
            sweep.method_direct_trigger()
        self.assertEqual(order.shipping_state, "todo", "its job may still come")
        self.env.flush_all()
        self.env.cr.execute(
            "UPDATE wx_order SET write_date = write_date - interval '16 minutes'"
            " WHERE id = %s",
            [order.id],
        )
        order.invalidate_recordset()
        with self.enter_registry_test_mode():
            sweep.method_direct_trigger()
        order.invalidate_recordset()
        self.assertEqual(order.shipping_state, "done", order.shipping_error)

    def test_shipping_is_reported_and_retried(self):
        order = self.paid_order((self.sku_a, 1))
        self.post_all()
        shipping = self.env["wx.order.shipping"]
        self.ship(order)
        shipping._job_report(order.id)
        self.assertEqual(order.shipping_state, "failed")
        self.assertIn(order.picking_ids.name, order.shipping_error)
        carrier = self.env["delivery.carrier"].create(
            {
                "name": "ZTO",
                "product_id": self.service.id,
                "wx_express_code": "ZTO",
            }
        )
        order.picking_ids.write(
            {"carrier_id": carrier.id, "carrier_tracking_ref": "78300000000001"}
        )
        self.assertEqual(order.shipping_state, "todo")
        # WeChat does not know a payment at once: visible, and tried again by a job
        self.sim.ctl("POST", "/_ctl/settings", {"shipping_visible_delay": 60})
        shipping._job_report(order.id)
        self.assertEqual(order.shipping_state, "todo", "tried again by a job")
        self.assertIn("10060001", order.shipping_error)
        key = f"wx.order.shipping.{order.id}.1"
        self.assertTrue(self.env["queue.job"].search([("identity_key", "=", key)]))
        self.sim.ctl("POST", "/_ctl/clock", {"advance": 120})
        shipping._job_report(order.id, attempt=1)
        self.assertEqual(order.shipping_state, "done", order.shipping_error)
        answer = self.app._wx_client().get_order(
            transaction_id=order.transaction_id.wx_transaction_id
        )
        parcel = answer["shipping"]["shipping_list"][0]
        self.assertEqual(parcel["tracking_no"], "78300000000001")
        detail = self.api("GET", f"/orders/{order.id}", self.token).json()
        self.assertEqual(detail["parcels"][0]["tracking_no"], "78300000000001")
