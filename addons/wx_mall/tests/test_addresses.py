from odoo.tests import tagged

from odoo.addons.wx_base.tests.common import WxApiCase

from ..schemas.address import Address

HOME = {
    "name": "王小明",
    "phone": "13800138000",
    "province": "浙江省",
    "city": "杭州市",
    "district": "西湖区",
    "detail": "龙井路 1 号 2 幢 301 室",
}


@tagged("post_install", "-at_install", "wx")
class TestAddresses(WxApiCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.app = cls.make_app("Tea House")

    def setUp(self):
        super().setUp()
        self.token = self.login_shopper(self.app)

    def add(self, token=None, key=True, **changes):
        answer = self.api(
            "POST",
            "/addresses",
            token=token or self.token,
            json={**HOME, **changes},
            key=key,
        )
        self.assertEqual(answer.status_code, 201, answer.text)
        return Address.model_validate(answer.json())

    def items(self, token=None):
        answer = self.api("GET", "/addresses", token=token or self.token)
        self.assertEqual(answer.status_code, 200, answer.text)
        return answer.json()["items"]

    def test_life_of_an_address(self):
        home = self.add()
        self.assertTrue(home.is_default)
        self.assertEqual(home.model_dump(include=set(HOME)), HOME)
        work = self.add(detail="文三路 9 号", district="")
        self.assertFalse(work.is_default)
        answer = self.api(
            "PATCH",
            f"/addresses/{work.id}",
            token=self.token,
            json={"is_default": True, "phone": "13900139000"},
        )
        self.assertEqual(answer.status_code, 200, answer.text)
        self.assertEqual(answer.json()["phone"], "13900139000")
        self.assertEqual(
            [(i["id"], i["is_default"]) for i in self.items()],
            [(work.id, True), (home.id, False)],
        )
        answer = self.api("DELETE", f"/addresses/{work.id}", token=self.token)
        self.assertEqual((answer.status_code, answer.content), (204, b""))
        self.assertEqual(
            [(i["id"], i["is_default"]) for i in self.items()], [(home.id, True)]
        )
        self.assertProblem(
            self.api("GET", f"/addresses/{work.id}", token=self.token),
            404,
            "resource.not_found",
        )

    def test_the_default_cannot_be_switched_off(self):
        home = self.add()
        answer = self.api(
            "PATCH",
            f"/addresses/{home.id}",
            token=self.token,
            json={"is_default": False},
        )
        self.assertTrue(answer.json()["is_default"])

    def test_somebody_elses_address(self):
        """peers.md §3 no. 4: any customer read, overwrote or archived any address."""
        theirs = self.add(self.login_shopper(self.app))
        elsewhere = self.add(self.login_shopper(self.make_app("Other")))
        before = self.env["wx.address"].search([]).mapped("write_date")
        for address_id in (theirs.id, elsewhere.id, 999999999):
            path = f"/addresses/{address_id}"
            for method, body in (
                ("GET", None),
                ("PATCH", {"name": "Mallory"}),
                ("DELETE", None),
            ):
                answer = self.api(method, path, token=self.token, json=body)
                self.assertProblem(answer, 404, "resource.not_found")
        self.assertEqual(self.env["wx.address"].search([]).mapped("write_date"), before)
        self.assertEqual(self.items(), [])

    def test_the_same_person_in_another_mini_program(self):
        person = self.make_person()
        mine = self.login_shopper(self.app, person["uid"])
        self.add(mine)
        other = self.login_shopper(self.make_app("Other"), person["uid"])
        self.assertEqual(self.items(other), [])

    def test_repeated_request(self):
        first = self.add(key="abcdefgh-1")
        self.assertEqual(self.add(key="abcdefgh-1").id, first.id)
        self.assertEqual(len(self.items()), 1)
        answer = self.api(
            "POST",
            "/addresses",
            token=self.token,
            json={**HOME, "name": "Other"},
            key="abcdefgh-1",
        )
        self.assertProblem(answer, 409, "idempotency.conflict")

    def test_bad_input(self):
        bad = (
            {"user_id": 1},
            {"is_admin": True},
            {"phone": "123"},
            {"phone": 13800138000},
            {"name": ""},
            {"name": "x" * 51},
            {"detail": "x" * 201},
            {"detail": None},
            {"is_default": "yes"},
            {"province": " "},
            {"city": "a\0b"},
        )
        for change in bad:
            answer = self.api(
                "POST",
                "/addresses",
                token=self.token,
                json={**HOME, **change},
                key=True,
            )
            self.assertProblem(answer, 422, "request.invalid")
        home = self.add()
        for change in bad:
            answer = self.api(
                "PATCH", f"/addresses/{home.id}", token=self.token, json=change
            )
            self.assertProblem(answer, 422, "request.invalid")
        answer = self.api("POST", "/addresses", token=self.token, json=HOME)
        self.assertProblem(answer, 422, "request.invalid")
        self.assertProblem(self.api("GET", "/addresses"), 401, "auth.required")

    def test_limit(self):
        for _number in range(30):
            self.add()
        answer = self.api("POST", "/addresses", token=self.token, json=HOME, key=True)
        self.assertProblem(answer, 409, "address.limit")

    def test_no_clear_text_in_the_database(self):
        home = self.add()
        self.env.flush_all()
        self.env.cr.execute(
            "SELECT to_jsonb(a)::text FROM wx_address a WHERE id = %s", [home.id]
        )
        row = self.env.cr.fetchone()[0]
        for part in (HOME["name"], HOME["phone"], "龙井路"):
            self.assertNotIn(part, row)
        record = self.env["wx.address"].browse(home.id)
        self.assertNotEqual(record.phone, HOME["phone"])
        self.assertIn("*", record.phone)
