from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError

from ..pricing.refund import passed_fen
from .wx_after_sale_asking import Asked
from .wx_order_refunding import Wanted


class WxAfterSaleFlow(models.AbstractModel):
    """Steps of after-sales and their effects on stock and money.

    Every step locks the order first: two persons, or a person and a clock, come one
    after the other, and the second sees what the first did.
    """

    _name = "wx.after.sale.flow"
    _description = "Steps of after-sales"

    def _lock(self, record):
        record.flush_recordset()
        record.order_id._wx_lock()
        record.invalidate_recordset()

    # approval -------------------------------------------------------------------
    @api.model
    def _approve(self, record, by_clock=False):
        """Approves as the current user; a refund above the limit waits for another.

        :param by_clock: the system approves; never above the limit
        :raises UserError: the same person twice, wrong state, clock above the limit
        """
        self._lock(record)
        user = self.env.user
        if self._needs_two(record):
            if by_clock:
                raise UserError(self.env._("This amount needs two persons."))
            if user == record.requested_uid and not record.first_approver_id:
                raise UserError(
                    self.env._("Whoever entered a refund of this size cannot approve.")
                )
            if record.state == "requested":
                record._move("approve_first", first_approver_id=user.id)
                return
            if user in (record.first_approver_id | record.requested_uid):
                raise UserError(
                    self.env._("A second person must approve a refund of this size.")
                )
            record._move("approve", second_approver_id=user.id)
        else:
            first = record.first_approver_id.id or (False if by_clock else user.id)
            record._move("approve", first_approver_id=first)
        record.approved_at = fields.Datetime.now()
        if record.kind == "refund_only":
            self._refund(record)
        else:
            self.env["wx.after.sale.stock"]._make_return(record)

    @api.model
    def _needs_two(self, record) -> bool:
        """Whether this and what was refunded of the order before exceed the limit."""
        if record.kind == "exchange":
            return False
        fen = record.amount_fen
        if record.grant_mode == "lines":
            asked = [
                Asked(
                    line.order_line_id,
                    line.qty,
                    line.amount_fen if line.amount_fen < line.max_fen else None,
                )
                for line in record.line_ids
            ]
            fen += self.env["wx.after.sale.asking"]._freight(
                record.order_id, record.kind, asked, record.seller_fault
            )
        return record.order_id._wx_needs_two(fen)

    @api.model
    def _check_second(self, record, by_clock=False):
        """Before money goes back after an inspection: it may have become more than one
        person could approve (raised, other refunds meanwhile). Then whoever grants it
        must be a second person, and never the clock.

        :raises UserError: a second person is needed
        """
        if record.second_approver_id or not self._needs_two(record):
            return
        if by_clock:
            raise UserError(self.env._("This amount needs two persons."))
        if self.env.user in (record.first_approver_id | record.requested_uid):
            raise UserError(
                self.env._("A second person must approve a refund of this size.")
            )
        record.second_approver_id = self.env.user

    @api.model
    def _reject(self, records, reason):
        for record in records:
            self._lock(record)
            if record.state == "inspected" and any(
                record.line_ids.mapped("passed_qty")
            ):
                raise UserError(
                    self.env._(
                        "Pieces of %(name)s passed inspection and are in stock: refund "
                        "or exchange them.",
                        name=record.name,
                    )
                )
            record._move("reject", reject_reason=reason)
            self.env["wx.after.sale.stock"]._drop_return(record)
            self._answer_cancel(record, "refused", reason)

    @api.model
    def _cancel(self, record, act="cancel"):
        """By the shopper, or by the clock (``expire``)."""
        self._lock(record)
        record._move(act)
        self.env["wx.after.sale.stock"]._drop_return(record)

    # goods ----------------------------------------------------------------------
    @api.model
    def _send_back(self, record, carrier, tracking_no):
        """The shopper says with which waybill the goods come back."""
        self._lock(record)
        values = {"return_carrier": carrier, "return_tracking_no": tracking_no}
        if record.state == "returning":
            record.write(values)
        else:
            record._move("send", **values)

    @api.model
    def _receive(self, record):
        self._lock(record)
        record._move("receive", received_at=fields.Datetime.now())

    @api.model
    def _inspect(self, record):
        """Books the inspection; what did not come back is not restocked.

        Goods that the clock refunded before anybody looked at them are inspected all
        the same, so that they reach the stock; the money does not change any more.

        :raises UserError: nothing was inspected
        """
        self._lock(record)
        if not any(line.passed_qty or line.failed_qty for line in record.line_ids):
            raise UserError(
                self.env._("Enter how many pieces passed and how many failed.")
            )
        if not record.inspection_open:
            record._move("inspect")
        stock = self.env["wx.after.sale.stock"]
        if not stock._open_returns(record):
            stock._make_return(record)  # somebody cancelled it in the ERP
        stock._book_return(record)

    @api.model
    def _returned_natively(self, record):
        """Stock staff validated the return picking themselves: what is done there is
        what came back and passed."""
        if record.state in ("approved", "returning"):
            self._receive(record)
        if record.state == "received":
            self.env["wx.after.sale.stock"]._read_return(record)
            record._move("inspect")
        elif record.refund_id and record.received_at:
            self.env["wx.after.sale.stock"]._read_return(record)

    @api.model
    def _finish(self, record):
        """After inspection: the refund, or the replacement."""
        self._lock(record)
        if record.kind == "exchange":
            record._move("resend")
            self.env["wx.after.sale.stock"]._resend(record)
        else:
            self._check_second(record)
            self._refund(record)

    # money ----------------------------------------------------------------------
    @api.model
    def _refund(self, record, act="refund"):
        """Grants the refund; it may already be refused when this returns."""
        order = record.order_id
        refunding = self.env["wx.order.refunding"]
        reason = record.reason_text[:80] or self.env._("After-sale %s", record.name)
        record._move(act)
        if record.grant_mode == "all":
            refund = refunding._grant_rest(order, reason)
        elif record.grant_mode == "amount":
            refund = refunding._grant_amount(order, record.fixed_fen, reason)
        else:
            wanted = self._wanted(record, inspected=act == "refund")
            if not wanted:
                raise ValidationError(
                    self.env._("Nothing passed inspection: reject it with a reason.")
                )
            refund = refunding._grant(
                order, wanted, reason, seller_fault=record.seller_fault
            )
        record.refund_id = refund
        self._answer_cancel(record, "granted", reason)
        self._follow(record)

    def _answer_cancel(self, record, answer, reason):
        """The second person has decided on a refund of everything; that was the answer
        to a shopper who asked to cancel."""
        order = record.order_id
        if record.grant_mode == "all" and order.cancel_request == "requested":
            order._wx_end_cancel(answer, reason)

    def _wanted(self, record, inspected):
        """What is refunded: all pieces asked for, after an inspection those that
        passed (or all that came back, when staff say so)."""
        wanted = []
        for line in record.line_ids:
            goods, qty, fen = line.order_line_id, line.qty, line.amount_fen
            full = fen >= line.max_fen
            if record.kind == "refund_only":
                wanted.append(
                    Wanted(goods, qty)
                    if full
                    else Wanted(goods, qty, fen=fen, keeps=True)
                )
                continue
            pieces = qty
            if inspected:
                pieces = line.passed_qty
                pieces += line.failed_qty if record.refund_failed else 0
            if not pieces:
                continue
            share = None if full else passed_fen(fen, qty, pieces)
            wanted.append(Wanted(goods, pieces, fen=share, source="delivered"))
        return wanted

    @api.model
    def _follow(self, records):
        """The state of the refund is the state of its after-sale."""
        for record in records:
            state = record.refund_id.state
            if state == "done" and record._can("done"):
                record._move("done")
            elif state in ("failed", "abnormal") and record._can("fail"):
                record._move("fail")
            elif state == "pending" and record._can("retry"):
                record._move("retry")
            elif state == "withdrawn" and record._can("withdraw"):
                # reopened it is granted anew
                record._move(
                    "withdraw",
                    refund_id=False,
                    reject_reason=self.env._("The refund was withdrawn."),
                )
