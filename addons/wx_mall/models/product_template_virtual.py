from odoo import api, fields, models
from odoo.exceptions import ValidationError


class ProductTemplate(models.Model):
    """Virtual goods: nothing is shipped, WeChat has rules of its own for them."""

    _inherit = "product.template"

    wx_delivery_kind = fields.Selection(
        [("goods", "Goods or service on site"), ("virtual", "Virtual goods")],
        "Mall delivery",
        required=True,
        default="goods",
        help="Virtual goods (courses, memberships, card keys) are handed over in the "
        "mini-program. WeChat Pay may not sell them on iPhones.",
    )

    @api.constrains("wx_delivery_kind", "type")
    def _check_wx_virtual(self):
        for template in self:
            if template.wx_delivery_kind == "virtual" and template.type != "service":
                raise ValidationError(
                    self.env._(
                        "%(name)s: virtual goods have no stock moves; make the product "
                        "a service.",
                        name=template.display_name,
                    )
                )
