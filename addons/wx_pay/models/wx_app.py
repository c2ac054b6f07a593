from odoo import models

from .. import const


class WxApp(models.Model):
    """Which merchant a mini-program's payments go to."""

    _inherit = "wx.app"

    def _wx_payment_provider(self):
        """The merchant for a new payment: of the company's merchants that are switched
        on and bound to this mini-program the first one, as sorted by the company.

        A payment that was placed keeps its own merchant.

        :return: payment.provider (superuser), empty when there is none
        """
        self.ensure_one()
        # sudo: shoppers and operators do not read providers
        providers = (
            self.env["payment.provider"]
            .sudo()
            .search(
                [
                    ("code", "=", const.CODE),
                    ("state", "!=", "disabled"),
                    ("company_id", "=", self.company_id.id),
                    ("wx_app_ids", "in", self.ids),
                ]
            )
        )
        # in SQL a provider that was never sorted would come last
        return providers.sorted(lambda p: (p.sequence, p.id))[:1]
