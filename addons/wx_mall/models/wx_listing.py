from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError
from odoo.tools import SQL, html2plaintext

from odoo.addons.wx_base.money import to_yuan

#: changes of these are live and need no new version
LIVE_FIELDS = {
    "on_sale",
    "sequence",
    "category_ids",
    "active",
    "wx_sell_policy",
    "wx_sell_limit",
    "wx_ships_on",
}


class WxListing(models.Model):
    """What a shopper sees: one product in one mini-program.

    Odoo's product has no per-channel texts, pictures, order or schedule, and shows
    every edit at once. Shoppers get the last approved version of texts and pictures
    (``wx.publishable.mixin``); price, stock, categories and the on-sale switch are
    live. The SKUs are the product's variants.
    """

    _name = "wx.listing"
    _description = "Mall listing"
    _inherit = ["wx.publishable.mixin", "mail.thread", "mail.activity.mixin"]
    _order = "app_id, sequence, id"
    _rec_name = "title"
    _check_company_auto = True
    _wx_version_fields = ("title", "subtitle", "description", "image_ids")

    app_id = fields.Many2one(
        "wx.app",
        "Mini-program",
        required=True,
        index=True,
        ondelete="restrict",
        default=lambda self: self.env["wx.category"]._default_app(),
    )
    company_id = fields.Many2one(
        "res.company", related="app_id.company_id", store=True, index=True
    )
    currency_id = fields.Many2one(related="company_id.currency_id")
    product_tmpl_id = fields.Many2one(
        "product.template",
        "Product",
        required=True,
        index=True,
        check_company=True,
        ondelete="restrict",
        domain="[('sale_ok', '=', True), ('type', 'in', ('consu', 'service'))]",
    )
    title = fields.Char(
        required=True,
        size=60,
        compute="_compute_title",
        store=True,
        readonly=False,
        precompute=True,
    )
    subtitle = fields.Char(size=120)
    description = fields.Html(
        sanitize_attributes=True, sanitize_form=True, strip_classes=True
    )
    category_ids = fields.Many2many(
        "wx.category",
        "wx_listing_category_rel",
        "listing_id",
        "category_id",
        "Categories",
        domain="[('app_id', '=', app_id)]",
    )
    image_ids = fields.One2many("wx.listing.image", "listing_id", "Pictures")
    image_240 = fields.Image(compute="_compute_image_240")
    sequence = fields.Integer(default=10, index=True)
    active = fields.Boolean(default=True)
    on_sale = fields.Boolean(
        default=False,
        tracking=True,
        help="Shoppers see a listing that is on sale and has an approved version.",
    )
    listed_at = fields.Datetime("First published", readonly=True, copy=False)
    is_live = fields.Boolean(compute="_compute_is_live", search="_search_is_live")
    sku_count = fields.Integer(compute="_compute_figures", string="SKUs")
    price_min = fields.Monetary("From", compute="_compute_figures")
    price_max = fields.Monetary("To", compute="_compute_figures")
    stock_available = fields.Float("Sellable", compute="_compute_figures")
    version_count = fields.Integer(compute="_compute_version_count", string="Versions")
    sku_price_ids = fields.One2many("wx.sku.price", "listing_id", "SKU prices")

    _app_product_uniq = models.Constraint(
        "UNIQUE(app_id, product_tmpl_id)",
        "This product is already listed in this mini-program.",
    )

    # -- computed ------------------------------------------------------------------
    @api.depends("product_tmpl_id")
    def _compute_title(self):
        for listing in self:
            if not listing.title:
                listing.title = (listing.product_tmpl_id.name or "")[:60]

    @api.depends("image_ids.image_240", "product_tmpl_id.image_256")
    def _compute_image_240(self):
        for listing in self:
            first = listing.image_ids.filtered(lambda image: not image.product_id)[:1]
            listing.image_240 = first.image_240 or listing.product_tmpl_id.image_256

    @api.depends("on_sale", "active", "published_version_id")
    def _compute_is_live(self):
        for listing in self:
            listing.is_live = (
                listing.on_sale
                and listing.active
                and bool(listing.published_version_id)
            )

    def _search_is_live(self, operator, value):
        if operator != "in":
            return NotImplemented
        live = fields.Domain(
            [("on_sale", "=", True), ("published_version_id", "!=", False)]
        )
        wanted = set(value)
        if wanted == {True}:
            return live
        return ~live if wanted == {False} else fields.Domain(len(wanted) == 2)

    def _compute_figures(self):
        """Price range and sellable stock, each from the prepared tables by one SQL."""
        prices, stock = {}, {}
        if self.ids:
            self.env["wx.sku.price"].flush_model()
            prices = {
                row[0]: row[1:]
                for row in self.env.execute_query(
                    SQL(
                        """SELECT listing_id, count(*), min(price_fen), max(price_fen)
                             FROM wx_sku_price
                            WHERE listing_id = ANY(%s) GROUP BY listing_id""",
                        self.ids,
                    )
                )
            }
            stock = self.env["wx.catalogue.service"]._listing_stock(self.ids)
        for listing in self:
            count, low, high = prices.get(listing.id, (0, 0, 0))
            listing.sku_count = count
            listing.price_min, listing.price_max = to_yuan(low), to_yuan(high)
            listing.stock_available = stock.get(listing.id, 0.0)

    def _compute_version_count(self):
        counts = dict(
            self.env["wx.publishable.version"]
            # sudo: a count only, shown to whoever may read the listing
            .sudo()
            ._read_group(
                [("res_model", "=", self._name), ("res_id", "in", self.ids)],
                ["res_id"],
                ["__count"],
            )
        )
        for listing in self:
            listing.version_count = counts.get(listing.id, 0)

    # -- rules ---------------------------------------------------------------------
    @api.constrains("app_id", "product_tmpl_id")
    def _check_company_of_product(self):
        for listing in self:
            company = listing.product_tmpl_id.company_id
            if company and company != listing.app_id.company_id:
                raise ValidationError(
                    self.env._(
                        "%(product)s belongs to %(company)s, unlike the mini-program.",
                        product=listing.product_tmpl_id.display_name,
                        company=company.name,
                    )
                )

    @api.constrains("app_id", "category_ids")
    def _check_categories(self):
        for listing in self:
            if listing.category_ids.app_id - listing.app_id:
                raise ValidationError(
                    self.env._(
                        "%(listing)s: a category belongs to another mini-program.",
                        listing=listing.title,
                    )
                )

    @api.model_create_multi
    def create(self, vals_list):
        listings = super().create(vals_list)
        listings._take_product_pictures()
        self.env["wx.catalogue.service"]._mark_listings(listings.ids)
        return listings

    def write(self, vals):
        if "app_id" in vals and any(l.app_id.id != vals["app_id"] for l in self):
            raise UserError(
                self.env._("A listing stays in its mini-program; make another one.")
            )
        done = super().write(vals)
        if (LIVE_FIELDS | {"published_version_id", "product_tmpl_id"}) & set(vals):
            self.env["wx.catalogue.service"]._mark_listings(self.ids)
        return done

    def unlink(self):
        apps = self.app_id.ids
        done = super().unlink()
        self.env["wx.catalogue.service"]._mark_categories(apps)
        return done

    # -- versions ------------------------------------------------------------------
    def _published_payload(self) -> dict:
        """Payload of the version that shoppers see; empty when there is none."""
        self.ensure_one()
        return self.sudo().published_version_id.payload or {}

    def _take_product_pictures(self):
        """Copies the product's pictures into listings that have none."""
        vals_list = []
        for listing in self.filtered(lambda listing: not listing.image_ids):
            template = listing.product_tmpl_id.with_context(bin_size=False)
            if template.image_1920:
                vals_list.append(
                    {"listing_id": listing.id, "image": template.image_1920}
                )
            for sku in template.product_variant_ids:
                if sku.image_variant_1920:
                    vals_list.append(
                        {
                            "listing_id": listing.id,
                            "product_id": sku.id,
                            "image": sku.image_variant_1920,
                        }
                    )
        self.env["wx.listing.image"].create(vals_list)

    def _wx_submit(self):
        self._take_product_pictures()
        return super()._wx_submit()

    def _wx_on_published(self):
        fresh = self.filtered(
            lambda listing: listing.published_version_id and not listing.listed_at
        )
        fresh.listed_at = fields.Datetime.now()
        return super()._wx_on_published()

    def _wx_version_payload(self) -> dict:
        """Texts and pictures that a version freezes."""
        self.ensure_one()
        return {
            "title": self.title.strip(),
            "subtitle": (self.subtitle or "").strip(),
            "description": self.description or "",
            "media": [
                {
                    "id": image.id,
                    "hash": image.image_hash,
                    "alt": image.name or "",
                    "sku_id": image.product_id.id or None,
                }
                for image in self.image_ids
            ],
        }

    def _wx_version_text(self) -> str:
        """All words of the listing, for an audit of its content."""
        self.ensure_one()
        return "\n".join(
            filter(
                None,
                [self.title, self.subtitle, html2plaintext(self.description or "")],
            )
        )

    # -- buttons -------------------------------------------------------------------
    def action_publish(self):
        """Hands the present texts and pictures in; shoppers see them once approved."""
        self.action_wx_submit()

    def action_withdraw(self):
        """Takes the listings out of the mini-program at once."""
        self.action_wx_withdraw()

    def action_put_on_sale(self):
        self.write({"on_sale": True})

    def action_take_off_sale(self):
        self.write({"on_sale": False})

    def action_open_product(self):
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "res_model": "product.template",
            "res_id": self.product_tmpl_id.id,
            "view_mode": "form",
        }

    def action_open_skus(self):
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("SKUs of %(title)s", title=self.title),
            "res_model": "wx.sku.price",
            "view_mode": "list",
            "domain": [("listing_id", "=", self.id)],
        }

    def action_open_versions(self):
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Versions of %(title)s", title=self.title),
            "res_model": "wx.publishable.version",
            "views": [
                (
                    self.env.ref("wx_mall.view_wx_publishable_version_of_listing").id,
                    "list",
                )
            ],
            "domain": [("res_model", "=", self._name), ("res_id", "=", self.id)],
        }
