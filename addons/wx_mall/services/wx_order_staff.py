from contextlib import contextmanager

from pydantic import ValidationError as SchemaError

from odoo import api, models
from odoo.exceptions import AccessError, UserError

from odoo.addons.wx_base.money import to_yuan

from ..pricing.allocate import allocate
from ..schemas.address import AddressIn
from .wx_order_closing import OPEN_ATTEMPTS

MANAGER = "wx_base.group_wx_manager"
OPERATOR = "wx_base.group_wx_operator"


class WxOrderStaff(models.AbstractModel):
    """Staff change an order: the amount before it is paid, the address until it leaves.

    A new amount closes the open WeChat attempt first, so that the old one can never be
    paid; a payment that was faster wins and the change is refused.
    """

    _name = "wx.order.staff"
    _description = "Changes of mall orders by staff"

    # price ----------------------------------------------------------------------
    @api.model
    def _change_price(self, order, off_fen, freight_fen, reason):
        """Sets what staff take off the goods, and the freight, of an unpaid order.

        :param off_fen: taken off the goods altogether (not in addition), in fen
        :param freight_fen: the new freight, at most what the engine had
        :raises UserError: paid, closed, not confirmed by WeChat, above the user's
            limit, below one fen; AccessError: neither operator nor manager
        """
        reason = self._checked(order, reason)
        self._check_price(order, off_fen, freight_fen)
        self._settle(order)
        self._check_price(order, off_fen, freight_fen)
        _goods, freight = order._wx_full_fen()
        with self._recorded(order, reason):
            # sudo: _checked has checked the right; amounts are nobody's
            self._apply(order.sudo(), off_fen, freight_fen, freight - freight_fen)

    @contextmanager
    def _recorded(self, order, reason):
        """What the block changes of the amount goes to the time line and, with the
        share of each line, to the snapshot: it always explains what is charged."""
        before = self._amounts(order)
        old = {line.id: line.amount_fen for line in order.line_ids}
        yield
        after = self._amounts(order)
        order._wx_log("price", reason, before=before, after=after)
        # sudo: _checked has checked the right; amounts are nobody's
        order.sudo()._wx_snapshot_change(reason, before, after, old)

    @staticmethod
    def _amounts(order):
        names = ("amount_fen", "discount_fen", "freight_fen", "staff_discount_fen")
        return {name: order[name] for name in names}

    def _check_price(self, order, off_fen, freight_fen):
        goods, freight = order._wx_full_fen()
        if not 0 <= off_fen <= goods or not 0 <= freight_fen <= freight:
            raise UserError(
                self.env._(
                    "The price can only be lowered: at most ¥%(goods).2f off the "
                    "goods, and freight up to ¥%(freight).2f.",
                    goods=to_yuan(goods),
                    freight=to_yuan(freight),
                )
            )
        if goods - off_fen + freight_fen < 1:
            raise UserError(
                self.env._("WeChat takes no payment below ¥0.01: leave one fen to pay.")
            )
        if self.env.su or self.env.user.has_group(MANAGER):
            return
        taken = off_fen + freight - freight_fen
        # sudo: a limit of the app that binds whoever may not read it
        percent = order.app_id.sudo().price_change_percent
        if taken * 100 > percent * (goods + freight):
            raise UserError(
                self.env._(
                    "You may take off at most %(percent)g %% of an order; ask a "
                    "manager.",
                    percent=percent,
                )
            )

    def _apply(self, order, off_fen, freight_fen, waived_fen):
        """Writes the parts of the amount and the lines' shares (``allocate``)."""
        lines = order.line_ids.sorted("id")
        full = [line.amount_fen + line.staff_discount_fen for line in lines]
        for line, amount, share in zip(
            lines, full, allocate(off_fen, full), strict=True
        ):
            line.write(
                {
                    "discount_fen": line.discount_fen - line.staff_discount_fen + share,
                    "staff_discount_fen": share,
                    "amount_fen": amount - share,
                }
            )
        discount = order.discount_fen - order.staff_discount_fen + off_fen
        amount = order.goods_fen - discount + freight_fen
        order.write(
            {
                "discount_fen": discount,
                "staff_discount_fen": off_fen,
                "freight_fen": freight_fen,
                "freight_waived_fen": waived_fen,
                "amount_fen": amount,
                "amount_total": to_yuan(amount),
            }
        )
        order.flush_recordset()

    # address --------------------------------------------------------------------
    @api.model
    def _change_address(self, order, parts, reason) -> str:
        """Replaces the receiver; what is left empty of name, phone and street stays.

        :param parts: ``name``, ``phone``, ``province``, ``city``, ``district``,
            ``detail`` in clear text
        :return: what it means for the freight, in words
        :raises UserError: nothing to ship, left already, closed, outside the delivery
            area, not a valid address, WeChat did not confirm; AccessError
        """
        reason = self._checked(order, reason)
        self._check_address(order)
        place = [(parts.get(name) or "").strip() for name in _PLACE]
        unpaid = order.intake_state == "unpaid"
        if unpaid and self._new_freight(order, place) != order._wx_full_fen()[1]:
            self._settle(order)
        else:
            # sudo: a lock changes nothing
            order.sudo()._wx_lock()
        self._check_address(order)
        fen = self._new_freight(order, place)
        self._replace(order, parts, reason, fen)
        if order.intake_state == "unpaid":
            return self._charge(order, fen)
        return self.env._(
            "Freight to the new address is ¥%(new).2f; ¥%(old).2f was paid.",
            new=to_yuan(fen),
            old=to_yuan(order.freight_fen),
        )

    def _check_address(self, order):
        # sudo: whether there is one, never what it says
        if order.delivery_kind != "express" or not order.sudo().address_ids:
            raise UserError(self.env._("This order is not sent to an address."))
        if order.state == "closed":
            raise UserError(self.env._("This order is closed."))
        if order._wx_has_left():
            raise UserError(
                self.env._(
                    "A parcel with the old address has left, has its waybill, or the "
                    "order is over: the address cannot be changed any more."
                )
            )

    def _new_freight(self, order, place):
        """Fen; refuses a place where something cannot be sent."""
        result = order._wx_freight_to(*place)
        if result.undeliverable:
            texts = self.env["wx.freight.service"]._explained(
                [e for e in result.explanation if e["product_ids"] and not e["fen"]]
            )
            refused = set(result.undeliverable)
            raise UserError(
                "\n".join(
                    text for entry, text in texts if refused & set(entry["product_ids"])
                )
            )
        return result.fen

    def _replace(self, order, parts, reason, fen):
        """Writes the snapshot; the log keeps the old receiver masked."""
        # the receiver is written for an operator, who only reads the mask of it
        receiver = order.sudo().address_ids[:1]
        old = self._masked(receiver)
        why = self.env._("Change of address: %(reason)s", reason=reason)
        values = {name: (parts.get(name) or "").strip() for name in _PLACE}
        for name in ("name", "phone", "detail"):
            new = (parts.get(name) or "").strip()
            values[name] = new or receiver._wx_reveal(name, why)
        try:
            address = AddressIn(**values).model_dump(exclude={"is_default"})
        except SchemaError as error:
            labels = {str(fault["loc"][0]) for fault in error.errors()}
            names = [
                field.get_description(self.env, ["string"])["string"]
                for name, field in receiver._fields.items()
                if name in labels
            ]
            raise UserError(
                self.env._("Please check: %(fields)s", fields=", ".join(names))
            ) from None
        receiver.write(address)
        receiver.flush_recordset()
        order._wx_log(
            "address", reason, before=old, after=self._masked(receiver), freight_fen=fen
        )

    @staticmethod
    def _masked(receiver):
        names = ("province", "city", "district", "detail", "name", "phone")
        return {name: receiver[name] or "" for name in names}

    def _charge(self, order, fen):
        """An unpaid order takes the freight of its new address; a waiver stays."""
        if fen == order._wx_full_fen()[1]:
            return self.env._("The freight stays the same.")
        waived = min(order.freight_waived_fen, fen)
        with self._recorded(order, self.env._("Freight of the new address")):
            # sudo: _checked has checked the right; amounts are nobody's
            self._apply(order.sudo(), order.staff_discount_fen, fen - waived, waived)
        return self.env._(
            "The shopper now pays ¥%(amount).2f, freight ¥%(freight).2f included.",
            amount=to_yuan(order.amount_fen),
            freight=to_yuan(order.freight_fen),
        )

    # notes ----------------------------------------------------------------------
    @api.model
    def _note(self, order, flag, note):
        """Sets flag and internal note; both may be empty."""
        order.check_access("write")
        # the fields are read-only on the screen of the order
        order.sudo().write({"staff_flag": flag or False, "staff_note": note or False})
        order._wx_log("note", note or None, flag=flag or None)

    # common ---------------------------------------------------------------------
    def _checked(self, order, reason):
        """The reason, when there is one and the user may change this order."""
        order.ensure_one()
        order.check_access("write")
        if not self.env.su and not self.env.user.has_group(OPERATOR):
            raise AccessError(self.env._("Only operators change orders."))
        if not (reason or "").strip():
            raise UserError(self.env._("Please give the reason."))
        return reason.strip()

    def _settle(self, order):
        """Closes open attempts at WeChat, then locks the unpaid order.

        :raises UserError: paid or closed meanwhile, or WeChat did not confirm
        """
        # sudo: _checked has checked the right; attempts are nobody's
        mall = order.sudo()
        if mall.intake_state != "unpaid":
            raise UserError(self.env._("Only an unpaid order can be changed so."))
        for tx in self._open_attempts(mall):
            result = self.env["wx.pay.service"]._close(tx)
            if result == "paid":
                raise UserError(self.env._("The shopper has just paid this order."))
            if result != "closed":
                raise UserError(
                    self.env._("WeChat has not confirmed yet, please try again")
                )
        mall._wx_lock()
        if mall.intake_state != "unpaid" or self._open_attempts(mall):
            raise UserError(
                self.env._("The shopper is paying just now, please try again")
            )

    def _open_attempts(self, order):
        order.invalidate_recordset(["payment_attempt_ids"])
        return order.payment_attempt_ids.filtered(
            lambda tx: tx.wx_attempt_state in OPEN_ATTEMPTS
        )


_PLACE = ("province", "city", "district")
