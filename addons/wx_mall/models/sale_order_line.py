from odoo import api, fields, models
from odoo.exceptions import UserError

from ..services.own_step import own_step

#: Fields that change what the shopper paid for.
PAID_FIELDS = {"product_id", "product_uom_qty", "price_unit", "discount", "tax_ids"}


class SaleOrderLine(models.Model):
    _inherit = "sale.order.line"

    wx_line_id = fields.Many2one(
        "wx.order.line",
        "Mall order line",
        readonly=True,
        copy=False,
        index="btree_not_null",
        ondelete="set null",
        help="A mall line is one or two sales order lines; freight has none.",
    )

    @api.depends("order_id.wx_order_id", "order_id.order_line.qty_delivered")
    def _compute_qty_to_invoice(self):
        """Goods of the mall are invoiced when they leave, whatever the product's
        policy: that is when VAT falls due (``design.md``, Revenue and accounts)."""
        done = super()._compute_qty_to_invoice()
        for line in self:
            if (
                line.order_id.wx_order_id
                and line.state == "sale"
                and not line.display_type
            ):
                if line.is_delivery:
                    line.qty_to_invoice = line._wx_freight_to_invoice()
                elif line.product_id.type == "consu":
                    line.qty_to_invoice = line._wx_qty_left() - line.qty_invoiced
        return done

    def _wx_freight_to_invoice(self):
        """Freight falls due with the first delivery of the order."""
        goods = self.order_id.order_line.filtered(lambda line: not line.is_delivery)
        if not any(line.qty_delivered > 0 for line in goods):
            return 0.0
        return self.product_uom_qty - self.qty_invoiced

    def write(self, vals):
        changed = PAID_FIELDS & set(vals)
        if changed and not own_step(self.env, "wx_refund"):
            self._wx_check_paid_fields({name: vals[name] for name in changed})
        done = super().write(vals)
        if "product_uom_qty" in vals:
            # sudo: pieces taken out may end an exception of the mall
            orders = self.sudo().order_id.wx_order_id
            orders.filtered("open_exception_count")._wx_check_undelivered()
        return done

    def _wx_check_paid_fields(self, vals):
        """Refuses edits of what was paid: the refund wizard does both sides."""
        for line in self:
            if not line.order_id.wx_order_id or line.state != "sale":
                continue
            for name, value in vals.items():
                field = line._fields[name]
                same = field.convert_to_cache(value, line) == field.convert_to_cache(
                    line[name], line
                )
                if not same:
                    raise UserError(
                        self.env._(
                            "%(order)s was paid in the mall: quantity, price and taxes "
                            "of a paid line change only through a refund (button "
                            "“Refund” of the mall order).",
                            order=line.order_id.name,
                        )
                    )

    @api.model_create_multi
    def create(self, vals_list):
        lines = super().create(vals_list)
        if not own_step(self.env, "wx_refund"):
            for line in lines.filtered(lambda li: li.state == "sale"):
                if line.order_id.wx_order_id and line.price_total:
                    raise UserError(
                        self.env._(
                            "%(order)s was paid in the mall: no line can be added. "
                            "Make a sales order of its own.",
                            order=line.order_id.name,
                        )
                    )
        return lines

    def _wx_qty_left(self):
        """Quantity that has left the house, whatever came back since: a return lowers
        ``qty_delivered``, but the order is not one that is still to be shipped."""
        self.ensure_one()
        if self.qty_delivered >= self.product_uom_qty or not self.move_ids:
            return self.qty_delivered
        return self.qty_delivered + self._wx_qty_returned()

    def _wx_qty_returned(self):
        """Quantity that came back and lowered ``qty_delivered``, in the line's unit."""
        self.ensure_one()
        back = self.move_ids.filtered(
            lambda move: (
                move.state == "done"
                and move.origin_returned_move_id
                and move.to_refund
                and move.location_dest_id.usage != "customer"
            )
        )
        return sum(
            move.product_uom._compute_quantity(move.quantity, self.product_uom_id)
            for move in back
        )
