"""Paid orders and refunds for tests of after-sales."""

from .order_common import BuyerCase


class RefundCase(BuyerCase):
    """A shopper, a merchant, and refunds that WeChat answers as a test wants."""

    def paid_order(self, *items):
        """A paid order that is in the ERP."""
        order = super().paid_order(*items)
        self.post_all()
        return order

    def shipped_order(self, *items):
        """A paid order that was delivered and invoiced."""
        order = self.paid_order(*items)
        self.ship(order)
        self.post_all()
        return order

    def send_refunds(self, outcome=None):
        """Sends every noted refund; ``outcome``: what WeChat makes of it."""
        waiting = self.env["payment.transaction"].search(
            [("operation", "=", "refund"), ("state", "=", "draft")]
        )
        for refund in waiting.filtered("wx_payable_id"):
            if outcome:
                self.sim.ctl(
                    "POST",
                    f"/_ctl/merchants/{self.provider.wx_mchid}/refund_outcome",
                    {"out_refund_no": refund.wx_out_refund_no, "outcome": outcome},
                )
            self.env["wx.pay.service"]._send_refund(refund)
        self.sim.ctl("POST", "/_ctl/clock", {"advance": 120})
        self.deliver()
        self.env.invalidate_all()
        self.post_all()

    def advance_balance(self):
        """What stands on the advance account; 0 when everything is settled."""
        unposted = self.env["payment.transaction"].search(
            [("wx_payable_id", "!=", False), ("is_post_processed", "=", False)]
        )
        unposted.filtered(lambda tx: tx.state == "done")._post_process()
        lines = self.env["account.move.line"].search(
            [
                ("account_id", "=", self.provider.wx_advance_account_id.id),
                ("parent_state", "=", "posted"),
            ]
        )
        return round(sum(lines.mapped("balance")), 2)

    def wizard(self, order, mode, **values):
        """The refund dialog of an order."""
        return (
            self.env["wx.order.refund.wizard"]
            .with_context(default_order_id=order.id)
            .create({"mode": mode, "reason": "test", **values})
        )
