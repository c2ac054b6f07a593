"""Virtual goods: codes sold once, shortage, refunds, import, iPhones."""

import base64
import io

from psycopg2 import IntegrityError

from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tests import new_test_user, tagged
from odoo.tools import mute_logger

from odoo.addons.wx_mall.services.wx_order_refunding import Wanted
from odoo.addons.wx_mall.tests.order_common import MallOrderCase

IPHONE = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_0 like Mac OS X) MicroMessenger/8.0"


@tagged("post_install", "-at_install", "wx")
class TestVirtual(MallOrderCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.make_provider()
        cls.card = cls.make_sku("Gift card", 10.00, None)
        cls.card.product_tmpl_id.wx_delivery_kind = "virtual"
        cls.course = cls.make_sku("Course", 20.00, None)
        cls.course.product_tmpl_id.wx_delivery_kind = "virtual"
        cls.pool = cls.env["wx.virtual.code.pool"].create({"product_id": cls.card.id})
        cls.load("AAAA-0001", "AAAA-0002", "AAAA-0003")
        cls.refresh_catalogue()

    @classmethod
    def load(cls, *codes, pool=None, **vals):
        wizard = cls.env["wx.virtual.code.import"].create(
            {"pool_id": (pool or cls.pool).id, "text": "\n".join(codes), **vals}
        )
        wizard.action_load()
        cls.env.flush_all()

    @classmethod
    def refresh_catalogue(cls):
        done = super().refresh_catalogue()
        if hasattr(cls, "course"):
            skus = cls.card | cls.course
            cls.env["wx.sku.price"]._ensure_fresh(cls.app.id, skus.ids)
        return done

    def bought(self, *items):
        """(order, token) of a paid and posted order without an address."""
        token, _address, uid = self.shopper(with_address=False)
        order = self.order_of(self.place(token, None, *items))
        self.pay(token, order, uid)
        self.post_all()
        return order, token

    def codes(self, order, token):
        answer = self.api("POST", f"/orders/{order.id}/codes", token)
        self.assertEqual(answer.status_code, 200, answer.text)
        self.env.invalidate_all()
        return answer.json()

    def of(self, order):
        return self.env["wx.virtual.code"].search([("order_id", "=", order.id)])

    # buying ---------------------------------------------------------------------
    def test_codes_after_payment_only(self):
        token, _address, uid = self.shopper(with_address=False)
        order = self.order_of(self.place(token, None, (self.card, 2)))
        self.assertEqual(order.delivery_kind, "none")
        self.assertEqual(self.of(order).mapped("state"), ["held", "held"])
        path = f"/orders/{order.id}/codes"
        self.assertProblem(self.api("POST", path, token), 409, "codes.not_paid")
        self.assertProblem(self.api("POST", path), 401, "auth.required")
        other = self.shopper(with_address=False)[0]
        self.assertProblem(self.api("POST", path, other), 404, "resource.not_found")
        # peers.md §3: no GET changes anything; this one would use the codes up
        self.assertEqual(self.api("GET", path, token).status_code, 405)
        self.pay(token, order, uid)
        early = self.codes(order, token)
        self.assertEqual((early["items"], early["pending"]), ([], None))
        self.post_all()
        shown = self.codes(order, token)
        self.assertEqual(
            [item["code"] for item in shown["items"]], ["AAAA-0001", "AAAA-0002"]
        )
        self.assertEqual(shown["pending"], 0)
        self.assertTrue(all(code.revealed_at for code in self.of(order)))
        log = self.env["wx.reveal.log"].search([], order="id desc", limit=2)
        self.assertEqual(set(log.mapped("model")), {"wx.virtual.code"})
        self.assertEqual(order.state, "shipped")
        self.assertEqual(order.invoice_ids.mapped("state"), ["posted"])
        self.env["wx.virtual.code"].sudo()._assign(order)
        self.assertEqual(len(self.of(order)), 2, "assigned once")

    def test_stock_is_the_free_codes(self):
        token, _address, _uid = self.shopper(with_address=False)
        order = self.order_of(self.place(token, None, (self.card, 2)))
        answer = self.place(token, None, (self.card, 2))
        self.assertProblem(answer, 409, "stock.sold_out")
        self.assertEqual(answer.json()["sku_ids"], self.card.ids)
        stock = self.env["wx.catalogue.service"]._sku_stock(self.app.id, self.card.ids)
        self.assertEqual(stock, {self.card.id: 1.0})
        answer = self.api("POST", f"/orders/{order.id}/cancel", token)
        self.assertEqual(answer.status_code, 200, answer.text)
        self.env.invalidate_all()
        self.assertEqual(self.pool.free_count, 3)
        self.assertEqual(self.place(token, None, (self.card, 3)).status_code, 201)

    def test_course_is_unlimited(self):
        order, token = self.bought((self.course, 50))
        shown = self.codes(order, token)
        self.assertEqual((shown["items"], shown["pending"]), ([], 0))
        self.assertEqual(order.state, "shipped")

    def test_shortage_is_an_exception_and_heals(self):
        token, _address, uid = self.shopper(with_address=False)
        order = self.order_of(self.place(token, None, (self.card, 2)))
        # the supplier withdrew a code that the order held
        self.of(order)[:1].write({"state": "retired", "order_id": False})
        self.env["wx.virtual.code"].search([("state", "=", "free")]).action_retire()
        self.env.flush_all()
        self.pay(token, order, uid)
        self.post_all()
        found = self.env["wx.order.exception"].search(
            [("order_id", "=", order.id), ("kind", "=", "virtual_codes_short")]
        )
        self.assertEqual(found.mapped("state"), ["open"])
        self.assertEqual(self.codes(order, token)["pending"], 1)
        self.assertEqual(order.state, "partially_shipped")
        self.load("BBBB-0001")
        self.assertEqual(found.state, "resolved")
        self.assertEqual(self.codes(order, token)["pending"], 0)
        self.assertEqual(order.state, "shipped")

    # refunds --------------------------------------------------------------------
    def test_unseen_code_is_refunded_and_retired(self):
        order, token = self.bought((self.card, 2))
        wanted = [Wanted(order.line_ids, 1)]
        self.env["wx.order.refunding"]._grant(order, wanted, "Changed my mind")
        self.assertEqual(
            sorted(self.of(order).mapped("state")), ["assigned", "retired"]
        )
        shown = self.codes(order, token)
        self.assertEqual(len(shown["items"]), 1, "the retired one is not shown")
        self.assertEqual(shown["pending"], 0, "no other code instead")
        with self.assertRaises(UserError):
            self.env["wx.order.refunding"]._grant(order, wanted, "Again")
        self.assertEqual(
            sorted(self.of(order).mapped("state")), ["assigned", "retired"]
        )
        stock = self.env["wx.catalogue.service"]._sku_stock(self.app.id, self.card.ids)
        self.assertEqual(stock, {self.card.id: 1.0}, "retired is not sold again")

    def test_seen_codes_are_not_refunded(self):
        order, token = self.bought((self.card, 1))
        self.codes(order, token)
        with self.assertRaises(UserError):
            self.env["wx.order.refunding"]._grant_rest(order, "No")
        self.env["wx.order.refunding"]._grant_amount(order, 100, "Kindness")

    # pools ----------------------------------------------------------------------
    def test_import_refuses_duplicates(self):
        for codes in (
            ["CCCC-1", "CCCC-2", "cccc-1"],  # twice in the paste
            ["CCCC-3", "AAAA-0001"],  # loaded before
            [""],
        ):
            with self.assertRaises(UserError):
                self.load(*codes)
            self.env.invalidate_all()
        self.assertEqual(self.pool.free_count, 3)

    def test_import_of_spreadsheets(self):
        from openpyxl import Workbook

        book = Workbook()
        book.active.append(["6001", "pass-1"])
        book.active.append(["6002", "pass-2"])
        raw = io.BytesIO()
        book.save(raw)
        wizard = self.env["wx.virtual.code.import"].create(
            {
                "pool_id": self.pool.id,
                "file": base64.b64encode(raw.getvalue()),
                "file_name": "codes.xlsx",
            }
        )
        self.assertEqual(wizard.text, "********")
        wizard.action_load()
        self.assertFalse(wizard._wx_secret("text"))
        for name, data in (("a.csv", "6003,密码\n"), ("b.csv", "6004\n6005\n")):
            self.load(file=base64.b64encode(data.encode("gb18030")), file_name=name)
        self.assertEqual(self.pool.free_count, 8)
        code = self.env["wx.virtual.code"].search([("code", "=", "6003 密码")])
        self.assertEqual(len(code), 1)
        with self.assertRaises(UserError):
            self.load(file=base64.b64encode(b"no zip"), file_name="c.xlsx")

    def test_nothing_lies_in_clear(self):
        self.env.cr.execute("SELECT c::text FROM wx_virtual_code c")
        text = str(self.env.cr.fetchall())
        self.env.cr.execute("SELECT c::text FROM wx_virtual_code_import c")
        text += str(self.env.cr.fetchall())
        self.assertNotIn("AAAA-0001", text)
        codes = self.pool.code_ids
        self.assertNotIn("AAAA", str(codes.export_data(["product_id", "state"])))
        with self.assertRaises(UserError):
            codes.search([("code", "ilike", "AAAA")])

    def test_rights(self):
        operator = new_test_user(
            self.env, "wx_v_operator", groups="wx_base.group_wx_operator"
        )
        code = self.pool.code_ids[:1].with_user(operator)
        self.assertEqual(code.code, "********")
        with self.assertRaises(AccessError):
            code._wx_reveal("code", "curious")
        with self.assertRaises(AccessError):
            code.action_retire()
        with self.assertRaises(AccessError):
            self.env["wx.virtual.code.import"].with_user(operator).create(
                {"pool_id": self.pool.id, "text": "X"}
            )

    def test_manager_loads_codes(self):
        manager = new_test_user(
            self.env, "wx_v_manager", groups="wx_base.group_wx_manager"
        )
        wizard = self.env["wx.virtual.code.import"].with_user(manager)
        wizard.create({"pool_id": self.pool.id, "text": "BBBB-0001"}).action_load()
        self.assertEqual(self.pool.code_ids.mapped("state"), ["free"] * 4)

    def test_guards(self):
        order, _token = self.bought((self.card, 1))
        sold = self.of(order)
        for act in (sold.unlink, sold.action_retire):
            with self.assertRaises(UserError):
                act()
        with self.assertRaises(ValidationError):
            self.env["wx.virtual.code.pool"].create({"product_id": self.service.id})
        with self.assertRaises(IntegrityError), mute_logger("odoo.sql_db"):
            self.env["wx.virtual.code.pool"].create({"product_id": self.card.id})

    # iPhones --------------------------------------------------------------------
    def test_not_payable_on_ios(self):
        token, _address, _uid = self.shopper(with_address=False)
        order = self.order_of(self.place(token, None, (self.course, 1)))
        path = f"/orders/{order.id}/pay"
        answer = self.api("POST", path, token, {"platform": "ios"})
        self.assertProblem(answer, 409, "pay.virtual_on_ios")
        self.opener.headers["User-Agent"] = IPHONE
        for body in (None, {"platform": "android"}):
            answer = self.api("POST", path, token, body)
            self.assertProblem(answer, 409, "pay.virtual_on_ios")
        answer = self.api("POST", path, token, {"platform": "symbian"})
        self.assertProblem(answer, 422, "request.invalid")
        with self.assertRaises(ValidationError):
            self.app.virtual_on_ios = True
        self.app.write(
            {"virtual_on_ios": True, "virtual_on_ios_reason": "Approval of 2026-01-01"}
        )
        self.env.flush_all()
        answer = self.api("POST", path, token, {"platform": "ios"})
        self.assertEqual(answer.status_code, 200, answer.text)

    def test_goods_are_payable_on_ios(self):
        token, address_id, _uid = self.shopper()
        order = self.order_of(self.place(token, address_id, (self.sku_a, 1)))
        answer = self.api("POST", f"/orders/{order.id}/pay", token, {"platform": "ios"})
        self.assertEqual(answer.status_code, 200, answer.text)
