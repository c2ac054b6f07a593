from odoo import models
from odoo.exceptions import UserError


class StockPicking(models.Model):
    """Waybills asked for from the delivery, before it is validated."""

    _inherit = "stock.picking"

    def _wx_parcels_to_send(self):
        """The parcels of a delivery, made from what is reserved when there are none."""
        self.ensure_one()
        # sudo: warehouse staff need not read mall orders
        picking = self.sudo()
        if not picking._wx_parcel_due():
            raise UserError(
                self.env._("%(name)s is no parcel of a mall order.", name=self.name)
            )
        if not picking.wx_parcel_ids:
            values = picking._wx_parcel_values()
            if not any(value["line_ids"] for value in values):
                raise UserError(
                    self.env._("Nothing is reserved for %(name)s.", name=self.name)
                )
            # sudo: warehouse staff need not read mall orders
            self.env["wx.parcel"].sudo().with_context(
                wx_parcels_of_picking=True
            ).create(values)
        return picking.wx_parcel_ids

    def action_wx_request_waybill(self):
        """Button: a waybill for each parcel of this delivery."""
        self.check_access("write")
        for picking in self:
            for parcel in picking._wx_parcels_to_send():
                self.env["wx.waybill.service"]._request(parcel)
                if parcel.waybill_state != "made":
                    return parcel.order_id._notify("danger", parcel.waybill_error)
        return True

    def action_wx_queue_waybills(self):
        """List action: waybills for many deliveries, by jobs."""
        self.check_access("write")
        due = self.filtered(
            lambda p: p.state in ("assigned", "done") and p._wx_parcel_due()
        )
        if not due:
            raise UserError(self.env._("No delivery of these is ready to be sent."))
        self.env["wx.waybill.service"]._enqueue_pickings(due)
        return due[:1].wx_order_id._notify(
            "success",
            self.env._("%(count)s waybills are being made.", count=len(due)),
        )

    def action_wx_print_waybill(self):
        """Button: the label of the delivery's first parcel, else the slip."""
        self.ensure_one()
        # sudo: warehouse staff need not read mall orders
        parcels = self.sudo().wx_parcel_ids.with_env(self.env)
        made = parcels.filtered(lambda p: p.waybill_state == "made")
        if made:
            return made[:1].action_print_waybill()
        return self.env.ref("stock.action_report_delivery").report_action(self)
