from odoo import models
from odoo.tools import SQL

from odoo.addons.queue_job.job import ENQUEUED, PENDING, WAIT_DEPENDENCIES


class QueueJob(models.Model):
    _inherit = "queue.job"

    def _wx_waiting(self, key):
        """The job with this identity that has not begun yet, or an empty record."""
        self.flush_model(["identity_key", "state"])
        rows = self.env.execute_query(
            SQL(
                "SELECT id FROM queue_job WHERE identity_key = %s AND state IN %s"
                " LIMIT 1",
                key,
                (WAIT_DEPENDENCIES, PENDING, ENQUEUED),
            )
        )
        return self.browse(rows[0] if rows else ())
