from datetime import timedelta

from odoo import fields
from odoo.exceptions import AccessError, UserError
from odoo.tests import TransactionCase, new_test_user, tagged

from odoo.addons.queue_job.exception import RetryableJobError
from odoo.addons.queue_job.job import Job


@tagged("post_install", "-at_install", "wx")
class TestJobs(TransactionCase):
    def start(self, total=30, key=None):
        return self.env["wx.job.chain"]._start(
            "Count", "wx.crypto", "_count_for_test", {"left": total}, total, key=key
        )

    def setUp(self):
        super().setUp()

        def _count_for_test(model, chain, state):
            if state["left"] <= 0:
                return None, 0
            if state.get("explode"):
                raise ValueError("broken row")
            return {"left": state["left"] - 10}, 10

        crypto = type(self.env["wx.crypto"])
        crypto._count_for_test = _count_for_test
        self.addCleanup(delattr, crypto, "_count_for_test")

    def jobs(self, chain):
        return self.env["queue.job"].search(
            [("identity_key", "=like", f"wx.job.chain.{chain.id}.%")], order="id"
        )

    def test_same_key_is_one_waiting_job(self):
        chain = self.start()
        first = self.jobs(chain)
        again = chain._wx_enqueue("_job_step", key=first.identity_key, step=0)
        self.assertEqual(again, first)
        self.assertEqual(first.state, "pending")
        eta = fields.Datetime.now() + timedelta(hours=1)
        late = chain._wx_enqueue("_job_step", key="late", eta=eta, step=9)
        self.assertEqual(late.eta, eta)
        with self.assertRaises(AttributeError):
            chain._wx_enqueue("_no_such_method")
        with self.assertRaises(RetryableJobError):
            chain._wx_retry("later", 5)

    def test_chain_runs_to_its_end(self):
        chain = self.start(total=30, key="count")
        self.assertEqual(self.start(total=30, key="count"), chain)
        chain._chunk()
        self.assertAlmostEqual(chain.progress, 33.3, 1)
        job = Job.load(self.env, self.jobs(chain).uuid)
        job.perform()
        self.assertEqual(chain.done, 10, "a step that is over does nothing")
        chain._job_step(chain.step)
        self.assertEqual((chain.state, chain.done, chain.progress), ("done", 30, 100.0))
        self.assertTrue(chain.finished_at)
        self.assertNotEqual(self.start(total=30, key="count"), chain)

    def test_failure_retry_and_cancel(self):
        chain = self.start()
        chain.payload = {"left": 20, "explode": True}
        function = self.env.ref("wx_base.job_function_wx_job_chain_step")
        self.assertEqual(function.on_fail_method, "_job_step_failed")
        self.assertEqual(function.name, "<wx.job.chain>._job_step")
        with self.assertRaises(ValueError):
            chain._job_step(0)
        chain._job_step_failed(exc_name="ValueError", exc_message="broken row")
        self.assertEqual((chain.state, chain.error), ("failed", "broken row"))
        chain.payload = {"left": 20}
        operator = new_test_user(self.env, "op", groups="wx_base.group_wx_operator")
        with self.assertRaises(AccessError):
            chain.with_user(operator).action_retry()
        manager = new_test_user(self.env, "boss", groups="wx_base.group_wx_manager")
        chain.with_user(manager).action_retry()
        self.assertEqual(len(self.jobs(chain)), 2)
        chain.with_user(manager).action_cancel()
        chain._job_step(chain.step)
        self.assertEqual((chain.state, chain.done), ("cancelled", 0))
        with self.assertRaises(UserError):
            chain.with_user(manager).action_cancel()
        chain.with_user(manager).action_retry()
        chain._job_step(chain.step)
        self.assertEqual((chain.state, chain.done), ("done", 20))
