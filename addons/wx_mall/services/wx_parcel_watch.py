from odoo import api, fields, models

# Each row: parcel, why it is late. The first rule that fits decides. Parcels that
# nobody but staff follows have no scans to wait for: for them only arrival counts.
_LATE = """
SELECT p.id, CASE
         WHEN p.state IN ('problem', 'returned') THEN 'problem'
         WHEN p.shipped_at <= %(now)s::timestamp
              - make_interval(days => a.late_deliver_days) THEN 'not_delivered'
         WHEN p.collected_at IS NULL THEN 'not_collected'
         ELSE 'no_movement' END AS why
  FROM wx_parcel p
  JOIN wx_app a ON a.id = p.app_id
  JOIN wx_order o ON o.id = p.order_id
  LEFT JOIN delivery_carrier c ON c.id = p.carrier_id
 WHERE p.shipped_at IS NOT NULL AND p.late_kind IS NULL
   AND p.state <> 'delivered' AND o.received_at IS NULL
   AND o.state IN ('partially_shipped', 'shipped')
   AND (p.state IN ('problem', 'returned')
        OR p.shipped_at <= %(now)s::timestamp
           - make_interval(days => a.late_deliver_days)
        OR (p.tracking_no IS NOT NULL AND COALESCE(c.wx_tracking, 'auto') <> 'manual'
            AND COALESCE(c.wx_logistics_type, '1') = '1'
            AND CASE WHEN p.collected_at IS NULL
                THEN p.shipped_at <= %(now)s::timestamp
                     - make_interval(hours => a.late_collect_hours)
                ELSE COALESCE(p.last_event_at, p.collected_at) <= %(now)s::timestamp
                     - make_interval(hours => a.late_move_hours) END))
 ORDER BY p.id LIMIT %(limit)s
"""
BATCH = 500


class WxParcelWatch(models.AbstractModel):
    """Detector of late parcels: set-based, by the settings of each mini-program."""

    _name = "wx.parcel.watch"
    _description = "Watch on late parcels"

    @api.model
    def _cron_watch(self):
        """Raises ``late_parcel`` once per parcel; new movement ends it again."""
        self.env.flush_all()
        self.env.cr.execute(_LATE, {"now": fields.Datetime.now(), "limit": BATCH})
        rows = self.env.cr.fetchall()
        progress = self.env["ir.cron"]._commit_progress
        progress(remaining=len(rows))
        for parcel_id, why in rows:
            # sudo: acts for the shop, whoever caused it
            self._late(self.env["wx.parcel"].sudo().browse(parcel_id), why)
            if not progress(1):
                break

    def _late(self, parcel, why):
        now = fields.Datetime.now()
        parcel.write({"late_kind": why, "late_at": now})
        label = dict(parcel._fields["late_kind"]._description_selection(self.env))[why]
        parcel.order_id._wx_exception(
            "late_parcel",
            self.env._(
                "Parcel %(number)s: %(why)s", number=parcel.display_name, why=label
            ),
            picking_id=parcel.picking_id,
        )
        self.env["wx.event"]._record(
            "parcel.late",
            [
                {
                    "app_id": parcel.app_id.id,
                    "company_id": parcel.company_id.id,
                    "user_id": parcel.user_id.id,
                    "data": {"parcel": parcel.id, "why": why},
                }
            ],
        )
