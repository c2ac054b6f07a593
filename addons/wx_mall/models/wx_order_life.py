from odoo import api, fields, models

from ..services import order_log_sql


class WxOrder(models.Model):
    """Time line and exceptions of an order."""

    _inherit = "wx.order"

    log_ids = fields.One2many("wx.order.log", "order_id", "Time line", readonly=True)
    exception_ids = fields.One2many(
        "wx.order.exception", "order_id", "Exceptions", readonly=True
    )
    open_exception_count = fields.Integer(
        "Open exceptions", compute="_compute_open_exception_count"
    )

    @api.depends("exception_ids.state")
    def _compute_open_exception_count(self):
        counts = dict(
            self.env["wx.order.exception"]
            .sudo()  # the count is shown to whoever may read the order
            ._read_group(
                [("order_id", "in", self.ids), ("state", "=", "open")],
                ["order_id"],
                ["__count"],
            )
        )
        for order in self:
            order.open_exception_count = counts.get(order, 0)

    # time line ------------------------------------------------------------------
    def _wx_log(self, kind, reason=None, who=None, **detail):
        """Adds one line to the time line of each order.

        Changes of state need no call: a trigger writes them.

        :param kind: key of ``wx.order.log.kind``
        :param reason: why, in the language of whoever acts
        :param who: ``shopper``, ``staff``, ``system`` or ``wechat``; by default staff
            for a user and the system for a job
        :param detail: JSON values, kept with the line
        """
        staff = self.env.uid != 1
        return (
            self.env["wx.order.log"]
            .sudo()  # appended for whoever acts; nobody may write it directly
            .create(
                [
                    {
                        "order_id": order.id,
                        "kind": kind,
                        "who": who or ("staff" if staff else "system"),
                        "user_id": self.env.uid if staff else False,
                        "reason": reason,
                        "detail": detail or False,
                        "created_at": fields.Datetime.now(),
                    }
                    for order in self
                ]
            )
        )

    def _wx_because(self, who, reason=None):
        """Context manager: state changes inside carry this who and why."""
        return order_log_sql.because(self.env.cr, who, reason, self.env.flush_all)

    # exceptions -----------------------------------------------------------------
    def _wx_exception(self, kind, message, **refs):
        """Raises an exception about this order, once while it is open.

        :param kind: key of ``wx.order.exception.kind``
        :param refs: further fields of ``wx.order.exception`` (``transaction_id``,
            ``picking_id``, ``product_id`` …), ids or records
        :return: wx.order.exception
        """
        self.ensure_one()
        return self.env["wx.order.exception"]._raise(
            kind, message, order_id=self.id, **refs
        )

    def _wx_end_exceptions(self, kinds, resolution):
        """Resolves open exceptions of these kinds: their cause is gone."""
        # sudo: exceptions are raised and ended by the system
        self.env["wx.order.exception"].sudo().search(
            [
                ("order_id", "in", self.ids),
                ("kind", "in", list(kinds)),
                ("state", "=", "open"),
            ]
        )._resolve(resolution)

    def _wx_end_posting_exceptions(self):
        """The order is posted: what kept it from that is over. Entries made by hand and
        payments that cannot be booked have nothing to do with it."""
        # sudo: exceptions are raised and ended by the system
        self.env["wx.order.exception"].sudo().search(
            [
                ("order_id", "in", self.ids),
                ("kind", "in", ("posting_failed", "ledger")),
                ("move_id", "=", False),
                ("transaction_id", "=", False),
                ("state", "=", "open"),
            ]
        )._resolve(self.env._("Posted."))

    def action_open_exceptions(self):
        """Smart button."""
        self.ensure_one()
        return self._open("wx.order.exception", self.exception_ids)

    def write(self, vals):
        """Postings and reports that fail become exceptions, and end with success."""
        done = super().write(vals)
        if vals.get("posting_state") == "exception":
            # "ledger" when it was accounting that refused
            kind = self.env.context.get("wx_exception_kind", "posting_failed")
            for order in self:
                order._wx_exception(kind, order.posting_error)
        elif vals.get("posting_state") == "done":
            self._wx_end_posting_exceptions()
        if vals.get("shipping_state") == "failed":
            for order in self:
                order._wx_exception("shipping_failed", order.shipping_error)
        elif vals.get("shipping_state") == "done":
            self._wx_end_exceptions(["shipping_failed"], self.env._("Reported."))
        return done
