from odoo import api, models

from odoo.addons.wx_base.http import WxError
from odoo.addons.wx_base.tools import iso8601

QR_PREFIX = "WXP:"


class WxPickupService(models.AbstractModel):
    """Use cases of collecting an order in a shop."""

    _name = "wx.pickup.service"
    _description = "Pickup"

    # shopper --------------------------------------------------------------------
    @api.model
    def _points(self, ctx, query) -> dict:
        """Points of the shopper's mini-program; by distance when one is known.

        Points without a position come last, in the back office's order.
        """
        env = ctx.env
        points = env["wx.pickup.point"]._of_app(env["wx.app"].browse(ctx.app_id))
        items = [self._point(point, query.lat, query.lng) for point in points]
        if query.lat is not None:
            items.sort(
                key=lambda item: (item["distance_m"] is None, item["distance_m"] or 0)
            )
        return {"items": items, "next_cursor": None}

    @api.model
    def _point(self, point, lat=None, lng=None) -> dict:
        """What shoppers see of a point."""
        placed = bool(point.latitude or point.longitude)
        return {
            "id": point.id,
            "name": point.name,
            "address": point.full_address,
            "phone": point.phone or "",
            "opening_hours": point.opening_hours or "",
            "latitude": point.latitude if placed else None,
            "longitude": point.longitude if placed else None,
            "distance_m": None if lat is None else point._distance_m(lat, lng),
        }

    @api.model
    def _code(self, ctx, order_id) -> dict:
        """The shopper's own code.

        :raises WxError: 404; 409 ``pickup.not_a_pickup``, ``pickup.not_paid``,
            ``pickup.order_refunded``
        """
        order = ctx.env["wx.order"]._wx_owned(ctx, order_id)
        if not order.pickup_point_id:
            raise WxError(
                "pickup.not_a_pickup",
                self.env._("This order is not collected in a shop"),
                409,
            )
        if order.intake_state != "paid":
            raise WxError(
                "pickup.not_paid",
                self.env._("The code appears when the order is paid"),
                409,
            )
        if order.state in ("refunded", "cancelled"):
            raise WxError(
                "pickup.order_refunded",
                self.env._("This order was refunded and cannot be collected"),
                409,
            )
        return self._shown(ctx.env["wx.pickup"]._ensure(order))

    @api.model
    def _of_order(self, order):
        """``pickup`` of an order's document: as ``_code``, or None."""
        if not order.pickup_point_id or order.intake_state != "paid":
            return None
        if order.state in ("refunded", "cancelled"):
            return None
        return self._shown(self.env["wx.pickup"]._ensure(order))

    def _shown(self, pickup) -> dict:
        used = pickup.state == "picked_up"
        code = None if used else pickup._wx_secret("code")
        return {
            "order_id": pickup.order_id.id,
            "state": pickup.state,
            "code": code,
            "qr_data": f"{QR_PREFIX}{code}" if code else None,
            "ready_at": iso8601(pickup.ready_at),
            "expires_at": iso8601(pickup.expires_at),
            "picked_at": iso8601(pickup.picked_at),
            "point": self._point(pickup.point_id),
        }
