from odoo import models

from odoo.addons.queue_job.exception import RetryableJobError
from odoo.addons.queue_job.job import Job
from odoo.addons.queue_job.utils import must_run_without_delay


class WxJobMixin(models.AbstractModel):
    """Puts work into the queue of the jobs process (queue_job).

    A job is a row of the caller's transaction: it runs after the commit, at least once,
    under the caller's user, for at most 30 s; so jobs are idempotent and long work is a
    ``wx.job.chain``. Arguments are stored as JSON: ids and fen, never personal data.
    """

    _name = "wx.job.mixin"
    _description = "Job Mixin"

    def _wx_enqueue(self, method, key=None, channel="root", eta=None, **kwargs):
        """Calls ``self.<method>(**kwargs)`` in the jobs process.

        :param key: identity; while a job with the same key waits, no other is added
        :param channel: queue_job channel; must exist ("root", "root.wx", …)
        :param eta: not before: datetime (UTC) or seconds from now
        :return: the waiting ``queue.job`` record (empty when jobs run at once, context
            ``queue_job__no_delay``)
        :raises AttributeError: no such method
        """
        return self._wx_enqueue_all(method, [(key, kwargs)], channel, eta)

    def _wx_enqueue_all(self, method, calls, channel="root", eta=None):
        """:meth:`_wx_enqueue` for many calls of one method, in two statements.

        :param calls: list of ``(key, kwargs)``; keys differ
        :return: the waiting ``queue.job`` records, in no order
        """
        jobs = [
            Job(
                getattr(self, method),
                kwargs=kwargs,
                channel=channel,
                eta=eta,
                identity_key=key,
            )
            for key, kwargs in calls
        ]
        if must_run_without_delay(self.env):
            for job in jobs:
                job.perform()
            return self.env["queue.job"]
        # queue_job's own way looks the row up twice and builds a graph for one job
        rows = self.env["queue.job"].sudo()
        keys = [key for key, _kwargs in calls if key]
        waiting = rows._wx_waiting(keys) if keys else {}
        new = [
            job._store_values(create=True)
            for job, (key, _kwargs) in zip(jobs, calls, strict=True)
            if key not in waiting
        ]
        known = rows.browse(waiting.values())
        # the queue's chatter costs more than the row itself
        return known | rows.with_context(
            _job_edit_sentinel=rows.EDIT_SENTINEL,
            tracking_disable=True,
            mail_create_nosubscribe=True,
        ).create(new)

    def _wx_retry(self, message, seconds=None):
        """Raised from a job: put it back, try again after ``seconds`` (queue_job's own
        pattern when None)."""
        raise RetryableJobError(message, seconds=seconds)
