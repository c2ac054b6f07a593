import time

from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError

BUDGET = 5.0  # seconds of chunks in one job: progress shows, limits are far away


class WxJobChain(models.Model):
    """Long work as a chain of short jobs, with progress, retry and cancel. queue_job
    runs each job under time limits and forbids commits, so progress needs its own row.

    The worker method gets ``(chain, state)`` and returns ``(state, done)``: the next
    state (a JSON dict, None when finished) and the number of items done in this chunk.
    A chunk is at most a few seconds and safe to run twice.
    """

    _name = "wx.job.chain"
    _description = "Long Job"
    _inherit = ("wx.job.mixin",)
    _order = "id desc"

    name = fields.Char(required=True, readonly=True)
    model = fields.Char(required=True, readonly=True)
    method = fields.Char(required=True, readonly=True)
    channel = fields.Char(default="root", required=True, readonly=True)
    key = fields.Char(readonly=True, index="btree_not_null")
    state = fields.Selection(
        [
            ("running", "Running"),
            ("done", "Done"),
            ("failed", "Failed"),
            ("cancelled", "Cancelled"),
        ],
        default="running",
        required=True,
        readonly=True,
        index=True,
    )
    payload = fields.Json("State of the Work", readonly=True)
    step = fields.Integer(default=0, readonly=True)
    total = fields.Integer(readonly=True)
    done = fields.Integer(readonly=True)
    progress = fields.Float(compute="_compute_progress", aggregator=False)
    error = fields.Text(readonly=True)
    finished_at = fields.Datetime(readonly=True)
    company_id = fields.Many2one(
        "res.company", default=lambda self: self.env.company, readonly=True
    )

    @api.depends("total", "done", "state")
    def _compute_progress(self):
        for chain in self:
            if chain.state == "done":
                chain.progress = 100.0
            else:
                chain.progress = min(99.0, 100.0 * chain.done / max(chain.total, 1))

    @api.model
    def _start(self, title, model, method, state, total, key=None, channel="root"):
        """Starts a chain and returns it; with ``key`` an already running one is
        returned instead.

        :param title: what people read (translated by the caller)
        :param state: JSON dict given to the first chunk
        :param total: expected number of items (0 when unknown)
        """
        if not callable(getattr(self.env[model], method, None)):
            raise TypeError(f"{model} has no method {method}")
        # sudo: the job's own record, written by the system only
        chains = self.sudo()
        if key:
            running = chains.search(
                [("key", "=", key), ("state", "=", "running")], limit=1
            )
            if running:
                return running
        chain = chains.create(
            {
                "name": title,
                "model": model,
                "method": method,
                "payload": state,
                "total": total,
                "key": key,
                "channel": channel,
            }
        )
        chain._enqueue_step()
        return chain

    def _enqueue_step(self):
        self.ensure_one()
        self._wx_enqueue(
            "_job_step",
            key=f"wx.job.chain.{self.id}.{self.step}",
            channel=self.channel,
            step=self.step,
        )

    def _job_step(self, step):
        """Job: chunks for a few seconds, then the next job. Runs nothing when the chain
        was cancelled or this step has been done already."""
        self.ensure_one()
        deadline = time.monotonic() + BUDGET
        while self.exists() and self.state == "running" and self.step == step:
            self._chunk()
            step = self.step
            if time.monotonic() > deadline:
                break
        if self.exists() and self.state == "running" and self.step == step:
            self._enqueue_step()

    def _chunk(self):
        # sudo: a job acts for the system
        worker = getattr(self.env[self.model].sudo(), self.method)
        state, done = worker(self, dict(self.payload or {}))
        values = {"done": self.done + done, "step": self.step + 1}
        if state is None:
            values.update(
                state="done", payload=False, finished_at=fields.Datetime.now()
            )
        else:
            values["payload"] = state
        self.write(values)

    def _run_now(self):
        """Runs the whole chain in this transaction (tests, small data, shell)."""
        self.ensure_one()
        while self.state == "running":
            self._chunk()
        return self

    def _job_step_failed(self, **failure):
        """queue_job's on-fail hook: the reason stands on the chain."""
        self.write(
            {
                "state": "failed",
                "error": failure.get("exc_message") or failure.get("exc_name"),
            }
        )

    # buttons --------------------------------------------------------------------
    def _check_operate(self):
        if not (
            self.env.su
            or self.env.user.has_group("wx_base.group_wx_manager")
            or self.env.user._is_system()
        ):
            raise AccessError(self.env._("Only a mall manager may steer long jobs."))

    def action_retry(self):
        """Goes on after a failure or a cancellation with the chunk that did not
        finish."""
        self._check_operate()
        # sudo: the right was checked above; the fields are nobody's
        for chain in self.sudo():
            if chain.state not in ("failed", "cancelled"):
                raise UserError(self.env._("Only a stopped job can be retried."))
            chain.write(
                {
                    "state": "running",
                    "error": False,
                    # a new step number: the old job row keeps its identity
                    "step": chain.step + 1,
                }
            )
            chain._enqueue_step()

    def action_cancel(self):
        """Stops before the next chunk; what is done stays done."""
        self._check_operate()
        # sudo: the right was checked above; the fields are nobody's
        for chain in self.sudo():
            if chain.state not in ("running", "failed"):
                raise UserError(self.env._("This job has ended already."))
            chain.write({"state": "cancelled", "finished_at": fields.Datetime.now()})

    def action_open(self):
        """The form of this chain, to watch the progress bar."""
        self.ensure_one()
        return {
            "type": "ir.actions.act_window",
            "res_model": self._name,
            "res_id": self.id,
            "view_mode": "form",
            "views": [(False, "form")],
        }

    @api.autovacuum
    def _gc_chains(self):
        """Finished chains go after 90 days."""
        limit = fields.Datetime.subtract(fields.Datetime.now(), days=90)
        # sudo: cleaning acts for the system
        old = self.sudo().search(
            [("state", "in", ("done", "cancelled")), ("write_date", "<", limit)],
            limit=1000,
        )
        old.unlink()
