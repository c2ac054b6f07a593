from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import UserError

BATCH = 200


class WxOrder(models.Model):
    """Receipt: by the shopper, by WeChat, or by the clock."""

    _inherit = "wx.order"

    receive_due_at = fields.Datetime(
        "Received by the clock",
        readonly=True,
        help="When the order counts as received by itself.",
    )
    received_by = fields.Selection(
        [
            ("shopper", "Shopper"),
            ("wechat", "WeChat"),
            ("clock", "Time is over"),
            ("staff", "Staff"),
        ],
        readonly=True,
    )

    _receive_idx = models.Index("(receive_due_at) WHERE state = 'shipped'")

    def _wx_after_delivery(self):
        """Each delivery starts the clock of receipt again."""
        done = super()._wx_after_delivery()
        now = fields.Datetime.now()
        for app in self.app_id:
            mine = self.filtered(lambda order, a=app: order.app_id == a)
            mine.write({"receive_due_at": now + timedelta(days=app.receive_days)})
        return done

    def _wx_receive(self, by, moment=None, reason=None):
        """Marks shipped orders as received; repeating it is harmless.

        :param by: key of ``received_by``
        :param moment: naive UTC; now by default
        :return: the orders that were received now
        """
        todo = self.filtered(
            lambda order: order.state == "shipped" and not order.received_at
        )
        who = by if by in ("shopper", "wechat", "staff") else "system"
        with self._wx_because(who, reason):
            todo.write(
                {"received_at": moment or fields.Datetime.now(), "received_by": by}
            )
        return todo

    def _wx_receive_waits(self):
        """Hook: orders among these that the clock must not close: with open exceptions,
        and with open after-sales (``wx_order_after_sale``)."""
        return self.filtered("open_exception_count")

    @api.model
    def _cron_receive(self):
        """Hourly: shipped orders whose time is over count as received."""
        cron = self.env["ir.cron"]
        reason = self.env._("Nothing was said within the time")
        after = 0
        while True:
            orders = self.search(
                [
                    ("state", "=", "shipped"),
                    ("receive_due_at", "<=", fields.Datetime.now()),
                    ("id", ">", after),
                ],
                order="id",
                limit=BATCH,
            )
            if not orders:
                return
            after = orders[-1].id
            (orders - orders._wx_receive_waits())._wx_receive("clock", reason=reason)
            if not cron._commit_progress(len(orders)):
                return

    def action_receive(self):
        """Button: staff know that the goods arrived."""
        self.check_access("write")
        if any(order.state != "shipped" for order in self):
            raise UserError(self.env._("Only a shipped order can be received."))
        # sudo: the right was checked above; the fields are nobody's to write
        self.sudo()._wx_receive("staff")

    def action_extend_receive(self):
        """Button: as many days again until the order counts as received."""
        self.check_access("write")
        # sudo: the right was checked above; the fields are nobody's to write
        for order in self.sudo():
            if order.state not in ("partially_shipped", "shipped"):
                raise UserError(self.env._("Only what is on its way can take longer."))
            days = order.app_id.receive_days
            due = max(
                order.receive_due_at or fields.Datetime.now(), fields.Datetime.now()
            )
            order.receive_due_at = due + timedelta(days=days)
            order._wx_log(
                "extend", self.env._("%(days)s more days to receive", days=days)
            )
