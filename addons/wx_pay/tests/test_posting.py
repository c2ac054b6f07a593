"""Payments and refunds in the ledger; the provider's screen and secrets."""

from datetime import date, datetime

from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tests import TransactionCase, new_test_user, tagged
from odoo.tools import mute_logger

from .common import WxPayMixin

FACTS = "odoo.addons.wx_pay.services.wx_pay_facts"


@tagged("post_install", "-at_install", "wx")
class TestPosting(WxPayMixin, TransactionCase):
    def balances(self, account):
        lines = self.env["account.move.line"].search(
            [("account_id", "=", account.id), ("parent_state", "=", "posted")]
        )
        return round(sum(lines.mapped("balance")), 2)

    def test_payment_and_refund_on_the_advance_account(self):
        advance = self.provider.wx_advance_account_id
        before = self.balances(advance)
        payable, tx = self.paid(1234)
        tx._post_process()
        payment = tx.payment_id
        self.assertTrue(tx.is_post_processed)
        self.assertEqual(payment.journal_id, self.provider.wx_journal_basic_id)
        self.assertEqual(payment.partner_id, payable)
        self.assertEqual(round(self.balances(advance) - before, 2), -12.34)
        tx._post_process()
        self.assertEqual(tx.payment_id, payment)
        refund = self.service._refund(tx, 234, "", "k1")
        self.service._send_refund(refund)
        self.sim.ctl("POST", "/_ctl/clock", {"advance": 60})
        self.service._query_refund(refund)
        refund._post_process()
        self.assertEqual(refund.payment_id.payment_type, "outbound")
        self.assertEqual(round(self.balances(advance) - before, 2), -10.0)

    def test_accounting_date_is_beijings(self):
        _payable, tx = self.paid(100)
        tx.wx_success_time = datetime(2026, 3, 31, 16, 30)
        tx._post_process()
        self.assertEqual(tx.payment_id.date, date(2026, 4, 1))

    @mute_logger(FACTS)
    def test_late_payment_leaves_nothing_open(self):
        advance = self.provider.wx_advance_account_id
        tx, params = self.prepay(self.make_payable(500))
        self.service._close(tx)
        self.pay(params, late=True)
        self.service._query(tx)
        self.assertEqual(tx.wx_attempt_state, "paid_late")
        refund = tx.child_transaction_ids
        self.service._send_refund(refund)
        self.sim.ctl("POST", "/_ctl/clock", {"advance": 60})
        self.service._query_refund(refund)
        self.assertEqual(refund.state, "done")
        (tx + refund)._post_process()
        lines = (tx + refund).payment_id.move_id.line_ids.filtered(
            lambda line: line.account_id == advance
        )
        self.assertEqual(len(lines), 2)
        self.assertEqual(set(lines.mapped("reconciled")), {True})

    def test_batch(self):
        txs = self.transactions
        for _round in range(3):
            txs |= self.paid(100)[1]
        payments = txs._post_process() or txs.payment_id
        self.assertEqual(len(payments), 3)
        self.assertEqual(set(payments.mapped("state")), {"in_process"})

    def test_without_accounts_it_says_what_to_do(self):
        _payable, tx = self.paid(100)
        self.provider.wx_advance_account_id = False
        with self.assertRaisesRegex(UserError, "journals and accounts"):
            tx._post_process()


@tagged("post_install", "-at_install", "wx")
class TestProvider(WxPayMixin, TransactionCase):
    def test_connection(self):
        self.provider.action_wx_test_connection()
        self.assertEqual(self.provider.wx_check_state, "ok")
        self.assertIn("accepted by WeChat", self.provider.wx_check_result)

    def check(self, text, **values):
        self.provider.write(values)
        action = self.provider.action_wx_test_connection()
        self.assertEqual(self.provider.wx_check_state, "bad")
        self.assertIn(text, action["params"]["message"])

    def test_connection_names_the_wrong_key(self):
        other = self.sim.ctl("POST", "/_ctl/merchants", {"trust_mode": "public_key"})
        good = self.merchant
        self.check(
            "refuses our signature", wx_private_key=other["merchant_private_key"]
        )
        self.check(
            "does not belong to the public key ID",
            wx_private_key=good["merchant_private_key"],
            wx_public_key=other["public_key"],
        )
        self.check(
            "cannot be reached",
            wx_public_key=good["public_key"],
            wx_api_base="http://127.0.0.1:9",
        )
        self.check(
            "signs with another key than the one entered",
            wx_api_base=self.sim.url,
            wx_public_key_id=other["public_key_id"],
        )

    def test_connection_in_certificate_mode(self):
        both = self.sim.ctl(
            "POST",
            "/_ctl/merchants",
            {"trust_mode": "certificate", "appids": [self.app.appid]},
        )
        self.provider.write(
            {
                "wx_mchid": both["mchid"],
                "wx_serial": both["merchant_serial"],
                "wx_private_key": both["merchant_private_key"],
                "wx_apiv3_key": both["apiv3_key"],
                "wx_trust_mode": "certificate",
            }
        )
        for _round in range(2):
            self.provider.action_wx_test_connection()
        self.assertEqual(self.provider.wx_check_state, "ok")
        self.assertEqual(len(self.provider.wx_certificate_ids), 1)
        self.check("APIv3 key", wx_apiv3_key="z" * 32)

    def test_bad_keys_are_refused_when_saved(self):
        for values, text in (
            ({"wx_private_key": "nonsense"}, "not PEM text"),
            ({"wx_private_key": self.merchant["public_key"]}, "public key"),
            (
                {"wx_private_key": self.merchant["merchant_private_key"][:900]},
                "cut off",
            ),
            ({"wx_apiv3_key": "short"}, "32 characters"),
            ({"wx_public_key": self.merchant["merchant_private_key"]}, "private key"),
            (
                {
                    "wx_certificate": self.merchant["merchant_certificate"],
                    "wx_serial": "ABCD",
                },
                "serial number",
            ),
            ({"wx_mchid": "12ab"}, "digits"),
            ({"wx_prefix": "含"}, "prefix"),
            ({"wx_api_base": "ftp://x"}, "web address"),
        ):
            with self.subTest(text), self.assertRaisesRegex(ValidationError, text):
                self.provider.write(values)
                self.env.flush_all()
            # the refused values must not wait in the cache for the next round
            self.env.transaction.clear()

    def test_enabled_provider_calls_wechat_only(self):
        with self.assertRaisesRegex(ValidationError, "may call only"):
            self.provider.state = "enabled"

    def test_secrets_are_not_readable(self):
        secret = self.merchant["apiv3_key"]
        self.env.flush_all()
        self.env.cr.execute(
            "SELECT wx_apiv3_key, wx_private_key FROM payment_provider WHERE id = %s",
            (self.provider.id,),
        )
        stored = "".join(self.env.cr.fetchone())
        self.assertNotIn(secret, stored)
        self.assertNotIn("PRIVATE KEY", stored)
        shown = self.provider.read(["wx_apiv3_key", "wx_private_key"])[0]
        self.assertNotIn(secret, str(shown))
        self.assertNotIn("PRIVATE KEY-----\nMII", str(shown))
        finance = new_test_user(
            self.env, "wx_fin", groups="wx_base.group_wx_finance,base.group_user"
        )
        provider = self.provider.with_user(finance)
        self.assertTrue(provider.wx_mchid)
        with self.assertRaises(AccessError):
            provider.read(["wx_apiv3_key"])
        with self.assertRaises(AccessError):
            provider.write({"wx_mchid": "1900000009"})

    def test_facts_are_evidence(self):
        _payable, tx = self.paid(100)
        finance = new_test_user(
            self.env, "wx_fin", groups="wx_base.group_wx_finance,base.group_user"
        )
        fact = self.facts(tx).with_user(finance)
        self.assertEqual(fact.state, "applied")
        with self.assertRaises(AccessError):
            fact.write({"state": "exception"})
        with self.assertRaises(AccessError):
            fact.read(["raw"])
        with self.assertRaises(UserError):
            self.facts(tx).unlink()

    def test_other_company_sees_nothing(self):
        _payable, tx = self.paid(100)
        other = self.env["res.company"].create({"name": "Other"})
        stranger = new_test_user(
            self.env,
            "wx_other",
            groups="wx_base.group_wx_finance,base.group_user",
            company_id=other.id,
            company_ids=[(6, 0, other.ids)],
        )
        facts = self.env["wx.pay.fact"].with_user(stranger)
        self.assertFalse(facts.search([("out_trade_no", "=", tx.reference)]))
        self.assertFalse(
            self.env["payment.transaction"]
            .with_user(stranger)
            .search([("id", "=", tx.id)])
        )
