from odoo import api, models
from odoo.exceptions import ValidationError


class WxApp(models.Model):
    """The merchant chosen for a mini-program goes before the company's order."""

    _inherit = "wx.app"

    @api.constrains("provider_id")
    def _check_provider(self):
        """Only WeChat Pay may be used in a mini-program (requirement 2.2)."""
        for app in self:
            # sudo: operators need not read providers
            provider = app.provider_id.sudo()
            if provider and provider.code != "wechatpay":
                raise ValidationError(
                    self.env._(
                        "Orders of a mini-program are paid with WeChat Pay only; "
                        "%(provider)s cannot be used.",
                        provider=provider.name,
                    )
                )

    def _wx_payment_provider(self):
        """The chosen merchant while it is switched on; else the company's rule."""
        # sudo: shoppers pay with it, they need not read providers
        chosen = self.provider_id.sudo()
        if chosen and chosen.state != "disabled":
            return chosen
        return super()._wx_payment_provider()
