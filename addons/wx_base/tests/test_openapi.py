"""The OpenAPI document, its page and the generated client."""

import importlib.util
import sys
from pathlib import Path

from openapi_spec_validator import OpenAPIV31SpecValidator

from odoo.tests import tagged

from odoo.addons.wx_base.http import installed_routes

from .common import WxApiCase

ROOT = Path(__file__).resolve().parents[3]


@tagged("post_install", "-at_install", "wx")
class TestOpenapi(WxApiCase):
    def _document(self):
        answer = self.api("GET", "/openapi.json")
        self.assertEqual(answer.status_code, 200)
        return answer

    def test_public_validator_accepts_it(self):
        OpenAPIV31SpecValidator(self._document().json()).validate()

    def test_every_route_is_in_it(self):
        document = self._document().json()
        operations = [
            operation["operationId"]
            for path in document["paths"].values()
            for operation in path.values()
        ]
        routes = installed_routes(self.env)
        self.assertCountEqual(operations, {route.operation_id for route in routes})
        self.assertEqual(len(operations), len(set(operations)))
        for route in routes:
            self.assertTrue(route.summary, route.path)
            self.assertTrue(route.tags, route.path)
            if route.status != 204 and route.operation_id != "get_openapi":
                self.assertTrue(route.returns or route.media, route.path)

    def test_creating_posts_need_a_key(self):
        """Creating: answered 201. A login is exempt, its code works once anyway."""
        for route in installed_routes(self.env):
            if route.status == 201 and route.operation_id != "login":
                self.assertTrue(route.idempotent, route.path)

    def test_etag(self):
        etag = self._document().headers["ETag"]
        answer = self.api("GET", "/openapi.json", headers={"If-None-Match": etag})
        self.assertEqual((answer.status_code, answer.content), (304, b""))

    def test_page_loads_nothing_from_elsewhere(self):
        page = self.url_open("/wx/api/docs")
        self.assertEqual(page.status_code, 200)
        self.assertIn("default-src 'self'", page.headers["Content-Security-Policy"])
        for asset in ("docs.js", "docs.css"):
            answer = self.url_open(f"/wx_base/static/apidocs/{asset}")
            self.assertEqual(answer.status_code, 200)
            self.assertNotIn("://", answer.text.replace("https://example", ""))

    def test_generated_client(self):
        generator = ROOT / "ops" / "apiclient.py"
        if not generator.exists():
            self.skipTest("the repository's ops folder is not here")
        spec = importlib.util.spec_from_file_location("wx_apiclient", generator)
        module = importlib.util.module_from_spec(spec)
        sys.modules["wx_apiclient"] = module
        self.addCleanup(sys.modules.pop, "wx_apiclient")
        spec.loader.exec_module(module)
        client_class = module.load(self._document().json())
        app = self.make_app()
        code, _openid = self.login_code(app, self.make_person()["uid"])
        client = client_class(self.base_url(), session=self.opener)
        client.login({"appid": app.appid, "code": code})
        self.assertEqual(client.ping(), {"ok": True})
        self.assertEqual(client.update_me({"nickname": "小李"})["nickname"], "小李")
        with self.assertRaises(module.ApiError) as caught:
            client.bind_phone({"code": "made-up"})
        self.assertEqual(
            (caught.exception.status, caught.exception.code),
            (422, "phone.code_invalid"),
        )
        client.refresh_session({"refresh_token": client.refresh_token})
        self.assertIsNone(client.logout())
        with self.assertRaises(module.ApiError) as caught:
            client.get_me()
        self.assertEqual(caught.exception.status, 401)
