from odoo import api, fields, models

from odoo.addons.wx_base.money import to_yuan

FLAGS = [
    ("red", "Red"),
    ("yellow", "Yellow"),
    ("green", "Green"),
    ("blue", "Blue"),
    ("purple", "Purple"),
]


class WxOrder(models.Model):
    """What staff change about an order: price, address, notes for each other."""

    _inherit = "wx.order"

    # not required: the statement of order intake leaves them empty, which reads as 0
    staff_discount_fen = fields.Integer(
        "Staff discount (fen)",
        readonly=True,
        help="Part of the discounts that staff granted.",
    )
    freight_waived_fen = fields.Integer("Freight waived (fen)", readonly=True)
    staff_flag = fields.Selection(FLAGS, "Flag", readonly=True, index="btree_not_null")
    staff_note = fields.Text(
        "Internal note", readonly=True, help="For staff only; shoppers never see it."
    )
    goods_amount = fields.Monetary("Goods", compute="_compute_staff_amounts")
    discount_amount = fields.Monetary("Discounts", compute="_compute_staff_amounts")
    freight_amount = fields.Monetary("Freight", compute="_compute_staff_amounts")
    staff_discount = fields.Monetary(compute="_compute_staff_amounts")

    _staff_parts = models.Constraint(
        "CHECK(staff_discount_fen >= 0 AND freight_waived_fen >= 0"
        " AND staff_discount_fen <= discount_fen)",
        "What staff take off is a part of the discounts.",
    )

    @api.depends("goods_fen", "discount_fen", "freight_fen", "staff_discount_fen")
    def _compute_staff_amounts(self):
        for order in self:
            order.goods_amount = to_yuan(order.goods_fen)
            order.discount_amount = to_yuan(order.discount_fen)
            order.freight_amount = to_yuan(order.freight_fen)
            order.staff_discount = to_yuan(order.staff_discount_fen)

    def _wx_full_fen(self):
        """(goods, freight) in fen as the price engine had them, without what staff took
        off: no staff change goes beyond."""
        self.ensure_one()
        return (
            self.goods_fen - self.discount_fen + self.staff_discount_fen,
            self.freight_fen + self.freight_waived_fen,
        )

    def _wx_freight_to(self, province, city, district):
        """Freight of this order's goods to another place (``FreightResult``); nothing
        is charged where a promotion paid the freight."""
        self.ensure_one()
        result = self.env["wx.freight.service"]._compute(
            self.env.cr,
            self.app_id.id,
            (province, city, district),
            [(line.product_id.id, line.qty, line.amount_fen) for line in self.line_ids],
        )
        applied = (self.price_snapshot or {}).get("applied") or ()
        if any(entry.get("stage") == "freight" for entry in applied):
            result = result._replace(fen=0)
        return result

    def _wx_has_left(self):
        """Whether a part of the order is on its way, or a waybill bears its address."""
        self.ensure_one()
        order = self.sudo()  # whoever serves the shopper need not read deliveries
        pickings = order._wx_delivery_pickings()
        return (
            order.state not in ("unpaid", "paid", "to_ship")
            or any(picking.state == "done" for picking in pickings)
            or any(line.qty_delivered > 0 for line in order.sale_order_id.order_line)
            or any(
                parcel.tracking_no and parcel.state != "returned"
                for parcel in order.parcel_ids
            )
        )

    # buttons --------------------------------------------------------------------
    def action_change_price(self):
        return self._wx_staff_wizard("wx.order.price", self.env._("Change price"))

    def action_change_address(self):
        return self._wx_staff_wizard(
            "wx.order.address.change", self.env._("Change address")
        )

    def action_staff_note(self):
        return self._wx_staff_wizard("wx.order.note", self.env._("Note and flag"))

    def _wx_staff_wizard(self, model, name):
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "name": name,
            "res_model": model,
            "view_mode": "form",
            "target": "new",
            "context": {"default_order_id": self.id},
        }
