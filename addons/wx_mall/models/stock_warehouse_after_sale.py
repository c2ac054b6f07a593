from odoo import fields, models


class StockWarehouse(models.Model):
    _inherit = "stock.warehouse"

    wx_damage_location_id = fields.Many2one(
        "stock.location",
        "Damaged returns",
        check_company=True,
        help="Returned goods that failed inspection; outside the warehouse's stock.",
    )

    def _wx_damage_location(self):
        """The location of failed returns, made when it is first needed. It lies outside
        the warehouse so that its goods are never offered for sale."""
        self.ensure_one()
        if not self.wx_damage_location_id:
            self.wx_damage_location_id = self.env["stock.location"].create(
                {
                    "name": self.env._("Damaged returns %(code)s", code=self.code),
                    "usage": "internal",
                    "company_id": self.company_id.id,
                }
            )
        return self.wx_damage_location_id
