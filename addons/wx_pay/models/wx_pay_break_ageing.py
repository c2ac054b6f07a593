from odoo import api, fields, models

AGES = [
    ("fresh", "0 – 3 days"),
    ("week", "4 – 7 days"),
    ("month", "8 – 30 days"),
    ("quarter", "31 – 90 days"),
    ("old", "Over 90 days"),
    ("closed", "Closed"),
]
# The bucket is stored, so that lists and pivots can group by it; days pass without a
# write, so the timer of the bills moves breaks on.
REFRESH = """
UPDATE wx_pay_break b SET age = new.age
FROM (
    SELECT id, CASE WHEN state <> 'open' THEN 'closed'
        WHEN %(today)s - date <= 3 THEN 'fresh'
        WHEN %(today)s - date <= 7 THEN 'week'
        WHEN %(today)s - date <= 30 THEN 'month'
        WHEN %(today)s - date <= 90 THEN 'quarter'
        ELSE 'old' END AS age
    FROM wx_pay_break
) new
WHERE new.id = b.id AND b.age IS DISTINCT FROM new.age
"""


class WxPayBreak(models.Model):
    """How long a break has been open, and whose task it is."""

    _name = "wx.pay.break"
    _inherit = ["wx.pay.break", "mail.activity.mixin"]

    age = fields.Selection(AGES, "Open for", readonly=True, index=True)
    days_open = fields.Integer(
        compute="_compute_days_open",
        help="Beijing days from the day of the document until today; closed: 0.",
    )

    @api.depends("date", "state")
    def _compute_days_open(self):
        today = self._today()
        for brk in self:
            since = brk.date or today
            brk.days_open = (today - since).days if brk.state == "open" else 0

    @api.model
    def _today(self):
        return self.env["wx.bill.day"]._beijing_now().date()

    @api.model
    def _refresh_ages(self):
        """Put every break into its bucket; how many moved."""
        self.flush_model()
        self.env.cr.execute(REFRESH, {"today": self._today()})
        self.invalidate_model(["age"])
        return self.env.cr.rowcount

    def write(self, vals):
        result = super().write(vals)
        if "state" in vals:
            self._refresh_ages()
        return result

    def action_remedy(self):
        """Choose what to do with these breaks together."""
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Remedy"),
            "res_model": "wx.bill.remedy",
            "view_mode": "form",
            "target": "new",
            "context": {"active_model": self._name, "active_ids": self.ids},
        }
