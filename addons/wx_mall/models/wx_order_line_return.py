from odoo import fields, models

from odoo.addons.wx_base.tools import BEIJING

from ..services import return_rule


class WxOrderLine(models.Model):
    """The seven-day rule of one bought line."""

    _inherit = "wx.order.line"

    return_rule = fields.Selection(
        lambda self: self.env["product.template"]._fields["wx_return_rule"].selection,
        "Return without a reason",
        readonly=True,
        help="The rule of the goods when they were bought; what the product says today "
        "does not take a right away.",
    )
    no_return_confirmed_at = fields.Datetime(
        "No return confirmed",
        readonly=True,
        help="When the shopper confirmed for this purchase that the goods cannot be "
        "returned without a reason.",
    )

    def _wx_signed_at(self):
        """When the goods were received (UTC), False while that is not known."""
        self.ensure_one()
        # sudo: the rule counts, whoever asks need not read it all
        order = self.order_id.sudo()
        # a line sent in several parcels is received with the last of them
        parcels = (
            self.env["wx.parcel"]
            .sudo()
            .search([("line_ids.order_line_id", "=", self.id)])
        )
        signed = parcels.mapped("delivered_at")
        if signed and all(signed):
            return max(signed)
        return order.received_at

    def _wx_opened(self):
        """Digital goods: whether the shopper has what makes them worthless to return
        (a code was shown, or there is no code and they were handed over)."""
        self.ensure_one()
        codes = (
            self.env["wx.virtual.code"]
            # sudo: whether a code was shown, never the code
            .sudo()
            .search(
                [
                    ("order_id", "=", self.order_id.id),
                    ("product_id", "=", self.product_id.id),
                ]
            )
        )
        if codes:
            return any(codes.mapped("revealed_at"))
        # sudo: the rule counts, whoever asks need not read sales
        return any(line.qty_delivered > 0 for line in self.sudo().sale_line_ids)

    def _wx_return_rule(self):
        """The rule of the day it was bought."""
        self.ensure_one()
        return self.return_rule or self.product_id.wx_return_rule

    def _wx_no_reason(self):
        """``(verdict, last day or None)`` of the seven-day rule, now."""
        self.ensure_one()
        signed = self._wx_signed_at()
        day = signed and _beijing(signed)
        code = return_rule.verdict(
            self._wx_return_rule(),
            day or None,
            _beijing(fields.Datetime.now()),
            bool(self.no_return_confirmed_at),
            self._wx_opened() if self._wx_return_rule() == "digital" else False,
        )
        return code, return_rule.last_day(day) if day else None


def _beijing(moment):
    return (moment + BEIJING.utcoffset(None)).date()
