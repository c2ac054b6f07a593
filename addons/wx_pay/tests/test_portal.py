"""Ordinary invoices paid by QR code on Odoo's own payment page."""

import time
from unittest.mock import patch
from urllib.parse import urlsplit

from odoo import fields
from odoo.tests import HttpCase, tagged

from .common import WxPayMixin

PORTAL = "odoo.addons.wx_pay.controllers.portal.QUERY_SECONDS"


@tagged("post_install", "-at_install", "wx")
class TestPortal(WxPayMixin, HttpCase):
    def setUp(self):
        super().setUp()
        self.provider.is_published = True
        self.customer = self.env["res.partner"].create(
            {"name": "客户", "email": "customer@example.com"}
        )
        self.invoice = self.env["account.move"].create(
            {
                "move_type": "out_invoice",
                "partner_id": self.customer.id,
                "invoice_date": fields.Date.today(),
                "invoice_line_ids": [
                    (
                        0,
                        0,
                        {
                            "name": "Goods",
                            "quantity": 1,
                            "price_unit": 88.8,
                            "tax_ids": [],
                        },
                    )
                ],
            }
        )
        # the simulator outlives the test's rollback: numbers must not come back
        self.invoice.name = f"INV/T/{time.time_ns()}"
        self.invoice.action_post()
        self.env.flush_all()

    def start(self):
        """What the payment form sends when "Pay" is pressed."""
        return self.make_jsonrpc_request(
            f"/invoice/transaction/{self.invoice.id}",
            {
                "access_token": self.invoice._portal_ensure_token(),
                "provider_id": self.provider.id,
                "payment_method_id": self.provider.payment_method_ids.id,
                "token_id": None,
                "amount": 88.8,
                "flow": "direct",
                "tokenization_requested": False,
                "landing_route": "/my",
            },
        )

    def state(self, values, **changes):
        params = {"reference": values["reference"], "token": values["wx_token"]}
        return self.make_jsonrpc_request("/wx/pay/portal/state", {**params, **changes})[
            "state"
        ]

    def test_invoice_by_qr_code(self):
        values = self.start()
        self.assertTrue(values["wx_qr"].startswith("data:image/png;base64,"))
        tx = self.transactions.search([("reference", "=", values["reference"])])
        self.assertEqual((tx.state, tx.wx_trade_type), ("pending", "NATIVE"))
        self.assertRegex(tx.reference, r"^T1[0-9A-Za-z_\-]{4,30}$")
        self.assertEqual(self.state(values), "pending")
        self.assertEqual(self.state(values, token="0" * 64), "unknown")
        self.assertEqual(self.state(values, reference="other"), "unknown")
        self.pay({"code_url": tx.wx_code_url})
        self.assertEqual(self.deliver(out_trade_no=tx.reference).status_code, 204)
        self.assertEqual(self.state(values), "done")
        tx.invalidate_recordset()
        tx._post_process()
        self.assertEqual(tx.payment_id.journal_id, self.provider.wx_journal_basic_id)
        self.assertEqual(self.invoice.amount_residual, 0)
        self.assertIn(self.invoice.payment_state, ("in_payment", "paid"))

    def test_lost_notification_is_found_by_polling(self):
        values = self.start()
        tx = self.transactions.search([("reference", "=", values["reference"])])
        self.pay({"code_url": tx.wx_code_url})
        self.assertEqual(self.state(values), "pending")
        with patch(PORTAL, -5):
            self.assertEqual(self.state(values), "done")

    def test_late_payment_does_not_pay_the_invoice(self):
        values = self.start()
        tx = self.transactions.search([("reference", "=", values["reference"])])
        self.assertEqual(self.service._close(tx), "closed")
        self.pay({"code_url": tx.wx_code_url}, late=True)
        with self.assertLogs("odoo.addons.wx_pay.services.wx_pay_facts"):
            self.assertEqual(self.deliver(out_trade_no=tx.reference).status_code, 204)
        tx.invalidate_recordset()
        self.assertEqual((tx.state, tx.wx_attempt_state), ("done", "paid_late"))
        tx._post_process()
        self.assertEqual(self.invoice.amount_residual, 88.8)
        self.assertEqual(tx.child_transaction_ids.wx_amount_fen, -8880)

    def test_in_the_browser(self):
        service = type(self.service)
        draw = service._qr_data_uri

        def scanned_at_once(record, content):
            self.pay({"code_url": content})
            return draw(record, content)

        link = self.env["payment.link.wizard"].create(
            {
                "res_model": "account.move",
                "res_id": self.invoice.id,
                "amount": 88.8,
                "currency_id": self.invoice.currency_id.id,
                "partner_id": self.customer.id,
            }
        )
        parts = urlsplit(link.link)
        url = f"/{parts.path.lstrip('/')}?{parts.query}#{parts.fragment}"
        with patch.object(service, "_qr_data_uri", scanned_at_once), patch(PORTAL, -5):
            self.start_tour(url, "wx_pay_portal_qr", login=None)
        tx = self.transactions.search([("invoice_ids", "in", self.invoice.ids)])
        self.assertEqual(tx.state, "done")
