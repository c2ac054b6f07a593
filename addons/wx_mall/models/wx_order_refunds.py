from odoo import Command, models

from odoo.addons.wx_base.money import to_fen

from ..pricing.allocate import allocate
from ..pricing.pieces import split
from ..pricing.refund import Group, Line


class WxOrder(models.Model):
    """What of an order may still be refunded, and what became of its refunds."""

    _inherit = "wx.order"

    def _wx_lock(self):
        """Waits for whoever works on this order; the loser of two updates is run again
        with a fresh view (``lock_for_update`` would refuse at once)."""
        self.ensure_one()
        self.flush_recordset()
        self.env.cr.execute(
            "UPDATE wx_order SET write_date = write_date WHERE id = %s", [self.id]
        )
        self.invalidate_recordset()

    def _wx_granted_refunds(self):
        """Refunds that count: all but the withdrawn ones. What WeChat refused is still
        owed to the shopper."""
        return self.refund_ids.filtered(lambda refund: refund.state != "withdrawn")

    def _wx_refundable_fen(self):
        """Fen still refundable: paid less refunds granted."""
        self.ensure_one()
        granted = sum(self._wx_granted_refunds().mapped("amount_fen"))
        return self.paid_fen - max(granted, self.refunded_fen)

    def _wx_refund_lines(self):
        """``{wx.order.line: pricing.refund.Line}``: what is left of each line."""
        self.ensure_one()
        used, credited = {}, {}
        for refund in self._wx_granted_refunds():
            for line in refund.line_ids:
                goods = line.order_line_id.id
                used[goods] = used.get(goods, 0) + line.value_fen
            for key, pieces in (refund.quantities or {}).items():
                credited[int(key)] = credited.get(int(key), 0) + pieces
        return {
            line: Line(
                amount_fen=line.amount_fen,
                used_fen=used.get(line.id, 0),
                groups=self._wx_refund_groups(line, credited),
            )
            for line in self.line_ids
        }

    def _wx_refund_groups(self, line, credited):
        """The pieces of a line as the sales order has them; before it exists, as it
        will have them."""
        sale = self.sale_order_id
        if not sale:
            if self.posting_state == "none":
                return ()  # dropped before it reached the ERP
            return tuple(
                Group(-number, unit, waiting=pieces)
                for number, (pieces, unit) in enumerate(
                    split(line.amount_fen, line.qty), start=1
                )
            )
        groups = []
        for part in line.sale_line_ids.sorted("sequence"):
            gone = int(part.qty_delivered)
            waiting = int(part.product_uom_qty) - gone if sale.state == "sale" else 0
            groups.append(
                Group(
                    part.id,
                    to_fen(part.price_unit),
                    waiting=max(0, waiting),
                    delivered=max(0, gone - credited.get(part.id, 0)),
                )
            )
        return tuple(groups)

    def _wx_freight_refunded_fen(self):
        lines = self._wx_granted_refunds().line_ids
        return sum(lines.filtered(lambda li: not li.order_line_id).mapped("value_fen"))

    # facts ----------------------------------------------------------------------
    def _wx_on_refund(self, refund_tx):
        """A refund ended, or was made in the merchant platform: follow the fact."""
        self.ensure_one()
        if refund_tx.source_transaction_id != self.transaction_id:
            return  # a late or double payment went back; the order never counted it
        refund = self._wx_refund_record(refund_tx)
        if refund_tx.state == "done":
            refund._wx_paid_back()
        elif refund.transaction_id == refund_tx and not refund.outside_note:
            abnormal = refund_tx.wx_error_code == "ABNORMAL"
            refund._wx_refused(
                "abnormal" if abnormal else "failed",
                refund_tx.state_message or refund_tx.wx_error_code,
            )
        self._wx_count_refunded()
        if refund.state == "done":
            self.env["wx.order.posting"]._enqueue(self.company_id.id)

    def _wx_count_refunded(self):
        """What the shopper has got back: through WeChat, or proven on another way."""
        done = self.transaction_id.child_transaction_ids.filtered(
            lambda tx: tx.operation == "refund" and tx.state == "done"
        )
        outside = self.refund_ids.filtered(
            lambda refund: (
                refund.outside_note
                and refund.state == "done"
                and refund.transaction_id.state != "done"
            )
        )
        fen = sum(to_fen(-tx.amount) for tx in done)
        fen += sum(outside.mapped("amount_fen"))
        self._set_refunded(min(fen, self.paid_fen))
        if fen > self.paid_fen:
            self._wx_exception(
                "refunded_outside",
                self.env._(
                    "%(amount)s yuan more than the shopper paid went back.",
                    amount=f"{(fen - self.paid_fen) / 100:.2f}",
                ),
            )

    def _wx_refund_record(self, refund_tx):
        """The grant behind a refund transaction.

        A refund made in the merchant platform settles one of the same amount that
        WeChat refused before; else it gets a grant of its own, spread over what is left
        of the order, and is credited on the invoices like any other.
        """
        refund = self.refund_ids.filtered(lambda r: r.transaction_id == refund_tx)
        if refund:
            return refund
        fen = to_fen(-refund_tx.amount)
        owed = self.refund_ids.filtered(
            lambda r: r.amount_fen == fen and r.state in ("failed", "abnormal")
        )[:1]
        if owed and refund_tx.wx_refund_origin == "platform":
            owed.transaction_id = refund_tx
            return owed
        refund = self.env["wx.order.refund"].create(
            {
                "order_id": self.id,
                "amount_fen": fen,
                "reason": self.env._("Refunded in WeChat's merchant platform"),
                "transaction_id": refund_tx.id,
                "line_ids": [
                    Command.create({**values, "credit_fen": values["amount_fen"]})
                    for values in self._wx_spread(fen)
                ],
            }
        )
        self.message_post(
            body=self.env._(
                "%(amount)s yuan were refunded in WeChat's merchant platform.",
                amount=f"{fen / 100:.2f}",
            )
        )
        return refund

    def _wx_spread(self, fen):
        """Values of refund lines for an amount that names no goods: spread over what is
        left of each line and of the freight, to the fen."""
        lines = self._wx_refund_lines()
        rooms = [(line.id, state.rest_fen) for line, state in lines.items()]
        freight = self.freight_fen - self._wx_freight_refunded_fen()
        rooms.append((False, max(0, freight)))
        weights = [room for _line, room in rooms]
        shares = allocate(min(fen, sum(weights)), weights)
        return [
            {"order_line_id": line_id, "qty": 0, "amount_fen": part, "value_fen": part}
            for (line_id, _room), part in zip(rooms, shares, strict=True)
            if part
        ]

    def _wx_moves(self):
        """Invoices and credit notes of these orders."""
        return self.sale_order_id.invoice_ids | self.refund_ids.credit_move_ids
