from odoo.exceptions import AccessError, UserError
from odoo.tests import new_test_user, tagged

from .parcel_common import WaybillCase


@tagged("post_install", "-at_install", "wx")
class TestWaybills(WaybillCase):
    def test_contract_is_bound(self):
        self.assertEqual(self.account.state, "ok")
        self.assertEqual(self.account.service_name, "标准快件")
        self.assertEqual(self.account.quota, 1000)
        other = self.account.copy({"biz_id": "Z200"})
        bind = self.env["wx.express.bind"].create(
            {"account_id": other.id, "password": "wrong"}
        )
        with self.assertRaises(UserError):
            bind.action_bind()
        bind.password = "right"
        bind.action_bind()
        self.assertEqual(other.state, "ok")
        self.assertFalse(bind.password, "not kept")
        other.action_unbind()
        self.assertEqual(other.state, "new")

    def test_waybill_before_shipping(self):
        order, picking = self.waiting((self.sku_a, 2), (self.sku_b, 1))
        self.assertIs(picking.action_wx_request_waybill(), True)
        parcel = order.parcel_ids
        self.assertEqual(parcel.waybill_state, "made", parcel.waybill_error)
        theirs = self.made()[parcel.waybill_order_no]
        self.assertEqual(parcel.tracking_no, theirs["waybill_id"])
        self.assertEqual(picking.carrier_tracking_ref, theirs["waybill_id"])
        body = theirs["body"]
        self.assertEqual(body["receiver"]["mobile"], "13812345678")
        self.assertEqual(body["receiver"]["area"], "西湖区")
        self.assertEqual(body["sender"]["city"], "杭州市")
        self.assertEqual(sum(row["count"] for row in body["cargo"]["detail_list"]), 3)
        self.assertFalse(parcel.shipped_at)
        detail = self.api("GET", f"/orders/{order.id}", self.token).json()
        self.assertEqual(detail["parcels"], [], "nothing has left yet")
        # again: the same waybill
        picking.action_wx_request_waybill()
        self.assertEqual(parcel.waybill_count, 1)
        self.ship(order)
        self.assertEqual(order.parcel_ids, parcel)
        self.assertEqual(parcel.shipped_at, picking.date_done)
        self.report(order)
        self.assertEqual(order.shipping_state, "done", order.shipping_error)
        with self.assertRaises(UserError):
            parcel.action_cancel_waybill()

    def test_waybills_of_many_deliveries_by_jobs(self):
        """The job stores what it asks for before it calls: queue_job must let it."""
        order, picking = self.waiting()
        picking.action_wx_queue_waybills()
        job = self.env["queue.job"].search([("method_name", "=", "_job_picking")])
        self.assertEqual(job.kwargs, {"picking_id": picking.id})
        self.assertTrue(job.job_function_id.allow_commit)
        self.env["wx.waybill.service"]._job_picking(picking.id)
        self.assertEqual(order.parcel_ids.waybill_state, "made")

    def test_label_is_encrypted_and_printing_is_logged(self):
        order, picking = self.waiting()
        picking.action_wx_request_waybill()
        parcel = order.parcel_ids
        self.env.flush_all()
        self.env.cr.execute(
            "SELECT waybill_label FROM wx_parcel WHERE id = %s", [parcel.id]
        )
        self.assertNotIn("文三路", self.env.cr.fetchone()[0])
        new_test_user(
            self.env,
            "waybill_operator",
            password="waybill_operator",
            groups="wx_base.group_wx_operator",
            company_id=self.env.company.id,
        )
        action = picking.action_wx_print_waybill()
        self.assertEqual(action["url"], f"/wx/parcels/{parcel.id}/label")
        self.authenticate("waybill_operator", "waybill_operator")
        answer = self.url_open(action["url"])
        self.assertEqual(answer.status_code, 200)
        self.assertIn("文三路", answer.text)
        self.assertIn("sandbox", answer.headers["Content-Security-Policy"])
        log = self.env["wx.reveal.log"].search([], order="id desc", limit=1)
        self.assertEqual(log.user_id.login, "waybill_operator")
        self.env.invalidate_all()
        self.assertTrue(parcel.waybill_printed_at)
        self.assertEqual(self.url_open("/wx/parcels/0/label").status_code, 404)

    def test_refusal_of_the_carrier_stands_on_the_parcel(self):
        order, picking = self.waiting()
        self.sim.ctl(
            "POST",
            f"/_ctl/apps/{self.app.appid}/express_refusal",
            {"errcode": 9300501, "message": "超区"},
        )
        action = picking.action_wx_request_waybill()
        self.assertEqual(action["params"]["type"], "danger")
        parcel = order.parcel_ids
        self.assertEqual(parcel.waybill_state, "failed")
        self.assertIn("9300501", parcel.waybill_error)
        parcel.action_request_waybill()
        self.assertEqual(parcel.waybill_state, "made")
        self.assertEqual(parcel.waybill_count, 2)

    def test_lost_answer_makes_no_second_waybill(self):
        order, picking = self.waiting()
        self.fault("drop")
        picking.action_wx_request_waybill()
        parcel = order.parcel_ids
        self.assertEqual(parcel.waybill_state, "asked")
        before = len(self.made())
        parcel.action_request_waybill()
        self.assertEqual(parcel.waybill_state, "made", parcel.waybill_error)
        self.assertEqual(len(self.made()), before)

    def test_cancel_and_again(self):
        order, picking = self.waiting()
        picking.action_wx_request_waybill()
        parcel = order.parcel_ids
        first = parcel.tracking_no
        parcel.action_cancel_waybill()
        self.assertEqual(parcel.waybill_state, "cancelled")
        self.assertFalse(picking.carrier_tracking_ref)
        parcel.action_request_waybill()
        self.assertNotEqual(parcel.tracking_no, first)
        # the carrier has it
        self.sim.ctl(
            "POST", f"/_ctl/parcels/{parcel.tracking_no}/move", {"action_type": 100001}
        )
        with self.assertRaises(UserError):
            parcel.action_cancel_waybill()

    def test_bulk_by_jobs(self):
        pairs = [self.waiting((self.sku_b, 1)) for _n in range(3)]
        pickings = self.env["stock.picking"].union(*(pair[1] for pair in pairs))
        _order, broken = self.waiting((self.sku_b, 1), carrier=self.sf)
        (pickings | broken).action_wx_queue_waybills()
        service = self.env["wx.waybill.service"]
        keys = [f"wx.waybill.{picking.id}" for picking in pickings]
        jobs = self.env["queue.job"].search([("identity_key", "in", keys)])
        self.assertEqual(len(jobs), 3)
        for picking in pickings | broken:
            service._job_picking(picking.id)
            service._job_picking(picking.id)
        parcels = pickings.wx_parcel_ids
        self.assertEqual(parcels.mapped("waybill_state"), ["made"] * 3)
        self.assertEqual(len(set(parcels.mapped("tracking_no"))), 3)
        self.assertIn("No contract", broken.wx_parcel_ids.waybill_error)

    def test_what_is_missing_is_said(self):
        _order, picking = self.waiting()
        self.env.company.partner_id.city = False
        with self.assertRaises(UserError):
            picking.action_wx_request_waybill()
        picking.carrier_id = False
        with self.assertRaises(UserError):
            picking.action_wx_request_waybill()
        service = new_test_user(
            self.env,
            "waybill_service",
            groups="wx_base.group_wx_service",
            company_id=self.env.company.id,
        )
        with self.assertRaises(AccessError):
            self.account.with_user(service).action_unbind()
