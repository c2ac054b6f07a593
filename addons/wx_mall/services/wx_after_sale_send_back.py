from odoo import api, models
from odoo.exceptions import UserError

#: states in which what failed and was not refunded belongs to the shopper
DECIDED = ("refunding", "failed", "done", "rejected")


class WxAfterSaleStock(models.AbstractModel):
    """Pieces that failed inspection and were not refunded go back to the shopper."""

    _inherit = "wx.after.sale.stock"

    @api.model
    def _failed_here(self, record):
        """``{(warehouse, location): {after-sale line: pieces}}`` that failed, were
        neither refunded nor replaced, and are not sent back yet."""
        places = {}
        if record.state not in DECIDED:
            return places
        for line in record.line_ids:
            left = self._owed(record, line)
            for move in self._failed_moves(record, line):
                warehouse = move.picking_type_id.warehouse_id
                pieces = min(left, int(move.quantity))
                if pieces > 0:
                    place = places.setdefault((warehouse, move.location_dest_id), {})
                    place[line] = place.get(line, 0) + pieces
                    left -= pieces
        return places

    def _failed_moves(self, record, line):
        """Done return moves that brought pieces of ``line`` into a location of damaged
        returns, which lies outside every warehouse."""
        returns = record.picking_ids.filtered(
            lambda p: p.wx_after_sale_role == "return"
        )
        return returns.move_ids.filtered(
            lambda m: (
                m.state == "done"
                and not m.location_dest_id.warehouse_id
                and m._wx_goods() == line.order_line_id
            )
        )

    def _owed(self, record, line) -> int:
        """Failed pieces of a line the shopper has got nothing for, less those that are
        on their way back; at most what lies here."""
        refunded = sum(
            part.qty
            for part in record.refund_id.line_ids
            if part.order_line_id == line.order_line_id
        )
        out = {"exchange": 0, "send_back": 0}
        for picking in record.picking_ids:
            role = picking.wx_after_sale_role
            if role not in out:
                continue
            for move in picking.move_ids:
                if move.wx_after_sale_line_id == line and move.state != "cancel":
                    sent = move.quantity if move.state == "done" else None
                    out[role] += int(move.product_uom_qty if sent is None else sent)
        settled = max(0, refunded + out["exchange"] - line.passed_qty)
        return max(0, line.failed_qty - settled - out["send_back"])

    @api.model
    def _send_failed(self, record):
        """Deliveries of those pieces, one per place they lie in.

        :raises UserError: nothing is left to send back
        """
        places = self._failed_here(record)
        if not places:
            raise UserError(
                self.env._(
                    "%(name)s has no failed pieces to send back: they were refunded, "
                    "replaced or sent already.",
                    name=record.name,
                )
            )
        pickings = self.env["stock.picking"]
        for (warehouse, location), pieces in places.items():
            pickings |= self._deliver(record, "send_back", warehouse, location, pieces)
        return pickings


class WxAfterSaleFlow(models.AbstractModel):
    _inherit = "wx.after.sale.flow"

    @api.model
    def _send_failed_back(self, record):
        """Staff send back what failed; the state of the after-sale stays."""
        self._lock(record)
        self.env["wx.after.sale.stock"]._send_failed(record)
        self._log_failed(record, self.env._("Failed pieces are to be sent back"))

    @api.model
    def _failed_left(self, record):
        """The failed pieces are on their way to the shopper."""
        self._log_failed(record, self.env._("Failed pieces were sent back"))

    def _log_failed(self, record, text):
        record.order_id._wx_log(
            "after_sale",
            f"{record.name}: {text}",
            after_sale=record.id,
            state=record.state,
        )
        record.message_post(body=text)

    @api.model
    def _keep_failed(self, record):
        """It is looked at again: deliveries of failed pieces that have not left are
        cancelled, the pieces stay here."""
        record.picking_ids.filtered(
            lambda p: (
                p.wx_after_sale_role == "send_back"
                and p.state not in ("done", "cancel")
            )
        ).action_cancel()
