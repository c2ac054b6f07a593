import json
from unittest.mock import patch

from odoo.tests import HttpCase, tagged
from odoo.tools import mute_logger

from odoo.addons.queue_job.job import Job

from .common import WxSimMixin

LOGGER = "odoo.addons.wx_base.controllers.push"


@tagged("post_install", "-at_install", "wx")
class TestPush(WxSimMixin, HttpCase):
    """Pushes are built and signed by the simulator; the test carries them over."""

    def make(self, mode="safe", form="json"):
        settings = {"push_url": "http://127.0.0.1:1/x", "push_mode": mode}
        app = self.make_app(sim={**settings, "push_format": form})
        self.sim.ctl(
            "POST",
            "/_ctl/apps",
            {"appid": app.appid, "push_url": f"{self.base_url()}/wx/push/{app.appid}"},
        )
        return app

    def built(self, app, **event):
        queued = self.sim.ctl("POST", f"/_ctl/apps/{app.appid}/push", event)
        return self.sim.take(queued["id"])

    def deliver(self, url, headers, body):
        return self.url_open(url, data=body, headers=headers, method="POST")

    def messages(self, app):
        self.env.invalidate_all()
        return self.env["wx.push.message"].search([("app_id", "=", app.id)])

    def test_all_modes_and_formats(self):
        for mode in ("plain", "compatible", "safe"):
            for form in ("json", "xml"):
                with self.subTest(mode=mode, form=form):
                    app = self.make(mode, form)
                    answer = self.deliver(
                        *self.built(
                            app, MsgType="event", Event="test_event", FromUserName="oA"
                        )
                    )
                    self.assertEqual(
                        (answer.status_code, answer.text), (200, "success")
                    )
                    self.assertNotIn("session_id", answer.cookies)
                    message = self.messages(app)
                    self.assertEqual(
                        (message.kind, message.openid), ("test_event", "oA")
                    )
                    received = message._fields_received()
                    self.assertEqual(received["Event"], "test_event")
                    self.assertEqual(received["ToUserName"], app.original_id)

    def test_address_check(self):
        app = self.make()
        with self.allow_requests(all_requests=True):
            check = self.sim.ctl("POST", f"/_ctl/apps/{app.appid}/verify_url")
        self.assertTrue(check["ok"], check)
        with mute_logger(LOGGER):
            answer = self.url_open(
                f"/wx/push/{app.appid}?signature=x&timestamp=1&nonce=1&echostr=hi"
            )
        self.assertEqual(answer.status_code, 403)
        self.assertNotIn("hi", answer.text)

    def test_repetition_is_stored_and_handled_once(self):
        app = self.make()
        push = self.built(app, MsgType="text", MsgId=7, Content="in secret 13512345678")
        self.assertEqual(self.deliver(*push).text, "success")
        self.assertEqual(self.deliver(*push).text, "success")
        message = self.messages(app)
        self.assertEqual((len(message), message.repeats, message.kind), (1, 1, "text"))
        key = f"wx.push.message.{message.id}"
        jobs = self.env["queue.job"].search([("identity_key", "=", key)])
        self.assertEqual(len(jobs), 1)
        self.env.cr.execute("SELECT content FROM wx_push_message")
        self.assertNotIn("135", str(self.env.cr.fetchall()).replace("w1.", ""))
        self.assertEqual(message.content, "********")

        seen = []
        service = type(self.env["wx.push.service"])
        with (
            patch.object(service, "_handlers", lambda self: {"text": "_on_text"}),
            patch.object(
                service,
                "_on_text",
                lambda self, app, fields: seen.append(fields["Content"]),
                create=True,
            ),
        ):
            Job.load(self.env, jobs.uuid).perform()
            message._job_process()
        self.assertEqual((seen, message.state), (["in secret 13512345678"], "done"))

    def test_unknown_kind_is_ignored_and_can_be_retried(self):
        app = self.make()
        self.deliver(*self.built(app, MsgType="event", Event="nobody_knows"))
        message = self.messages(app)
        message._job_process()
        self.assertEqual(message.state, "ignored")
        message._job_process_failed(exc_message="boom")
        self.assertEqual((message.state, message.error), ("failed", "boom"))
        message.action_retry()
        self.assertEqual(message.state, "received")

    def test_forgeries_store_nothing(self):
        app = self.make("safe")
        url, headers, body = self.built(app, MsgType="event", Event="x")
        bad_signature = url.replace("signature=", "signature=0")
        stale = url.replace("timestamp=", "timestamp=1")
        stripped = json.dumps({"MsgType": "event", "Event": "forged"}).encode()
        cut = body[: len(body) // 2]
        other = url.replace(app.appid, self.make("safe").appid)
        unknown = url.replace(app.appid, "wx0123456789abcdef")
        with mute_logger(LOGGER):
            for forged in (
                (bad_signature, body),
                (stale, body),
                (url, stripped),
                (url, cut),
                (url, b""),
                (other, body),
                (unknown, body),
            ):
                answer = self.deliver(forged[0], headers, forged[1])
                self.assertEqual(answer.status_code, 403)
                self.assertNotIn("success", answer.text)
        self.assertFalse(self.messages(app))
        self.assertEqual(self.deliver(url, headers, body).text, "success")
