from odoo import fields, models


class WxFreightRegionRule(models.AbstractModel):
    """A line of a freight template that holds for some regions: fees, free delivery.

    ``region_ids`` stays with each model, whose relation tables differ.
    """

    _name = "wx.freight.region.rule"
    _description = "Regional line of a freight template"
    _inherit = "wx.freight.part"

    template_id = fields.Many2one(
        "wx.freight.template", required=True, index=True, ondelete="cascade"
    )
    company_id = fields.Many2one(related="template_id.company_id")
    currency_id = fields.Many2one(related="template_id.currency_id")
    sequence = fields.Integer(default=10)
