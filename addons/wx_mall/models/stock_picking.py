from odoo import fields, models
from odoo.exceptions import UserError

from ..services.own_step import own_step


class StockPicking(models.Model):
    _inherit = "stock.picking"

    wx_order_id = fields.Many2one(
        "wx.order", related="sale_id.wx_order_id", string="Mall order", store=False
    )
    wx_receiver = fields.Char(
        "Mall receiver",
        compute="_compute_wx_receiver",
        help="Masked; the waybill prints it in clear.",
    )
    wx_shipping_state = fields.Selection(
        related="wx_order_id.shipping_state", string="Reported to WeChat"
    )
    wx_shipping_error = fields.Text(related="wx_order_id.shipping_error")

    def _compute_wx_receiver(self):
        for picking in self:
            # sudo: warehouse staff need not read mall orders
            address = picking.sudo().wx_order_id.address_ids[:1]
            parts = (address.region, address.detail, address.name, address.phone)
            picking.wx_receiver = " ".join(filter(None, parts)) if address else False

    def message_post_with_source(self, source_ref, **kwargs):
        """No "created from" message on the deliveries of a batch: origin and sales
        order say it, and rendering it takes a tenth of the posting's time."""
        if own_step(self.env, "wx_batch"):
            return self.env["mail.message"]
        return super().message_post_with_source(source_ref, **kwargs)

    def _wx_mall_orders(self):
        """Mall orders behind these pickings (in sudo)."""
        # sudo: warehouse staff need not read mall orders
        return self.sudo().sale_id.wx_order_id

    def _wx_check_may_leave(self):
        """Goods whose money went back elsewhere do not leave before staff decide."""
        # sudo: warehouse staff need not read mall orders
        for picking in self.sudo():
            kinds = ("outgoing", "dropship")
            if picking.picking_type_code not in kinds or not picking.wx_order_id:
                continue
            stopped = picking.wx_order_id.exception_ids.filtered(
                lambda e: e.kind == "refunded_outside" and e.state == "open"
            )
            if stopped:
                raise UserError(
                    self.env._(
                        "%(picking)s is stopped: %(reason)s Settle it in the list of "
                        "exceptions of mall order %(order)s first.",
                        picking=picking.name,
                        reason=stopped[0].message,
                        order=picking.wx_order_id.name,
                    )
                )

    def _action_done(self):
        self._wx_check_may_leave()
        done = super()._action_done()
        orders = self._wx_mall_orders()
        if orders:
            orders._wx_sync_holds()
            gone = self.filtered(lambda p: p.picking_type_code != "incoming")
            gone._wx_mall_orders()._wx_after_delivery()
            # sudo: warehouse staff need not read mall orders
            orders._wx_mirror_returns(self.sudo())
            orders._wx_check_undelivered()
        return done

    def action_cancel(self):
        done = super().action_cancel()
        orders = self._wx_mall_orders()
        if orders:
            orders._wx_sync_holds()
            if not self.env.context.get("wx_cancelling"):
                orders._wx_check_undelivered()
        return done

    def write(self, vals):
        done = super().write(vals)
        if {"carrier_tracking_ref", "carrier_id"} & set(vals):
            shipped = self.filtered(lambda picking: picking.state == "done")
            shipped._wx_mall_orders()._wx_queue_shipping()
        return done

    def _wx_waybill_receiver(self):
        """Receiver for the printed slip of a mall delivery: {name, phone, address}, or
        None. In clear, and logged, for those who pack and send; masked for others."""
        self.ensure_one()
        self.check_access("read")
        # sudo: the right was checked above; the fields are nobody's to write
        address = self.sudo().wx_order_id.address_ids[:1]
        if not address:
            return None
        if not self.env["wx.parcel"]._wx_may_send():
            parts = (address.region, address.detail)
            return {
                "name": address.name,
                "phone": address.phone,
                "address": " ".join(filter(None, parts)),
            }
        return address._wx_clear(
            self.env._("Printed on delivery slip %(name)s", name=self.name)
        )

    def action_wx_show_receiver(self):
        """Receiver in clear for packing; logged."""
        self.ensure_one()
        return self.sudo(False).wx_order_id.action_show_receiver()
