from odoo import api, fields, models
from odoo.exceptions import UserError

MOST_DAYS = 93  # wechat-pay-v3.md §4.1: three months back


class WxBillFetch(models.TransientModel):
    """Fetch the bills of some days now instead of waiting for the timer."""

    _name = "wx.bill.fetch"
    _description = "Fetch WeChat Bills"

    provider_id = fields.Many2one(
        "payment.provider",
        "Merchant",
        required=True,
        domain="[('code', '=', 'wechatpay'), ('state', '!=', 'disabled')]",
        default=lambda self: self.env["payment.provider"].search(
            [
                ("code", "=", "wechatpay"),
                ("state", "!=", "disabled"),
                ("company_id", "=", self.env.company.id),
            ],
            limit=1,
        ),
    )
    date_from = fields.Date(
        "From",
        required=True,
        default=lambda self: self.env["wx.bill.day"]._last_ready_date(),
    )
    date_to = fields.Date(
        "To",
        required=True,
        compute="_compute_date_to",
        store=True,
        readonly=False,
    )

    @api.depends("date_from")
    def _compute_date_to(self):
        for wizard in self:
            if not wizard.date_to or wizard.date_to < wizard.date_from:
                wizard.date_to = wizard.date_from

    def action_fetch(self):
        """Start the jobs; shows the days."""
        self.ensure_one()
        days = (self.date_to - self.date_from).days + 1
        if not 0 < days <= MOST_DAYS:
            raise UserError(
                self.env._("Bills can be fetched for three months at most.")
            )
        if not self.provider_id.wx_accounting_ready:
            raise UserError(
                self.env._(
                    "Set up the journals and accounts of %s first.",
                    self.provider_id.display_name,
                )
            )
        # sudo: the wizard is finance's; days are the system's
        Day = self.env["wx.bill.day"].sudo()
        records = Day
        for number in range(days):
            date = fields.Date.add(self.date_from, days=number)
            day = Day._get_or_create(self.provider_id, date)
            day._start_chain()
            records |= day
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Bill Days"),
            "res_model": "wx.bill.day",
            "view_mode": "list,form",
            "domain": [("id", "in", records.ids)],
        }
