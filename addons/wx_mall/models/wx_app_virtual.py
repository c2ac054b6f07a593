from odoo import api, fields, models
from odoo.exceptions import ValidationError


class WxApp(models.Model):
    _inherit = "wx.app"

    virtual_on_ios = fields.Boolean(
        "Virtual goods payable on iPhones",
        help="WeChat forbids selling virtual goods by WeChat Pay on iPhones and iPads. "
        "Switch this on only when your category is exempt.",
    )
    virtual_on_ios_reason = fields.Char(
        "Why it is allowed", help="E.g. the platform's approval and its date."
    )

    @api.constrains("virtual_on_ios", "virtual_on_ios_reason")
    def _check_virtual_on_ios(self):
        for app in self:
            if app.virtual_on_ios and not (app.virtual_on_ios_reason or "").strip():
                raise ValidationError(
                    self.env._("Say why virtual goods may be paid on iPhones.")
                )
