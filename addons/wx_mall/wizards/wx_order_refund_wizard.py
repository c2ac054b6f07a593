from odoo import SUPERUSER_ID, Command, api, fields, models
from odoo.exceptions import ValidationError

from odoo.addons.wx_base.money import to_fen, to_yuan

from ..services.wx_order_refunding import Wanted


class WxOrderRefundWizard(models.TransientModel):
    """Staff grant a refund: everything, pieces of lines, or an amount.

    Pieces that have not left shrink the sales order (so they are not shipped); what was
    delivered is credited on the invoice once WeChat has paid the money back. The sum of
    all refunds never exceeds what was paid.
    """

    _name = "wx.order.refund.wizard"
    _inherit = "wx.order.lines.mixin"
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
    after_sale_id = fields.Many2one("wx.after.sale", readonly=True)

    def _wanted(self):
        """The pieces asked for, as ``wx.order.refunding`` takes them."""
        return [
            # sudo: worth of lines of an order the user may read
            Wanted(line.order_line_id.sudo(), line.qty)
            for line in self.line_ids
            if line.qty > 0
        ]

    @api.depends("order_id")
    def _compute_refundable(self):
        for wizard in self:
            wizard.refundable = to_yuan(wizard.order_id._wx_refundable_fen())

    @api.depends("mode", "refundable", "line_ids.qty")
    def _compute_amount(self):
        # stored fields are computed as superuser
        self.order_id.sudo(False).check_access("read")
        for wizard in self:
            if wizard.mode == "all":
                wizard.amount = wizard.refundable
            elif wizard.mode == "amount":
                wizard.amount = wizard.amount or 0.0
            elif wizard.mode == "lines":
                wizard.amount = to_yuan(wizard._worth_fen())

    def _worth_fen(self):
        """Only a display: what is too much is refused by the grant."""
        # sudo: worth of lines of an order the user may read
        refunding = self.env["wx.order.refunding"].sudo()
        try:
            parts, freight = refunding._worth(self.order_id.sudo(), self._wanted())
        except ValidationError:
            return 0
        return sum(parts) + freight

    def action_refund(self):
        """Grants the refund and sends it to WeChat."""
        self.ensure_one()
        self.order_id.check_access("write")
        # sudo: the right was checked above; the fields are nobody's to write
        return self.sudo()._grant()

    def _grant(self):
        order = self.order_id
        order._wx_lock()
        if self.refund_id:
            return {"type": "ir.actions.act_window_close"}
        if self.after_sale_id or self._ask_second():
            return self._open_after_sale()
        refunding = self.env["wx.order.refunding"]
        if self.mode == "all":
            self.refund_id = refunding._grant_rest(order, self.reason)
        elif self.mode == "amount":
            fen = to_fen(self.amount)
            self.refund_id = refunding._grant_amount(order, fen, self.reason)
        else:
            self.refund_id = refunding._grant(order, self._wanted(), self.reason)
        return {"type": "ir.actions.act_window_close"}

    def _ask_second(self):
        """Above the limit of the mini-program the refund waits for a second person as
        an after-sale; True when it does. The system itself (uid 1) acts by its rules.
        """
        order, user = self.order_id, self.env.user
        limit = order.app_id.after_sale_two_person_fen
        fen = to_fen(self.amount)
        if self.mode == "all":
            fen = order._wx_refundable_fen()
        elif self.mode == "lines":
            fen = self._worth_fen()
        before = sum(order._wx_granted_refunds().mapped("amount_fen"))
        if not limit or before + fen <= limit or self.env.uid == SUPERUSER_ID:
            return False
        if not 0 < fen <= order._wx_refundable_fen() or order.intake_state != "paid":
            return False  # refused by the grant, with its own words
        self.after_sale_id = self.env["wx.after.sale"].create(
            {
                "user_id": order.user_id.id,
                "order_id": order.id,
                "kind": "refund_only",
                "grant_mode": self.mode,
                "fixed_fen": 0 if self.mode == "lines" else fen,
                "description": self.reason,
                "requested_uid": user.id,
                "line_ids": [
                    Command.create(values) for values in self._after_sale_lines()
                ],
            }
        )
        self.after_sale_id._move("approve_first", first_approver_id=user.id)
        return True

    def _after_sale_lines(self):
        if self.mode != "lines":
            return []
        wanted = self._wanted()
        parts, _freight = self.env["wx.order.refunding"]._worth(self.order_id, wanted)
        return [
            {
                "order_line_id": item.line.id,
                "qty": item.qty,
                "max_fen": fen,
                "amount_fen": fen,
            }
            for item, fen in zip(wanted, parts, strict=True)
        ]

    def _open_after_sale(self):
        return self.order_id._open("wx.after.sale", self.after_sale_id)
