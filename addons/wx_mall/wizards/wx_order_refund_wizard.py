from odoo import Command, api, fields, models
from odoo.exceptions import UserError, ValidationError

from odoo.addons.wx_base.money import to_fen, to_yuan


class WxOrderRefundWizard(models.TransientModel):
    """Staff grant a refund: everything, pieces of lines, or an amount.

    Pieces that have not left shrink the sales order (so they are not shipped); what was
    delivered is credited on the invoice once WeChat has paid the money back. The sum of
    all refunds never exceeds what was paid.
    """

    _name = "wx.order.refund.wizard"
    _description = "Refund a mall order"

    order_id = fields.Many2one("wx.order", required=True, readonly=True)
    currency_id = fields.Many2one(related="order_id.currency_id")
    mode = fields.Selection(
        [("all", "Everything that is left"), ("lines", "Pieces"), ("amount", "Amount")],
        required=True,
        default="lines",
    )
    refundable = fields.Monetary(compute="_compute_refundable")
    amount = fields.Monetary(compute="_compute_amount", store=True, readonly=False)
    reason = fields.Char(required=True)
    line_ids = fields.One2many("wx.order.refund.wizard.line", "wizard_id")
    # what it granted: once, however often the button is pressed
    refund_id = fields.Many2one("wx.order.refund", readonly=True)

    @staticmethod
    def _taken_fen(plan):
        """Fen of the pieces of one line that a plan takes."""
        return sum(pieces * fen for part in plan for _line, pieces, fen in part)

    def _plans(self):
        """``{mall order line: (pieces to take out, pieces to credit)}`` asked for; see
        ``wx.order.line._wx_refund_pieces``."""
        return {
            line.order_line_id: line.order_line_id.sudo()._wx_refund_pieces(line.qty)
            for line in self.line_ids
            if line.qty > 0
        }

    @api.depends("order_id")
    def _compute_refundable(self):
        for wizard in self:
            wizard.refundable = to_yuan(wizard.order_id._wx_refundable_fen())

    @api.depends("mode", "refundable", "line_ids.qty")
    def _compute_amount(self):
        for wizard in self:
            if wizard.mode == "all":
                wizard.amount = wizard.refundable
            elif wizard.mode == "amount":
                wizard.amount = wizard.amount or 0.0
            elif wizard.mode == "lines":
                wizard.amount = to_yuan(
                    sum(self._taken_fen(plan) for plan in wizard._plans().values())
                )

    @api.model
    def default_get(self, fields_list):
        values = super().default_get(fields_list)
        order = self.env["wx.order"].browse(values.get("order_id")).exists()
        if order and "line_ids" in fields_list:
            values["line_ids"] = [
                Command.create({"order_line_id": line.id}) for line in order.line_ids
            ]
        return values

    def action_refund(self):
        """Grants the refund and sends it to WeChat."""
        self.ensure_one()
        self.order_id.check_access("write")
        return self.sudo()._grant()

    def _grant(self):
        order = self.order_id
        # Waits for a job that works on this order; the loser of two updates is run
        # again with a fresh view (lock_for_update would refuse at once).
        order.flush_recordset()
        self.env.cr.execute(
            "UPDATE wx_order SET write_date = write_date WHERE id = %s", [order.id]
        )
        order.invalidate_recordset()
        if self.refund_id:
            return {"type": "ir.actions.act_window_close"}
        self._check_pieces()
        fen = self._asked_fen()
        if order.intake_state != "paid" or not order.transaction_id:
            raise UserError(self.env._("Only a paid order can be refunded."))
        if not 0 < fen <= order._wx_refundable_fen():
            raise ValidationError(
                self.env._(
                    "At most %(amount)s yuan can still be refunded.",
                    amount=f"{order._wx_refundable_fen() / 100:.2f}",
                )
            )
        plans = self._plans() if self.mode == "lines" else {}
        self._lower_sale(order, fen, plans)
        credited = fen
        if self.mode == "lines":
            credited = sum(self._taken_fen([plan[1]]) for plan in plans.values())
        elif order.sale_order_id.state == "cancel" or not order.sale_order_id:
            credited = 0
        refund = self.env["wx.order.refund"].create(
            {
                "order_id": order.id,
                "amount_fen": fen,
                "reason": self.reason,
                "quantities": {
                    str(line.id): pieces
                    for _lower, credit in plans.values()
                    for line, pieces, _fen in credit
                },
                "invoiced_fen": credited,
            }
        )
        self.refund_id = refund
        refund.transaction_id = self.env["wx.pay.service"]._refund(
            order.transaction_id, fen, self.reason, f"wx-order-refund-{refund.id}"
        )
        order.message_post(
            body=self.env._(
                "Refund of %(amount)s yuan granted by %(user)s: %(reason)s",
                amount=f"{fen / 100:.2f}",
                user=self.env.user.name,
                reason=self.reason,
            )
        )
        return {"type": "ir.actions.act_window_close"}

    def _asked_fen(self):
        """What is asked for, computed here: the screen's figure is only a display."""
        if self.mode == "all":
            return self.order_id._wx_refundable_fen()
        if self.mode == "lines":
            return sum(self._taken_fen(plan) for plan in self._plans().values())
        return to_fen(self.amount)

    def _check_pieces(self):
        """Refuses more pieces of a line than are left of it."""
        if self.mode != "lines":
            return
        if self.order_id.intake_state == "paid" and not self.order_id.sale_order_id:
            raise UserError(
                self.env._(
                    "The sales order is not there yet: refund everything, or wait a "
                    "moment."
                )
            )
        plans = self._plans()
        asked = {line.order_line_id: line.qty for line in self.line_ids}
        for mall_line, plan in plans.items():
            found = sum(pieces for part in plan for _line, pieces, _fen in part)
            if found < asked[mall_line]:
                raise ValidationError(
                    self.env._(
                        "Of %(title)s only %(qty)s pieces can still be refunded.",
                        title=mall_line.title,
                        qty=found,
                    )
                )

    def _lower_sale(self, order, fen, plans):
        """Takes what has not left out of the sales order, or cancels it."""
        sale = order.sale_order_id.with_context(wx_refund=True)
        whole = fen == order._wx_refundable_fen() and not any(
            line.qty_delivered for line in sale.order_line
        )
        if whole and self.mode != "lines":
            if sale:
                sale._action_cancel()
            else:
                self._drop_before_posting(order)
            return
        if not sale:
            raise UserError(
                self.env._(
                    "The sales order is not there yet: refund everything, or wait a "
                    "moment."
                )
            )
        for lower, _credit in plans.values():
            for line, pieces, _fen in lower:
                line.with_context(wx_refund=True).product_uom_qty -= pieces
        lines = sale.order_line.filtered(
            lambda li: not li.display_type and not li.is_delivery
        )
        if not any(line.product_uom_qty for line in lines):
            sale._action_cancel()

    def _drop_before_posting(self, order):
        """A paid order that never reached the ERP: nothing to post, stock goes back."""
        order.write({"posting_state": "none", "posting_error": False})
        order._wx_drop_holds()
