"""The screens of this module in a real browser, as the roles that own them."""

from odoo.tests import HttpCase, new_test_user, tagged


@tagged("post_install", "-at_install", "wx")
class TestScreens(HttpCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.app = cls.env["wx.app"].create(
            {"name": "Tour shop", "appid": "wx00000000000070c1"}
        )
        cls.user, _new = cls.env["wx.user"]._upsert(cls.app, "o-tour-shopper")
        cls.user.nickname = "Tour shopper"
        cls.env["res.partner"].create({"name": "Tour contact", "phone": "13700007777"})
        cls.user._set_phone("13700007777")
        company = cls.app.company_id.id
        cls.env["wx.session"]._open(cls.user.id, cls.app.id, company)
        ids = {"app_id": cls.app.id, "company_id": company, "user_id": cls.user.id}
        cls.env["wx.event"]._record("page.view", [ids] * 3)

    def _staff(self, login, role):
        return new_test_user(
            self.env, login, groups=f"base.group_partner_manager,wx_base.{role}"
        )

    def test_service(self):
        self._staff("wx_tour_service", "group_wx_service")
        self.start_tour("/odoo/wx-links", "wx_base_shoppers", login="wx_tour_service")
        self.assertEqual(self.user.partner_id.name, "Tour contact")
        self.assertFalse(self.user.blocked)
        self.assertTrue(self.user.session_ids.revoked)

    def test_operator(self):
        self._staff("wx_tour_operator", "group_wx_operator")
        self.start_tour("/odoo/wx-events", "wx_base_events", login="wx_tour_operator")

    def test_roles_read_what_their_menus_show(self):
        menus = self.env["ir.ui.menu"]
        root = self.env.ref("wx_base.menu_wx_users")
        for role in ("operator", "finance", "service", "compliance", "manager"):
            staff = self._staff(f"wx_menu_{role}", f"group_wx_{role}")
            visible = menus.with_user(staff)._visible_menu_ids()
            for menu in menus.search([("id", "child_of", root.id)]):
                if menu.id not in visible or not menu.action:
                    continue
                model = self.env[menu.action.res_model].with_user(staff)
                with self.subTest(role=role, menu=menu.name):
                    model.search([], limit=1)
                    model.get_views([(False, v) for v in ("list", "search")])

    def test_search_by_phone(self):
        found = self.env["wx.user"].search([("phone", "=", "137 0000 7777")])
        self.assertEqual(found, self.user)
