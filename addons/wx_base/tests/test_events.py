"""The event stream: intake, deduplication, partitions."""

from datetime import datetime, timedelta, timezone

from odoo import fields
from odoo.tests import freeze_time, tagged

from .common import WxApiCase


@tagged("post_install", "-at_install", "wx")
class TestEvents(WxApiCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.app = cls.make_app()
        cls.user, _new = cls.env["wx.user"]._upsert(cls.app, "o-events")
        cls.ids = {
            "app_id": cls.app.id,
            "company_id": cls.app.company_id.id,
            "user_id": cls.user.id,
        }
        issued = cls.env["wx.session"]._open(
            cls.user.id, cls.app.id, cls.app.company_id.id
        )
        cls.token = issued["access_token"]

    def _event(self, **values):
        at = datetime.now(timezone.utc).isoformat(timespec="seconds")
        return {"kind": "page.view", "at": at, **values}

    def _post(self, *events):
        return self.api("POST", "/events", token=self.token, json={"events": events})

    def test_batch(self):
        data = {"page": "pages/index", "ids": [1, 2], "seconds": 1.5, "new": True}
        answer = self._post(self._event(data=data), self._event(kind="app.launch"))
        self.assertEqual(answer.status_code, 202, answer.text)
        self.assertEqual(answer.json(), {"accepted": 2, "duplicates": 0})
        stored = self.env["wx.event"].search([("user_id", "=", self.user.id)])
        self.assertCountEqual(stored.mapped("kind"), ["page.view", "app.launch"])
        self.assertEqual(stored.filtered("data").data, data)
        self.assertEqual(stored.company_id, self.app.company_id)

    def test_repeated_key_counts_once(self):
        event = self._event(key="k-00000001")
        self.assertEqual(self._post(event).json()["accepted"], 1)
        answer = self._post(event, self._event(key="k-00000002"))
        self.assertEqual(answer.json(), {"accepted": 1, "duplicates": 1})

    def test_wrong_clock(self):
        now = datetime.now(timezone.utc)
        for wrong in (now - timedelta(days=400), now + timedelta(days=2)):
            answer = self._post(self._event(at=wrong.isoformat()))
            self.assertEqual(answer.json()["accepted"], 1)
        stored = self.env["wx.event"].search([("user_id", "=", self.user.id)])
        for event in stored:
            age = fields.Datetime.now() - event.occurred_at
            self.assertLess(abs(age), timedelta(minutes=1))

    def test_refused(self):
        for event in (
            self._event(kind="no.such"),
            self._event(kind="user.login"),  # only our own code records it
            self._event(at="2026-01-01T00:00:00"),
            self._event(data={"x": {"deep": 1}}),
            self._event(data={"Bad Name": 1}),
            self._event(data={f"a{n}": "x" * 400 for n in range(10)}),
            self._event(user_id=1),
        ):
            self.assertProblem(self._post(event), 422, "request.invalid")
        self.assertProblem(self._post(), 422, "request.invalid")
        many = [self._event()] * 51
        self.assertProblem(self._post(*many), 422, "request.invalid")
        answer = self.api("POST", "/events", json={"events": [self._event()]})
        self.assertProblem(answer, 401, "auth.required")

    def test_record(self):
        rows = [{**self.ids, "data": {"n": n}} for n in range(3)]
        self.assertEqual(self.env["wx.event"]._record("user.login", rows), 3)
        self.assertEqual(self.env["wx.event"]._record("user.login", []), 0)
        with self.assertRaises(ValueError):
            self.env["wx.event"]._record("no.such", rows)

    def _partitions(self):
        self.env.cr.execute(
            "SELECT inhrelid::regclass::text FROM pg_inherits "
            "WHERE inhparent = 'wx_event'::regclass"
        )
        return {row[0] for row in self.env.cr.fetchall()}

    def test_partitions_come_and_go(self):
        events = self.env["wx.event"]
        with freeze_time("2031-05-20 10:00:00"):
            row = {**self.ids, "occurred_at": datetime(2031, 6, 2)}
            events._record("user.login", [row])  # no partition yet: kept aside
            events._cron_partitions()
            made = self._partitions()
            for month in ("04", "05", "06", "07", "08"):
                self.assertIn(f"wx_event_2031_{month}", made)
            self.env.cr.execute("SELECT count(*) FROM wx_event_2031_06")
            self.assertEqual(self.env.cr.fetchone()[0], 1)
        with freeze_time("2032-06-20 10:00:00"):
            events._cron_partitions()
            self.assertIn("wx_event_2031_05", self._partitions())
            self.assertNotIn("wx_event_2031_04", self._partitions())

    def test_grouping(self):
        self.env["wx.event"]._record("user.login", [self.ids] * 4)
        groups = self.env["wx.event"]._read_group(
            [("user_id", "=", self.user.id)], ["kind", "occurred_at:day"], ["__count"]
        )
        self.assertEqual([(g[0], g[2]) for g in groups], [("user.login", 4)])
