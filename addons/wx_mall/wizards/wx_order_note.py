from odoo import api, fields, models

from ..models.wx_order_staff import FLAGS


class WxOrderNote(models.TransientModel):
    """Flag and internal note of an order."""

    _name = "wx.order.note"
    _description = "Note on a mall order"

    order_id = fields.Many2one(
        "wx.order", required=True, readonly=True, ondelete="cascade"
    )
    flag = fields.Selection(
        FLAGS, compute="_compute_present", store=True, readonly=False
    )
    note = fields.Text(
        "Internal note", compute="_compute_present", store=True, readonly=False
    )

    @api.depends("order_id")
    def _compute_present(self):
        # stored fields are computed as superuser
        self.order_id.sudo(False).check_access("read")
        for wizard in self:
            wizard.flag = wizard.order_id.staff_flag
            wizard.note = wizard.order_id.staff_note

    def action_save(self):
        self.ensure_one()
        self.env["wx.order.staff"]._note(self.order_id, self.flag, self.note)
        return {
            "type": "ir.actions.act_window_close",
        }
