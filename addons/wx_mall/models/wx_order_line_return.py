from odoo import fields, models

from odoo.addons.wx_base.tools import BEIJING

from ..services import return_rule


class WxOrderLine(models.Model):
    """The seven-day rule of one bought line."""

    _inherit = "wx.order.line"

    no_return_confirmed_at = fields.Datetime(
        "No return confirmed",
        readonly=True,
        help="When the shopper confirmed for this purchase that the goods cannot be "
        "returned without a reason.",
    )

    def _wx_signed_at(self):
        """When the goods were received (UTC), False while that is not known."""
        self.ensure_one()
        order = self.order_id.sudo()
        if order.received_at:
            return order.received_at
        parcels = self.env["wx.parcel"].sudo().search([("order_id", "=", order.id)])
        signed = parcels.mapped("delivered_at")
        return max(signed) if signed and all(signed) else False

    def _wx_no_reason(self):
        """``(verdict, last day or None)`` of the seven-day rule, now."""
        self.ensure_one()
        signed = self._wx_signed_at()
        day = signed and _beijing(signed)
        code = return_rule.verdict(
            self.product_id.wx_return_rule,
            day or None,
            _beijing(fields.Datetime.now()),
            bool(self.no_return_confirmed_at),
        )
        return code, return_rule.last_day(day) if day else None


def _beijing(moment):
    return (moment + BEIJING.utcoffset(None)).date()
