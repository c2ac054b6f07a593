from odoo import models
from odoo.exceptions import AccessError, UserError


class WxAfterSale(models.Model):
    """What staff do with after-sales: each button is one act of the state machine."""

    _inherit = "wx.after.sale"

    def _check_staff(self):
        """Service and operators act; the record rules say on which company's."""
        self.check_access("read")
        user = self.env.user
        if not self.env.su and not (
            user.has_group("wx_base.group_wx_service")
            or user.has_group("wx_base.group_wx_operator")
        ):
            raise AccessError(self.env._("After-sales are handled by service staff."))

    def action_approve(self):
        """Approves; a refund above the limit needs a second person."""
        self._check_staff()
        # sudo: the right was checked above; the fields are nobody's to write
        for record in self.sudo():
            record.env["wx.after.sale.flow"]._approve(record)
        return True

    def action_reject(self):
        """Opens the dialog that asks for the reason the shopper will read."""
        self._check_staff()
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Reject"),
            "res_model": "wx.after.sale.reject",
            "view_mode": "form",
            "target": "new",
            "context": {"default_after_sale_ids": self.ids},
        }

    def action_reopen(self):
        """A rejected one is looked at again (the shopper disputes it)."""
        self._check_staff()
        # sudo: the right was checked above; the fields are nobody's to write
        for record in self.sudo():
            record.order_id._wx_lock()
            record.invalidate_recordset()
            record._move(
                "reopen",
                reject_reason=False,
                ended_at=False,
                first_approver_id=False,
                second_approver_id=False,
            )
        return True

    def action_receive(self):
        """The parcel has arrived; it is to be inspected."""
        self._check_staff()
        # sudo: the right was checked above; the fields are nobody's to write
        for record in self.sudo():
            record.env["wx.after.sale.flow"]._receive(record)
        return True

    def action_all_passed(self):
        """All pieces came back and are in order."""
        self._check_staff()
        # sudo: the right was checked above; the fields are nobody's to write
        for line in self.sudo().line_ids.filtered(
            lambda li: li.state == "received" or li.inspection_open
        ):
            line.write({"passed_qty": line.qty, "failed_qty": 0})
        return True

    def action_inspect(self):
        """Books what came back: passed pieces to stock, failed ones apart."""
        self._check_staff()
        # sudo: the right was checked above; the fields are nobody's to write
        for record in self.sudo():
            record.env["wx.after.sale.flow"]._inspect(record)
        return True

    def action_finish(self):
        """After inspection: refunds, or sends the new goods."""
        self._check_staff()
        # sudo: the right was checked above; the fields are nobody's to write
        for record in self.sudo():
            record.env["wx.after.sale.flow"]._finish(record)
        return True

    def action_open_order(self):
        """Smart button."""
        self.ensure_one()
        return self.order_id._open("wx.order", self.order_id)

    def action_open_pickings(self):
        """Smart button: return and replacement."""
        self.ensure_one()
        return self.order_id._open("stock.picking", self.picking_ids)

    def action_open_refund(self):
        """Smart button: money and credit note on one screen."""
        self.ensure_one()
        if not self.refund_id:
            raise UserError(self.env._("Nothing was refunded yet."))
        return self.order_id._open("wx.order.refund", self.refund_id)
