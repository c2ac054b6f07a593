from odoo import api, fields, models
from odoo.exceptions import UserError

from ..models.wx_pay_break_run import REMEDIES, UNDOABLE

#: what usually helps against a class
USUAL = {
    "missing_in_erp": "apply",
    "state": "apply",
    "missing_in_bill": "query",
    "amount": "query",
}


class WxBillRemedy(models.TransientModel):
    """Run one remedy on several breaks: says what will happen and whether it can be
    taken back, then writes down what came of each."""

    _name = "wx.bill.remedy"
    _description = "WeChat Break Remedy"

    break_ids = fields.Many2many(
        "wx.pay.break",
        required=True,
        default=lambda self: self.env.context.get("active_ids"),
    )
    remedy = fields.Selection(
        REMEDIES,
        required=True,
        compute="_compute_remedy",
        store=True,
        readonly=False,
        precompute=True,
    )
    user_id = fields.Many2one(
        "res.users", "Assign to", default=lambda self: self.env.user
    )
    note = fields.Text(help="Why this is in order, or what is to be done.")
    count = fields.Integer("Breaks", compute="_compute_effect")
    skipped = fields.Integer("Does not fit", compute="_compute_effect")
    final = fields.Boolean(compute="_compute_effect")
    effect = fields.Text("What Happens", compute="_compute_effect")

    @api.depends("break_ids")
    def _compute_remedy(self):
        for wizard in self:
            usual = {USUAL.get(brk.break_class) for brk in wizard.break_ids}
            wizard.remedy = (usual.pop() if len(usual) == 1 else None) or "explain"

    def _fitting(self):
        """The chosen breaks that the remedy is for."""
        tests = {
            "explain": lambda brk: brk.state == "open",
            "assign": lambda brk: brk.state == "open",
            "query": lambda brk: brk.can_query,
            "apply": lambda brk: brk.can_apply,
        }
        return self.break_ids.filtered(tests[self.remedy or "explain"])

    @api.depends("break_ids", "remedy")
    def _compute_effect(self):
        for wizard in self:
            wizard.count = len(wizard._fitting())
            wizard.skipped = len(wizard.break_ids) - wizard.count
            wizard.final = wizard.remedy not in UNDOABLE
            wizard.effect = {
                "explain": self.env._(
                    "The breaks are closed with your note. Nothing is booked. This can "
                    "be undone."
                ),
                "assign": self.env._(
                    "The breaks become this person's task, with a reminder. This can "
                    "be undone."
                ),
                "query": self.env._(
                    "WeChat is asked for each document and its answer is applied: "
                    "payments may be booked, orders move on. This cannot be undone."
                ),
                "apply": self.env._(
                    "Each row of the bill is applied as if WeChat had told us: "
                    "payments and refunds are booked, orders move on. This cannot be "
                    "undone."
                ),
            }.get(wizard.remedy, "")

    def action_run(self):
        """Run it; shows what came of each break."""
        self.ensure_one()
        self.env["wx.pay.break.run"]._check_finance()
        breaks = self._fitting()
        breaks.check_access("write")
        if not breaks:
            raise UserError(self.env._("This remedy fits none of the chosen breaks."))
        if self.remedy == "explain" and not (self.note or "").strip():
            raise UserError(self.env._("Write down why this is in order."))
        if len(breaks.company_id) > 1:
            raise UserError(self.env._("Choose breaks of one company."))
        # The record of a run is written by code only.
        run = (
            self.env["wx.pay.break.run"]
            .sudo()
            .create(
                {
                    "company_id": breaks.company_id.id,
                    "user_id": self.env.uid,
                    "remedy": self.remedy,
                    "note": self.note,
                }
            )
        )
        for brk in breaks:
            self._run_one(run, brk)
        return {
            "type": "ir.actions.act_window",
            "res_model": run._name,
            "res_id": run.id,
            "view_mode": "form",
        }

    def _run_one(self, run, brk):
        values = {
            "run_id": run.id,
            "break_id": brk.id,
            "state_before": brk.state,
            "user_before_id": brk.user_id.id,
            "note_before": brk.note,
        }
        try:
            with self.env.cr.savepoint():
                activity = getattr(self, f"_do_{self.remedy}")(brk)
                self.env.flush_all()
        except UserError as error:
            self.env.invalidate_all()
            values |= {"failed": True, "outcome": str(error)[:500]}
            activity = None
        else:
            brk.invalidate_recordset()
            states = dict(brk._fields["state"]._description_selection(self.env))
            values["outcome"] = states[brk.state]
        values |= {
            "state_after": brk.state,
            "activity_id": activity.id if activity else False,
        }
        run.env["wx.pay.break.run.line"].create(values)

    def _do_explain(self, brk):
        note = "\n".join(part for part in (brk.note, self.note) if part)
        brk.write({"state": "explained", "note": note})

    def _do_assign(self, brk):
        brk.user_id = self.user_id
        return brk.activity_schedule(
            "mail.mail_activity_data_todo",
            summary=brk.remedy[:120],
            note=self.note or "",
            user_id=self.user_id.id,
        )

    def _do_query(self, brk):
        brk.action_query()

    def _do_apply(self, brk):
        brk.action_apply()
