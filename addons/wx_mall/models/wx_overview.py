from datetime import datetime, timedelta, timezone

from odoo import api, models

from odoo.addons.wx_base.money import to_yuan
from odoo.addons.wx_base.tools import BEIJING

FIGURES = """
SELECT count(*) FILTER (WHERE create_date >= %(today)s),
       count(*) FILTER (WHERE paid_at >= %(today)s),
       COALESCE(sum(paid_fen) FILTER (WHERE paid_at >= %(today)s), 0),
       count(DISTINCT user_id) FILTER (WHERE paid_at >= %(today)s)
  FROM wx_order
 WHERE company_id = ANY(%(companies)s)
   AND (create_date >= %(today)s OR paid_at >= %(today)s)
"""

QUEUES = """
SELECT count(*) FILTER (WHERE state IN ('to_ship', 'partially_shipped')),
       count(*) FILTER (WHERE state = 'unpaid'),
       (SELECT count(*) FROM wx_order_exception
         WHERE company_id = ANY(%(companies)s) AND state = 'open'),
       (SELECT count(*) FROM wx_order_refund
         WHERE company_id = ANY(%(companies)s)
           AND state IN ('pending', 'failed', 'abnormal')),
       count(*) FILTER (WHERE shipping_state = 'failed')
  FROM wx_order
 WHERE company_id = ANY(%(companies)s)
   AND (state IN ('to_ship', 'partially_shipped', 'unpaid')
        OR shipping_state = 'failed')
"""

REFUNDS = """
SELECT COALESCE(sum(r.amount_fen), 0) FROM wx_order_refund r
  JOIN payment_transaction t ON t.id = r.transaction_id
 WHERE r.company_id = ANY(%(companies)s) AND r.state = 'done'
   AND t.wx_success_time >= %(today)s
"""

SERIES = """
SELECT date_trunc(%(unit)s, paid_at + interval '8 hours'), count(*), sum(paid_fen)
  FROM wx_order
 WHERE company_id = ANY(%(companies)s) AND paid_at >= %(since)s
 GROUP BY 1
"""


class WxOverview(models.AbstractModel):
    """Figures of the overview page: Beijing days, the user's companies."""

    _name = "wx.overview"
    _description = "Mall overview"

    @api.model
    @api.readonly
    def get_figures(self):
        """Everything the page shows, in one call.

        :return: ``{today: {...}, queues: [...], days: [...], hours: [...]}``; money in
            yuan, ready to be shown
        :raises AccessError: the user may not read mall orders
        """
        self.env["wx.order"].check_access("read")
        self.env.flush_all()
        midnight = datetime.now(BEIJING).replace(
            hour=0, minute=0, second=0, microsecond=0
        )
        today = midnight.astimezone(timezone.utc).replace(tzinfo=None)
        params = {"companies": self.env.companies.ids, "today": today}
        placed, paid, fen, buyers = self._row(FIGURES, params)
        (refunded,) = self._row(REFUNDS, params)
        return {
            "today": {
                "orders": placed,
                "paid_orders": paid,
                "paid": to_yuan(fen),
                "buyers": buyers,
                "refunded": to_yuan(refunded),
            },
            "queues": self._queues(params),
            "days": self._series(params, "day", midnight, 14),
            "hours": self._series(params, "hour", midnight, 24),
        }

    def _row(self, query, params):
        self.env.cr.execute(query, params)
        return self.env.cr.fetchone()

    def _queues(self, params):
        """Hook: what waits for somebody: ``[{key, label, count, action, domain}]``."""
        to_ship, unpaid, exceptions, to_refund, failed = self._row(QUEUES, params)
        orders = "wx_mall.action_wx_order"
        queues = [
            (
                "to_ship",
                self.env._("To ship"),
                to_ship,
                orders,
                {"search_default_to_ship": 1},
            ),
            (
                "unpaid",
                self.env._("To pay"),
                unpaid,
                orders,
                {"search_default_unpaid": 1},
            ),
            (
                "exceptions",
                self.env._("Exceptions"),
                exceptions,
                "wx_mall.action_wx_order_exception",
                {"search_default_open": 1},
            ),
            (
                "to_refund",
                self.env._("To refund"),
                to_refund,
                orders,
                {"search_default_to_refund": 1},
            ),
            (
                "shipping",
                self.env._("Not reported to WeChat"),
                failed,
                orders,
                {"search_default_shipping_failed": 1},
            ),
        ]
        breaks = self.env["wx.pay.break"]
        if breaks.has_access("read"):
            count = breaks.search_count([("state", "=", "open")])
            action = "wx_pay.action_wx_pay_break"
            queues.append(("breaks", self.env._("Open breaks"), count, action, {}))
        names = ("key", "label", "count", "action", "context")
        return [dict(zip(names, queue, strict=True)) for queue in queues]

    def _series(self, params, unit, midnight, count):
        """Paid orders and yuan per Beijing day or hour, empty ones included."""
        step = timedelta(days=1) if unit == "day" else timedelta(hours=1)
        start = midnight - step * (count - 1) if unit == "day" else midnight
        since = start.astimezone(timezone.utc).replace(tzinfo=None)
        self.env.cr.execute(SERIES, {**params, "unit": unit, "since": since})
        found = {row[0]: row[1:] for row in self.env.cr.fetchall()}
        series = []
        for index in range(count):
            moment = (start + step * index).replace(tzinfo=None)
            orders, fen = found.get(moment, (0, 0))
            label = f"{moment:%m-%d}" if unit == "day" else f"{moment:%H}:00"
            series.append({"label": label, "orders": orders, "paid": to_yuan(int(fen))})
        return series
