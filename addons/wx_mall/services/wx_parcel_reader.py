from odoo import api, models

from odoo.addons.wx_base.problems import not_found
from odoo.addons.wx_base.tools import iso8601


class WxParcelReader(models.AbstractModel):
    """What a shopper reads of the parcels of their orders."""

    _name = "wx.parcel.reader"
    _description = "Reading of parcels"

    @api.model
    def _of_order(self, order):
        """Parcels of an order that left, oldest first."""
        parcels = order.parcel_ids.filtered("shipped_at").sorted(
            lambda p: (p.shipped_at, p.id)
        )
        return [self._summary(parcel) for parcel in parcels]

    @api.model
    def _detail(self, ctx, order_id, parcel_id):
        """One parcel with its track; 404 for another's order or parcel."""
        order = ctx.env["wx.order"]._wx_owned(ctx, order_id)
        parcel = order.parcel_ids.filtered(lambda p: p.id == parcel_id and p.shipped_at)
        if not parcel:
            raise not_found()
        return {
            **self._summary(parcel),
            "waybill_token": parcel.query_token or None,
            "track": [
                {
                    "at": iso8601(event.at),
                    "state": event.state or None,
                    "text": event.text or "",
                }
                for event in parcel.event_ids
            ],
        }

    @staticmethod
    def _summary(parcel):
        return {
            "id": parcel.id,
            "state": parcel.state,
            "carrier": parcel._carrier_text() or None,
            "tracking_no": parcel.tracking_no or None,
            "shipped_at": iso8601(parcel.shipped_at),
            "delivered_at": iso8601(parcel.delivered_at),
            "last_event": parcel.last_text or None,
            "last_event_at": iso8601(parcel.last_event_at),
            "items": [
                {
                    "sku_id": line.order_line_id.product_id.id,
                    "title": line.order_line_id.title,
                    "qty": line.qty,
                }
                for line in parcel.line_ids
            ],
        }
