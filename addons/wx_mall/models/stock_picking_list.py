from collections import defaultdict

from odoo import models


class StockPicking(models.Model):
    """The picking list of several deliveries."""

    _inherit = "stock.picking"

    def _wx_picking_rows(self):
        """What to fetch for these deliveries, one row per place, SKU and lot, in the
        order of a walk through the warehouse.

        :return: list of ``{location, product, lot, qty, uom, orders}``
        """
        groups = self.env["stock.move.line"]._read_group(
            [
                ("picking_id", "in", self.ids),
                ("state", "in", ("assigned", "partially_available")),
            ],
            ["location_id", "product_id", "lot_id", "product_uom_id", "picking_id"],
            ["quantity:sum"],
        )
        rows = defaultdict(lambda: {"qty": 0.0, "orders": []})
        for location, product, lot, uom, picking, qty in groups:
            row = rows[(location, product, lot, uom)]
            row["qty"] += qty
            row["orders"].append((picking.origin or picking.name, qty))
        ordered = sorted(
            rows.items(),
            key=lambda item: (
                item[0][0].complete_name,
                item[0][1].default_code or "",
                item[0][1].display_name,
            ),
        )
        return [
            {"location": place, "product": product, "lot": lot, "uom": uom, **row}
            for (place, product, lot, uom), row in ordered
            if row["qty"]
        ]
