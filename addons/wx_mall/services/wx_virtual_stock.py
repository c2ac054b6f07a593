from odoo import api, models

from . import virtual_sql


class WxCatalogueService(models.AbstractModel):
    _inherit = "wx.catalogue.service"

    @api.model
    def _sku_stock(self, app_id, sku_ids) -> dict:
        """Stock of a SKU with a code pool is the number of its free codes."""
        stock = super()._sku_stock(app_id, sku_ids)
        app = self.env["wx.app"].sudo().browse(app_id)
        self.env.cr.execute(
            virtual_sql.FREE, {"skus": list(sku_ids), "company": app.company_id.id}
        )
        stock.update({sku: float(count) for sku, count in self.env.cr.fetchall()})
        return stock
