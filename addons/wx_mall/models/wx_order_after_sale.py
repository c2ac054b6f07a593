from odoo import fields, models

from odoo.addons.wx_base.problems import WxError

from ..services import return_rule
from ..states import after_sale as machine


class WxOrder(models.Model):
    """After-sales of an order."""

    _inherit = "wx.order"

    after_sale_ids = fields.One2many(
        "wx.after.sale", "order_id", "After-sales", readonly=True
    )
    after_sale_count = fields.Integer(compute="_compute_after_sale_count")

    def _compute_after_sale_count(self):
        counts = dict(
            self.env["wx.after.sale"]
            .sudo()  # a number for whoever may read the order
            ._read_group([("order_id", "in", self.ids)], ["order_id"], ["__count"])
        )
        for order in self:
            order.after_sale_count = counts.get(order, 0)

    def _wx_receive_waits(self):
        """An order is not over while its shopper waits for an answer."""
        waiting = self.env["wx.after.sale"].search(
            [("order_id", "in", self.ids), ("state", "in", machine.OPEN)]
        )
        return super()._wx_receive_waits() | waiting.order_id

    def _wx_check_no_return(self):
        """Marked goods are paid when their exception from the seven-day rule was
        confirmed for this purchase (CR-03).

        :raises WxError: 409 ``after_sale.no_return_unconfirmed`` with the lines
        """
        self.ensure_one()
        if not self.app_id.no_return_required:
            return
        open_lines = self.line_ids.filtered(
            lambda line: (
                not line.no_return_confirmed_at
                and line._wx_return_rule() in return_rule.CONFIRMED
            )
        )
        if open_lines:
            raise WxError(
                "after_sale.no_return_unconfirmed",
                self.env._("Please confirm that these goods cannot be returned"),
                409,
                line_ids=open_lines.ids,
                sku_ids=open_lines.product_id.ids,
            )

    def _wx_needs_two(self, fen) -> bool:
        """Whether another refund of ``fen`` needs two persons: all refunds of the order
        together exceed the limit of its mini-program."""
        self.ensure_one()
        limit = self.app_id.after_sale_two_person_fen
        before = sum(self._wx_granted_refunds().mapped("amount_fen"))
        return bool(limit) and before + fen > limit

    def action_enter_after_sale(self):
        """Button: the dialog in which staff enter an after-sale for the shopper."""
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("After-sale"),
            "res_model": "wx.after.sale.entry",
            "view_mode": "form",
            "target": "new",
            "context": {"default_order_id": self.id},
        }

    def action_open_after_sales(self):
        """Smart button."""
        self.ensure_one()
        return self._open("wx.after.sale", self.after_sale_ids)
