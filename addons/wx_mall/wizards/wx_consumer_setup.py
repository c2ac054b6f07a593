from odoo import api, fields, models


class WxConsumerSetup(models.TransientModel):
    """Shows what the mall needs on the consumer side and brings it."""

    _name = "wx.consumer.setup"
    _description = "Consumer taxes and prices of a mini-program"

    app_id = fields.Many2one("wx.app", "Mini-program", required=True)
    company_id = fields.Many2one(related="app_id.company_id")
    tax_ids = fields.Many2many(
        "account.tax",
        string="Sales taxes",
        compute="_compute_plan",
        compute_sudo=False,
        store=True,
        readonly=False,
        domain="[('company_id', '=', company_id), ('type_tax_use', '=', 'sale')]",
        help="A copy that is included in the price is made of each.",
    )
    done_tax_ids = fields.Many2many(
        "account.tax",
        "wx_consumer_setup_done_tax_rel",
        string="Copies exist",
        compute="_compute_done_tax_ids",
    )
    pricelist_id = fields.Many2one(
        "product.pricelist",
        "Consumer price list",
        compute="_compute_plan",
        compute_sudo=False,
        store=True,
        readonly=False,
        check_company=True,
        help="Left empty, one is made: the sales price plus tax.",
    )
    warehouse_ids = fields.Many2many(
        "stock.warehouse",
        string="Warehouses",
        compute="_compute_plan",
        compute_sudo=False,
        store=True,
        readonly=False,
        domain="[('company_id', '=', company_id)]",
    )

    @api.depends("app_id")
    def _compute_plan(self):
        service = self.env["wx.consumer.setup.service"]
        for wizard in self:
            plan = service._plan(wizard.app_id) if wizard.app_id else {}
            wizard.tax_ids = plan.get("taxes", False)
            wizard.pricelist_id = plan.get("pricelist", False)
            wizard.warehouse_ids = plan.get("warehouses", False)

    @api.depends("app_id")
    def _compute_done_tax_ids(self):
        service = self.env["wx.consumer.setup.service"]
        for wizard in self:
            wizard.done_tax_ids = wizard.app_id and service._plan(wizard.app_id)["done"]

    def action_apply(self):
        """Brings taxes, fiscal position and price list; opens the mini-program."""
        self.ensure_one()
        if self.pricelist_id:
            self.app_id.pricelist_id = self.pricelist_id
        self.env["wx.consumer.setup.service"]._setup(
            self.app_id, taxes=self.tax_ids, warehouses=self.warehouse_ids
        )
        return {
            "type": "ir.actions.act_window",
            "res_model": "wx.app",
            "res_id": self.app_id.id,
            "view_mode": "form",
        }
