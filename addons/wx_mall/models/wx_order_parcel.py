from odoo import fields, models


class WxOrder(models.Model):
    """The parcels of an order."""

    _inherit = "wx.order"

    parcel_ids = fields.One2many("wx.parcel", "order_id", "Parcels")
    parcel_count = fields.Integer(compute="_compute_parcel_count")

    def _compute_parcel_count(self):
        counts = dict(
            self.env["wx.parcel"]._read_group(
                [("order_id", "in", self.ids)], ["order_id"], ["__count"]
            )
        )
        for order in self:
            order.parcel_count = counts.get(order, 0)

    def _wx_delivery_pickings(self):
        """The deliveries that bring goods to the shopper (in sudo)."""
        # sudo: whoever may read the order need not read transfers
        return self.sudo().sale_order_id.picking_ids.filtered(
            lambda p: (
                p.picking_type_code in ("outgoing", "dropship") and p.state != "cancel"
            )
        )

    def _wx_ensure_parcels(self):
        """Makes the parcels of validated deliveries that have none yet."""
        done = self._wx_delivery_pickings().filtered(lambda p: p.state == "done")
        done._wx_make_parcels()

    def action_open_parcels(self):
        """Button: the parcels of this order."""
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "wx_mall.action_wx_parcel"
        )
        action["domain"] = [("order_id", "=", self.id)]
        action["context"] = {"default_order_id": self.id}
        if len(self.parcel_ids) == 1:
            action["views"] = [(False, "form")]
            action["res_id"] = self.parcel_ids.id
        return action
