from odoo import api, fields, models


class DeliveryCarrier(models.Model):
    _inherit = "delivery.carrier"

    wx_logistics_type = fields.Selection(
        [("1", "Express"), ("2", "Same city"), ("4", "Pick-up by the buyer")],
        "WeChat logistics type",
        default="1",
        help="How WeChat is told about a delivery with this carrier.",
    )
    wx_express_code = fields.Char(
        "WeChat company code",
        help="Code of the company in WeChat's own list, e.g. SF, ZTO, YTO, JD. Needed "
        "for express deliveries.",
    )
    wx_express_id = fields.Many2one(
        "wx.express.company",
        "Delivery company at WeChat",
        compute="_compute_wx_express_id",
        inverse="_inverse_wx_express_id",
        help="Choosing one fills the code.",
    )

    @api.depends("wx_express_code")
    def _compute_wx_express_id(self):
        codes = [code for code in self.mapped("wx_express_code") if code]
        # sudo: read by warehouse staff without a mall group
        found = self.env["wx.express.company"].sudo().with_context(active_test=False)
        by_code = {row.code: row.id for row in found.search([("code", "in", codes)])}
        for carrier in self:
            carrier.wx_express_id = by_code.get(carrier.wx_express_code, False)

    def _inverse_wx_express_id(self):
        for carrier in self:
            carrier.wx_express_code = carrier.wx_express_id.code

    @api.onchange("wx_express_id")
    def _onchange_wx_express_id(self):
        if self.wx_express_id:
            self.wx_express_code = self.wx_express_id.code

    @api.model
    def _wx_by_text(self, text, company):
        """The carrier that a spreadsheet names: by its name, else by the WeChat
        company (code or name). Empty when there is none."""
        text = (text or "").strip()
        if not text:
            return self.browse()
        mine = [("company_id", "in", (False, company.id))]
        found = self.search([*mine, ("name", "=ilike", text)], limit=1)
        if found:
            return found
        # sudo: a public list, kept by the system
        company_row = self.env["wx.express.company"].sudo()._by_text(text)
        code = company_row.code or text
        return self.search([*mine, ("wx_express_code", "=ilike", code)], limit=1)
