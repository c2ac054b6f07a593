from odoo import fields, models
from odoo.exceptions import UserError


class WxOrder(models.Model):
    """What people do in the ERP's own screens, mirrored on the mall order.

    The table of acts is in ``readme/NATIVE_ACTS.md``.
    """

    _inherit = "wx.order"

    return_state = fields.Selection(
        [("none", "Nothing"), ("part", "In part"), ("all", "Everything")],
        "Came back",
        readonly=True,
        help="Goods that came back to the warehouse; money goes back by refunds only.",
    )

    def _wx_mirror_returns(self, pickings):
        """Notes on the orders what came back with these returns."""
        back = pickings.move_ids.filtered(
            lambda m: m.state == "done" and m.origin_returned_move_id and m.sale_line_id
        )
        for order in self:
            mine = back.filtered(
                lambda m, o=order: m.sale_line_id.order_id == o.sale_order_id
            )
            mine = mine.filtered(lambda m: m.location_id.usage == "customer")
            if not mine:
                continue
            lines = order.sale_order_id.order_line.filtered("move_ids")
            gone = sum(line._wx_qty_left() for line in lines)
            returned = sum(line._wx_qty_returned() for line in lines)
            order.return_state = "all" if returned >= gone else "part"
            order._wx_log(
                "native",
                self.env._(
                    "%(qty)g pieces came back: %(name)s",
                    qty=sum(mine.mapped("quantity")),
                    name=", ".join(mine.picking_id.mapped("name")),
                ),
            )

    def _wx_check_undelivered(self):
        """Paid pieces that no open delivery brings any more are an exception: ship them
        again or refund them. Ends it when that happened."""
        whole = self.browse()
        for order in self:
            short = order._wx_undelivered()
            if short:
                text = ", ".join(f"{line.name} × {qty:g}" for line, qty in short)
                order._wx_exception(
                    "undelivered",
                    self.env._("Paid, but no delivery brings: %(goods)s", goods=text),
                )
            else:
                whole |= order
        whole._wx_end_exceptions(
            ["undelivered"], self.env._("Nothing is missing any more.")
        )

    def _wx_undelivered(self):
        """``[(sales order line, quantity)]`` paid but neither gone nor on the way."""
        self.ensure_one()
        sale = self.sale_order_id
        result = []
        for line in sale.order_line if sale.state == "sale" else ():
            if line.product_id.type != "consu" or not line.move_ids:
                continue
            waiting = sum(
                move.product_uom._compute_quantity(
                    move.product_uom_qty, line.product_uom_id
                )
                for move in line.move_ids
                if move.state not in ("done", "cancel")
                and move.location_dest_id.usage == "customer"
            )
            short = line.product_uom_qty - line._wx_qty_left() - waiting
            if line.product_uom_id.compare(short, 0) > 0:
                result.append((line, short))
        return result

    def _wx_ship_again(self):
        """A new delivery for what is missing.

        :raises UserError: nothing is missing
        """
        for order in self:
            short = order._wx_undelivered()
            if not short:
                raise UserError(self.env._("Nothing is missing."))
            lines = self.env["sale.order.line"].browse(line.id for line, _qty in short)
            lines._action_launch_stock_rule()
            lines.move_ids.filtered(
                lambda m: m.state in ("confirmed", "waiting", "partially_available")
            )._action_assign()
            order._wx_sync_holds()
            order._wx_log("native", self.env._("A new delivery brings what is missing"))
        self._wx_check_undelivered()
