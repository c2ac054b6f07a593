from math import asin, cos, radians, sin, sqrt

from odoo import api, fields, models
from odoo.exceptions import ValidationError

_EARTH_M = 6_371_008.8  # mean radius (IUGG)


def distance_m(lat1, lng1, lat2, lng2) -> int:
    """Great-circle distance in metres between two points in degrees (haversine)."""
    lat1, lng1, lat2, lng2 = map(radians, (lat1, lng1, lat2, lng2))
    across = cos(lat1) * cos(lat2) * sin((lng2 - lng1) / 2) ** 2
    half = sin((lat2 - lat1) / 2) ** 2 + across
    return round(2 * _EARTH_M * asin(min(1.0, sqrt(half))))


class WxPickupPoint(models.Model):
    """A shop where shoppers collect their orders.

    Odoo's warehouse has a partner address but no opening hours, no map position of its
    own and no switch "collect here"; one warehouse may also serve several counters.
    Positions are GCJ-02 degrees, as ``wx.getLocation({type: "gcj02"})`` and
    ``wx.openLocation`` use them.
    """

    _name = "wx.pickup.point"
    _description = "Pickup point"
    _order = "sequence, id"
    _check_company_auto = True

    name = fields.Char(required=True, translate=False)
    sequence = fields.Integer(default=10)
    active = fields.Boolean(default=True)
    company_id = fields.Many2one(
        "res.company",
        required=True,
        index=True,
        default=lambda self: self.env.company,
    )
    app_id = fields.Many2one(
        "wx.app",
        "Mini-program",
        check_company=True,
        index="btree_not_null",
        ondelete="cascade",
        help="Empty: every mini-program of the company offers this point.",
    )
    warehouse_id = fields.Many2one(
        "stock.warehouse",
        required=True,
        check_company=True,
        ondelete="restrict",
        help="Orders collected here are taken from this warehouse.",
    )
    province = fields.Char()
    city = fields.Char()
    district = fields.Char()
    address = fields.Char("Street", required=True)
    clerk_ids = fields.Many2many(
        "res.users",
        "wx_pickup_point_clerk_rel",
        "point_id",
        "user_id",
        "Clerks",
        help="Who hands over here. Empty: every operator of the company.",
    )
    phone = fields.Char("Telephone", help="Of the shop; shoppers see it.")
    opening_hours = fields.Char(help="As shoppers read it, e.g. “Mon–Sun 9:00–21:00”.")
    latitude = fields.Float(
        digits=(10, 6), help="Degrees north in GCJ-02, the system of Chinese maps."
    )
    longitude = fields.Float(
        digits=(10, 6), help="Degrees east in GCJ-02, the system of Chinese maps."
    )
    full_address = fields.Char(compute="_compute_full_address")

    _position = models.Constraint(
        "CHECK(latitude BETWEEN -90 AND 90 AND longitude BETWEEN -180 AND 180)",
        "A latitude lies between -90 and 90, a longitude between -180 and 180 degrees.",
    )

    @api.depends("province", "city", "district", "address")
    def _compute_full_address(self):
        for point in self:
            parts = (point.province, point.city, point.district, point.address)
            point.full_address = " ".join(filter(None, parts))

    @api.constrains("warehouse_id", "app_id")
    def _check_warehouse(self):
        """A point whose warehouse the mini-program does not sell from is empty."""
        for point in self:
            allowed = point.app_id.warehouse_ids
            if allowed and point.warehouse_id not in allowed:
                raise ValidationError(
                    self.env._(
                        "%(app)s does not sell from warehouse %(warehouse)s.",
                        app=point.app_id.name,
                        warehouse=point.warehouse_id.name,
                    )
                )

    @api.model
    def _of_app(self, app):
        """Points that shoppers of ``app`` may choose, in the back office's order."""
        domain = [
            ("company_id", "=", app.company_id.id),
            ("app_id", "in", [app.id, False]),
        ]
        if app.warehouse_ids:
            domain.append(("warehouse_id", "in", app.warehouse_ids.ids))
        return self.search(domain)

    def _allows(self, user) -> bool:
        """Whether a user hands over here; managers always do."""
        self.ensure_one()
        # sudo: whether one is a clerk, not who the clerks are
        clerks = self.sudo().clerk_ids
        return (
            not clerks or user in clerks or user.has_group("wx_base.group_wx_manager")
        )

    def _distance_m(self, lat, lng):
        """Metres from a position in degrees; None when the point has no position."""
        self.ensure_one()
        if not (self.latitude or self.longitude):
            return None
        return distance_m(lat, lng, self.latitude, self.longitude)
