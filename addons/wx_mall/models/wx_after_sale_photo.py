import base64
from datetime import timedelta

from odoo import api, fields, models


class WxAfterSalePhoto(models.Model):
    """Picture of an after-sale, uploaded before the request names it.

    An attachment alone has no shopper to ask for before it is shown.
    """

    _name = "wx.after.sale.photo"
    _description = "After-sales photo"
    _inherit = ["wx.owned.mixin"]
    _order = "id"

    after_sale_id = fields.Many2one(
        "wx.after.sale", index="btree_not_null", ondelete="cascade"
    )
    image = fields.Image(
        required=True, max_width=1600, max_height=1600, attachment=True
    )

    @api.model
    def _wx_store(self, ctx, jpeg):
        """Keeps cleaned JPEG bytes for the calling shopper."""
        return self.with_env(ctx.env).create(
            {"user_id": ctx.user_id, "image": base64.b64encode(jpeg)}
        )

    @api.autovacuum
    def _gc_unused(self):
        """Pictures that no request named within a day."""
        self.search(
            [
                ("after_sale_id", "=", False),
                ("create_date", "<", fields.Datetime.now() - timedelta(days=1)),
            ]
        ).unlink()
