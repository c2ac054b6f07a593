"""What staff do in the browser, each as the role that owns the task; at the desk and
on a phone."""

from odoo.tests import new_test_user, tagged

from .refund_common import RefundCase


class StaffTourCase(RefundCase):
    def user(self, login, *groups):
        return new_test_user(
            self.env,
            login,
            groups=",".join(groups),
            lang="en_US",
            company_id=self.env.company.id,
        )

    def tour(self, path, name, login):
        self.env.flush_all()
        self.start_tour(path, name, login=login)
        self.env.invalidate_all()

    def ask_return(self, order):
        body = {
            "order_id": order.id,
            "kind": "return_refund",
            "reason": "agreed",
            "items": [{"line_id": order.line_ids[0].id, "qty": 1}],
        }
        answer = self.api("POST", "/after-sales", self.token, body, key=True)
        self.assertEqual(answer.status_code, 201, answer.text)
        return self.env["wx.after.sale"].browse(answer.json()["id"])


@tagged("post_install", "-at_install", "wx")
class TestStaffTours(StaffTourCase):
    def test_after_sale_from_the_call_to_the_refund(self):
        """Entered by one, approved by a second, inspected in the warehouse."""
        self.app.after_sale_two_person_fen = 1000
        reason = self.env.ref("wx_mall.after_sale_reason_agreed")
        for code, _name in self.env["res.lang"].get_installed():
            reason.with_context(lang=code).name = "Tour reason"
        order = self.shipped_order((self.sku_a, 2))
        one = self.user("wx_service", "wx_base.group_wx_service")
        two = self.user("wx_service2", "wx_base.group_wx_service")
        self.user("wx_operator", "wx_base.group_wx_operator")
        self.tour("/odoo/mall-orders", "wx_mall_service_enters", "wx_service")
        record = order.after_sale_ids
        self.assertEqual((record.amount_fen, record.first_approver_id), (1999, one))
        path = "/odoo/mall-after-sales"
        self.tour(path, "wx_mall_service_approves", "wx_service2")
        self.assertEqual((record.state, record.second_approver_id), ("approved", two))
        self.tour(path, "wx_mall_operator_inspects", "wx_operator")
        self.assertEqual(record.refund_id.amount_fen, 1999)
        self.assertEqual(record.picking_ids.state, "done")

    def test_manager_loads_codes(self):
        self.user("wx_manager", "wx_base.group_wx_manager")
        self.service.product_tmpl_id.wx_delivery_kind = "virtual"
        pool = self.env["wx.virtual.code.pool"].create({"product_id": self.service.id})
        self.tour("/odoo/mall-code-pools", "wx_mall_manager_loads_codes", "wx_manager")
        self.assertEqual(pool.free_count, 1)

    def test_picking_list_is_printed(self):
        """The sheet of several deliveries, as the stock user's print menu makes it."""
        orders = self.paid_order((self.sku_a, 2)) | self.paid_order((self.sku_b, 1))
        picker = self.user("wx_picker", "stock.group_stock_user")
        report = self.env["ir.actions.report"].with_user(picker)
        html, kind = report._render_qweb_html(
            "wx_mall.report_picking_list", orders.picking_ids.ids
        )
        self.assertEqual(kind, "html")
        for text in ("保温杯", "Tea", *orders.sale_order_id.mapped("name")):
            self.assertIn(text, html.decode())


@tagged("post_install", "-at_install", "wx")
class TestPhoneTours(StaffTourCase):
    browser_size = "390x844"
    touch_enabled = True

    def test_operator_ships_on_a_phone(self):
        self.user("wx_operator", "wx_base.group_wx_operator")
        order = self.paid_order((self.sku_a, 1))
        order.name = "26010100000003"
        self.tour("/odoo/mall-work", "wx_mall_phone_ships", "wx_operator")
        self.assertEqual(order.state, "shipped")

    def test_service_answers_an_after_sale_on_a_phone(self):
        self.user("wx_service", "wx_base.group_wx_service")
        record = self.ask_return(self.shipped_order((self.sku_a, 1)))
        self.tour("/odoo/mall-after-sales", "wx_mall_phone_after_sale", "wx_service")
        self.assertEqual(record.state, "approved")
