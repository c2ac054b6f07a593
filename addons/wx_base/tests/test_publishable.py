from odoo import fields, models
from odoo.exceptions import UserError
from odoo.tests import TransactionCase, tagged


@tagged("post_install", "-at_install", "wx")
class TestPublishable(TransactionCase):
    """On a model of the test's own: wx_base itself publishes nothing."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        from odoo.orm.model_classes import add_to_registry

        class Notice(models.Model):
            _name = "wx.test.notice"
            _description = "Notice"
            _inherit = ("wx.publishable.mixin",)
            _module = None
            _wx_version_fields = ("title", "day")

            title = fields.Char()
            day = fields.Date()
            price = fields.Integer()

            def _wx_audit(self, version):
                title = version.payload["title"]
                if title == "slow":
                    return "in_review", ""
                if title == "bad":
                    return "rejected", "forbidden word"
                return super()._wx_audit(version)

        registry = cls.env.registry
        model = add_to_registry(registry, Notice)
        cls.addClassCleanup(registry.__delitem__, "wx.test.notice")
        registry._setup_models__(cls.env.cr, [])
        registry.init_models(
            cls.env.cr, [model._name], {"models_to_check": True, "module": "wx_base"}
        )

    def setUp(self):
        super().setUp()
        self.notice = self.env["wx.test.notice"].create(
            {"title": "one", "day": "2026-01-02", "price": 5}
        )

    def test_created_means_not_published(self):
        self.assertEqual(self.notice.publish_state, "draft")
        self.assertFalse(self.notice.published_version_id)

    def test_buyers_keep_the_approved_version(self):
        self.notice.action_wx_submit()
        first = self.notice.published_version_id
        self.assertEqual(first.payload, {"title": "one", "day": "2026-01-02"})
        self.assertEqual((first.number, first.author_id), (1, self.env.user))
        self.notice.price = 6
        self.assertFalse(self.notice.publish_dirty, "prices flow live")
        self.notice.title = "slow"
        self.assertTrue(self.notice.publish_dirty)
        self.assertEqual(self.notice.published_version_id.payload["title"], "one")
        self.notice.action_wx_submit()
        self.assertEqual(self.notice.publish_state, "in_review")
        self.assertEqual(self.notice.published_version_id, first)
        self.notice._wx_decide(True)
        self.assertEqual(self.notice.published_version_id.payload["title"], "slow")
        self.assertEqual(first.state, "superseded")
        self.assertEqual(self.notice.published_version_id.approver_id, self.env.user)

    def test_rejected_version_keeps_the_old_one(self):
        self.notice.action_wx_submit()
        first = self.notice.published_version_id
        self.notice.title = "bad"
        self.notice.action_wx_submit()
        self.assertEqual(self.notice.publish_state, "rejected")
        self.assertEqual(self.notice.publish_reason, "forbidden word")
        self.assertEqual(self.notice.published_version_id, first)

    def test_only_the_last_submission_is_in_review(self):
        self.notice.title = "slow"
        self.notice.action_wx_submit()
        early = self.notice.pending_version_id
        self.notice.action_wx_submit()
        self.assertEqual(early.state, "superseded")
        with self.assertRaises(UserError):
            self.notice._wx_decide(False)
        self.notice._wx_decide(False, "typo")
        with self.assertRaises(UserError):
            self.notice._wx_decide(True)

    def test_withdrawn_is_gone_and_deletable(self):
        self.notice.action_wx_submit()
        with self.assertRaises(UserError):
            self.notice.unlink()
        version = self.notice.published_version_id
        self.notice.action_wx_withdraw()
        self.assertFalse(self.notice.published_version_id)
        self.assertEqual(version.state, "withdrawn")
        self.notice.unlink()
