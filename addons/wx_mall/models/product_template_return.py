from odoo import fields, models

from ..services.return_rule import RULES

_LABELS = {
    "seven_days": "Seven days without a reason",
    "custom_made": "Made to order: no return",
    "fresh": "Fresh or perishable: no return",
    "digital": "Digital, once downloaded: no return",
    "newspaper": "Newspapers and magazines: no return",
    "hygiene": "Hygiene goods: no return once opened",
    "activated": "Loses its value once used: no return",
    "near_expiry": "Near expiry or flawed: no return",
}


class ProductTemplate(models.Model):
    """Whether goods can be given back without a reason (CR-02, CR-03)."""

    _inherit = "product.template"

    wx_return_rule = fields.Selection(
        [(rule, _LABELS[rule]) for rule in RULES],
        "Return without a reason",
        required=True,
        default="seven_days",
        help="The last three bind only when the shopper confirms them for the very "
        "purchase; otherwise the goods can be returned.",
    )
