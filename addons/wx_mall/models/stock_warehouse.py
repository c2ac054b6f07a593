from odoo import api, fields, models


class StockWarehouse(models.Model):
    _inherit = "stock.warehouse"

    wx_province = fields.Char(
        "Province (mall)",
        compute="_compute_wx_province",
        store=True,
        readonly=False,
        help="Where parcels start: the rule “nearest” compares it with the receiver's "
        "province. Taken from the address, in Chinese.",
    )
    wx_handling_days = fields.Integer(
        "Days to hand over",
        default=1,
        help="Days from payment until goods in stock are given to the carrier.",
    )

    @api.depends("partner_id.state_id")
    def _compute_wx_province(self):
        for warehouse in self:
            state = warehouse.partner_id.state_id
            warehouse.wx_province = state.name or warehouse.wx_province

    @api.model_create_multi
    def create(self, vals_list):
        warehouses = super().create(vals_list)
        self.env["wx.stock.pool"]._ensure_pools(warehouses)
        return warehouses
