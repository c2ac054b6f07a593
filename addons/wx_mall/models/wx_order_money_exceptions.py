from odoo import fields, models
from odoo.exceptions import UserError

from odoo.addons.wx_base.money import to_fen, to_yuan

_MONEY = ("late_payment", "paid_twice")
_REHOLD = """
WITH want AS MATERIALIZED (
    SELECT product_id, pool_id, sum(qty) AS qty FROM wx_hold
     WHERE order_id = %(order)s AND state = 'released' GROUP BY product_id, pool_id
), locked AS MATERIALIZED (
    SELECT s.id, w.qty FROM wx_sku_stock s
      JOIN want w ON w.product_id = s.product_id AND w.pool_id = s.pool_id
     ORDER BY s.product_id, s.pool_id FOR UPDATE OF s
), held AS (
    UPDATE wx_sku_stock s SET held = s.held + l.qty FROM locked l
     WHERE s.id = l.id AND s.free - s.held - s.carved >= l.qty
    RETURNING s.id
)
SELECT (SELECT count(*) FROM held) = (SELECT count(*) FROM want)
"""


class WxOrder(models.Model):
    """Money that does not fit: late, twice, refunded elsewhere, or not refunded."""

    _inherit = "wx.order"

    # payments -------------------------------------------------------------------
    def _wx_on_unwanted_payment(self, tx, code):
        """A late payment goes back at once, or waits for staff (rule of the app)."""
        self.ensure_one()
        twice = code == "fact.duplicate_payment" or self.intake_state == "paid"
        kind = "paid_twice" if twice else "late_payment"
        message = self.env._(
            "%(amount)s yuan arrived (%(number)s) when the order was %(state)s.",
            amount=f"{tx.wx_amount_fen / 100:.2f}",
            number=tx.wx_transaction_id,
            state=dict(self._fields["state"]._description_selection(self.env)).get(
                self.state
            ),
        )
        self._wx_exception(kind, message, transaction_id=tx)
        return twice or self.app_id.late_payment_mode == "automatic"

    def _wx_on_returned_payment(self, tx, refund):
        self._wx_open_about(tx, _MONEY).write({"refund_transaction_id": refund.id})

    def _wx_open_about(self, tx, kinds):
        """Open exceptions of these kinds about one transaction."""
        return (
            self.env["wx.order.exception"]
            # sudo: exceptions are raised and ended by the system
            .sudo()
            .search(
                [
                    ("order_id", "in", self.ids),
                    ("transaction_id", "=", tx.id),
                    ("kind", "in", kinds),
                    ("state", "=", "open"),
                ]
            )
        )

    def _wx_on_refund(self, refund_tx):
        """Follows the refund, and what it means for the work list."""
        known = self.refund_ids.transaction_id
        done = super()._wx_on_refund(refund_tx)
        own = refund_tx.source_transaction_id == self.transaction_id
        if refund_tx.state == "done":
            text = self.env._("The money went back.")
            if not own:
                source = refund_tx.source_transaction_id
                self._wx_open_about(source, _MONEY)._resolve(text)
            failed = ("refund_failed", "refund_abnormal")
            self._wx_open_about(refund_tx, failed)._resolve(text)
            outside = refund_tx.wx_refund_origin == "platform"
            if own and outside and refund_tx not in known:
                self._wx_refunded_outside(refund_tx)
        elif refund_tx.state in ("cancel", "error") and not own:
            # an own one is raised by its grant (``wx.order.refund._wx_refused``)
            self._wx_refund_went_wrong(refund_tx)
        return done

    def _wx_refund_went_wrong(self, refund_tx):
        abnormal = refund_tx.wx_error_code == "ABNORMAL"
        self._wx_exception(
            "refund_abnormal" if abnormal else "refund_failed",
            self.env._(
                "%(amount)s yuan did not go back: %(reason)s",
                amount=f"{-refund_tx.wx_amount_fen / 100:.2f}",
                reason=refund_tx.state_message or refund_tx.wx_error_code or "",
            ),
            transaction_id=refund_tx,
        )

    # refunded in the merchant platform ------------------------------------------
    def _wx_refunded_outside(self, refund_tx):
        """What has not left stops; a full refund cancels the sales order."""
        refund = self.refund_ids.filtered(lambda r: r.transaction_id == refund_tx)
        found = self._wx_exception(
            "refunded_outside",
            self.env._(
                "%(amount)s yuan were refunded in WeChat's merchant platform.",
                amount=f"{-refund_tx.wx_amount_fen / 100:.2f}",
            ),
            transaction_id=refund_tx,
            refund_id=refund,
        )
        if not self._wx_rest_waits():
            found._resolve(self.env._("Everything had left: credited on the invoice."))
        elif self.refunded_fen >= self.paid_fen:
            self._wx_cancel_rest(refund)
            found._resolve(self.env._("Everything went back: delivery cancelled."))

    def _wx_rest_waits(self):
        """Whether something of the order has not left yet."""
        sale = self.sale_order_id
        if not sale:
            return self.posting_state in ("todo", "exception")
        return sale.state == "sale" and any(
            line._wx_qty_left() < line.product_uom_qty
            for line in sale.order_line
            if not line.display_type and not line.is_delivery
        )

    def _wx_cancel_rest(self, refund=None):
        """Takes what has not left out of the sales order and its delivery.

        :param refund: grant whose credit note shrinks accordingly
        """
        self.ensure_one()
        sale = self.sale_order_id.with_context(wx_refund=True)
        lines = sale.order_line.filtered(lambda line: not line.display_type)
        left = self._wx_never_invoiced(lines)
        if not sale:
            self.write({"posting_state": "none", "posting_error": False})
            self._wx_drop_holds()
        elif not any(line.qty_delivered for line in lines):
            sale._action_cancel()
        else:
            for line in lines.filtered(lambda li: not li.is_delivery):
                line.product_uom_qty = min(line.product_uom_qty, line.qty_delivered)
        for line in refund.line_ids if refund else ():
            fen = left.get(line.order_line_id.id, 0)
            line.credit_fen = max(line.credited_fen, line.credit_fen - fen)

    def _wx_never_invoiced(self, sale_lines):
        """``{mall line id (False: freight): fen}`` of what is taken out and so needs no
        credit note."""
        if not any(line.qty_delivered for line in sale_lines):
            left = {line.id: line.amount_fen for line in self.line_ids}
            return {**left, False: self.freight_fen}
        left = {}
        for line in sale_lines.filtered(lambda li: not li.is_delivery):
            missing = line.product_uom_qty - line.qty_delivered
            if missing > 0:
                key = line.wx_line_id.id
                fen = round(missing * to_fen(line.price_unit))
                left[key] = left.get(key, 0) + fen
        return left

    # revival --------------------------------------------------------------------
    def _wx_revive(self, tx):
        """A closed order lives again with the payment that came late.

        :raises UserError: refunded already, or the goods are sold
        """
        self.ensure_one()
        self._wx_lock()
        tx.invalidate_recordset()
        returned = tx.child_transaction_ids.filtered(lambda c: c.state != "cancel")
        if self.intake_state != "closed" or returned:
            raise UserError(self.env._("This payment went back or the order is open."))
        if tx.wx_amount_fen != self.amount_fen:
            raise UserError(self.env._("The amounts differ."))
        self.env["wx.sku.stock"]._fold(self.line_ids.product_id.ids)
        self.env.cr.execute(_REHOLD, {"order": self.id})
        if not self.env.cr.fetchone()[0]:
            raise UserError(self.env._("The goods are sold: refund the payment."))
        self.env.cr.execute(
            "UPDATE wx_hold SET state = 'active', released_at = NULL"
            " WHERE order_id = %s AND state = 'released'",
            [self.id],
        )
        self.env["wx.hold"].invalidate_model()
        self.env["wx.sku.stock"].invalidate_model()
        tx.write({"wx_attempt_state": "paid"})
        with self._wx_because("staff", self.env._("Revived by a late payment")):
            self.write(
                {
                    "intake_state": "paid",
                    "posting_state": "todo",
                    "paid_fen": tx.wx_amount_fen,
                    "amount_paid": to_yuan(tx.wx_amount_fen),
                    "paid_at": tx.wx_success_time or fields.Datetime.now(),
                    "transaction_id": tx.id,
                    "closed_at": False,
                    "close_reason": False,
                }
            )
        self.env["wx.order.posting"]._enqueue(self.company_id.id)
