from odoo import Command, api, fields, models
from odoo.exceptions import ValidationError


class WxFreightTemplate(models.Model):
    """What a delivery costs, by piece, weight or volume and by region.

    Odoo's delivery carriers price one order by one carrier and know countries, states
    and zip prefixes only; a Chinese shop charges first and further units per province
    and city, several templates in one order. The computation: ``pricing/freight.py``.
    """

    _name = "wx.freight.template"
    _description = "Freight template"
    _inherit = ["mail.thread", "wx.freight.part"]
    _order = "sequence, id"
    _check_company_auto = True

    name = fields.Char(required=True, tracking=True)
    sequence = fields.Integer(default=10)
    active = fields.Boolean(default=True)
    company_id = fields.Many2one(
        "res.company",
        required=True,
        index=True,
        default=lambda self: self.env.company,
    )
    currency_id = fields.Many2one(related="company_id.currency_id")
    charge_by = fields.Selection(
        [
            ("piece", "Pieces"),
            ("weight", "Weight (g)"),
            ("volume", "Volume (cm³)"),
        ],
        required=True,
        default="piece",
        tracking=True,
        help="What “first” and “each further” count. Weight and volume come from the "
        "product.",
    )
    rule_ids = fields.One2many(
        "wx.freight.rule",
        "template_id",
        "Regions and fees",
        copy=True,
        default=lambda self: [Command.create({})],
    )
    free_rule_ids = fields.One2many(
        "wx.freight.free.rule", "template_id", "Free delivery", copy=True
    )
    listing_ids = fields.One2many("wx.listing", "wx_freight_template_id", "Listings")
    product_tmpl_ids = fields.One2many(
        "product.template", "wx_freight_template_id", "Products"
    )
    app_ids = fields.One2many("wx.app", "freight_template_id", "Default of")
    use_count = fields.Integer(compute="_compute_use_count", string="Used by")
    note = fields.Text("Internal note")

    _name_uniq = models.Constraint(
        "UNIQUE(company_id, name)", "There is a freight template of this name already."
    )

    @api.depends("listing_ids", "product_tmpl_ids")
    def _compute_use_count(self):
        for template in self:
            # sudo: a count only, over all that use it
            template.use_count = len(template.sudo().listing_ids) + len(
                template.sudo().product_tmpl_ids
            )

    @api.constrains("rule_ids")
    def _check_rules(self):
        """One rule per region, at most one for everywhere else."""
        for template in self:
            if not template.rule_ids:
                raise ValidationError(
                    self.env._("%s needs at least one fee.", template.name)
                )
            elsewhere = template.rule_ids.filtered(lambda rule: not rule.region_ids)
            if len(elsewhere) > 1:
                raise ValidationError(
                    self.env._(
                        "%s: only one fee can stand without regions; it holds "
                        "everywhere else.",
                        template.name,
                    )
                )
            seen = self.env["wx.region"]
            for rule in template.rule_ids:
                if twice := rule.region_ids & seen:
                    raise ValidationError(
                        self.env._(
                            "%(template)s: %(regions)s stand in two fees.",
                            template=template.name,
                            regions=", ".join(twice.mapped("complete_name")),
                        )
                    )
                seen |= rule.region_ids

    @api.model_create_multi
    def create(self, vals_list):
        whole = self.with_context(wx_freight_whole=True)
        return super(WxFreightTemplate, whole).create(vals_list).with_env(self.env)

    def write(self, vals):
        whole = self.with_context(wx_freight_whole=True)
        return super(WxFreightTemplate, whole).write(vals)

    def copy_data(self, default=None):
        vals_list = super().copy_data(default)
        for template, vals in zip(self, vals_list, strict=True):
            if not (default or {}).get("name"):
                vals["name"] = self.env._("%s (copy)", template.name)
        return vals_list

    # buttons ----------------------------------------------------------------------
    def action_open_listings(self):
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Listings sent by %s", self.name),
            "res_model": "wx.listing",
            "view_mode": "list,form",
            "domain": [
                "|",
                ("wx_freight_template_id", "=", self.id),
                ("product_tmpl_id.wx_freight_template_id", "=", self.id),
            ],
        }

    def action_try(self):
        """Opens the trial calculator with this template."""
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Try freight"),
            "res_model": "wx.freight.trial",
            "view_mode": "form",
            "target": "new",
            "context": {"default_template_id": self.id},
        }
