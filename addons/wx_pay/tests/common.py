"""Shared by the payment tests: a merchant that exists in the simulator and here."""

import base64
from unittest.mock import patch
from urllib.parse import urlsplit

from odoo.addons.wx_base.tests.common import WxSimMixin


class WxPayMixin(WxSimMixin):
    """``cls.app``, ``cls.provider`` (test mode, public key), ``cls.merchant`` (the
    simulator's side) and payables made of contacts.

    Mix in before a TransactionCase or HttpCase. wx_pay has no payable document of its
    own, so contacts play that role: the hooks are patched onto ``res.partner`` and
    write down what they are told.
    """

    trust_mode = "public_key"

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.app = cls.make_app(name="Payment Test")
        cls.merchant = cls.sim.ctl(
            "POST",
            "/_ctl/merchants",
            {"appids": [cls.app.appid], "trust_mode": cls.trust_mode},
        )
        cls.mchid = cls.merchant["mchid"]
        cls.provider = cls.make_provider()
        cls.provider._wx_setup_accounting()
        cls.service = cls.env["wx.pay.service"]
        cls.transactions = cls.env["payment.transaction"].sudo()

    @classmethod
    def make_provider(cls, **values):
        """The company's WeChat provider, connected with the simulator's merchant."""
        provider = cls.env["payment.provider"].search(
            [("code", "=", "wechatpay"), ("company_id", "=", cls.env.company.id)],
            limit=1,
        )
        provider.write(
            {
                "wx_mchid": cls.mchid,
                "wx_serial": cls.merchant["merchant_serial"],
                "wx_private_key": cls.merchant["merchant_private_key"],
                "wx_apiv3_key": cls.merchant["apiv3_key"],
                "wx_trust_mode": cls.trust_mode,
                "wx_public_key_id": cls.merchant.get("public_key_id"),
                "wx_public_key": cls.merchant.get("public_key"),
                "wx_api_base": cls.sim.url,
                "wx_app_ids": [(6, 0, cls.app.ids)],
                "wx_prefix": "T1",
                "state": "test",
                **values,
            }
        )
        return provider

    def setUp(self):
        super().setUp()
        self.told = []
        self.accepts = True
        self.payers = set()
        self.returns = True
        self.returned = []
        self.infos = {}
        model = type(self.env["res.partner"])
        hooks = {
            "_wx_payable_info": lambda record: self.infos[record.id],
            "_wx_payable_accepts": lambda record, tx: self.accepts,
            "_wx_payable_allows_payer": lambda record, tx, openid: (
                openid in self.payers
            ),
            "_wx_on_paid": lambda record, tx: self.told.append(("paid", tx.id)),
            "_wx_on_payment_closed": lambda record, tx: self.told.append(
                ("closed", tx.id)
            ),
            "_wx_on_refund": lambda record, tx: self.told.append(
                ("refund", tx.id, tx.state)
            ),
            "_wx_on_unwanted_payment": lambda record, tx, code: self.returns,
            "_wx_on_returned_payment": lambda record, tx, refund: self.returned.append(
                (tx.id, refund.id)
            ),
            "_wx_payment_partners": lambda records, txs: {
                tx.id: tx.wx_payable_id for tx in txs
            },
        }
        for name, hook in hooks.items():
            patcher = patch.object(model, name, hook, create=True)
            patcher.start()
            self.addCleanup(patcher.stop)
        self.person = self.make_person()
        self.buyer = self.person["uid"]
        self.openid = self.login_code(self.app, self.buyer)[1]
        self.sim.ctl("DELETE", "/_ctl/faults")

    # -- steps ---------------------------------------------------------------------

    def make_payable(self, amount_fen=1234, **info):
        """A document to be paid, with its own number."""
        payable = self.env["res.partner"].create({"name": "Document"})
        self.infos[payable.id] = {
            "amount_fen": amount_fen,
            "description": "苹果 × 2",
            "openid": self.openid,
            "app": self.app,
            "company": self.provider.company_id,
            "partner_id": None,
            "reference_prefix": f"D{payable.id}",
            "time_expire": None,
            **info,
        }
        return payable

    def prepay(self, payable, trade_type="JSAPI"):
        """(attempt, requestPayment parameters)"""
        tx = self.service._create_attempt(payable, self.provider, trade_type)
        return tx, self.service._prepay(tx)

    def pay(self, params, uid=None, **options):
        """The person taps pay; asserts success unless ``fails``."""
        fails = options.pop("fails", False)
        target = {"appid": self.app.appid, "payment": params}
        if "code_url" in params:
            target = {"code_url": params["code_url"]}
        answer = self.sim.ctl(
            "POST", f"/_ctl/users/{uid or self.buyer}/pay", {**target, **options}
        )
        if not fails:
            self.assertEqual(answer["errMsg"], "requestPayment:ok")
        return answer

    def paid(self, amount_fen=1234, **info):
        """A payment done and known here by query."""
        payable = self.make_payable(amount_fen, **info)
        tx, params = self.prepay(payable)
        self.pay(params)
        self.assertEqual(self.service._query(tx), "paid")
        return payable, tx

    def run_cron(self, name):
        """Run one of our crons as the jobs process does."""
        self.env.flush_all()
        with self.enter_registry_test_mode():
            self.env.ref(f"wx_pay.{name}").method_direct_trigger()
        self.env.invalidate_all()

    def notifications(self, **query):
        """Pending messages of this merchant."""
        query = "&".join(f"{k}={v}" for k, v in {"mchid": self.mchid, **query}.items())
        answer = self.sim.ctl("GET", f"/_ctl/notifications?state=pending&{query}")
        return answer["notifications"]

    def post(self, url, headers, body):
        """Deliver a message to our route as WeChat would."""
        return self.url_open(
            urlsplit(url).path, data=body, headers=headers, method="POST"
        )

    def deliver(self, **query):
        """Deliver the one pending message that matches; the response."""
        (message,) = self.notifications(**query)
        return self.post(*self.sim.take(message["id"]))

    def forge(self, kind, tx=None):
        """A forged or wrong notification as (url, headers, body)."""
        made = self.sim.ctl(
            "POST",
            "/_ctl/notifications/forge",
            {
                "mchid": self.mchid,
                "kind": kind,
                "deliver": False,
                **({"out_trade_no": tx.reference} if tx else {}),
            },
        )
        body = base64.b64decode(made["body_base64"])
        return made["url"], made["headers"], body

    def facts(self, tx=None, **values):
        domain = [(name, "=", value) for name, value in values.items()]
        if tx is not None:
            domain.append(("out_trade_no", "=", tx.reference))
        return self.env["wx.pay.fact"].search(domain)
