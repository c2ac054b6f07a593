from dataclasses import dataclass
from typing import Any

from odoo import api, fields, models
from odoo.exceptions import ValidationError

from odoo.addons.wx_base.http import WxError
from odoo.addons.wx_base.problems import not_found

from ..pricing.refund import freight_due
from ..states import after_sale as machine
from .wx_order_refunding import Wanted


@dataclass(frozen=True)
class Asked:
    """Pieces of one order line somebody asks for. ``fen``: less than they are worth,
    the goods are kept (refund only); None: all they are worth."""

    line: Any
    qty: int
    fen: int | None = None


class WxAfterSaleAsking(models.AbstractModel):
    """What may be asked for after the sale, and what it is worth: the one computation
    behind the API of the shopper and the dialog of staff."""

    _name = "wx.after.sale.asking"
    _description = "What after-sales may ask for"

    @api.model
    def _closed(self, order):
        """Code why nothing can be asked for this order, or None."""
        if order.intake_state != "paid":
            return "order_state"
        if order._wx_refundable_fen() <= 0:
            return "refunded"
        days = order.app_id.after_sale_days
        signed = order.received_at
        if not days or not signed:
            return None
        late = fields.Datetime.add(signed, days=days) < fields.Datetime.now()
        return "too_late" if late else None

    @api.model
    def _reasons(self, order):
        """Reasons offered for an order (superuser)."""
        # a shopper's request runs without record rules; the domain is the rule
        reasons = self.env["wx.after.sale.reason"].sudo()
        return reasons.search([("company_id", "in", (False, order.company_id.id))])

    @api.model
    def _free(self, order):
        """``{line: {state, waiting, delivered}}``: pieces not refunded and not in an
        open after-sale."""
        result = {}
        busy = {}
        for line in order.after_sale_ids.line_ids:
            # in ``refunding`` and ``failed`` the refund has taken them already
            taken = line.after_sale_id.refund_id
            if line.state in machine.OPEN and not taken:
                busy[line.order_line_id] = busy.get(line.order_line_id, 0) + line.qty
        for line, state in order._wx_refund_lines().items():
            asked = busy.get(line, 0)
            waiting = max(0, state.waiting - asked)
            over = max(0, asked - state.waiting)
            result[line] = {
                "state": state,
                "waiting": waiting,
                "delivered": max(0, state.delivered - over),
            }
        return result

    @api.model
    def _pieces(self, part, kind) -> int:
        """How many pieces of a part of :meth:`_free` this kind may take."""
        back = kind in machine.RETURNS
        return part["delivered"] + (0 if back else part["waiting"])

    @api.model
    def _values(self, order, kind, asked, seven_day=False):
        """Values of the after-sale's lines: free pieces, at most for their worth.

        :param asked: list of :class:`Asked`, each line once
        :param seven_day: the reason given is the seven-day rule
        :raises WxError: ``resource.not_found``, ``after_sale.pieces``,
            ``after_sale.seven_day``, ``after_sale.amount``
        """
        free = self._free(order)
        back = kind in machine.RETURNS
        values, total = [], 0
        for item in asked:
            part = free.get(item.line)
            if part is None:
                raise not_found()
            self._check_pieces(item, self._pieces(part, kind), seven_day)
            most = self.env["wx.order.refunding"]._line_worth(item.line, item.qty, back)
            fen = most if item.fen is None else item.fen
            if fen > most or (back and fen < most):
                raise self._too_much(item.line, most)
            total += fen
            values.append(
                {
                    "order_line_id": item.line.id,
                    "qty": item.qty,
                    "max_fen": most,
                    "amount_fen": fen,
                }
            )
        room = self._room(order)
        if kind != "exchange" and not 0 < total <= room:
            raise self._too_much(order.line_ids[:1], room)
        return values

    def _check_pieces(self, item, room, seven_day):
        if not 0 < item.qty <= room:
            raise WxError(
                "after_sale.pieces",
                self.env._("Not so many pieces can be asked for"),
                409,
                line_id=item.line.id,
                available=room,
            )
        verdict = item.line._wx_no_reason()[0] if seven_day else "applies"
        if verdict != "applies":
            raise WxError(
                "after_sale.seven_day",
                self.env._("The seven-day rule does not apply to these goods"),
                409,
                line_id=item.line.id,
                verdict=verdict,
            )

    @api.model
    def _room(self, order) -> int:
        """Fen that may still be asked for: neither granted nor asked for already."""
        waiting = order.after_sale_ids.filtered(
            lambda record: record.state in machine.OPEN and not record.refund_id
        )
        return max(0, order._wx_refundable_fen() - sum(waiting.mapped("amount_fen")))

    @api.model
    def _freight(self, order, kind, asked, seller_fault) -> int:
        """Fen of freight that would go back with these goods, as they stand now."""
        if kind == "exchange":
            return 0
        without = freight_due(
            order.freight_fen, order._wx_freight_refunded_fen(), False, seller_fault
        )
        if kind == "refund_only":
            wanted = [
                Wanted(item.line, item.qty, keeps=item.fen is not None)
                for item in asked
            ]
            refunding = self.env["wx.order.refunding"]
            try:
                return refunding._worth(order, wanted, seller_fault)[1]
            except ValidationError:
                return without  # refused with its own words where it is asked for
        return without

    def _too_much(self, line, fen):
        return WxError(
            "after_sale.amount",
            self.env._(
                "At most %(amount)s yuan can be refunded", amount=f"{fen / 100:.2f}"
            ),
            409,
            line_id=line.id,
            refundable_fen=fen,
        )
