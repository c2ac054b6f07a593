from odoo import api, fields, models

from ..services.wx_after_sale_send_back import DECIDED


class WxAfterSale(models.Model):
    """Failed pieces that are still here, and their way back to the shopper."""

    _inherit = "wx.after.sale"

    failed_here_qty = fields.Integer(
        "Failed pieces to send back",
        compute="_compute_failed_here_qty",
        search="_search_failed_here_qty",
        help="Failed inspection and were neither refunded nor replaced: they belong to "
        "the shopper.",
    )

    @api.depends(
        "state",
        "refund_id",
        "line_ids.passed_qty",
        "line_ids.failed_qty",
        "picking_ids.state",
    )
    def _compute_failed_here_qty(self):
        # sudo: whoever may read the after-sale need not read transfers
        stock = self.sudo().env["wx.after.sale.stock"]
        # sudo: whoever may read the after-sale need not read transfers
        for record in self.sudo():
            places = stock._failed_here(record) if record.id else {}
            record.failed_here_qty = sum(
                sum(pieces.values()) for pieces in places.values()
            )

    def _search_failed_here_qty(self, operator, value):
        if (operator, value) != (">", 0):
            return NotImplemented
        # sudo: whoever may read the after-sale need not read transfers
        found = self.sudo().search(
            [
                ("state", "in", DECIDED),
                ("refund_failed", "=", False),
                ("line_ids.failed_qty", ">", 0),
            ]
        )
        return [("id", "in", found.filtered("failed_here_qty").ids)]

    def action_send_failed_back(self):
        """Button: a delivery of the pieces that failed and were not refunded."""
        self._check_staff()
        # sudo: the right was checked above; the fields are nobody's to write
        for record in self.sudo():
            record.env["wx.after.sale.flow"]._send_failed_back(record)
        return True

    def action_reopen(self):
        """What was to be sent back stays until it is decided again."""
        self._check_staff()
        # sudo: the right was checked above; the fields are nobody's to write
        for record in self.sudo().filtered(lambda r: r._can("reopen")):
            record.env["wx.after.sale.flow"]._keep_failed(record)
        return super().action_reopen()

    def _wx_sent_back(self):
        """For the shopper: ``{state, parcels}`` of the failed pieces that go back, or
        None. ``state``: ``preparing`` until everything has left, then ``sent``."""
        self.ensure_one()
        # sudo: the shopper's own after-sale was found, transfers are the shop's
        pickings = self.sudo().picking_ids.filtered(
            lambda p: p.wx_after_sale_role == "send_back" and p.state != "cancel"
        )
        if not pickings:
            return None
        left = all(picking.state == "done" for picking in pickings)
        parcels = pickings.wx_parcel_ids.filtered("shipped_at").sorted("id")
        reader = self.env["wx.parcel.reader"]
        return {
            "state": "sent" if left else "preparing",
            "parcels": [reader._summary(parcel) for parcel in parcels],
        }
