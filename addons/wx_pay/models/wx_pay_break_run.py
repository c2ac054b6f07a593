from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError

REMEDIES = [
    ("explain", "Mark as explained"),
    ("assign", "Assign with a reminder"),
    ("query", "Ask WeChat and apply its answer"),
    ("apply", "Apply the bill's rows as facts"),
]
UNDOABLE = ("explain", "assign")


class WxPayBreakRun(models.Model):
    """A remedy that somebody ran on several breaks at once: who, why, what came of
    each, and the state before, so that it can be undone.

    The chatter of each break knows what happened to it, but not which breaks went
    together nor how to take that back."""

    _name = "wx.pay.break.run"
    _description = "WeChat Break Remedy"
    _order = "id desc"
    _rec_name = "remedy"

    company_id = fields.Many2one(
        "res.company", required=True, readonly=True, index=True
    )
    user_id = fields.Many2one("res.users", "Run by", readonly=True)
    remedy = fields.Selection(REMEDIES, required=True, readonly=True)
    note = fields.Text(readonly=True)
    state = fields.Selection(
        [("done", "Done"), ("undone", "Undone")], default="done", readonly=True
    )
    line_ids = fields.One2many("wx.pay.break.run.line", "run_id", readonly=True)
    can_undo = fields.Boolean(compute="_compute_can_undo")
    done_count = fields.Integer("Breaks", compute="_compute_counts")
    failed_count = fields.Integer("Refused", compute="_compute_counts")

    @api.depends("state", "remedy")
    def _compute_can_undo(self):
        for run in self:
            run.can_undo = run.state == "done" and run.remedy in UNDOABLE

    @api.depends("line_ids.failed")
    def _compute_counts(self):
        for run in self:
            run.done_count = len(run.line_ids)
            run.failed_count = len(run.line_ids.filtered("failed"))

    def _check_finance(self):
        if not (self.env.su or self.env.user.has_group("wx_base.group_wx_finance")):
            raise AccessError(self.env._("Only finance people may clear breaks."))

    def action_undo(self):
        """Put every break back to what it was before, where nobody touched it since."""
        self._check_finance()
        self.check_access("read")
        for run in self:
            if not run.can_undo:
                raise UserError(
                    self.env._("This remedy is final, or was undone already.")
                )
            # sudo: the right was checked above; runs are the system's
            for line in run.sudo().line_ids.filtered(lambda line: not line.failed):
                line._undo()
            # the run is written by code only: people may not rewrite history
            run.sudo().state = "undone"
