"""Paid orders and refunds for tests of after-sales."""

from odoo.tests import new_test_user

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

    def ask_refund(self, order):
        """The shopper asks for one piece's money; the API's answer."""
        body = {
            "order_id": order.id,
            "kind": "refund_only",
            "reason": "agreed",
            "items": [{"line_id": order.line_ids.id, "qty": 1}],
        }
        return self.api("POST", "/after-sales", self.token, body, key=True)

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


class AfterSaleCase(RefundCase):
    """A shopper who asks, and two service users who answer."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.service_user = new_test_user(
            cls.env, "as_service", groups="wx_base.group_wx_service"
        )
        cls.other_user = new_test_user(
            cls.env, "as_other", groups="wx_base.group_wx_service"
        )

    def ask(self, order, kind, qty=1, reason="agreed", line=None, **item):
        line = line or order.line_ids[:1]
        body = {
            "order_id": order.id,
            "kind": kind,
            "reason": reason,
            "items": [{"line_id": line.id, "qty": qty, **item}],
        }
        answer = self.api("POST", "/after-sales", self.token, body, key=True)
        self.assertEqual(answer.status_code, 201, answer.text)
        self.env.invalidate_all()
        return self.env["wx.after.sale"].browse(answer.json()["id"])

    def staff(self, record, user=None):
        return record.with_user(user or self.service_user)

    def on_hand(self, sku):
        return sku.with_context(location=self.warehouse.lot_stock_id.id).qty_available

    def inspect(self, record, passed, failed=0):
        self.staff(record).action_receive()
        self.staff(record.line_ids).write({"passed_qty": passed, "failed_qty": failed})
        self.staff(record).action_inspect()
        self.env.flush_all()
