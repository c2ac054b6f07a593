from odoo import api, models


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
