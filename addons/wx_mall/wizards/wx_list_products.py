from markupsafe import escape

from odoo import Command, api, fields, models

#: more than this is a chain of jobs, not one click
DIRECT = 100
CHUNK = 50


class WxListProducts(models.TransientModel):
    """Puts chosen products into a mini-program. Nothing is listed without it."""

    _name = "wx.list.products"
    _description = "List products in a mini-program"
    _check_company_auto = True

    app_id = fields.Many2one(
        "wx.app",
        "Mini-program",
        required=True,
        default=lambda self: self.env["wx.category"]._default_app(),
    )
    company_id = fields.Many2one(related="app_id.company_id")
    product_tmpl_ids = fields.Many2many(
        "product.template",
        string="Products",
        default=lambda self: self._default_products(),
        domain="[('sale_ok', '=', True), ('type', 'in', ('consu', 'service'))]",
    )
    category_ids = fields.Many2many(
        "wx.category", string="Categories", domain="[('app_id', '=', app_id)]"
    )
    publish = fields.Boolean(
        "Publish at once", help="Otherwise drafts are made for you to complete."
    )
    on_sale = fields.Boolean(
        "Put on sale", help="Shoppers can buy as soon as a version is approved."
    )
    known_count = fields.Integer("Already listed", compute="_compute_known_count")

    @api.model
    def _default_products(self):
        ids = self.env.context.get("active_ids") or []
        if self.env.context.get("active_model") == "product.product":
            return self.env["product.product"].browse(ids).product_tmpl_id
        if self.env.context.get("active_model") == "product.template":
            return self.env["product.template"].browse(ids)
        return self.env["product.template"]

    @api.depends("app_id", "product_tmpl_ids")
    def _compute_known_count(self):
        for wizard in self:
            wizard.known_count = len(wizard._known()) if wizard.app_id else 0

    def _known(self):
        """Products that this mini-program lists already, archived ones included."""
        listings = self.env["wx.listing"].with_context(active_test=False)
        return listings.search(
            [
                ("app_id", "=", self.app_id.id),
                ("product_tmpl_id", "in", self.product_tmpl_ids.ids),
            ]
        ).product_tmpl_id

    def action_list(self):
        """Makes the listings, and a chain of jobs when there are many."""
        self.ensure_one()
        todo = self.product_tmpl_ids - self._known()
        state = {
            "app_id": self.app_id.id,
            "template_ids": todo.ids,
            "category_ids": self.category_ids.ids,
            "publish": self.publish,
            "on_sale": self.on_sale,
        }
        if len(todo) > DIRECT:
            chain = self.env["wx.job.chain"]._start(
                self.env._("List %s products", len(todo)),
                self._name,
                "_job_list",
                state,
                len(todo),
            )
            return {
                "type": "ir.actions.act_window",
                "res_model": chain._name,
                "res_id": chain.id,
                "view_mode": "form",
            }
        listings = self._list(state, todo.ids)
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "wx_mall.action_wx_listing"
        )
        return {**action, "domain": [("id", "in", listings.ids)], "context": {}}

    @api.model
    def _job_list(self, chain, state):
        """One chunk of the chain: ``(state of the rest or None, number done)``."""
        now = state["template_ids"][:CHUNK]
        self._list(state, now)
        rest = state["template_ids"][CHUNK:]
        return ({**state, "template_ids": rest} if rest else None, len(now))

    @api.model
    def _list(self, state, template_ids):
        """Listings of these products; those that exist meanwhile are left alone."""
        listings = self.env["wx.listing"].with_context(active_test=False)
        known = listings.search(
            [
                ("app_id", "=", state["app_id"]),
                ("product_tmpl_id", "in", template_ids),
            ]
        ).product_tmpl_id
        made = self.env["wx.listing"].create(
            [
                {
                    "app_id": state["app_id"],
                    "product_tmpl_id": template_id,
                    "category_ids": [Command.set(state["category_ids"])],
                    "on_sale": state["on_sale"],
                    "description": template.description_sale
                    and f"<p>{escape(template.description_sale)}</p>",
                }
                for template_id in template_ids
                if (template := self.env["product.template"].browse(template_id))
                not in known
            ]
        )
        if state["publish"]:
            made.action_publish()
        return made
