import base64

from odoo import api, fields, models
from odoo.exceptions import UserError

from ..shipping import sheet


class WxShipBatch(models.Model):
    """Shipping of many orders from a spreadsheet: checked row by row, then shipped in
    chunks. It stays as the record of who shipped what, and can be run again: rows that
    are done are left alone."""

    _name = "wx.ship.batch"
    _description = "Shipments from a spreadsheet"
    _inherit = ["mail.thread"]
    _order = "id desc"

    name = fields.Char(
        required=True, default=lambda self: self.env._("Sheet of shipments")
    )
    company_id = fields.Many2one(
        "res.company",
        required=True,
        readonly=True,
        default=lambda self: self.env.company,
        index=True,
    )
    file = fields.Binary(attachment=True)
    file_name = fields.Char()
    state = fields.Selection(
        [
            ("draft", "New"),
            ("checked", "Checked"),
            ("running", "Shipping"),
            ("done", "Done"),
        ],
        default="draft",
        required=True,
        readonly=True,
        copy=False,
        index=True,
    )
    line_ids = fields.One2many("wx.ship.batch.line", "batch_id", readonly=True)
    ready_count = fields.Integer("Rows ready", compute="_compute_counts")
    error_count = fields.Integer("Rows with errors", compute="_compute_counts")
    done_count = fields.Integer("Rows shipped", compute="_compute_counts")
    chain_id = fields.Many2one("wx.job.chain", "Job", readonly=True, copy=False)
    progress = fields.Float(related="chain_id.progress")

    @api.depends("line_ids.state")
    def _compute_counts(self):
        counts = {
            (batch, state): count
            for batch, state, count in self.env["wx.ship.batch.line"]._read_group(
                [("batch_id", "in", self.ids)], ["batch_id", "state"], ["__count"]
            )
        }
        for batch in self:
            batch.ready_count = counts.get((batch, "ready"), 0)
            batch.error_count = counts.get((batch, "error"), 0)
            batch.done_count = counts.get((batch, "done"), 0)

    def action_check(self):
        """Button: reads the file and shows what each row would do."""
        self.ensure_one()
        self.check_access("write")
        if self.state == "running" or self.done_count:
            raise UserError(self.env._("This sheet is being shipped already."))
        if not self.file:
            raise UserError(self.env._("Choose a file first."))
        try:
            # the field is an attachment: read without the size shortcut
            data = base64.b64decode(self.with_context(bin_size=False).file)
            rows = sheet.read(self.file_name or "", data)
        except sheet.SheetError as exc:
            raise UserError(self._sheet_problem(exc)) from exc
        values = self.env["wx.ship.batch.service"]._check(self, rows)
        batch = self.sudo()  # rows are written by the system only
        batch.line_ids.unlink()
        batch.line_ids.create(values)
        batch.state = "checked"
        return True

    def _sheet_problem(self, exc):
        texts = {
            "size": self.env._("The file is larger than 10 MB."),
            "rows": self.env._("A sheet has at most 10,000 rows."),
            "empty": self.env._("The sheet has no rows."),
            "format": self.env._("The file is neither xlsx nor csv."),
            "columns": self.env._("These columns are missing: %s", exc.detail),
        }
        return texts[exc.reason]

    def action_ship(self):
        """Button: ships the rows that are ready, by a chain of jobs."""
        self.ensure_one()
        self.check_access("write")
        if self.state not in ("checked", "done") or not self.ready_count:
            raise UserError(self.env._("No row is ready to be shipped."))
        batch = self.sudo()  # the state is written by the system only
        batch.state = "running"
        batch.chain_id = self.env["wx.job.chain"]._start(
            self.env._("Shipments of %(name)s", name=self.name),
            "wx.ship.batch.service",
            "_chunk",
            {"batch": self.id},
            self.ready_count,
            key=f"wx.ship.batch.{self.id}",
        )
        return True

    def action_template(self):
        """Button: the empty template."""
        return {"type": "ir.actions.act_url", "url": "/wx/ship/template.xlsx"}

    @api.ondelete(at_uninstall=False)
    def _unlink_unshipped(self):
        if any(batch.done_count or batch.state == "running" for batch in self):
            raise UserError(self.env._("A sheet that shipped something stays."))
