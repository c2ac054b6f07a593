from odoo import fields, models


class WxPayBreakRunLine(models.Model):
    """One break of a remedy: before, after, outcome."""

    _name = "wx.pay.break.run.line"
    _description = "WeChat Break Remedy Line"
    _order = "id"

    run_id = fields.Many2one(
        "wx.pay.break.run", required=True, index=True, ondelete="cascade"
    )
    company_id = fields.Many2one(related="run_id.company_id", store=True)
    break_id = fields.Many2one(
        "wx.pay.break", required=True, index=True, ondelete="cascade"
    )
    break_class = fields.Selection(related="break_id.break_class")
    state_before = fields.Char(readonly=True)
    state_after = fields.Char(readonly=True)
    user_before_id = fields.Many2one("res.users", "Assigned before", readonly=True)
    note_before = fields.Text(readonly=True)
    activity_id = fields.Many2one("mail.activity", readonly=True, ondelete="set null")
    failed = fields.Boolean(readonly=True)
    outcome = fields.Char(readonly=True)

    def _undo(self):
        self.ensure_one()
        brk = self.break_id
        if brk.state != self.state_after:
            self.outcome = self.env._("Not undone: somebody has changed it since.")
            return
        brk.write(
            {
                "state": self.state_before,
                "user_id": self.user_before_id.id,
                "note": self.note_before,
            }
        )
        self.activity_id.unlink()
        self.outcome = self.env._("Undone")
