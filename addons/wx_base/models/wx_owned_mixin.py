from odoo import api, fields, models

from ..problems import not_found


class WxOwnedMixin(models.AbstractModel):
    """What belongs to one shopper: the only way from an id of a request to a record."""

    _name = "wx.owned.mixin"
    _description = "Belongs to a WeChat shopper"

    user_id = fields.Many2one(
        "wx.user", "Shopper", required=True, index=True, ondelete="restrict"
    )
    app_id = fields.Many2one(
        "wx.app",
        "Mini-program",
        related="user_id.app_id",
        store=True,
        precompute=True,
        index=True,
    )
    company_id = fields.Many2one(
        "res.company",
        "Company",
        related="user_id.company_id",
        store=True,
        precompute=True,
        index=True,
    )

    @api.model
    def _wx_owned(self, ctx, record_id, lock=False):
        """The caller's record with this id, in one SQL statement.

        Absent, archived and foreign are not told apart.

        :param lock: lock the row; LockError (409) when another transaction holds it
        :raises WxError: 404 ``resource.not_found``
        """
        domain = [
            ("id", "=", record_id),
            ("user_id", "=", ctx.user_id),
            ("app_id", "=", ctx.app_id),
        ]
        record = self.with_env(ctx.env).search(domain, limit=1)
        if not record:
            raise not_found()
        if lock:
            record.lock_for_update()
        return record

    @api.model
    def _wx_mine(self, ctx, domain=(), **kwargs):
        """``search`` restricted to the caller's records."""
        mine = [("user_id", "=", ctx.user_id), ("app_id", "=", ctx.app_id)]
        return self.with_env(ctx.env).search([*mine, *domain], **kwargs)
