from odoo import api, fields, models
from odoo.exceptions import ValidationError


class WxOrderRefundWizardLine(models.TransientModel):
    """Pieces of one line to refund."""

    _name = "wx.order.refund.wizard.line"
    _description = "Line of a mall refund"

    wizard_id = fields.Many2one(
        "wx.order.refund.wizard", required=True, ondelete="cascade"
    )
    order_line_id = fields.Many2one("wx.order.line", required=True)
    title = fields.Char(related="order_line_id.title")
    sku_text = fields.Char(related="order_line_id.sku_text")
    currency_id = fields.Many2one(related="order_line_id.currency_id")
    price = fields.Monetary(related="order_line_id.price")
    ordered = fields.Integer(related="order_line_id.qty", string="Ordered")
    qty = fields.Integer("Refund pieces")

    @api.constrains("qty")
    def _check_qty(self):
        for line in self:
            if not 0 <= line.qty <= line.ordered:
                raise ValidationError(
                    self.env._("Refund between 0 and the ordered pieces.")
                )
