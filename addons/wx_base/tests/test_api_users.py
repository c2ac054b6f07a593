"""Profile, phone binding, link proposals, Idempotency-Key."""

from odoo import Command
from odoo.exceptions import AccessError, UserError
from odoo.tests import new_test_user, tagged

from .common import WxApiCase


@tagged("post_install", "-at_install", "wx")
class TestApiUsers(WxApiCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.app = cls.make_app()
        cls.person = cls.make_person(phone="13900001234")

    def setUp(self):
        super().setUp()
        self.token = self.login_shopper(self.app, self.person["uid"])
        self.user = self.env["wx.user"].browse(self.last_login["user"]["id"])

    def _phone_code(self):
        answer = self.sim.ctl(
            "POST",
            f"/_ctl/users/{self.person['uid']}/phone_code",
            {"appid": self.app.appid},
        )
        return answer["code"]

    def _bind(self, code, key=True):
        return self.api(
            "POST", "/me/phone", token=self.token, json={"code": code}, key=key
        )

    def test_me(self):
        answer = self.api("GET", "/me", token=self.token)
        self.assertEqual(answer.status_code, 200)
        self.assertEqual(answer.json()["id"], self.user.id)
        self.assertProblem(self.api("GET", "/me"), 401, "auth.required")

    def test_patch_me(self):
        body = {"nickname": "小王", "avatar_url": "https://example.com/a.png"}
        answer = self.api("PATCH", "/me", token=self.token, json=body)
        self.assertEqual(answer.status_code, 200, answer.text)
        self.assertEqual(answer.json()["nickname"], "小王")
        answer = self.api("PATCH", "/me", token=self.token, json={"nickname": None})
        self.assertIsNone(answer.json()["nickname"])
        self.assertEqual(answer.json()["avatar_url"], body["avatar_url"])

    def test_bind_phone(self):
        answer = self._bind(self._phone_code())
        self.assertEqual(answer.status_code, 200, answer.text)
        self.assertEqual(answer.json()["phone_masked"], "139****1234")
        self.assertNotIn("13900001234", answer.text)
        self.env.cr.execute("SELECT phone FROM wx_user WHERE id = %s", [self.user.id])
        self.assertNotIn("13900001234", self.env.cr.fetchone()[0])
        self.assertEqual(
            self.env["wx.user"].search([("phone", "=", "+86 139 0000 1234")]), self.user
        )

    def test_bind_phone_bad_code(self):
        self.assertProblem(self._bind("made-up"), 422, "phone.code_invalid")
        self.assertFalse(self.user.phone)

    def test_bind_phone_needs_a_key(self):
        answer = self._bind("x", key=None)
        self.assertProblem(answer, 422, "request.invalid")
        self.assertProblem(self._bind("x", key="short"), 422, "request.invalid")

    def test_same_key_same_body(self):
        code, key = self._phone_code(), "bind-phone-1"
        first = self._bind(code, key)
        again = self._bind(code, key)  # the code itself is used up
        self.assertEqual(again.status_code, first.status_code)
        self.assertEqual(again.json(), first.json())
        self.assertEqual(again.headers["Idempotency-Replayed"], "true")
        self.assertNotIn("Idempotency-Replayed", first.headers)

    def test_same_key_other_body(self):
        key = "bind-phone-2"
        self.assertEqual(self._bind(self._phone_code(), key).status_code, 200)
        answer = self._bind(self._phone_code(), key)
        self.assertProblem(answer, 409, "idempotency.conflict")

    def test_failed_request_frees_its_key(self):
        key = "bind-phone-3"
        self.assertProblem(self._bind("made-up", key), 422, "phone.code_invalid")
        self.assertEqual(self._bind(self._phone_code(), key).status_code, 200)

    def test_key_belongs_to_one_shopper(self):
        key = "bind-phone-4"
        self.assertEqual(self._bind(self._phone_code(), key).status_code, 200)
        other = self.make_person(phone="13900009999")
        self.token = self.login_shopper(self.app, other["uid"])
        self.person = other
        answer = self._bind(self._phone_code(), key)
        self.assertEqual(answer.json()["phone_masked"], "139****9999")

    def test_running_request_blocks_its_key(self):
        key = "bind-phone-5"
        self._bind(self._phone_code(), key)
        self.env.cr.execute(
            "UPDATE wx_idempotency SET status = NULL, body = NULL WHERE key = %s", [key]
        )
        row = self.env["wx.idempotency"].search([("key", "=", key)])
        code = self._phone_code()
        self.env.cr.execute(
            "UPDATE wx_idempotency SET request_hash = 'x' WHERE id = %s", [row.id]
        )
        self.assertProblem(self._bind(code, key), 409, "idempotency.conflict")
        self.env.cr.execute(
            """UPDATE wx_idempotency
                  SET created_at = created_at - interval '1 hour' WHERE id = %s""",
            [row.id],
        )
        self.assertEqual(self._bind(code, key).status_code, 200)

    def test_phone_limit(self):
        self.env["ir.config_parameter"].set_param("wx_base.limit.phone", "0")
        self.assertProblem(self._bind("x"), 429, "rate.limited")

    # ------------------------------------------------------------ proposals
    def _partner(self, **values):
        values = {"name": "Old customer", "phone": "+86 139-0000-1234", **values}
        return self.env["res.partner"].create(values)

    def test_proposal_and_confirm(self):
        partner, other = self._partner(), self._partner(name="Same household")
        foreign = self.env["res.company"].create({"name": "Other company"})
        self._partner(name="Elsewhere", company_id=foreign.id)
        self._partner(name="Other number", phone="139 0000 1235")
        self._bind(self._phone_code())
        proposals = self.user.link_proposal_ids
        self.assertEqual(proposals.partner_id, partner | other)
        self.assertFalse(self.user.partner_id)
        self.assertEqual(self.user.link_state, "proposed")
        staff = new_test_user(self.env, "wx_service", groups="wx_base.group_wx_service")
        chosen = proposals.filtered(lambda p: p.partner_id == partner)
        chosen.with_user(staff).action_confirm()
        self.assertEqual(self.user.partner_id, partner)
        self.assertEqual(self.user.link_state, "linked")
        self.assertEqual(chosen.decided_by_id, staff)
        self.assertEqual((proposals - chosen).state, "refused")
        with self.assertRaises(UserError):
            chosen.with_user(staff).action_refuse()

    def test_proposal_refused_is_not_made_again(self):
        self._partner()
        self._bind(self._phone_code())
        self.user.link_proposal_ids.action_refuse()
        self.assertEqual(self.user.link_state, "none")
        self._bind(self._phone_code())
        self.assertEqual(len(self.user.link_proposal_ids), 1)

    def test_finance_may_not_decide(self):
        self._partner()
        self._bind(self._phone_code())
        clerk = new_test_user(self.env, "wx_clerk", groups="wx_base.group_wx_finance")
        with self.assertRaises(AccessError):
            self.user.link_proposal_ids.with_user(clerk).action_confirm()

    def test_other_company_sees_no_shopper(self):
        foreign = self.env["res.company"].create({"name": "Other company"})
        staff = new_test_user(
            self.env,
            "wx_foreign",
            groups="wx_base.group_wx_service",
            company_id=foreign.id,
            company_ids=[Command.set(foreign.ids)],
        )
        found = self.env["wx.user"].with_user(staff).search([])
        self.assertNotIn(self.user, found)
        found = self.env["wx.event"].with_user(staff)
        with self.assertRaises(AccessError):
            found.search([])
