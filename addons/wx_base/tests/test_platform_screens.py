from odoo.exceptions import AccessError, UserError
from odoo.tests import Form, TransactionCase, new_test_user, tagged

MODELS = (
    "wx.app",
    "wx.api.stat",
    "wx.api.quota",
    "wx.rate.bucket",
    "wx.push.message",
    "wx.job.chain",
    "wx.crypto.key",
    "wx.reveal.log",
    "wx.publishable.version",
)


@tagged("post_install", "-at_install", "wx")
class TestPlatformScreens(TransactionCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.app = cls.env["wx.app"].create(
            {"name": "Tea", "appid": "wx00000000000000aa", "secret": "s" * 32}
        )
        cls.shopper = cls.env["wx.user"].create(
            {"app_id": cls.app.id, "openid": "oScreen", "phone": "13912345678"}
        )
        cls.users = {
            role: new_test_user(
                cls.env, f"wx_{role}", groups=f"wx_base.group_wx_{role}"
            )
            for role in ("operator", "service", "finance", "compliance", "manager")
        }

    def test_reveal_dialog(self):
        service = self.shopper.with_user(self.users["service"])
        action = service._wx_reveal_action("phone")
        wizards = service.env["wx.reveal"].with_context(**action["context"])
        with Form(wizards) as form:
            self.assertEqual(form.masked, "139****5678")
            self.assertFalse(form.clear_text)
            form.reason = "courier"
        wizard = form.record
        shown = wizard.action_show()
        self.assertFalse(wizard.clear_text, "only the one answer shows it")
        read = wizard.with_context(**shown["context"]).web_read({"clear_text": {}})
        self.assertEqual(read[0]["clear_text"], "13912345678")
        entry = self.env["wx.reveal.log"].search([], limit=1)
        self.assertEqual((entry.reason, entry.res_id), ("courier", self.shopper.id))
        wizard.reason = "  "
        with self.assertRaises(UserError):
            wizard.action_show()
        with self.assertRaises(AccessError):
            self.env["wx.reveal"].with_user(self.users["operator"]).create(
                {
                    "res_model": "wx.user",
                    "res_id": self.shopper.id,
                    "field_name": "phone",
                    "reason": "x",
                }
            )

    def test_dialog_reads_only_encrypted_fields(self):
        with self.assertRaises(TypeError):
            self.shopper._wx_reveal_action("nickname")
        with self.assertRaises(AccessError):
            self.app.with_user(self.users["manager"])._wx_reveal("secret", "curious")

    def test_roles(self):
        stat = {"app_id": self.app.id, "interface": "/x", "minute": "2026-01-01"}
        stat = self.env["wx.api.stat"].create(stat)
        self.assertTrue(stat.with_user(self.users["operator"]).read(["calls"]))
        with self.assertRaises(AccessError):
            stat.with_user(self.users["finance"]).read(["calls"])
        with self.assertRaises(AccessError):
            self.app.with_user(self.users["operator"]).name = "x"
        self.app.with_user(self.users["manager"]).name = "x"
        with self.assertRaises(AccessError):
            self.app.with_user(self.users["manager"]).api_base = "http://evil/"
        with self.assertRaises(AccessError):
            self.env["wx.crypto.key"].with_user(self.users["manager"]).search([])
        with self.assertRaises(AccessError):
            self.env["wx.crypto"].with_user(self.users["manager"])._rotate()
        with self.assertRaises(AccessError):
            self.env["wx.reveal.log"].with_user(self.users["service"]).search([])

    def test_other_company_sees_nothing(self):
        company = self.env["res.company"].create({"name": "Other"})
        stranger = new_test_user(
            self.env,
            "stranger",
            groups="wx_base.group_wx_manager,wx_base.group_wx_compliance",
            company_id=company.id,
            company_ids=[(6, 0, company.ids)],
        )
        self.env["wx.api.stat"].create(
            {"app_id": self.app.id, "interface": "/x", "minute": "2026-01-01"}
        )
        self.env["wx.rate.bucket"].create({"app_id": self.app.id, "interface": "/x"})
        self.env["wx.push.message"]._receive(self.app, {"MsgType": "text", "MsgId": 1})
        self.env.flush_all()
        for model in MODELS:
            if model == "wx.crypto.key":
                continue
            records = self.env[model].with_user(stranger)
            self.assertFalse(records.search([]), model)
        with self.assertRaises(AccessError):
            self.app.with_user(stranger).read(["name"])

    def test_views_open(self):
        for model in MODELS:
            for kind in ("list", "form", "search"):
                with self.subTest(model=model, kind=kind):
                    self.env[model].get_views([(False, kind)])
        for kind in ("graph", "pivot"):
            self.env["wx.api.stat"].get_views([(False, kind)])
        self.assertGreaterEqual(self.app.calls_today, 0)
        keys = self.env["wx.crypto.key"].search([])
        self.assertIn("current", keys.mapped("state"))
        self.assertEqual(keys.action_rotate()["res_model"], "wx.job.chain")
