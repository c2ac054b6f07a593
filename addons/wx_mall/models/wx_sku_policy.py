from odoo import api, fields, models
from odoo.exceptions import ValidationError

#: how a SKU is sold when the stock is not enough
POLICIES = [
    ("auto", "As procured"),
    ("stock", "From stock only"),
    ("incoming", "Presale of goods on their way"),
    ("always", "Continue selling without stock"),
]


class WxSkuPolicy(models.Model):
    """How one SKU of a listing is sold without stock, where it differs from the others.

    The listing's own terms hold for every SKU without such a line. A limit counts what
    is promised and not covered by stock at this moment: goods that arrive make room.
    """

    _name = "wx.sku.policy"
    _description = "Sell policy of a SKU"
    _order = "listing_id, product_id"
    _rec_name = "product_id"
    _check_company_auto = True

    listing_id = fields.Many2one(
        "wx.listing", required=True, index=True, ondelete="cascade"
    )
    app_id = fields.Many2one(related="listing_id.app_id", store=True, index=True)
    company_id = fields.Many2one(
        related="listing_id.company_id", store=True, index=True
    )
    product_tmpl_id = fields.Many2one(related="listing_id.product_tmpl_id")
    product_id = fields.Many2one(
        "product.product",
        "SKU",
        required=True,
        index=True,
        ondelete="cascade",
        domain="[('product_tmpl_id', '=', product_tmpl_id)]",
    )
    policy = fields.Selection(POLICIES, "Sell", required=True, default="auto")
    sell_limit = fields.Integer(
        "Without stock at most",
        help="Pieces that may be promised without stock at one time; 0: no limit.",
    )
    ships_on = fields.Date(
        "Ships until",
        help="Promised to shoppers who buy without stock, instead of the receipt or "
        "the supplier's delay; Beijing date.",
    )

    _sku_uniq = models.Constraint(
        "UNIQUE(listing_id, product_id)", "This SKU has a line already."
    )
    _limit_positive = models.Constraint(
        "CHECK(COALESCE(sell_limit, 0) >= 0)", "A limit is not negative."
    )

    @api.constrains("listing_id", "product_id")
    def _check_sku(self):
        for line in self:
            if line.product_id.product_tmpl_id != line.listing_id.product_tmpl_id:
                raise ValidationError(
                    self.env._(
                        "%(sku)s is no SKU of this listing.",
                        sku=line.product_id.display_name,
                    )
                )

    @api.model_create_multi
    def create(self, vals_list):
        lines = super().create(vals_list)
        lines._mark()
        return lines

    def write(self, vals):
        self._mark()
        done = super().write(vals)
        self._mark()
        return done

    def unlink(self):
        self._mark()
        return super().unlink()

    def _mark(self):
        """The prepared terms of these listings are made anew."""
        self.env["wx.catalogue.service"]._mark_listings(self.listing_id.ids)
