from odoo import fields, models
from odoo.exceptions import UserError

from odoo.addons.wx_base.wxclient import WxClientError

PLACEHOLDER = "${商品订单号}"


class WxApp(models.Model):
    """Shipping settings of a mini-program, and what WeChat says about them."""

    _inherit = "wx.app"

    trade_managed = fields.Selection(
        [("unknown", "Not asked yet"), ("yes", "Yes"), ("no", "No")],
        "Shipping must be reported",
        default="unknown",
        required=True,
        readonly=True,
        copy=False,
        help="Whether WeChat manages the trade of this mini-program: it then keeps the "
        "money until shipping was reported. Asked once a day.",
    )
    trade_notice = fields.Char(
        "WeChat's last notice", readonly=True, copy=False, help="About shipping."
    )
    trade_notice_at = fields.Datetime(readonly=True, copy=False)
    ship_hours = fields.Integer(
        "Hours to ship",
        default=48,
        help="WeChat's rule is 48 hours after payment, or less when a listing promises "
        "less.",
    )
    ship_warn_hours = fields.Integer("Warn this many hours before", default=12)
    pickup_report = fields.Selection(
        [("ready", "When it lies ready"), ("handover", "At the hand-over")],
        "Report collected orders",
        default="ready",
        required=True,
        help="WeChat's deadline ends with the report. Ready: the shopper may take days "
        "to come. Two days after the report WeChat pays out by itself.",
    )
    late_collect_hours = fields.Integer(
        "Hours until the first scan",
        default=24,
        help="A parcel that the carrier has not scanned by then is late; WeChat's rule "
        "is 24 hours.",
    )
    late_move_hours = fields.Integer(
        "Hours without movement",
        default=72,
        help="A parcel under way without a new scan for this long is late.",
    )
    late_deliver_days = fields.Integer(
        "Days until arrival",
        default=10,
        help="A parcel that has not arrived by then is late.",
    )
    order_page_path = fields.Char(
        "Page of an order",
        default="pages/order/detail",
        help="Opened from WeChat's shipping message; WeChat appends transaction_id, "
        "merchant_id and merchant_trade_no.",
    )
    order_center_path = fields.Char(
        "Page for the order centre",
        default="pages/order/detail?no=${商品订单号}",
        help="Opened from WeChat's own list of orders; must hold ${商品订单号}, which "
        "becomes our payment number.",
    )
    order_paths_state = fields.Selection(
        [("todo", "Not sent"), ("done", "Sent"), ("failed", "Failed")],
        "Pages told to WeChat",
        default="todo",
        required=True,
        readonly=True,
        copy=False,
    )
    order_paths_error = fields.Char(readonly=True, copy=False)

    _ship_hours_pos = models.Constraint(
        "CHECK(ship_hours BETWEEN 1 AND 7920 AND ship_warn_hours >= 0"
        " AND late_collect_hours >= 1 AND late_move_hours >= 1"
        " AND late_deliver_days >= 1)",
        "Shipping takes between one hour and 330 days; limits are at least 1.",
    )

    def write(self, vals):
        if {"order_page_path", "order_center_path"} & set(vals):
            vals = {"order_paths_state": "todo", **vals}
        return super().write(vals)

    def action_send_order_paths(self):
        """Button: tells WeChat which pages open from its message and order centre."""
        self.check_access("write")
        for app in self:
            if PLACEHOLDER not in (app.order_center_path or ""):
                raise UserError(
                    self.env._(
                        "The page for the order centre must hold %(text)s.",
                        text=PLACEHOLDER,
                    )
                )
            # sudo: the right was checked above; the fields are nobody's to write
            app.sudo()._send_order_paths()
        return True

    def _send_order_paths(self):
        """Sends both pages; the outcome stands on the app."""
        self.ensure_one()
        client = self._wx_client()
        try:
            client.call(
                "wxa/sec/order/set_msg_jump_path",
                {"path": self.order_page_path or ""},
                idempotent=True,
            )
            client.call(
                "wxa/sec/order/update_order_detail_path",
                {"path": self.order_center_path},
                idempotent=True,
            )
        except WxClientError as exc:
            self.write({"order_paths_state": "failed", "order_paths_error": str(exc)})
            return
        self.write({"order_paths_state": "done", "order_paths_error": False})

    def _cron_trade_managed(self):
        """Once a day: whether WeChat manages the trade of each mini-program (§6.2)."""
        for app in self.search([("appid", "!=", False)]):
            try:
                managed = app._wx_client().is_trade_managed()
            except WxClientError as exc:
                app.write(
                    {
                        "trade_notice": str(exc),
                        "trade_notice_at": fields.Datetime.now(),
                    }
                )
                continue
            app.trade_managed = "yes" if managed else "no"
