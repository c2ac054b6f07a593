import hashlib

from odoo import api, fields, models
from odoo.exceptions import ValidationError

MAX_LEVEL = 3


class WxCategory(models.Model):
    """Shop category of one mini-program, at most three levels deep.

    Not ``product.category``: that one carries accounts and valuation, is shared by
    all channels, and its names are written for bookkeepers.
    """

    _name = "wx.category"
    _description = "Mall category"
    _parent_store = True
    _order = "app_id, sequence, id"

    name = fields.Char(required=True, translate=True)
    app_id = fields.Many2one(
        "wx.app",
        "Mini-program",
        required=True,
        index=True,
        ondelete="cascade",
        default=lambda self: self._default_app(),
    )
    company_id = fields.Many2one(
        "res.company", related="app_id.company_id", store=True, index=True
    )
    parent_id = fields.Many2one("wx.category", index=True, ondelete="restrict")
    parent_path = fields.Char(index=True)
    child_ids = fields.One2many("wx.category", "parent_id", "Children")
    level = fields.Integer(compute="_compute_level", store=True, recursive=True)
    sequence = fields.Integer(default=10)
    active = fields.Boolean(default=True)
    image = fields.Image("Picture", max_width=256, max_height=256)
    image_hash = fields.Char(compute="_compute_image_hash", store=True)
    listing_ids = fields.Many2many(
        "wx.listing", "wx_listing_category_rel", "category_id", "listing_id", "Listings"
    )
    display_name = fields.Char(recursive=True)
    listing_count = fields.Integer(compute="_compute_listing_count")

    @api.model
    def _default_app(self):
        apps = self.env["wx.app"].search(
            [("company_id", "in", self.env.companies.ids)], limit=2
        )
        return apps if len(apps) == 1 else False

    @api.depends("parent_id.level")
    def _compute_level(self):
        for category in self:
            category.level = category.parent_id.level + 1

    @api.depends("image")
    def _compute_image_hash(self):
        for category in self.with_context(bin_size=False):
            image = category.image
            category.image_hash = image and hashlib.sha256(image).hexdigest()[:16]

    def _compute_listing_count(self):
        for category in self:
            category.listing_count = self.env["wx.listing"].search_count(
                [("category_ids", "child_of", category.id)]
            )

    @api.depends("name", "parent_id.display_name")
    def _compute_display_name(self):
        for category in self:
            parent = category.parent_id.display_name
            category.display_name = (
                f"{parent} / {category.name}" if parent else category.name
            )

    @api.constrains("parent_id", "app_id")
    def _check_tree(self):
        if self._has_cycle():
            raise ValidationError(self.env._("A category cannot be its own parent."))
        for category in self.search([("id", "child_of", self.ids)]):
            if category.level > MAX_LEVEL:
                raise ValidationError(
                    self.env._(
                        "%(name)s would be on level %(level)s: a mini-program shows at "
                        "most %(max)s levels.",
                        name=category.name,
                        level=category.level,
                        max=MAX_LEVEL,
                    )
                )
            if category.parent_id and category.parent_id.app_id != category.app_id:
                raise ValidationError(
                    self.env._(
                        "%(name)s and its parent belong to different mini-programs.",
                        name=category.name,
                    )
                )

    @api.model_create_multi
    def create(self, vals_list):
        categories = super().create([self._with_jpeg(vals) for vals in vals_list])
        self.env["wx.catalogue.service"]._mark_categories(categories.app_id.ids)
        return categories

    def write(self, vals):
        service = self.env["wx.catalogue.service"]
        apps = self.app_id
        if {"parent_id", "active", "app_id"} & set(vals):
            below = self.with_context(active_test=False).search(
                [("id", "child_of", self.ids)]
            )
            service._mark_listings(below.listing_ids.ids)
        done = super().write(self._with_jpeg(vals))
        service._mark_categories((apps | self.app_id).ids)
        return done

    def _with_jpeg(self, vals):
        if not vals.get("image"):
            return vals
        return {
            **vals,
            "image": self.env["wx.listing.image"]._as_jpeg(vals["image"], 256),
        }

    def unlink(self):
        service = self.env["wx.catalogue.service"]
        service._mark_listings(self.listing_ids.ids)
        service._mark_categories(self.app_id.ids)
        return super().unlink()

    def action_open_listings(self):
        """Button: listings of this category and below."""
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "wx_mall.action_wx_listing"
        )
        return {
            **action,
            "domain": [("category_ids", "child_of", self.id)],
            "context": {
                "default_app_id": self.app_id.id,
                "default_category_ids": self.ids,
            },
        }

    def _image_path(self):
        """Public address of the picture, or None."""
        self.ensure_one()
        if not self.image_hash:
            return None
        return f"/wx/media/category/{self.id}-{self.image_hash}.jpg"
