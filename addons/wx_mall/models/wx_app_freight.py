import uuid

from odoo import fields, models


class WxApp(models.Model):
    """How a mini-program charges freight."""

    _inherit = "wx.app"

    freight_template_id = fields.Many2one(
        "wx.freight.template",
        "Freight template",
        check_company=True,
        ondelete="restrict",
        help="For goods without a template of their own. Empty: they are sent free of "
        "charge, everywhere.",
    )
    freight_combine = fields.Selection(
        [
            ("sum", "Each template by itself"),
            ("highest_first", "Highest first fee, further fees of the others"),
        ],
        "Several templates",
        required=True,
        default="sum",
    )
    freight_version = fields.Char(
        readonly=True,
        copy=False,
        default=lambda self: str(uuid.uuid4()),
        help="Changes with every change of freight: the key of the workers' caches.",
    )

    def write(self, vals):
        done = super().write(vals)
        if {"freight_template_id", "freight_combine", "company_id"} & set(vals):
            self.env["wx.freight.service"]._bump(self.company_id)
        return done
