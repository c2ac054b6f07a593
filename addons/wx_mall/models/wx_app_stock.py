from odoo import fields, models


class WxAppStock(models.Model):
    """From where a mini-program sells."""

    _inherit = "wx.app"

    allocation_rule = fields.Selection(
        [
            ("priority", "Priority of the warehouse"),
            ("nearest", "Nearest to the receiver"),
        ],
        "Allocation",
        required=True,
        default="priority",
        help="Nearest: same province, same region, a region beside it, others; at "
        "equal distance the warehouse's priority decides.",
    )
    allow_split = fields.Boolean(
        "Split over warehouses",
        help="Where no warehouse has all of an order, several ship a part each. "
        "Otherwise such an order is refused as sold out.",
    )
    safety_stock = fields.Integer(
        "Default safety stock",
        help="Pieces of each product and warehouse that this mini-program does not "
        "sell, unless the product has a safety stock of its own.",
    )

    transit_days = fields.Integer(
        "Days on the way",
        default=3,
        help="From the carrier to the shopper; part of the promised date.",
    )

    _transit_days_positive = models.Constraint(
        "CHECK(transit_days >= 0)", "Days on the way are not negative."
    )
    _safety_stock_positive = models.Constraint(
        "CHECK(safety_stock >= 0)", "A safety stock is not negative."
    )
