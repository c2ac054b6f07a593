from odoo import api, fields, models

#: not shipped: no delivery is reported, and the money was not given back
_DUE = """
SELECT o.id
  FROM wx_order o
  JOIN wx_app a ON a.id = o.app_id
 WHERE o.intake_state = 'paid'
   AND o.state IN ('paid', 'to_ship', 'partially_shipped')
   AND COALESCE(a.trade_managed, 'unknown') <> 'no'
   AND (o.special_kind = 'test' AND o.special_state = 'done') IS NOT TRUE
   AND COALESCE((o.shipping_known ->> 'complete')::boolean, false) = false
   AND {what}
 ORDER BY o.paid_at, o.id
 LIMIT %(limit)s
"""
_SOON = (
    "o.ship_warned_at IS NULL AND o.paid_at <= %(now)s::timestamp"
    " - make_interval(hours => GREATEST(a.ship_hours - a.ship_warn_hours, 0))"
    " AND (o.ship_promised_at IS NULL OR o.ship_promised_at <= %(now)s::timestamp"
    " + make_interval(hours => a.ship_warn_hours))"
)
_LATE = (
    "o.ship_late_at IS NULL AND o.paid_at <= %(now)s::timestamp"
    " - make_interval(hours => a.ship_hours)"
    " AND (o.ship_promised_at IS NULL OR o.ship_promised_at <= %(now)s::timestamp)"
)
BATCH = 500
CHUNK = 50  # a commit each


class WxOrderShippingWatch(models.AbstractModel):
    """Watches WeChat's deadline for shipping: a warning before, an exception after.

    48 hours after payment, or what the mini-program promises; goods sold without stock
    have the time that was promised for them (``reference/mini-program-platform.md``
    §6.1). Two set-based queries a run.
    """

    _name = "wx.order.shipping.watch"
    _description = "Watch on the shipping deadline"

    @api.model
    def _cron_watch(self):
        """Warns and raises; run twice it does nothing twice."""
        progress = self.env["ir.cron"]._commit_progress
        for what, act in ((_LATE, self._late), (_SOON, self._soon)):
            orders = self._due(what)
            progress(remaining=len(orders))
            for start in range(0, len(orders), CHUNK):
                chunk = orders[start : start + CHUNK]
                act(chunk)
                if not progress(len(chunk)):
                    return

    def _due(self, what):
        self.env.flush_all()
        self.env.cr.execute(
            _DUE.format(what=what), {"now": fields.Datetime.now(), "limit": BATCH}
        )
        ids = [row[0] for row in self.env.cr.fetchall()]
        # sudo: the watch acts for the shop
        return self.env["wx.order"].sudo().browse(ids)

    def _soon(self, orders):
        orders.write({"ship_warned_at": fields.Datetime.now()})
        orders._wx_log(
            "shipping",
            self.env._("Must be shipped soon: WeChat's deadline comes near."),
            who="system",
        )

    def _late(self, orders):
        now = fields.Datetime.now()
        orders.write({"ship_late_at": now})
        orders.filtered(lambda o: not o.ship_warned_at).write({"ship_warned_at": now})
        for order in orders:
            order._wx_exception("shipping_failed", self._late_message(order))

    def _late_message(self, order):
        if order.ship_promised_at:
            return self.env._(
                "Not shipped on the promised day. WeChat warns the shop, and after "
                "three days its shoppers."
            )
        return self.env._(
            "Not shipped within %(hours)s hours after payment. WeChat warns the "
            "shop, and after three days its shoppers.",
            hours=order.app_id.ship_hours,
        )
