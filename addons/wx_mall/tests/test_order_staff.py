"""Staff change price and address of an order, and leave notes (row X25)."""

from odoo import Command
from odoo.exceptions import AccessError, UserError
from odoo.tests import Form, new_test_user, tagged

from odoo.addons.wx_mall.tests.order_common import MallOrderCase

SECRET_NAME, SECRET_PHONE = "欧阳改址", "13911112222"


@tagged("post_install", "-at_install", "wx")
class TestOrderStaff(MallOrderCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.operator = new_test_user(cls.env, "os_op", "wx_base.group_wx_operator")
        cls.manager = new_test_user(cls.env, "os_ma", "wx_base.group_wx_manager")
        cls.service_user = new_test_user(cls.env, "os_sv", "wx_base.group_wx_service")
        cls.make_provider()

    def setUp(self):
        super().setUp()
        self.token, self.address_id, self.person = self.shopper()
        answer = self.place(
            self.token, self.address_id, (self.sku_a, 2), (self.sku_b, 1)
        )
        self.order = self.order_of(answer)
        self.assertEqual(self.order.amount_fen, 4499)

    def charge_freight(self, **template):
        """A template of 8 yuan, 20 to Xinjiang, nothing to Taiwan."""
        ref = self.env.ref
        self.app.freight_template_id = self.env["wx.freight.template"].create(
            {
                "name": "Staff",
                "rule_ids": [
                    Command.create({"first_fee": 8, "next_qty": 0}),
                    Command.create(
                        {
                            "first_fee": 20,
                            "next_qty": 0,
                            "region_ids": [Command.set(ref("wx_mall.region_xj").ids)],
                        }
                    ),
                    Command.create(
                        {
                            "delivers": False,
                            "region_ids": [Command.set(ref("wx_mall.region_tw").ids)],
                        }
                    ),
                ],
            }
        )
        self.env.flush_all()

    def price(self, off, freight=None, user=None, order=None, reason="agreed"):
        order = order or self.order
        wizard = self.env["wx.order.price"].with_user(user or self.operator)
        values = {"order_id": order.id, "reason": reason, "off": off}
        if freight is not None:
            values["freight"] = freight
        return wizard.create(values).action_change()

    def move(self, user=None, order=None, **parts):
        order = order or self.order
        wizard = self.env["wx.order.address.change"].with_user(user or self.operator)
        values = {"order_id": order.id, "reason": "asked", **parts}
        return wizard.create(values).action_change()

    def attempts(self, order=None):
        return (order or self.order).payment_attempt_ids.mapped("wx_attempt_state")

    # price ----------------------------------------------------------------------
    def assertExplained(self, order):
        """The snapshot alone comes to the very fen that are charged."""
        order.invalidate_recordset()
        snapshot = order.price_snapshot
        last = snapshot["changes"][-1] if snapshot.get("changes") else None
        if last is None:
            self.assertEqual(snapshot["amount_fen"], order.amount_fen)
            return
        after = last["after"]
        lines = {line["sku_id"]: line for line in last["lines"]}
        self.assertEqual(after["amount_fen"], order.amount_fen)
        self.assertEqual(
            sum(line["after_fen"] for line in lines.values()) + after["freight_fen"],
            order.amount_fen,
        )
        for line in order.line_ids:
            mine = lines[line.product_id.id]
            self.assertEqual(mine["after_fen"], line.amount_fen)
            self.assertEqual(mine["staff_fen"], line.staff_discount_fen)

    def test_the_snapshot_explains_what_is_charged(self):
        self.assertExplained(self.order)
        first = dict(self.order.price_snapshot)
        self.price(4.0, reason="a regular")
        self.assertExplained(self.order)
        self.price(2.5, user=self.manager, reason="only half")
        self.assertExplained(self.order)
        snapshot = dict(self.order.price_snapshot)
        one, two = snapshot.pop("changes")
        self.assertEqual(snapshot, first, "the pricing of the order is not rewritten")
        self.assertEqual(
            (one["user"], one["user_id"], one["reason"]),
            (self.operator.name, self.operator.id, "a regular"),
        )
        self.assertTrue(one["at"].endswith("Z"), one["at"])
        self.assertEqual(one["before"]["amount_fen"], 4499)
        self.assertEqual(one["after"], two["before"])
        self.assertEqual(two["after"]["amount_fen"], 4249)
        self.assertEqual(sum(li["before_fen"] for li in two["lines"]), 4099)
        # the page of the order shows it, and the shopper sees the discount
        seen = self.order.with_user(self.operator)
        self.assertEqual(seen.price_change_count, 2)
        for text in (self.operator.name, "only half", "42.49", "40.99"):
            self.assertIn(text, seen.price_changes)
        detail = self.api("GET", f"/orders/{self.order.id}", self.token).json()
        step = detail["discounts"][-1]
        self.assertEqual((step["code"], step["fen"]), ("staff", 250))
        self.assertEqual(
            sum(entry["fen"] for entry in detail["discounts"]), detail["discount_fen"]
        )

    def test_the_snapshot_explains_a_waived_and_a_new_freight(self):
        self.charge_freight()
        order = self.order_of(self.place(self.token, self.address_id, (self.sku_a, 1)))
        self.assertEqual(order.freight_fen, 800)
        self.price(0, freight=5, order=order, user=self.manager)
        self.assertExplained(order)
        self.move(
            order=order,
            province="新疆维吾尔自治区",
            city="乌鲁木齐市",
            district="天山区",
        )
        self.assertExplained(order)
        changes = order.price_snapshot["changes"]
        self.assertEqual([c["after"]["freight_fen"] for c in changes], [500, 1700])

    def test_price_within_the_limit(self):
        self.price(4.0)
        order = self.order
        self.assertEqual((order.amount_fen, order.discount_fen), (4099, 400))
        self.assertEqual(order.amount_total, 40.99)
        self.assertEqual(sum(order.line_ids.mapped("amount_fen")), 4099)
        self.assertEqual(sum(order.line_ids.mapped("staff_discount_fen")), 400)
        shares = dict(
            zip(
                order.line_ids.product_id.ids,
                order.line_ids.mapped("discount_fen"),
                strict=True,
            )
        )
        self.assertEqual(shares[self.sku_a.id], 355)  # 400 × 3998 ÷ 4499 = 355.46
        line = order.log_ids.filtered(lambda log: log.kind == "price")
        self.assertEqual((line.reason, line.user_id), ("agreed", self.operator))
        self.assertEqual(line.detail["before"]["amount_fen"], 4499)
        self.assertEqual(line.detail["after"]["amount_fen"], 4099)
        seen = self.api("GET", f"/orders/{order.id}", self.token).json()
        self.assertEqual(seen["amount_fen"], 4099)

    def test_price_replaces_an_earlier_change(self):
        self.price(4.0)
        self.price(1.0)
        self.assertEqual(self.order.amount_fen, 4399)
        self.price(0.0)
        self.assertEqual((self.order.amount_fen, self.order.discount_fen), (4499, 0))

    def test_limit_of_operators(self):
        with self.assertRaisesRegex(UserError, "10"):
            self.price(4.51)
        self.app.price_change_percent = 50
        self.price(20.0)
        self.price(44.98, user=self.manager)
        self.assertEqual(self.order.amount_fen, 1)

    def test_never_below_one_fen_nor_above_the_engine(self):
        for off, freight in ((44.99, 0), (45, 0), (-1, 0), (0, 1)):
            with self.assertRaises(UserError):
                self.price(off, freight, user=self.manager)
        self.assertEqual(self.order.amount_fen, 4499)

    def test_reason_and_role(self):
        with self.assertRaises(UserError):
            self.price(1, reason="  ")
        with self.assertRaises(AccessError):
            self.price(1, user=self.service_user)
        staff = self.env["wx.order.staff"].with_user(self.service_user)
        with self.assertRaises(AccessError):
            staff._change_price(
                self.order.with_user(self.service_user), 100, 0, "because"
            )

    def test_another_company_is_out_of_reach(self):
        company = self.env["res.company"].create({"name": "Other"})
        stranger = new_test_user(
            self.env,
            "os_other",
            "wx_base.group_wx_manager",
            company_id=company.id,
            company_ids=[Command.set(company.ids)],
        )
        with self.assertRaises(AccessError):
            self.price(1, user=stranger)
        with self.assertRaises(AccessError):
            self.move(user=stranger, detail="X")

    def test_open_attempt_is_closed_first(self):
        self.api("POST", f"/orders/{self.order.id}/pay", self.token)
        self.env.invalidate_all()
        self.assertEqual(self.attempts(), ["open"])
        self.price(4.0)
        self.assertEqual(self.attempts(), ["closed"])
        self.pay(self.token, self.order, self.person)
        self.assertEqual((self.order.paid_fen, self.order.state), (4099, "paid"))
        self.post_all()
        self.assertEqual(self.order.posting_state, "done", self.order.posting_error)
        self.assertEqual(self.order.sale_order_id.amount_total, 40.99)

    def test_shopper_was_faster(self):
        answer = self.api("POST", f"/orders/{self.order.id}/pay", self.token)
        self.sim.ctl(
            "POST",
            f"/_ctl/users/{self.person}/pay",
            {"appid": self.app.appid, "payment": answer.json()},
        )
        self.env.invalidate_all()
        with self.assertRaisesRegex(UserError, "paid"):
            self.price(4.0)
        self.env.invalidate_all()
        self.assertEqual(self.order.amount_fen, 4499)
        self.deliver()

    def test_paid_and_closed_orders_keep_their_price(self):
        self.pay(self.token, self.order, self.person)
        with self.assertRaises(UserError):
            self.price(1.0, user=self.manager)
        other = self.order_of(self.place(self.token, self.address_id, (self.sku_b, 1)))
        other.action_close()
        with self.assertRaises(UserError):
            self.price(1.0, user=self.manager, order=other)

    def test_price_wizard_screen(self):
        form = Form(
            self.env["wx.order.price"]
            .with_user(self.operator)
            .with_context(default_order_id=self.order.id)
        )
        self.assertEqual((form.goods, form.limit_percent), (44.99, 10))
        form.off = 5
        self.assertEqual(form.amount, 39.99)
        self.assertGreater(form.percent, form.limit_percent)
        form.off = 1
        form.reason = "agreed"
        form.save().action_change()
        self.assertEqual(self.order.amount_fen, 4399)

    def test_freight_is_waived_and_comes_back(self):
        self.charge_freight()
        order = self.order_of(self.place(self.token, self.address_id, (self.sku_a, 2)))
        self.assertEqual(order.freight_fen, 800)
        self.app.price_change_percent = 20
        self.price(0, 0.0, order=order)
        self.assertEqual((order.freight_fen, order.freight_waived_fen), (0, 800))
        self.assertEqual(order.amount_fen, 3998)
        self.price(0, 8.0, order=order)
        self.assertEqual((order.freight_fen, order.amount_fen), (800, 4798))

    # address --------------------------------------------------------------------
    def test_address_of_an_unpaid_order_changes_its_freight(self):
        self.charge_freight()
        order = self.order_of(self.place(self.token, self.address_id, (self.sku_a, 2)))
        self.api("POST", f"/orders/{order.id}/pay", self.token)
        self.env.invalidate_all()
        self.move(
            order=order,
            province="新疆维吾尔自治区",
            city="乌鲁木齐市",
            district="天山区",
            detail="人民路 9 号",
            name=SECRET_NAME,
            phone=SECRET_PHONE,
        )
        self.assertEqual((order.freight_fen, order.amount_fen), (2000, 5998))
        self.assertEqual(self.attempts(order), ["closed"])
        seen = self.api("GET", f"/orders/{order.id}", self.token).json()
        self.assertEqual(seen["address"]["name"], SECRET_NAME)
        self.assertEqual(seen["address"]["detail"], "人民路 9 号")
        self.assertEqual(seen["amount_fen"], 5998)
        log = order.log_ids.filtered(lambda line: line.kind == "address")
        self.assertEqual(log.detail["before"]["city"], "杭州市")
        text = str(log.detail)
        for clear in (SECRET_NAME, SECRET_PHONE, "王小明", "13812345678"):
            self.assertNotIn(clear, text)
        self.assertFalse(self.env["wx.order.address.change"].search([]))

    def test_address_of_a_paid_order_only_informs_about_freight(self):
        self.charge_freight()
        order = self.order_of(self.place(self.token, self.address_id, (self.sku_a, 2)))
        self.pay(self.token, order, self.person)
        self.post_all()
        answer = self.move(order=order, province="新疆", city="乌鲁木齐市", district="")
        self.assertIn("20.00", answer["params"]["message"])
        self.assertEqual((order.freight_fen, order.amount_fen), (800, 4798))
        self.assertEqual(order.address_ids.province, "新疆")
        kept = order.address_ids._wx_clear("test")
        self.assertEqual(kept["phone"], "13812345678", "what was left empty stays")
        self.ship(order)
        with self.assertRaisesRegex(UserError, "left"):
            self.move(order=order, detail="too late")

    def test_address_outside_the_area_is_refused(self):
        self.charge_freight()
        with self.assertRaises(UserError):
            self.move(province="台湾省", city="台北市", district="")
        self.sku_b.product_tmpl_id.wx_not_to_region_ids = self.env.ref(
            "wx_mall.region_xz"
        )
        with self.assertRaises(UserError):
            self.move(province="西藏自治区", city="拉萨市", district="")
        self.assertEqual(self.order.address_ids.province, "浙江省")

    def test_address_is_checked(self):
        for parts in ({"phone": "12345"}, {"city": ""}, {"name": "x" * 51}):
            with self.assertRaises(UserError):
                self.move(**parts)
        with self.assertRaises(UserError):
            self.env["wx.order.staff"]._change_address(self.order, {}, " ")
        with self.assertRaises(AccessError):
            self.move(user=self.service_user, detail="X")

    def test_address_of_a_closed_or_unsent_order_is_refused(self):
        self.order.action_close()
        with self.assertRaises(UserError):
            self.move(detail="X")
        virtual = self.order_of(self.place(self.token, None, (self.service, 1)))
        with self.assertRaises(UserError):
            self.move(order=virtual, detail="X")

    def test_address_with_a_waybill_is_refused(self):
        self.pay(self.token, self.order, self.person)
        self.post_all()
        self.env["wx.parcel"].create(
            {"order_id": self.order.id, "tracking_no": "SF100000001"}
        )
        with self.assertRaisesRegex(UserError, "waybill"):
            self.move(detail="X")

    def test_address_wizard_screen(self):
        form = Form(
            self.env["wx.order.address.change"]
            .with_user(self.operator)
            .with_context(default_order_id=self.order.id)
        )
        self.assertEqual((form.province, form.city), ("浙江省", "杭州市"))
        self.assertFalse(form.name)
        form.detail = "文二路 2 号"
        form.reason = "typo"
        form.save().action_change()
        clear = self.order.address_ids._wx_clear("test")
        self.assertIn("文二路 2 号", clear["address"])

    # notes ----------------------------------------------------------------------
    def test_note_and_flag(self):
        form = Form(
            self.env["wx.order.note"]
            .with_user(self.service_user)
            .with_context(default_order_id=self.order.id)
        )
        form.flag = "red"
        form.note = "calls back on Monday"
        form.save().action_save()
        self.assertEqual(self.order.staff_flag, "red")
        log = self.order.log_ids.filtered(lambda line: line.kind == "note")
        self.assertEqual(log.user_id, self.service_user)
        found = self.env["wx.order"].search([("staff_flag", "=", "red")])
        self.assertIn(self.order, found)
        seen = self.api("GET", f"/orders/{self.order.id}", self.token)
        self.assertNotIn("Monday", seen.text)
        finance = new_test_user(self.env, "os_fi", "wx_base.group_wx_finance")
        with self.assertRaises(AccessError):
            self.env["wx.order.staff"].with_user(finance)._note(
                self.order.with_user(finance), "red", "no"
            )
