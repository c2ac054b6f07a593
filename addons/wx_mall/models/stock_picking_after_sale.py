from odoo import api, fields, models

from ..services.own_step import own_step


class StockPicking(models.Model):
    """Returns and replacements of mall after-sales."""

    _inherit = "stock.picking"

    wx_after_sale_id = fields.Many2one(
        "wx.after.sale",
        "After-sale",
        readonly=True,
        copy=False,
        index="btree_not_null",
        ondelete="restrict",
    )
    wx_after_sale_role = fields.Selection(
        [
            ("return", "Return"),
            ("exchange", "Replacement"),
            ("send_back", "Failed goods sent back"),
        ],
        readonly=True,
        copy=False,
    )
    # a replacement has no sales order, but the receiver of its mall order
    wx_order_id = fields.Many2one(
        "wx.order",
        related=None,
        compute="_compute_wx_order_id",
        search="_search_wx_order_id",
        string="Mall order",
        store=False,
    )

    @api.depends("sale_id.wx_order_id", "wx_after_sale_id.order_id")
    def _compute_wx_order_id(self):
        for picking in self:
            # sudo: warehouse staff need not read mall orders
            after_sale = picking.sudo().wx_after_sale_id
            # sudo: warehouse staff need not read mall orders
            sale = picking.sudo().sale_id
            picking.wx_order_id = sale.wx_order_id or after_sale.order_id

    def _search_wx_order_id(self, operator, value):
        if operator not in ("in", "any"):
            return NotImplemented
        if operator == "in" and False in value:
            return NotImplemented
        return [
            "|",
            ("sale_id.wx_order_id", operator, value),
            ("wx_after_sale_id.order_id", operator, value),
        ]

    def action_wx_enter_after_sale(self):
        """Button: an after-sale about what this delivery brought."""
        self.ensure_one()
        action = self.wx_order_id.action_enter_after_sale()
        action["context"]["default_picking_id"] = self.id
        return action

    def action_cancel(self):
        """A replacement that somebody cancels in the ERP is to be sent again, or
        refunded: its after-sale is back with staff."""
        done = super().action_cancel()
        # sudo: warehouse staff need not read mall orders
        replacing = self.sudo().filtered(lambda p: p.wx_after_sale_role == "exchange")
        for record in replacing.wx_after_sale_id:
            if record._can("stop") and not record._wx_replacements_open():
                record._move("stop")
                record.message_post(
                    body=self.env._("The delivery of the replacement was cancelled.")
                )
        return done

    def _action_done(self):
        done = super()._action_done()
        # sudo: warehouse staff need not read mall orders
        flow = self.sudo().env["wx.after.sale.flow"]
        # sudo: warehouse staff need not read mall orders
        for picking in self.sudo().filtered("wx_after_sale_id"):
            record = picking.wx_after_sale_id
            if picking.state != "done":
                continue
            if picking.wx_after_sale_role == "exchange":
                if record._can("done") and not record._wx_replacements_open():
                    record._move("done")
            elif picking.wx_after_sale_role == "send_back":
                flow._failed_left(record)
            elif not own_step(self.env, "wx_after_sale_booking"):
                flow._returned_natively(record)
        return done
