from odoo import api, fields, models
from odoo.exceptions import ValidationError

from ..pricing.regions import region_key

LEVELS = ["province", "city", "district"]


class WxRegion(models.Model):
    """Provinces, cities and districts of China, for delivery areas.

    Odoo has provinces (``res.country.state``) only, and addresses from WeChat carry
    names, not codes: ``key`` is the comparable name (``pricing/regions.py``). Provinces
    and cities come as data; districts are added where a rule needs them.
    """

    _name = "wx.region"
    _description = "Delivery region"
    _parent_store = True
    _order = "sequence, id"
    _rec_name = "complete_name"
    _rec_names_search = ["name", "complete_name"]

    name = fields.Char(required=True)
    complete_name = fields.Char(
        "Region", compute="_compute_names", store=True, recursive=True
    )
    level = fields.Selection(
        [("province", "Province"), ("city", "City"), ("district", "District")],
        required=True,
        default="district",
        index=True,
    )
    parent_id = fields.Many2one("wx.region", "Part of", index=True, ondelete="cascade")
    parent_path = fields.Char(index=True)
    child_ids = fields.One2many("wx.region", "parent_id", "Below")
    sequence = fields.Integer(default=10)
    active = fields.Boolean(default=True)
    key = fields.Char(
        compute="_compute_names",
        store=True,
        recursive=True,
        help="The name without “province”, “city” and the like, as addresses are "
        "compared.",
    )

    _key_uniq = models.UniqueIndex("(key)", "This region exists already.")

    @api.depends("name", "parent_id.complete_name")
    def _compute_names(self):
        for region in self:
            names = region._path_names()
            region.complete_name = " ".join(names)
            region.key = region_key(*names)

    def _path_names(self):
        """Names from the province down, at most three."""
        self.ensure_one()
        names, node = [], self
        while node and len(names) < len(LEVELS):
            names.insert(0, node.name or "")
            node = node.parent_id
        return names

    @api.constrains("level", "parent_id")
    def _check_level(self):
        for region in self:
            above = region.parent_id.level
            depth = LEVELS.index(region.level)
            if (LEVELS[depth - 1] if depth else False) != (above or False):
                raise ValidationError(
                    self.env._(
                        "%(name)s: a district is part of a city, a city of a province.",
                        name=region.name,
                    )
                )

    def write(self, vals):
        done = super().write(vals)
        if {"name", "parent_id"} & set(vals):
            self.env["wx.freight.service"]._bump()
        return done

    def unlink(self):
        done = super().unlink()
        self.env["wx.freight.service"]._bump()
        return done
