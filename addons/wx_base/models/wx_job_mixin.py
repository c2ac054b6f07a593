from odoo import models

from odoo.addons.queue_job.exception import RetryableJobError


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
        :return: the waiting ``queue.job`` record
        :raises AttributeError: no such method
        """
        # the queue's own chatter costs more than the row itself
        records = self.with_context(
            tracking_disable=True, mail_create_nosubscribe=True, mail_notrack=True
        )
        delayable = records.delayable(channel=channel, eta=eta, identity_key=key)
        getattr(delayable, method)(**kwargs)
        delayable.delay()
        job = delayable._generated_job
        if isinstance(job, models.BaseModel):
            return job  # an older job with the same key
        return job.db_record()

    def _wx_retry(self, message, seconds=None):
        """Raised from a job: put it back, try again after ``seconds`` (queue_job's own
        pattern when None)."""
        raise RetryableJobError(message, seconds=seconds)
