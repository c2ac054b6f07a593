"""Row 2.2: a mini-program's order is paid there, with WeChat Pay, and nowhere else."""

from odoo import Command
from odoo.exceptions import UserError, ValidationError
from odoo.tests import new_test_user, tagged
from odoo.tools import mute_logger

from .order_common import BuyerCase

GROUPS = (
    "sales_team.group_sale_salesman_all_leads,account.group_account_invoice,"
    "account.group_account_manager"
)


@tagged("post_install", "-at_install", "wx")
class TestWechatOnly(BuyerCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.user = new_test_user(cls.env, "only_wechat", GROUPS)
        cls.method = cls.env.ref("payment.payment_method_wechat_pay")
        cls.method.active = True
        cls.other = cls.env["payment.provider"].create(
            {
                "name": "Other Pay",
                "company_id": cls.env.company.id,
                "state": "test",
                "is_published": True,
                "payment_method_ids": [Command.set(cls.method.ids)],
            }
        )
        cls.env["ir.config_parameter"].sudo().set_param(
            "account_payment.enable_portal_payment", "True"
        )

    def setUp(self):
        super().setUp()
        order = self.paid_order((self.sku_a, 1))
        self.post_all()
        self.ship(order)
        self.post_all()
        self.order = order
        self.sale = order.sale_order_id
        self.invoice = self.sale.invoice_ids
        self.assertEqual(self.invoice.state, "posted")

    def values(self, **more):
        return {
            "provider_id": self.other.id,
            "payment_method_id": self.method.id,
            "reference": f"OTHER-{self.order.name}",
            "amount": 19.99,
            "currency_id": self.env.ref("base.CNY").id,
            "partner_id": self.sale.partner_id.id,
            **more,
        }

    def test_no_transaction_of_another_provider(self):
        transactions = self.env["payment.transaction"].sudo()
        for more in (
            {"sale_order_ids": [Command.set(self.sale.ids)]},
            {"invoice_ids": [Command.set(self.invoice.ids)]},
            {"wx_payable_model": "wx.order", "wx_payable_id": self.order.id},
        ):
            with self.subTest(list(more)), self.assertRaises(ValidationError):
                transactions.create(self.values(**more))
        # nor does a transaction made for something else get hold of the order
        tx = transactions.create(self.values())
        with self.assertRaisesRegex(ValidationError, "paid there"):
            tx.sale_order_ids = self.sale
        with self.assertRaisesRegex(ValidationError, "paid there"):
            tx.invoice_ids = self.invoice
        # WeChat's QR code of the portal would take the money a second time
        with self.assertRaisesRegex(ValidationError, "paid there"):
            transactions.create(
                self.values(
                    provider_id=self.provider.id,
                    sale_order_ids=[Command.set(self.sale.ids)],
                )
            )

    def test_no_payment_link(self):
        for document in (self.sale, self.invoice):
            wizard = self.env["payment.link.wizard"].with_user(self.user)
            context = {"active_model": document._name, "active_id": document.id}
            with self.subTest(document._name):
                with self.assertRaisesRegex(UserError, "no payment link"):
                    wizard.with_context(**context).default_get(["amount"])
                with self.assertRaisesRegex(UserError, "no payment link"):
                    wizard.create(
                        {
                            "res_model": document._name,
                            "res_id": document.id,
                            "amount": 1,
                            "currency_id": document.currency_id.id,
                            "partner_id": document.partner_id.id,
                        }
                    )

    def test_other_documents_keep_their_payment_link(self):
        sale = self.env["sale.order"].create(
            {
                "partner_id": self.user.partner_id.id,
                "order_line": [Command.create({"product_id": self.sku_b.id})],
            }
        )
        wizard = (
            self.env["payment.link.wizard"]
            .with_user(self.user)
            .with_context(active_model="sale.order", active_id=sale.id)
            .create({})
        )
        self.assertTrue(wizard.link)
        self.assertIn(self.other, self.offered(sale_order_id=sale.id))

    def offered(self, **kwargs):
        return (
            self.env["payment.provider"]
            .sudo()
            ._get_compatible_providers(
                self.env.company.id,
                self.user.partner_id.id,
                19.99,
                currency_id=self.env.ref("base.CNY").id,
                **kwargs,
            )
        )

    def test_the_portal_offers_nothing(self):
        self.assertTrue(self.offered())
        self.assertFalse(self.offered(sale_order_id=self.sale.id))
        self.assertFalse(self.offered(invoice_id=self.invoice.id))
        self.sale.require_payment = True
        self.assertFalse(self.sale._has_to_be_paid())
        self.assertFalse(self.invoice._has_to_be_paid())
        self.assertIn("mini-program", self.invoice._get_online_payment_error())

    @mute_logger("odoo.http")
    def test_the_portal_route_refuses(self):
        for route, document in (
            (f"/my/orders/{self.sale.id}/transaction", self.sale),
            (f"/invoice/transaction/{self.invoice.id}", self.invoice),
        ):
            for provider in (self.other, self.provider):
                with self.subTest(route, provider=provider.name):
                    answer = self.url_open(
                        route,
                        json={
                            "params": {
                                "access_token": document._portal_ensure_token(),
                                "provider_id": provider.id,
                                "payment_method_id": self.method.id,
                                "token_id": None,
                                "amount": 19.99,
                                "flow": "direct",
                                "tokenization_requested": False,
                                "landing_route": "/my",
                            }
                        },
                    ).json()
                    self.assertIn("error", answer)
                    message = answer["error"]["data"]["message"]
                    self.assertIn(self.order.name, message)

    def test_a_mini_program_has_no_other_provider(self):
        with self.assertRaisesRegex(ValidationError, "WeChat Pay only"):
            self.app.provider_id = self.other

    def test_which_merchant(self):
        """Several merchants: the chosen one, else the first that is bound and on."""
        theirs = self.sim.ctl("POST", "/_ctl/merchants", {"appids": [self.app.appid]})
        second = self.provider.copy({"sequence": self.provider.sequence + 1})
        second.write(
            {
                "wx_mchid": theirs["mchid"],
                "wx_apiv3_key": theirs["apiv3_key"],
                "wx_private_key": theirs["merchant_private_key"],
                "wx_serial": theirs["merchant_serial"],
                "wx_public_key_id": theirs["public_key_id"],
                "wx_public_key": theirs["public_key"],
                "wx_app_ids": [Command.set(self.app.ids)],
                "wx_api_base": self.sim.url,
                "state": "test",
            }
        )
        self.app.provider_id = False
        choice = self.app._wx_payment_provider
        self.assertEqual(choice(), self.provider)
        self.app.provider_id = second
        self.assertEqual(choice(), second)
        second.state = "disabled"
        self.assertEqual(choice(), self.provider)
        self.app.provider_id = False
        self.provider.state = "disabled"
        self.assertFalse(choice())
        second.state = "test"
        self.assertEqual(choice(), second)
        second.wx_app_ids = False
        self.assertFalse(choice())
