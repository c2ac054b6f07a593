from markupsafe import Markup

from odoo import api, fields, models
from odoo.tools import format_datetime

from odoo.addons.wx_base.money import to_yuan


class WxOrder(models.Model):
    """Changes of the price by staff, kept with the pricing they changed.

    The pricing of the moment the order was placed is never rewritten: each change is
    appended with who, when, why, the amounts before and after and the share of every
    line, so that the snapshot explains the amount charged to the fen.
    """

    _inherit = "wx.order"

    price_change_count = fields.Integer(
        "Price changes", compute="_compute_price_changes"
    )
    price_changes = fields.Html(
        "Changed by staff", compute="_compute_price_changes", sanitize=False
    )

    def _wx_snapshot_change(self, reason, before, after, old):
        """Appends one change.

        :param before: amounts of the order in fen (``amount_fen``, ``discount_fen``,
            ``freight_fen``, ``staff_discount_fen``); ``after`` likewise
        :param old: ``{line id: amount_fen}`` before
        """
        self.ensure_one()
        snapshot = dict(self.price_snapshot or {})
        change = {
            "at": f"{fields.Datetime.now().isoformat()}Z",
            "user_id": self.env.uid,
            "user": self.env.user.name,
            "reason": reason,
            "before": before,
            "after": after,
            "lines": [
                {
                    "sku_id": line.product_id.id,
                    "before_fen": old.get(line.id, 0),
                    "after_fen": line.amount_fen,
                    "staff_fen": line.staff_discount_fen,
                }
                for line in self.line_ids.sorted(lambda li: li.product_id.id)
            ],
        }
        snapshot["changes"] = [*snapshot.get("changes", ()), change]
        self.price_snapshot = snapshot

    def _wx_staff_step(self):
        """What staff took off the goods, as a step of the explanation; None when
        nothing."""
        self.ensure_one()
        if not self.staff_discount_fen:
            return None
        return {
            "stage": "order",
            "code": "staff",
            "title": self.env._("Agreed with the shop"),
            "fen": self.staff_discount_fen,
        }

    @api.depends("price_snapshot", "line_ids")
    @api.depends_context("lang", "tz")
    def _compute_price_changes(self):
        for order in self:
            changes = (order.price_snapshot or {}).get("changes", ())
            order.price_change_count = len(changes)
            # sudo: names of its lines for whoever may read the order
            titles = {line.product_id.id: line.title for line in order.line_ids.sudo()}
            parts = [order._wx_change_table(change, titles) for change in changes]
            order.price_changes = Markup("").join(parts) if parts else False

    def _wx_change_table(self, change, titles):
        """One change as HTML: who, when, why; each line and the sum, old and new."""
        row = Markup(
            '<tr><td>%s</td><td class="text-end">%.2f</td>'
            '<td class="text-end">%.2f</td></tr>'
        )
        before, after = change["before"], change["after"]
        rows = [
            row
            % (
                titles.get(line["sku_id"], ""),
                to_yuan(line["before_fen"]),
                to_yuan(line["after_fen"]),
            )
            for line in change["lines"]
        ]
        for label, name in (
            (self.env._("Freight"), "freight_fen"),
            (self.env._("To pay"), "amount_fen"),
        ):
            rows.append(row % (label, to_yuan(before[name]), to_yuan(after[name])))
        at = fields.Datetime.to_datetime(change["at"][:19].replace("T", " "))
        return Markup(
            '<p><b>%s</b> · %s · %s</p><table class="table table-sm">'
            '<thead><tr><th/><th class="text-end">%s</th>'
            '<th class="text-end">%s</th></tr></thead><tbody>%s</tbody></table>'
        ) % (
            change["user"],
            format_datetime(self.env, at),
            change["reason"],
            self.env._("Before"),
            self.env._("After"),
            Markup("").join(rows),
        )
