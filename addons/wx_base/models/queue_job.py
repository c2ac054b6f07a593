from odoo import models
from odoo.tools import SQL

from odoo.addons.queue_job.job import ENQUEUED, PENDING, WAIT_DEPENDENCIES

#: Seconds: a transaction that relies on a waiting job must have committed by then.
COMMIT_SECONDS = 1


class QueueJob(models.Model):
    _inherit = "queue.job"

    def _wx_waiting(self, keys) -> dict:
        """``{identity: job id}`` of the jobs with these identities that have not begun
        yet.

        Our snapshot may be older than the job's start: one that was due (or is due
        within ``COMMIT_SECONDS``) may run before our transaction commits and would
        miss what it wrote, so it does not count. A job without a date is taken as
        waiting: only whoever made it, with the same data, uses its key.
        """
        self.flush_model(["identity_key", "state", "eta"])
        rows = self.env.execute_query(
            SQL(
                "SELECT identity_key, id FROM queue_job"
                " WHERE identity_key = ANY(%s) AND state IN %s"
                " AND (eta IS NULL OR eta > clock_timestamp() AT TIME ZONE 'UTC'"
                " + make_interval(secs => %s))",
                list(keys),
                (WAIT_DEPENDENCIES, PENDING, ENQUEUED),
                COMMIT_SECONDS,
            )
        )
        return dict(rows)
