from odoo import api, models


class ResCurrencyRate(models.Model):
    _inherit = "res.currency.rate"

    @api.model_create_multi
    def create(self, vals_list):
        rates = super().create(vals_list)
        rates._wx_mark()
        return rates

    def write(self, vals):
        done = super().write(vals)
        self._wx_mark()
        return done

    def unlink(self):
        self._wx_mark()
        return super().unlink()

    def _wx_mark(self):
        """Only price lists that convert depend on rates."""
        if self:
            self.env["wx.catalogue.service"]._mark_foreign_apps()
