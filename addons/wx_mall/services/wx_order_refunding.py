from collections import Counter
from dataclasses import dataclass
from typing import Any

from odoo import Command, api, models
from odoo.exceptions import UserError, ValidationError

from odoo.addons.wx_base.money import to_fen

from ..pricing.freight import fen_of_rest
from ..pricing.refund import TooMany, freight_due, take


@dataclass(frozen=True)
class Wanted:
    """Goods of one order line to refund.

    ``line``: wx.order.line; ``qty``: pieces; ``fen``: what is granted for them, None
    for all they are worth; ``source``: see ``pricing.refund.take``; ``keeps``: an
    amount is given back and the shopper keeps (or still gets) the goods.
    """

    line: Any
    qty: int
    fen: int | None = None
    source: str = "any"
    keeps: bool = False


class WxOrderRefunding(models.AbstractModel):
    """Grants refunds of mall orders: the one place that does.

    Pieces that have not left shrink the sales order (so they are not shipped); what was
    delivered is credited on the invoice once WeChat has paid the money back. The row of
    the order is locked first, so that refunds granted at the same time come to no more
    than was paid.
    """

    _name = "wx.order.refunding"
    _description = "Refunds of mall orders"

    @api.model
    def _grant(self, order, wanted, reason, seller_fault=False):
        """Refunds goods, and the freight where it is due (``freight_due``).

        :param wanted: list of :class:`Wanted`
        :return: wx.order.refund, on its way to WeChat
        :raises ValidationError: more pieces or more money than is left
        :raises UserError: the order is not paid, or not in the ERP yet
        """
        self._begin(order)
        whole = self._is_whole(order, wanted)
        if not whole:
            self._ensure_posted(order)
        plan = self._plan(order, wanted)
        freight = self._freight_back(order, plan, whole, seller_fault)
        if freight:
            plan["lines"].append(self._line(False, 0, freight, freight, freight))
        self._lower_sale(order, plan["lower"], whole)
        return self._create(order, plan, reason)

    @api.model
    def _grant_rest(self, order, reason):
        """Refunds everything that is left: pieces, amounts and freight."""
        self._begin(order)
        states = order._wx_refund_lines()
        wanted = [
            Wanted(line, state.pieces) for line, state in states.items() if state.pieces
        ]
        whole = self._is_whole(order, wanted)
        if not whole:
            self._ensure_posted(order)
        plan = self._plan(order, wanted)
        self._lower_sale(order, plan["lower"], whole)
        rest = order._wx_refundable_fen() - sum(
            li["amount_fen"] for li in plan["lines"]
        )
        freight = min(rest, order.freight_fen - order._wx_freight_refunded_fen())
        if freight > 0:
            plan["lines"].append(self._line(False, 0, freight, freight, freight))
        return self._create(order, plan, reason)

    @api.model
    def _grant_amount(self, order, fen, reason):
        """Refunds an amount that names no goods; nothing is taken out of the delivery.

        :raises ValidationError: not between one fen and what is left
        """
        self._begin(order)
        self._check_total(order, fen)
        lines = [
            {**values, "credit_fen": values["amount_fen"]}
            for values in order._wx_spread(fen)
        ]
        plan = {"lines": lines, "lower": [], "credit": {}}
        return self._create(order, plan, reason)

    @api.model
    def _worth(self, order, wanted, seller_fault=False):
        """``(fen of each wanted, freight fen)`` at the moment; grants nothing.

        :raises ValidationError: more pieces than are left
        """
        plan = self._plan(order, wanted)
        whole = self._is_whole(order, wanted)
        freight = self._freight_back(order, plan, whole, seller_fault)
        return [values["amount_fen"] for values in plan["lines"]], freight

    @api.model
    def _line_worth(self, line, qty, returned):
        """Fen that ``qty`` pieces of a line are worth at the moment.

        :param returned: of delivered pieces only
        :raises ValidationError: more pieces than are left
        """
        source = "delivered" if returned else "any"
        plan = self._plan(line.order_id, [Wanted(line, qty, source=source)])
        return plan["lines"][0]["amount_fen"]

    # steps ----------------------------------------------------------------------
    def _begin(self, order):
        order._wx_lock()
        if order.intake_state != "paid" or not order.transaction_id:
            raise UserError(self.env._("Only a paid order can be refunded."))

    def _ensure_posted(self, order):
        if not order.sale_order_id and order.posting_state == "todo":
            self.env["wx.order.posting"]._post_orders(order)
        if not order.sale_order_id:
            raise UserError(
                self.env._(
                    "The sales order is not there yet: refund everything, or wait a "
                    "moment."
                )
            )

    def _freight_back(self, order, plan, whole, seller_fault):
        """Fen of freight that go back with a plan (``freight_due``)."""
        return freight_due(
            order.freight_fen,
            order._wx_freight_refunded_fen(),
            whole,
            seller_fault,
            self._freight_of_sent(order, plan["unsent"]),
        )

    def _freight_of_sent(self, order, unsent):
        """Freight in fen of the pieces that left or will leave after ``unsent``
        (``{product id: pieces}``) were taken out; None when nothing is taken out, or
        when the order paid another freight than its explanation says."""
        entries = (order.price_snapshot or {}).get("freight") or []
        paid = order.freight_fen + order.freight_waived_fen
        if not any(unsent.values()) or paid != sum(entry["fen"] for entry in entries):
            return None
        sent = Counter()
        for line in order.line_ids:
            parts = line.sale_line_ids
            pieces = sum(parts.mapped("product_uom_qty")) if parts else line.qty
            sent[line.product_id.id] += round(pieces)
        sent.subtract(unsent)
        return fen_of_rest(entries, sent)

    def _is_whole(self, order, wanted):
        """Nothing of the order was delivered, and all of it is wanted back."""
        sale = order.sale_order_id
        if any(li.qty_delivered for li in sale.order_line if not li.is_delivery):
            return False
        asked = {item.line: item.qty for item in wanted if not item.keeps}
        return all(
            asked.get(line, 0) == state.pieces
            for line, state in order._wx_refund_lines().items()
        )

    def _plan(self, order, wanted):
        """``{lines: values of refund lines, lower: [(key, pieces)], credit: {key:
        pieces}, unsent: {product id: pieces}}``; keys are ids of sales order lines."""
        states = order._wx_refund_lines()
        plan = {"lines": [], "lower": [], "credit": {}, "unsent": Counter()}
        for item in wanted:
            if item.line not in states:
                raise ValidationError(self.env._("These goods are not of this order."))
            state = states.pop(item.line)  # each line once
            try:
                taken = take(state, item.qty, item.source)
            except TooMany as error:
                raise ValidationError(
                    self.env._(
                        "Of %(title)s only %(qty)s pieces can still be refunded.",
                        title=item.line.title,
                        qty=error.left,
                    )
                ) from error
            fen = taken.fen if item.fen is None else item.fen
            if not 0 <= fen <= taken.fen:
                raise ValidationError(self._too_much(taken.fen))
            if item.keeps:
                plan["lines"].append(self._line(item.line, 0, fen, fen, fen))
                continue
            credit = max(0, fen - taken.lowered_fen)
            plan["lines"].append(
                self._line(item.line, item.qty, fen, taken.fen, credit)
            )
            plan["lower"] += taken.lower
            pieces = sum(pieces for _key, pieces in taken.lower)
            plan["unsent"][item.line.product_id.id] += pieces
            plan["credit"].update({str(key): pieces for key, pieces in taken.credit})
        return plan

    @staticmethod
    def _line(order_line, qty, fen, value, credit):
        return {
            "order_line_id": order_line.id if order_line else False,
            "qty": qty,
            "amount_fen": fen,
            "value_fen": value,
            "credit_fen": credit,
        }

    def _lower_sale(self, order, lower, whole):
        """Takes what has not left out of the sales order, or cancels it."""
        sale = order.sale_order_id.with_context(wx_refund=True)
        if whole and not sale:
            # a paid order that never reached the ERP: its stock goes back
            order.write({"posting_state": "none", "posting_error": False})
            order._wx_drop_holds()
            return
        for key, pieces in lower:
            sale.order_line.browse(key).product_uom_qty -= pieces
        goods = sale.order_line.filtered(
            lambda line: not line.display_type and not line.is_delivery
        )
        if sale.state != "cancel" and not any(goods.mapped("product_uom_qty")):
            sale._action_cancel()

    def _create(self, order, plan, reason):
        fen = sum(values["amount_fen"] for values in plan["lines"])
        self._check_total(order, fen)
        refund = self.env["wx.order.refund"].create(
            {
                "order_id": order.id,
                "amount_fen": fen,
                "reason": reason,
                "quantities": plan["credit"],
                "line_ids": [Command.create(values) for values in plan["lines"]],
            }
        )
        self._trim(order)
        refund._wx_send()
        order._wx_log("refund", reason, refund=refund.id, fen=fen)
        order.message_post(
            body=self.env._(
                "Refund of %(amount)s yuan granted by %(user)s: %(reason)s",
                amount=f"{fen / 100:.2f}",
                user=self.env.user.name,
                reason=reason,
            )
        )
        return refund

    def _check_total(self, order, fen):
        if not 0 < fen <= order._wx_refundable_fen():
            raise ValidationError(self._too_much(order._wx_refundable_fen()))

    def _too_much(self, fen):
        return self.env._(
            "At most %(amount)s yuan can still be refunded.", amount=f"{fen / 100:.2f}"
        )

    def _trim(self, order):
        """Credit that waits for an invoice is dropped as far as its goods left the
        sales order: they will never be invoiced."""
        sale = order.sale_order_id
        room = {}
        if sale.state == "sale":
            for line in sale.order_line.filtered(lambda li: not li.display_type):
                goods = line.wx_line_id.id
                fen = round(line.product_uom_qty) * to_fen(line.price_unit)
                room[goods] = room.get(goods, 0) + fen
        elif not sale and order.posting_state != "none":
            return  # everything will be invoiced
        lines = order.refund_ids.line_ids
        for line in lines:
            goods = line.order_line_id.id
            room[goods] = room.get(goods, 0) - line.credited_fen
        for line in lines.sorted("id"):
            goods = line.order_line_id.id
            waiting = line.credit_fen - line.credited_fen
            kept = min(waiting, max(0, room.get(goods, 0)))
            room[goods] = room.get(goods, 0) - kept
            if kept < waiting:
                line.credit_fen = line.credited_fen + kept
