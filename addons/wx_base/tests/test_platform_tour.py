from odoo.tests import HttpCase, new_test_user, tagged

from .common import WxSimMixin


@tagged("post_install", "-at_install", "wx")
class TestPlatformTour(WxSimMixin, HttpCase):
    """The screens of the platform part as the administrator who owns them."""

    def test_administrator(self):
        new_test_user(
            self.env,
            "wx_tour_admin",
            groups="base.group_system,wx_base.group_wx_manager",
        )
        app = self.make_app("Tour app")
        chain = self.env["wx.job.chain"]._start(
            "Tour job", "wx.crypto", "_rotate_chunk", {"column": 0, "last_id": 0}, 10
        )
        chain._job_step_failed(exc_message="The disk was full")
        self.start_tour("/odoo/wx-apps", "wx_base_platform", login="wx_tour_admin")
        self.assertEqual(app.rate_per_second, 25)
        self.assertEqual(len(app._wx_secret("secret")), 32)
        self.assertEqual(chain.state, "cancelled")
        rotation = self.env["wx.job.chain"].search([], limit=1)
        self.assertEqual(rotation.method, "_rotate_chunk")
        self.assertNotEqual(rotation, chain)
