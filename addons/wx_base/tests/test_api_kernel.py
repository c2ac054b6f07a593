"""The kernel seen from outside: tokens, schemas, methods, limits, error documents."""

import json
from unittest.mock import patch

from odoo.exceptions import AccessError, MissingError, ValidationError
from odoo.tests import tagged
from odoo.tools import mute_logger

from odoo.addons.wx_base import keys, tokens

from .common import WxApiCase


@tagged("post_install", "-at_install", "wx")
class TestApiKernel(WxApiCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.app = cls.make_app()
        cls.user, _new = cls.env["wx.user"]._upsert(cls.app, "o-kernel")
        issued = cls.env["wx.session"]._open(
            cls.user.id, cls.app.id, cls.app.company_id.id
        )
        cls.token = issued["access_token"]
        cls.session = cls.env["wx.session"].search([("user_id", "=", cls.user.id)])

    def _failing(self, exception):
        """The answer of GET /me when its service fails with ``exception``."""

        def fail(*_args):
            raise exception

        service = self.env.registry["wx.user.service"]
        with patch.object(service, "_me", fail):
            return self.api("GET", "/me", token=self.token)

    # ---------------------------------------------------------------- tokens
    def test_ping(self):
        answer = self.api("GET", "/ping", token=self.token)
        self.assertEqual((answer.status_code, answer.json()), (200, {"ok": True}))
        self.assertNotIn("Set-Cookie", answer.headers)
        self.assertEqual(answer.headers["Cache-Control"], "no-store")

    def test_no_token(self):
        problem = self.assertProblem(self.api("GET", "/ping"), 401, "auth.required")
        self.assertEqual(problem["type"], "/wx/api/docs#auth.required")

    def test_wrong_scheme(self):
        answer = self.api("GET", "/ping", headers={"Authorization": "Basic eDp5"})
        self.assertProblem(answer, 401, "auth.required")

    def test_forged_token(self):
        last = "A" if self.token[-1] != "A" else "B"
        for token in (self.token[:-1] + last, "A" * 64, "nonsense", "é" * 64):
            answer = self.api(
                "GET", "/ping", token=token.encode("utf-8").decode("latin1")
            )
            self.assertProblem(answer, 401, "auth.invalid")

    def test_expired_token(self):
        token, _expires = tokens.make(keys.ring(), self.session.id, 60, now=1e9)
        self.assertProblem(self.api("GET", "/ping", token=token), 401, "auth.expired")

    def test_token_of_unknown_session(self):
        token, _expires = tokens.make(keys.ring(), 2**31 + 5, 60)
        self.assertProblem(self.api("GET", "/ping", token=token), 401, "auth.invalid")

    def test_revoked_session(self):
        self.session._revoke("staff")
        self.env.flush_all()
        answer = self.api("GET", "/ping", token=self.token)
        self.assertProblem(answer, 401, "auth.invalid")

    def test_blocked_user(self):
        self.user.action_block()
        self.env.flush_all()
        answer = self.api("GET", "/ping", token=self.token)
        self.assertProblem(answer, 403, "user.blocked")
        self.assertEqual(self.session.revoke_reason, "blocked")

    def test_archived_app(self):
        self.app.active = False
        self.env.flush_all()
        answer = self.api("GET", "/ping", token=self.token)
        self.assertProblem(answer, 401, "auth.invalid")

    def test_one_sql_statement(self):
        self.api("GET", "/ping", token=self.token)
        statements = []
        registry = self.env.registry

        def hook(_cr, query, _params, _start, _delay):
            statements.append(query)

        original = registry["ir.http"]._auth_method_wx.__func__

        def counted(cls):
            import threading

            thread = threading.current_thread()
            thread.query_hooks = [hook]
            try:
                return original(cls)
            finally:
                thread.query_hooks = []

        with patch.object(registry["ir.http"], "_auth_method_wx", classmethod(counted)):
            self.api("GET", "/ping", token=self.token)
        self.assertEqual(len(statements), 1, statements)

    # --------------------------------------------------- addresses and methods
    def test_unknown_path(self):
        for path in ("/nothing", "/me/nothing"):
            answer = self.api("GET", path, token=self.token)
            self.assertProblem(answer, 404, "resource.not_found")
            self.assertNotIn("Set-Cookie", answer.headers)

    def test_wrong_method_of_known_path(self):
        answer = self.api("PUT", "/me", token=self.token)
        self.assertProblem(answer, 405, "request.method")
        self.assertIn("PATCH", answer.headers["Allow"])

    def test_options_does_not_run_the_handler(self):
        answer = self.api("OPTIONS", "/sessions/current", token=self.token)
        self.assertEqual(answer.status_code, 204)
        self.assertIn("DELETE", answer.headers["Allow"])
        self.assertFalse(self.session.revoked)

    # ---------------------------------------------------------------- schemas
    def _patch_me(self, data, **headers):
        headers = {"Content-Type": "application/json", **headers}
        return self.api("PATCH", "/me", token=self.token, data=data, headers=headers)

    def test_unknown_field(self):
        answer = self._patch_me(b'{"nickname": "A", "blocked": false}')
        problem = self.assertProblem(answer, 422, "request.invalid")
        self.assertEqual(problem["errors"][0]["field"], "body.blocked")

    def test_bad_values(self):
        for body in (
            b"{",
            b"[]",
            b"null",
            b'{"nickname": 5}',
            b'{"nickname": ""}',
            b'{"nickname": "' + b"x" * 33 + b'"}',
            b'{"nickname": "a\\u0000b"}',
            b'{"nickname": "\\ud800"}',
            b'{"nickname": "\xff"}',
            b'{"avatar_url": "javascript:alert(1)"}',
            b'{"avatar_url": "http://example.com/a.png"}',
        ):
            self.assertProblem(self._patch_me(body), 422, "request.invalid")

    def test_error_does_not_repeat_the_input(self):
        answer = self._patch_me(b'{"nickname": ["planted-secret"]}')
        self.assertProblem(answer, 422, "request.invalid")
        self.assertNotIn("planted-secret", answer.text)

    def test_escaped_nul_text_is_no_nul(self):
        answer = self._patch_me(rb'{"nickname": "a\\u0000b"}')
        self.assertEqual(answer.json()["nickname"], r"a\u0000b")

    def test_media_type(self):
        answer = self._patch_me(b"nickname=A", **{"Content-Type": "text/plain"})
        self.assertProblem(answer, 415, "request.media_type")

    def test_body_limit(self):
        answer = self._patch_me(b'{"nickname": "' + b"x" * 70000 + b'"}')
        self.assertProblem(answer, 413, "request.too_large")

    def test_unknown_query_key(self):
        answer = self.api("GET", "/ping?x=1", token=self.token)
        problem = self.assertProblem(answer, 422, "request.invalid")
        self.assertEqual(problem["errors"][0]["field"], "query.x")

    def test_body_where_none_is_expected(self):
        answer = self.api(
            "DELETE", "/sessions/current", token=self.token, json={"a": 1}
        )
        self.assertProblem(answer, 422, "request.invalid")
        answer = self.api("DELETE", "/sessions/current", token=self.token, json={})
        self.assertEqual(answer.status_code, 204)

    # ----------------------------------------------------------------- errors
    def test_core_errors_do_not_leak(self):
        secret = "res.partner(7,) of Planted Name"
        for exception, status, code in (
            (AccessError(secret), 403, "auth.forbidden"),
            (MissingError(secret), 404, "resource.not_found"),
            (ValidationError(secret), 422, "request.refused"),
            (RuntimeError(secret), 500, "internal"),
        ):
            with self.subTest(code=code), mute_logger("odoo.http"):
                answer = self._failing(exception)
                self.assertProblem(answer, status, code)
                self.assertNotIn("Planted", answer.text)

    def test_titles_are_chinese(self):
        if not self.env["res.lang"]._get_data(code="zh_CN"):
            self.skipTest("zh_CN is not active")
        title = self.api("GET", "/ping").json()["title"]
        self.assertEqual(title, "请先登录")

    def test_json_is_utf8(self):
        answer = self._patch_me(json.dumps({"nickname": "小王"}).encode())
        self.assertIn("小王".encode(), answer.content)
