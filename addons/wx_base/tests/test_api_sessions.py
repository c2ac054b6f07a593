"""Login by code, refresh, logout, limits."""

from datetime import timedelta

from odoo.tests import tagged

from odoo.addons.wx_base import tokens
from odoo.addons.wx_base.problems import WxError

from .common import WxApiCase


@tagged("post_install", "-at_install", "wx")
class TestApiSessions(WxApiCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.app = cls.make_app()

    def _login(self, code, appid=None):
        body = {"appid": appid or self.app.appid, "code": code}
        return self.api("POST", "/sessions", json=body)

    def _refresh(self, token):
        return self.api("POST", "/sessions/refresh", json={"refresh_token": token})

    def test_login_twice_is_one_shopper(self):
        uid = self.make_person()["uid"]
        code, openid = self.login_code(self.app, uid)
        answer = self._login(code)
        self.assertEqual(answer.status_code, 201, answer.text)
        first = answer.json()
        self.assertTrue(first["created"])
        self.assertEqual(first["token_type"], "Bearer")
        self.assertEqual(first["expires_in"], 7200)
        user = self.env["wx.user"].browse(first["user"]["id"])
        self.assertEqual(user.openid, openid)
        self.assertEqual(user.company_id, self.app.company_id)
        code, _openid = self.login_code(self.app, uid)
        second = self._login(code).json()
        self.assertFalse(second["created"])
        self.assertEqual(second["user"]["id"], user.id)
        self.assertEqual(user.session_count, 2)
        kinds = self.env["wx.event"].search([("user_id", "=", user.id)]).mapped("kind")
        self.assertCountEqual(kinds, ["user.registered", "user.login"])
        for token in (first, second):
            answer = self.api("GET", "/ping", token=token["access_token"])
            self.assertEqual(answer.status_code, 200)

    def test_session_key_is_not_answered(self):
        self.login_shopper(self.app)
        self.assertNotIn("session_key", self.last_login)
        self.assertNotIn("openid", str(self.last_login))

    def test_code_is_single_use(self):
        code, _openid = self.login_code(self.app, self.make_person()["uid"])
        self.assertEqual(self._login(code).status_code, 201)
        self.assertProblem(self._login(code), 401, "auth.code_invalid")
        self.assertProblem(self._login("made-up"), 401, "auth.code_invalid")

    def test_unknown_or_archived_app(self):
        answer = self._login("x", "wx00000000000000ff")
        self.assertProblem(answer, 404, "app.unknown")
        self.app.active = False
        self.assertProblem(self._login("x"), 404, "app.unknown")

    def test_bad_schema(self):
        for body in ({}, {"appid": self.app.appid}, {"appid": "x", "code": "x"}):
            answer = self.api("POST", "/sessions", json=body)
            self.assertProblem(answer, 422, "request.invalid")
        body = {"appid": self.app.appid, "code": "x", "user_id": 1}
        answer = self.api("POST", "/sessions", json=body)
        self.assertProblem(answer, 422, "request.invalid")

    def test_wechat_does_not_answer(self):
        fault = {"kind": "http_5xx", "match": {"path_prefix": "/sns/"}, "times": 9}
        self.sim.ctl("POST", "/_ctl/faults", fault)
        self.addCleanup(self.sim.ctl, "DELETE", "/_ctl/faults")
        code, _openid = self.login_code(self.app, self.make_person()["uid"])
        answer = self._login(code)
        self.assertProblem(answer, 503, "wechat.unavailable")
        self.assertTrue(answer.headers["Retry-After"])

    def test_blocked_shopper_cannot_come_back(self):
        uid = self.make_person()["uid"]
        self.login_shopper(self.app, uid)
        refresh = self.last_login["refresh_token"]
        user = self.env["wx.user"].browse(self.last_login["user"]["id"])
        user.action_block()
        code, _openid = self.login_code(self.app, uid)
        self.assertProblem(self._login(code), 403, "user.blocked")
        self.assertProblem(self._refresh(refresh), 401, "auth.invalid")
        user.action_unblock()
        code, _openid = self.login_code(self.app, uid)
        self.assertEqual(self._login(code).status_code, 201)

    def test_refresh_rotates(self):
        self.login_shopper(self.app)
        old = self.last_login["refresh_token"]
        fresh = self._refresh(old)
        self.assertEqual(fresh.status_code, 200, fresh.text)
        self.assertNotEqual(fresh.json()["refresh_token"], old)
        answer = self.api("GET", "/ping", token=fresh.json()["access_token"])
        self.assertEqual(answer.status_code, 200)

    def test_refresh_repeated_after_a_lost_answer(self):
        self.login_shopper(self.app)
        old = self.last_login["refresh_token"]
        self._refresh(old)
        again = self._refresh(old)
        self.assertEqual(again.status_code, 200, again.text)
        last = self._refresh(again.json()["refresh_token"])
        self.assertEqual(last.status_code, 200, last.text)

    def test_refresh_token_used_twice_ends_the_session(self):
        self.login_shopper(self.app)
        old = self.last_login["refresh_token"]
        session = self.env["wx.session"].browse(tokens.split_refresh(old)[0])
        access = self._refresh(old).json()["access_token"]
        session.refreshed_at -= timedelta(seconds=61)
        self.env.flush_all()
        self.assertProblem(self._refresh(old), 401, "auth.invalid")
        # The request failed, the end of the session must not be rolled back with it;
        # here both share one transaction, so the statement itself is checked.
        session._revoke_now("reuse")
        self.assertEqual(session.revoke_reason, "reuse")
        answer = self.api("GET", "/ping", token=access)
        self.assertProblem(answer, 401, "auth.invalid")

    def test_refresh_refused(self):
        self.login_shopper(self.app)
        token = self.last_login["refresh_token"]
        session_id, _secret = tokens.split_refresh(token)
        forged = f"{session_id}.{tokens.refresh_secret()}"
        self.assertProblem(self._refresh(forged), 401, "auth.invalid")
        self.assertProblem(self._refresh("nonsense"), 422, "request.invalid")
        session = self.env["wx.session"].browse(session_id)
        session.expires_at = session.create_date - timedelta(days=1)
        self.env.flush_all()
        self.assertProblem(self._refresh(token), 401, "auth.expired")

    def test_logout(self):
        token = self.login_shopper(self.app)
        refresh = self.last_login["refresh_token"]
        answer = self.api("DELETE", "/sessions/current", token=token)
        self.assertEqual((answer.status_code, answer.content), (204, b""))
        answer = self.api("DELETE", "/sessions/current", token=token)
        self.assertProblem(answer, 401, "auth.invalid")
        self.assertProblem(self._refresh(refresh), 401, "auth.invalid")

    def test_login_limit(self):
        self.env["ir.config_parameter"].set_param("wx_base.limit.login", "0")
        code, _openid = self.login_code(self.app, self.make_person()["uid"])
        answer = self._login(code)
        self.assertProblem(answer, 429, "rate.limited")
        self.assertTrue(0 < int(answer.headers["Retry-After"]) <= 60)

    def test_guessing_limit(self):
        self.env["ir.config_parameter"].set_param("wx_base.limit.login_failed", "0")
        self.assertProblem(self._login("guess"), 429, "rate.limited")

    def test_counters(self):
        limits = self.env["wx.request.limit"]
        for _try in range(3):
            limits._hit("x", "1.2.3.4", 3)
        limits._check("x", "1.2.3.4", 4)
        with self.assertRaises(WxError) as caught:
            limits._hit("x", "1.2.3.4", 3)
        self.assertEqual(caught.exception.http_status, 429)
        limits._hit("x", "5.6.7.8", 3)
        self.env.cr.execute("SELECT key FROM wx_request_limit WHERE key LIKE 'x/%%'")
        self.assertNotIn("1.2.3.4", str(self.env.cr.fetchall()))
        net = limits._subject_of_address
        self.assertEqual(net("2001:db8::1"), net("2001:db8::ffff"))

    def test_dead_sessions_leave(self):
        self.login_shopper(self.app)
        session = self.env["wx.session"].search([("app_id", "=", self.app.id)], limit=1)
        self.env["wx.session"]._gc_sessions()
        self.assertTrue(session.exists())
        session.expires_at -= timedelta(days=60)
        self.env["wx.session"]._gc_sessions()
        self.assertFalse(session.exists())
