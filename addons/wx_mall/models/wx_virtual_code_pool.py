from odoo import api, fields, models
from odoo.exceptions import ValidationError


class WxVirtualCodePool(models.Model):
    """The codes of one virtual SKU: its stock is the number of free codes.

    A service has no stock in Odoo, and a serial number is printed on every document; a
    card key must be neither. A virtual SKU without a pool is unlimited (a course).
    """

    _name = "wx.virtual.code.pool"
    _description = "Code pool"
    _order = "id desc"
    _check_company_auto = True
    _rec_name = "product_id"

    active = fields.Boolean(default=True)
    product_id = fields.Many2one(
        "product.product",
        "SKU",
        required=True,
        index=True,
        ondelete="restrict",
        check_company=True,
        domain="[('wx_delivery_kind', '=', 'virtual')]",
    )
    company_id = fields.Many2one(
        "res.company", required=True, index=True, default=lambda self: self.env.company
    )
    low_stock = fields.Integer(
        "Low below", default=20, help="Fewer free codes than this: the pool is marked."
    )
    code_ids = fields.One2many("wx.virtual.code", "pool_id", "Codes")
    free_count = fields.Integer("Free", compute="_compute_counts")
    held_count = fields.Integer("Held", compute="_compute_counts")
    assigned_count = fields.Integer("Sold", compute="_compute_counts")
    is_low = fields.Boolean("Low", compute="_compute_counts")

    _product_uniq = models.Constraint(
        "UNIQUE(product_id, company_id)", "This SKU already has a code pool."
    )

    @api.depends("code_ids.state", "low_stock")
    def _compute_counts(self):
        self.env["wx.virtual.code"].flush_model()
        counts = {}
        for pool, state, count in self.env["wx.virtual.code"]._read_group(
            [("pool_id", "in", self.ids)], ["pool_id", "state"], ["__count"]
        ):
            counts[pool.id, state] = count
        for pool in self:
            pool.free_count = counts.get((pool.id, "free"), 0)
            pool.held_count = counts.get((pool.id, "held"), 0)
            pool.assigned_count = counts.get((pool.id, "assigned"), 0)
            pool.is_low = pool.free_count < pool.low_stock

    @api.constrains("product_id")
    def _check_virtual(self):
        for pool in self:
            if pool.product_id.wx_delivery_kind != "virtual":
                raise ValidationError(
                    self.env._(
                        "%(name)s is no virtual product.",
                        name=pool.product_id.display_name,
                    )
                )

    @api.model_create_multi
    def create(self, vals_list):
        pools = super().create(vals_list)
        pools._mark()
        return pools

    def write(self, vals):
        done = super().write(vals)
        if {"active", "product_id"} & set(vals):
            self._mark()
        return done

    def unlink(self):
        templates = self.product_id.product_tmpl_id
        done = super().unlink()
        self.env["wx.catalogue.service"]._mark_templates(templates.ids)
        return done

    def _mark(self):
        """Listings learn whether their stock is counted in codes."""
        self.env["wx.catalogue.service"]._mark_templates(
            self.product_id.product_tmpl_id.ids
        )

    def action_import(self):
        """Opens the import of codes."""
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Load codes"),
            "res_model": "wx.virtual.code.import",
            "view_mode": "form",
            "target": "new",
            "context": {"default_pool_id": self.id},
        }

    def action_codes(self):
        """Smart button: the codes of the pool."""
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "wx_mall.action_wx_virtual_code"
        )
        return {**action, "domain": [("pool_id", "=", self.id)]}
