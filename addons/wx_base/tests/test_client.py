import json
from unittest.mock import patch

from odoo import fields
from odoo.exceptions import AccessError, UserError
from odoo.tests import TransactionCase, new_test_user, tagged

from ..wxclient import WxBusinessError, WxNetworkError, WxThrottledError
from .common import WxSimMixin


@tagged("post_install", "-at_install", "wx")
class TestClient(WxSimMixin, TransactionCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.app = cls.make_app()
        cls.person = cls.make_person(phone="13800138000")

    def calls(self, path):
        log = self.sim.ctl("GET", f"/_ctl/log?path_prefix={path}&limit=500")
        return log.get("requests", log) if isinstance(log, dict) else log

    def fault(self, kind, path, times=1, **more):
        self.sim.ctl(
            "POST",
            "/_ctl/faults",
            {"kind": kind, "match": {"path_prefix": path}, "times": times, **more},
        )
        self.addCleanup(self.sim.ctl, "DELETE", "/_ctl/faults")

    def refused(self, call, *args):
        """The error of a call. Not ``assertRaises``: that rolls back what the limiter
        and the statistics wrote."""
        try:
            call(*args)
        except WxBusinessError as error:
            return error
        raise AssertionError("no error")

    def test_login_and_phone(self):
        code, openid = self.login_code(self.app, self.person["uid"])
        client = self.app._wx_client()
        answer = client.code_to_session(code)
        self.assertEqual(answer["openid"], openid)
        with self.assertRaises(WxBusinessError) as caught:
            client.code_to_session(code)
        self.assertEqual(caught.exception.code, 40163)
        self.assertEqual(caught.exception.kind, "normal")
        phone = self.sim.ctl(
            "POST",
            f"/_ctl/users/{self.person['uid']}/phone_code",
            {"appid": self.app.appid},
        )
        info = client.phone_number(phone["code"])
        self.assertEqual(info["purePhoneNumber"], "13800138000")

    def test_content_codes_and_quota(self):
        code, openid = self.login_code(self.app, self.person["uid"])
        client = self.app._wx_client()
        client.code_to_session(code)
        self.assertEqual(client.text_check(openid, 2, "好茶")["suggest"], "pass")
        picture = client.wxa_code_unlimited("s=abc", "pages/index/index")
        self.assertIn(picture[:2], (b"\x89P", b"\xff\xd8"))
        with self.assertRaises(WxBusinessError) as caught:
            client.wxa_code_unlimited("s=abc", "pages/none/none")
        self.assertEqual(caught.exception.code, 41030)
        with self.assertRaises(WxBusinessError) as caught:
            client.subscribe_send(openid, "x" * 43, None, {"thing1": "茶"})
        self.assertIn(caught.exception.code, (40037, 43101))
        self.app.action_refresh_quota()
        quota = self.env["wx.api.quota"].search(
            [("app_id", "=", self.app.id), ("interface", "=", "/wxa/msg_sec_check")]
        )
        self.assertGreaterEqual(quota.used, 1)
        self.assertEqual(quota.remain, quota.daily_limit - quota.used)

    def test_token_is_shared_encrypted_and_kept(self):
        client = self.app._wx_client()
        token = client.access_token
        other = self.app._wx_client()
        self.assertEqual(other.access_token, token)
        row = self.env["wx.access.token"].search([("app_id", "=", self.app.id)])
        self.assertEqual(row.token, "********")
        self.env.cr.execute("SELECT token FROM wx_access_token WHERE id = %s", [row.id])
        self.assertNotIn(token, self.env.cr.fetchone()[0])
        self.assertGreater(row.expires_at, fields.Datetime.now())

    def test_token_that_wechat_no_longer_knows(self):
        client = self.app._wx_client()
        self.assertTrue(client.access_token)
        client.session.set(client.access_token_key, "forgotten" * 20, 7000)
        self.assertIn("daily_limit", client.quota("/wxa/msg_sec_check"))
        self.assertNotIn("forgotten", client.access_token)

    def test_expired_by_the_database_clock(self):
        client = self.app._wx_client()
        token = client.access_token
        self.env.cr.execute(
            "UPDATE wx_access_token SET expires_at = now() - interval '1 day'"
            " WHERE app_id = %s",
            [self.app.id],
        )
        self.assertIsNone(client.session.get("any"))
        self.assertEqual(client.access_token, token, "stable_token gives the same")

    def test_network_trouble(self):
        client = self.app._wx_client()
        self.assertTrue(client.access_token)
        self.fault("http_5xx", "/cgi-bin/openapi/quota", times=1)
        self.assertIn("daily_limit", client.quota("/wxa/msg_sec_check"))
        self.fault("http_5xx", "/sns/jscode2session", times=1)
        with self.assertRaises(WxNetworkError):
            client.code_to_session("any")

    def test_statistics_and_closed_interface(self):
        client = self.app._wx_client()
        login = client.code_to_session
        self.assertEqual(self.refused(login, "wrong").code, 40029)
        stats = self.env["wx.api.stat"].search(
            [("app_id", "=", self.app.id), ("interface", "=", "/sns/jscode2session")]
        )
        self.assertEqual(sum(stats.mapped("calls")), 1)
        self.assertEqual(sum(stats.mapped("errors")), 1)
        self.assertEqual(stats.last_code, 40029)
        buckets = self.env["wx.rate.bucket"]
        buckets._block(self.app.id, "/sns/jscode2session", 45009)
        before = len(self.calls("/sns/jscode2session"))
        error = self.refused(login, "wrong")
        self.assertIsInstance(error, WxThrottledError)
        self.assertEqual(error.code, 45009)
        self.assertLessEqual(error.retry_after, 86410)
        self.assertEqual(len(self.calls("/sns/jscode2session")), before)
        stats = stats.search([("app_id", "=", self.app.id)])
        self.env.invalidate_all()
        self.assertEqual(sum(stats.mapped("throttled")), 1)
        buckets.search(
            [("app_id", "=", self.app.id), ("interface", "!=", "")]
        ).action_reopen()
        self.env.flush_all()
        self.assertEqual(self.refused(login, "wrong").code, 40029)

    def test_limit_of_wechat_closes_the_interface(self):
        client = self.app._wx_client()
        answer = {"errcode": 45011, "errmsg": "api minute-quota reach limit"}
        with patch.object(client, "_http") as transport:
            transport.request.return_value.status_code = 200
            transport.request.return_value.content = json.dumps(answer).encode()
            self.assertNotIsInstance(
                self.refused(client.code_to_session, "any"), WxThrottledError
            )
            self.assertIsInstance(
                self.refused(client.code_to_session, "any"), WxThrottledError
            )
            self.assertEqual(transport.request.call_count, 1)

    def test_limits_close_for_the_right_time(self):
        buckets = self.env["wx.rate.bucket"]
        for code, least, most in ((45009, 1, 86406), (45011, 0, 62), (44990, 0, 1.1)):
            buckets._block(self.app.id, f"/{code}", code)
            with self.assertRaises(WxThrottledError) as caught:
                buckets._take(self.app.id, 20, f"/{code}")
            self.assertTrue(least <= caught.exception.retry_after <= most)
        buckets._block(self.app.id, "/fine", 40029)
        self.assertLess(buckets._take(self.app.id, 1000, "/fine"), 0.01)

    def test_bucket_spreads_and_refuses(self):
        buckets = self.env["wx.rate.bucket"]
        waits = [buckets._take(self.app.id, 10, "/x") for _n in range(20)]
        self.assertLess(waits[0], 0.01)
        self.assertAlmostEqual(waits[-1], 1.9, delta=0.3)
        with self.assertRaises(WxThrottledError) as caught:
            buckets._take(self.app.id, 10, "/x", max_wait=1)
        self.assertEqual(caught.exception.code, 45011)
        self.env.cr.execute(
            "UPDATE wx_rate_bucket SET updated_at = updated_at - interval '1 hour'"
        )
        self.assertLess(buckets._take(self.app.id, 10, "/x"), 0.01)
        # an hour of silence is no licence for a burst
        waits = [buckets._take(self.app.id, 10, "/x") for _n in range(10)]
        self.assertGreater(waits[-1], 0.7)

    def test_calls_are_really_spread(self):
        self.app.rate_per_second = 2
        client = self.app._wx_client()
        naps = []
        with patch.object(client, "_sleep", naps.append):
            for _n in range(4):
                self.refused(client.code_to_session, "wrong")
        self.assertAlmostEqual(naps[-1], 1.5, delta=0.4)

    def test_connection_button_names_the_fault(self):
        self.assertEqual(self.app.action_test_connection()["params"]["type"], "success")
        wrong = self.make_app(secret="f" * 32)
        with self.assertRaisesRegex(UserError, "AppSecret is wrong"):
            wrong.action_test_connection()
        unknown = self.make_app(appid="wxffffffffffffffff")
        with self.assertRaisesRegex(UserError, "does not know this AppID|AppSecret"):
            unknown.action_test_connection()
        nobody = self.make_app(secret=False)
        with self.assertRaisesRegex(UserError, "no AppSecret"):
            nobody.action_test_connection()
        manager = new_test_user(self.env, "boss", groups="wx_base.group_wx_manager")
        with self.assertRaises(AccessError):
            self.app.with_user(manager).action_test_connection()
