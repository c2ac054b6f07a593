from collections import defaultdict

from odoo import fields, models


class StockPicking(models.Model):
    """Parcels of a mall delivery, and its own tracking reference in step with them."""

    _inherit = "stock.picking"

    wx_parcel_ids = fields.One2many("wx.parcel", "picking_id", "Mall parcels")
    wx_parcel_count = fields.Integer(compute="_compute_wx_parcel_count")

    def _compute_wx_parcel_count(self):
        # sudo: shown to warehouse staff without a mall group
        counts = dict(
            self.env["wx.parcel"]
            .sudo()
            ._read_group([("picking_id", "in", self.ids)], ["picking_id"], ["__count"])
        )
        for picking in self:
            # sudo: warehouse staff need not read mall orders
            picking.wx_parcel_count = counts.get(picking.sudo(), 0)

    def _action_done(self):
        done = super()._action_done()
        self.filtered(lambda p: p.state == "done")._wx_make_parcels()
        return done

    def write(self, vals):
        done = super().write(vals)
        watched = {"carrier_tracking_ref", "carrier_id"} & set(vals)
        if watched and not self.env.context.get("wx_from_parcels"):
            self._wx_numbers_to_parcels()
        return done

    # parcels --------------------------------------------------------------------
    def _wx_parcel_due(self):
        """Whether this delivery travels as parcels: mall goods that a carrier brings;
        what a shopper picks up in person does not."""
        self.ensure_one()
        # sudo: warehouse staff need not read mall orders
        order = self.sudo().wx_order_id
        return bool(
            order
            and order.delivery_kind == "express"
            and self.picking_type_code in ("outgoing", "dropship")
        )

    def _wx_make_parcels(self):
        """The parcels of validated deliveries; run twice it makes none twice.

        Parcels that exist (a waybill was asked for) leave now. Else there is one per
        package and tracking number: references of several parcels are separated by
        commas, as the ERP's own carriers write them.
        """
        # sudo: warehouse staff validates without a mall group
        parcels = (
            self.env["wx.parcel"]
            .sudo()
            .with_context(wx_parcels_of_picking=True, mail_create_nolog=True)
        )
        values, gone = [], []
        for picking in self.sudo():
            if picking.state != "done" or not picking._wx_parcel_due():
                continue
            present = picking.wx_parcel_ids
            waiting = present.filtered(lambda p: not p.shipped_at)
            if len(present) == 1 and waiting:
                # made from what was reserved; now it is known what really left
                lines = picking._wx_parcel_values()[0]["line_ids"]
                waiting.line_ids = [(5, 0, 0), *lines]
            for parcel in waiting:
                parcel._set_shipped(picking.date_done)
            if not present:
                mine = picking._wx_parcel_values()
                values += mine
                gone += [picking.date_done] * len(mine)
        moments = defaultdict(parcels.browse)
        for parcel, moment in zip(parcels.create(values), gone, strict=True):
            moments[moment] |= parcel
        for moment, made in moments.items():
            made._set_shipped(moment)

    def _wx_numbers(self):
        """Tracking numbers of the delivery, in order."""
        text = (self.carrier_tracking_ref or "").replace("，", ",")
        return [number.strip() for number in text.split(",") if number.strip()]

    def _wx_parcel_values(self):
        """Values of the parcels of this delivery, contents by package."""
        self.ensure_one()
        contents = defaultdict(lambda: defaultdict(float))
        for line in self.move_line_ids:
            order_line = line.move_id._wx_goods()
            if order_line and line.quantity:
                package = line.result_package_id.id or 0
                contents[package][order_line.id] += line.quantity
        numbers = self._wx_numbers()
        boxes = [contents[key] for key in sorted(contents)] or [{}]
        boxes += [{}] * (len(numbers) - len(boxes))
        return [
            {
                "order_id": self.wx_order_id.id,
                "picking_id": self.id,
                "carrier_id": self.carrier_id.id,
                "tracking_no": numbers[place] if place < len(numbers) else False,
                "line_ids": [
                    (0, 0, {"order_line_id": line_id, "qty": round(qty)})
                    for line_id, qty in box.items()
                    if round(qty) > 0
                ],
            }
            for place, box in enumerate(boxes)
        ]

    # numbers --------------------------------------------------------------------
    def _wx_numbers_to_parcels(self):
        """What was typed on the delivery goes to its parcels, in order."""
        for picking in self.sudo().filtered("wx_parcel_ids"):
            parcels = picking.wx_parcel_ids.sorted("id")
            numbers = picking._wx_numbers()
            parcels = parcels.with_context(wx_from_picking=True)
            for place, parcel in enumerate(parcels):
                values = {}
                number = numbers[place] if place < len(numbers) else False
                if number != parcel.tracking_no and (number or len(parcels) == 1):
                    values["tracking_no"] = number
                if picking.carrier_id and picking.carrier_id != parcel.carrier_id:
                    values["carrier_id"] = picking.carrier_id.id
                if values:
                    parcel.write(values)

    def _wx_numbers_from_parcels(self):
        """The delivery shows the numbers of its parcels."""
        self.ensure_one()
        if self.env.context.get("wx_from_picking"):
            return
        # sudo: warehouse staff need not read mall orders
        picking = self.sudo().with_context(wx_from_parcels=True)
        parcels = picking.wx_parcel_ids.sorted("id")
        text = ",".join(number for number in parcels.mapped("tracking_no") if number)
        values = {}
        if text != (picking.carrier_tracking_ref or ""):
            values["carrier_tracking_ref"] = text or False
        carrier = parcels.carrier_id
        if len(carrier) == 1 and carrier != picking.carrier_id:
            values["carrier_id"] = carrier.id
        if values:
            picking.write(values)

    def action_wx_open_parcels(self):
        """Button: the parcels of this delivery."""
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "wx_mall.action_wx_parcel"
        )
        action["domain"] = [("picking_id", "=", self.id)]
        action["context"] = {
            "default_order_id": self.wx_order_id.id,
            "default_picking_id": self.id,
        }
        return action
