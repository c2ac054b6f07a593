"""Every screen of the mall that a role can open works for that role, completely."""

from lxml import etree

from odoo.tests import new_test_user, tagged

from .refund_common import RefundCase

#: staff of the ERP who come by a smart button
NATIVE = {
    "sales": "sales_team.group_sale_salesman",
    "stock": "stock.group_stock_user",
    "invoicing": "account.group_account_invoice",
}
ROLES = ("operator", "service", "finance", "manager", "compliance")
#: work lists that people go through state by state
COUNTED = (
    "wx.order",
    "wx.order.exception",
    "wx.order.refund",
    "wx.after.sale",
    "wx.parcel",
    "wx.pickup",
)


@tagged("post_install", "-at_install", "wx")
class TestMallScreens(RefundCase):
    def actions(self):
        """Windows of this module that a menu opens, dialogs left out."""
        data = self.env["ir.model.data"].search(
            [("module", "=", "wx_mall"), ("model", "=", "ir.actions.act_window")]
        )
        windows = self.env["ir.actions.act_window"].browse(data.mapped("res_id"))
        windows = windows.filtered(lambda window: window.target != "new")
        return windows.filtered(lambda w: not self.env[w.res_model]._transient)

    def arch(self, window, kind, user=None):
        model = self.env[window.res_model].with_user(user or self.env.user)
        view = window.search_view_id.id if kind == "search" else False
        views = {mode: view for view, mode in window.views}
        found = model.get_views([(views.get(kind, view), kind)])
        return etree.fromstring(found["views"][kind]["arch"])

    def test_lists_explain_themselves(self):
        """Help for the empty list, a filter or a search, something to group by."""
        for window in self.actions():
            with self.subTest(window=window.xml_id):
                self.assertTrue(window.help, "no help for an empty list")
                search = self.arch(window, "search")
                filters = search.xpath("//filter")
                grouped = [f for f in filters if "group_by" in f.get("context", "")]
                self.assertTrue(grouped, "nothing to group by")
                self.assertTrue(search.xpath("//search/field"), "nothing to search by")

    def test_work_lists_have_tabs_with_counts(self):
        for window in self.actions().filtered(lambda w: w.res_model in COUNTED):
            search = self.arch(window, "search")
            panels = search.xpath("//searchpanel/field[@enable_counters='1']")
            with self.subTest(window=window.xml_id):
                self.assertIn("state", [field.get("name") for field in panels])
                counted = self.env[window.res_model].search_panel_select_range(
                    "state", enable_counters=True, expand=True
                )
                self.assertTrue(counted["values"])
                self.assertIn("__count", counted["values"][0])

    def test_each_role_opens_what_its_menus_show(self):
        order = self.shipped_order((self.sku_a, 2))
        order._wx_exception("late_parcel", "late")
        self.ask_refund(order)
        self.wizard(order, "amount", amount=1.0).action_refund()
        windows = self.actions()
        menus = self.env["ir.ui.menu"]
        for role in ROLES:
            user = new_test_user(self.env, f"sc_{role}", f"wx_base.group_wx_{role}")
            shown = menus.browse(menus.with_user(user)._visible_menu_ids())
            opened = shown.filtered("action").mapped("action")
            mine = [window for window in windows if window in opened]
            self.assertTrue(mine, role)
            self.env.invalidate_all()
            for window in mine:
                with self.subTest(role=role, window=window.xml_id):
                    self.open(window, user)
        for role, group in NATIVE.items():
            user = new_test_user(self.env, f"sc_{role}", group)
            self.env.invalidate_all()
            for name in ("wx_order", "wx_parcel", "wx_pickup", "wx_order_exception"):
                window = self.env.ref(f"wx_mall.action_{name}")
                with self.subTest(role=role, window=name):
                    self.open(window, user)

    def open(self, window, user):
        """Lists, opens one record in each view and groups by everything offered."""
        model = self.env[window.res_model].with_user(user)
        record = model.search([], limit=1)
        for mode in window.view_mode.split(","):
            arch = self.arch(window, mode, user)
            if mode in ("list", "form", "kanban"):
                # of the view itself, not of lists inside it
                names = {
                    field.get("name")
                    for field in arch.xpath("//field[not(ancestor::field)]")
                }
                record.read(list(names))
        for item in self.arch(window, "search", user).xpath("//filter[@context]"):
            field = item.get("context").split("'group_by':")[-1].split("'")[1]
            model.formatted_read_group([], [field], ["__count"])
