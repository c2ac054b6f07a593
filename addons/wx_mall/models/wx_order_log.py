from odoo import api, fields, models
from odoo.exceptions import UserError

from ..services import order_log_sql

WHO = [
    ("shopper", "Shopper"),
    ("staff", "Staff"),
    ("system", "System"),
    ("wechat", "WeChat"),
]
KINDS = [
    ("state", "State"),
    ("note", "Note"),
    ("price", "Price change"),
    ("address", "Address change"),
    ("cancel", "Cancellation"),
    ("refund", "Refund"),
    ("after_sale", "After-sales"),
    ("shipping", "Shipping"),
    ("pickup", "Pickup"),
    ("stock", "Stock"),
    ("receive", "Receipt"),
    ("extend", "Longer time"),
    ("remind", "Reminder"),
    ("native", "Made in the ERP"),
    ("exception", "Exception"),
]


class WxOrderLog(models.Model):
    """Time line of a mall order: who did what, when and why. Only ever appended.

    Changes of state are written by a trigger (``services/order_log_sql.py``), because
    most of them are plain SQL; everything else by ``order._wx_log``. The chatter cannot
    do this: it needs the ORM for every line and knows no shopper.
    """

    _name = "wx.order.log"
    _description = "Time line of a mall order"
    _log_access = False
    _order = "id desc"
    _rec_name = "summary"

    order_id = fields.Many2one(
        "wx.order", required=True, readonly=True, ondelete="cascade", index=True
    )
    kind = fields.Selection(KINDS, "What", required=True, readonly=True)
    who = fields.Selection(WHO, required=True, readonly=True)
    user_id = fields.Many2one("res.users", "By", readonly=True, ondelete="set null")
    from_state = fields.Selection(
        lambda self: self.env["wx.order"]._fields["state"].selection,
        "From",
        readonly=True,
    )
    to_state = fields.Selection(
        lambda self: self.env["wx.order"]._fields["state"].selection,
        "To",
        readonly=True,
    )
    reason = fields.Text("Why", readonly=True)
    detail = fields.Json(readonly=True)
    summary = fields.Char(compute="_compute_summary")
    created_at = fields.Datetime("When", required=True, readonly=True)

    @api.depends("kind", "from_state", "to_state", "reason")
    def _compute_summary(self):
        kinds = dict(self._fields["kind"]._description_selection(self.env))
        states = dict(self._fields["to_state"]._description_selection(self.env))
        for line in self:
            if line.kind == "state":
                steps = (states.get(line.from_state), states.get(line.to_state))
                line.summary = " → ".join(filter(None, steps))
            else:
                line.summary = kinds.get(line.kind)

    def init(self):
        order_log_sql.install(self.env.cr)

    # pylint: disable=method-required-super
    def write(self, vals):
        raise UserError(self.env._("The time line of an order is never changed."))

    @api.ondelete(at_uninstall=False)
    def _unlink_never(self):
        raise UserError(self.env._("The time line of an order is never changed."))
