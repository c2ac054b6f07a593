"""Several documents of one customer paid together by one QR code."""

from odoo import Command, fields
from odoo.exceptions import UserError
from odoo.tests import new_test_user, tagged
from odoo.tools import mute_logger

from .order_common import BuyerCase


@tagged("post_install", "-at_install", "wx")
class TestJointPayment(BuyerCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.seller = new_test_user(
            cls.env, "joint_seller", "sales_team.group_sale_salesman_all_leads"
        )
        cls.accountant = new_test_user(
            cls.env, "joint_accountant", "account.group_account_invoice"
        )
        cls.customer = cls.env["res.partner"].create({"name": "客户"})

    def quotation(self, price, partner=None):
        return self.env["sale.order"].create(
            {
                "partner_id": (partner or self.customer).id,
                "order_line": [
                    Command.create(
                        {
                            "product_id": self.service.id,
                            "price_unit": price,
                            "tax_ids": [],
                        }
                    )
                ],
            }
        )

    def invoice(self, price):
        move = self.env["account.move"].create(
            {
                "move_type": "out_invoice",
                "partner_id": self.customer.id,
                "invoice_date": fields.Date.today(),
                "invoice_line_ids": [
                    Command.create(
                        {"name": "x", "quantity": 1, "price_unit": price, "tax_ids": []}
                    )
                ],
            }
        )
        move.action_post()
        return move

    def made(self, documents, user):
        action = documents.with_user(user).action_wx_joint_payment()
        self.env.flush_all()
        return self.env["wx.pay.checkout"].browse(action["res_id"])

    def page(self, checkout, token=None):
        token = token or checkout.sudo().access_token
        answer = self.url_open(f"/wx/pay/checkout/{checkout.id}/{token}")
        self.env.invalidate_all()
        return answer

    def scan(self, tx, **options):
        return self.sim.ctl(
            "POST",
            f"/_ctl/users/{self.person}/pay",
            {"code_url": tx.wx_code_url, **options},
        )

    def test_three_quotations_with_one_code(self):
        orders = self.quotation(10) | self.quotation(20.5) | self.quotation(0.01)
        checkout = self.made(orders, self.seller)
        self.assertEqual(checkout.amount, 30.51)
        shown = self.page(checkout)
        self.assertEqual(shown.status_code, 200)
        for order in orders:
            self.assertIn(order.name, shown.text)
        self.assertIn("data:image/png;base64,", shown.text)
        tx = checkout.transaction_ids
        self.assertEqual((tx.amount, tx.sale_order_ids), (30.51, orders))
        self.page(checkout)
        self.assertEqual(checkout.transaction_ids, tx)  # the same code again
        self.scan(tx)
        self.deliver()
        self.env.invalidate_all()
        self.assertEqual((checkout.state, tx.state), ("paid", "done"))
        tx._post_process()
        self.assertEqual(set(orders.mapped("state")), {"sale"})
        self.assertIn("alert-success", self.page(checkout).text)

    def test_two_invoices_are_settled(self):
        invoices = self.invoice(10) | self.invoice(5)
        checkout = self.made(invoices, self.accountant)
        self.page(checkout)
        tx = checkout.transaction_ids
        self.scan(tx)
        self.deliver()
        self.env.invalidate_all()
        tx._post_process()
        self.assertEqual(invoices.mapped("amount_residual"), [0, 0])

    @mute_logger("odoo.addons.wx_pay.services.wx_pay_facts")
    def test_paid_twice_goes_back(self):
        checkout = self.made(self.invoice(10) | self.invoice(5), self.accountant)
        self.page(checkout)
        first = checkout.transaction_ids
        first.wx_time_expire = fields.Datetime.now()  # an old page: a new code
        self.env.flush_all()
        self.page(checkout)
        second = checkout.transaction_ids - first
        self.assertEqual(len(second), 1)
        self.scan(first)
        self.scan(second)
        self.deliver()
        self.env.invalidate_all()
        states = sorted(checkout.transaction_ids.mapped("wx_attempt_state"))
        self.assertEqual(states, ["paid", "paid_twice"])
        twice = checkout.transaction_ids.filtered(
            lambda tx: tx.wx_attempt_state == "paid_twice"
        )
        self.assertEqual(twice.child_transaction_ids.wx_amount_fen, -1500)

    def test_paid_in_another_way_meanwhile(self):
        invoices = self.invoice(10) | self.invoice(5)
        checkout = self.made(invoices, self.accountant)
        self.page(checkout)
        self.env["account.payment.register"].with_context(
            active_model="account.move", active_ids=invoices[:1].ids
        ).create({})._create_payments()
        self.env.flush_all()
        shown = self.page(checkout)
        self.assertNotIn("data:image/png", shown.text)
        self.assertEqual(checkout.state, "closed")
        self.assertEqual(checkout.transaction_ids.wx_attempt_state, "closed")

    def test_closed_by_staff_and_expired(self):
        checkout = self.made(self.invoice(10) | self.invoice(5), self.accountant)
        self.page(checkout)
        checkout.with_user(self.accountant).action_close()
        self.assertEqual(checkout.state, "closed")
        self.assertEqual(checkout.transaction_ids.wx_attempt_state, "closed")
        self.assertNotIn("data:image/png", self.page(checkout).text)
        late = self.made(self.invoice(1), self.accountant)
        late.expires_at = fields.Datetime.now()
        self.env.flush_all()
        self.page(late)
        self.assertFalse(late.transaction_ids)

    def test_refused(self):
        other = self.env["res.partner"].create({"name": "Other"})
        orders = self.quotation(10) | self.quotation(10, other)
        with self.assertRaisesRegex(UserError, "one customer"):
            orders.with_user(self.seller).action_wx_joint_payment()
        paid = self.paid_order((self.sku_a, 1))
        self.post_all()
        with self.assertRaisesRegex(UserError, "mini-program"):
            paid.sale_order_id.with_user(self.seller).action_wx_joint_payment()
        with self.assertRaisesRegex(UserError, "nothing to be paid"):
            self.quotation(0).with_user(self.seller).action_wx_joint_payment()
        draft = self.invoice(10)
        draft.button_draft()
        with self.assertRaisesRegex(UserError, "no posted invoice"):
            draft.with_user(self.accountant).action_wx_joint_payment()
        checkout = self.made(self.quotation(10), self.seller)
        self.assertEqual(self.page(checkout, "x" * 32).status_code, 404)
        self.assertFalse(checkout.transaction_ids)
