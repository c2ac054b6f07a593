from markupsafe import Markup

from odoo import api, fields, models

from odoo.addons.wx_base.money import to_yuan


class WxOrder(models.Model):
    """How the amount of an order came about, for staff who are asked about it."""

    _inherit = "wx.order"

    price_explanation = fields.Html(
        "How the price came about", compute="_compute_price_explanation", sanitize=False
    )

    @api.depends("price_snapshot", "line_ids")
    @api.depends_context("lang")
    def _compute_price_explanation(self):
        """From the snapshot that was stored with the order: promotions in the order of
        application, what each line bears of them, and the freight per template."""
        for order in self:
            snapshot = order.price_snapshot or {}
            # sudo: names of its lines for whoever may read the order
            titles = {line.product_id.id: line.title for line in order.line_ids.sudo()}
            rows = []
            for line in snapshot.get("lines", ()):
                for step in line["steps"]:
                    title = titles.get(line["sku_id"], "")
                    rows.append((title, step["title"] or step["code"], -step["fen"]))
            freight = self.env["wx.freight.service"]._explained(
                snapshot.get("freight", ())
            )
            for entry, sentence in freight:
                sign = -1 if entry["kind"] == "promotion" else 1
                rows.append((self.env._("Freight"), sentence, sign * entry["fen"]))
            order.price_explanation = self._wx_price_table(rows) if rows else False

    @staticmethod
    def _wx_price_table(rows):
        row = Markup('<tr><td>%s</td><td>%s</td><td class="text-end">%s</td></tr>')
        body = Markup("").join(
            row % (what, why, f"{to_yuan(fen):+.2f}") for what, why, fen in rows
        )
        return Markup('<table class="table table-sm"><tbody>%s</tbody></table>') % body
