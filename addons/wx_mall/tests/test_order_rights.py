"""What each role can do to orders, and above all what it cannot.

``reference/peers.md`` §3 no. 2 (mass assignment): money and states are written by no
client, whatever fields a call names.
"""

from odoo.exceptions import AccessError, RedirectWarning, UserError
from odoo.tests import new_test_user, tagged
from odoo.tools import mute_logger

from .refund_common import RefundCase

ROLES = ("service", "operator", "finance", "manager", "compliance")


@tagged("post_install", "-at_install", "wx")
class TestOrderRights(RefundCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.users = {
            role: new_test_user(cls.env, f"or_{role}", f"wx_base.group_wx_{role}")
            for role in ROLES
        }
        cls.users["stock"] = new_test_user(cls.env, "or_st", "stock.group_stock_user")

    def each_refuses(self, record, *values, error=AccessError):
        """Nobody may write these values, each tried by everybody."""
        for role, user in self.users.items():
            for vals in values:
                with self.subTest(role=role, vals=vals), self.assertRaises(error):
                    record.with_user(user).write(vals)

    # fields ---------------------------------------------------------------------
    def test_nobody_writes_money_or_state_of_an_order(self):
        order = self.shipped_order((self.sku_a, 2))
        self.each_refuses(
            order,
            {"paid_fen": 10**6, "amount_paid": 10**4},
            {"refunded_fen": 0},
            {"received_at": "2020-01-01 00:00:00"},
            {"intake_state": "unpaid"},
            {"posting_state": "done"},
            {"cancel_request": "requested"},
            {"user_id": 1},
        )
        # but the chatter is theirs
        for role in ("service", "operator", "manager"):
            order.with_user(self.users[role]).message_post(body="seen")

    def test_nobody_settles_an_exception_by_editing_it(self):
        order = self.paid_order((self.sku_a, 1))
        found = order._wx_exception("late_parcel", "late")
        self.each_refuses(
            found,
            {"state": "resolved"},
            {"message": "nothing"},
            {"resolution": "fine", "resolved_uid": 1},
        )
        accept = self.env["wx.order.exception.accept"].with_user(self.users["service"])
        accept.create(
            {"exception_ids": found.ids, "reason": "agreed by phone"}
        ).action_accept()
        self.assertEqual(
            (found.state, found.resolution), ("accepted", "agreed by phone")
        )

    def test_nobody_says_where_a_parcel_is_by_editing_it(self):
        order = self.shipped_order((self.sku_a, 1))
        parcel = order.parcel_ids
        self.each_refuses(
            parcel,
            {"state": "delivered", "delivered_at": "2020-01-01 00:00:00"},
            {"shipped_at": False},
            {"late_kind": False},
            {"waybill_state": "made"},
        )
        picker = parcel.with_user(self.users["stock"])
        picker.write({"tracking_no": "SF1234567890"})
        self.assertEqual(parcel.tracking_no, "SF1234567890")
        values = {"order_id": order.id, "picking_id": order.picking_ids.id}
        with self.assertRaises(AccessError):
            picker.create({**values, "state": "delivered"})
        defaults = picker.with_context(default_state="delivered")
        made = defaults.create({**values, "tracking_no": "SF1"})
        self.assertEqual(made.state, "waiting")
        self.assertTrue(made.shipped_at, "its delivery is done")
        with self.assertRaises(UserError):
            made.with_user(self.users["operator"]).unlink()

    # two persons ----------------------------------------------------------------
    def returned(self, order, fen):
        """An after-sale of all pieces, lowered to ``fen``, approved and inspected by
        one service user."""
        line = order.line_ids
        body = {
            "order_id": order.id,
            "kind": "return_refund",
            "reason": "agreed",
            "items": [{"line_id": line.id, "qty": line.qty}],
        }
        answer = self.api("POST", "/after-sales", self.token, body, key=True)
        self.assertEqual(answer.status_code, 201, answer.text)
        self.env.invalidate_all()
        record = self.env["wx.after.sale"].browse(answer.json()["id"])
        mine = record.with_user(self.users["service"])
        mine.line_ids.write({"amount_fen": fen})
        mine.action_approve()
        self.assertEqual(mine.state, "approved")
        mine.action_receive()
        mine.line_ids.write({"passed_qty": line.qty})
        mine.action_inspect()
        return mine

    def test_raising_after_the_approval_needs_a_second_person(self):
        self.app.after_sale_two_person_fen = 3000
        order = self.shipped_order((self.sku_a, 3))
        mine = self.returned(order, 100)
        mine.line_ids.write({"amount_fen": mine.line_ids.max_fen})
        with self.assertRaises(UserError):
            mine.action_finish()
        self.assertFalse(order.refund_ids)
        mine.with_user(self.users["operator"]).action_finish()
        self.assertEqual(mine.refund_id.amount_fen, 3 * 1999)
        self.assertEqual(mine.second_approver_id, self.users["operator"])

    def test_raising_undoes_the_approvals(self):
        self.app.after_sale_two_person_fen = 3000
        order = self.shipped_order((self.sku_a, 3))
        mine = self.returned(order, 100)
        record = mine.sudo()
        record.second_approver_id = self.users["manager"]
        mine.line_ids.write({"amount_fen": 5000})
        self.assertFalse(record.second_approver_id)
        self.assertEqual(record.first_approver_id, self.users["service"])

    def test_what_was_refunded_meanwhile_counts(self):
        self.app.after_sale_two_person_fen = 3000
        order = self.shipped_order((self.sku_a, 3))
        mine = self.returned(order, 1600)
        self.wizard(order, "amount", amount=15.0).action_refund()
        with self.assertRaises(UserError):
            mine.action_finish()

    def test_cancelling_above_the_limit_waits_for_a_second_person(self):
        """The order said "granted" and was shipped while the refund waited."""
        self.app.after_sale_two_person_fen = 3000
        self.app.cancel_mode = "ask"
        for decide, answer in (("approve", "granted"), ("reject", "refused")):
            order = self.paid_order((self.sku_a, 2))
            self.api("POST", f"/orders/{order.id}/cancel", self.token)
            self.env.invalidate_all()
            mine = order.with_user(self.users["service"])
            mine.action_grant_cancel()
            self.assertEqual(
                (order.cancel_request, order.state), ("requested", "to_ship")
            )
            self.assertEqual(order.open_exception_count, 1)
            with self.assertRaises(UserError):
                mine.action_grant_cancel()
            record = order.after_sale_ids.with_user(self.users["operator"])
            if decide == "approve":
                record.action_approve()
            else:
                self.env["wx.after.sale.reject"].with_user(record.env.user).create(
                    {"after_sale_ids": record.ids, "reason": "It is packed"}
                ).action_reject()
            self.assertEqual(order.cancel_request, answer)
            self.assertFalse(order.open_exception_count)
            state = "cancelled" if decide == "approve" else "to_ship"
            self.assertEqual(order.state, state)

    def test_shipping_ends_a_cancellation_that_waits_for_a_second_person(self):
        """Granting it later would refund goods that have left."""
        self.app.after_sale_two_person_fen = 3000
        self.app.cancel_mode = "ask"
        order = self.paid_order((self.sku_a, 2))
        self.api("POST", f"/orders/{order.id}/cancel", self.token)
        self.env.invalidate_all()
        order.with_user(self.users["service"]).action_grant_cancel()
        record = order.after_sale_ids
        self.assertIn(record.state, ("requested", "second_approval"))
        self.ship(order)
        self.assertEqual((order.state, order.cancel_request), ("shipped", "refused"))
        self.assertEqual(
            (record.state, record.reject_reason), ("rejected", "Already shipped")
        )
        self.assertFalse(order.open_exception_count)
        with self.assertRaises(UserError):
            record.with_user(self.users["operator"]).action_approve()

    def test_refunding_everything_answers_a_request_to_cancel(self):
        self.app.cancel_mode = "ask"
        order = self.paid_order((self.sku_a, 1))
        self.api("POST", f"/orders/{order.id}/cancel", self.token)
        self.env.invalidate_all()
        self.assertEqual(order.cancel_request, "requested")
        self.wizard(order, "all").action_refund()
        self.send_refunds()
        self.assertEqual(order.refunded_fen, order.paid_fen)
        self.assertEqual(order.cancel_request, "granted")
        self.assertFalse(order.open_exception_count)

    def test_the_rest_is_cancelled_after_a_part_was_refunded(self):
        """It was refused with "goods are on their way", though nothing had left."""
        order = self.paid_order((self.sku_a, 3))
        wizard = self.wizard(order, "lines")
        wizard.line_ids.qty = 1
        wizard.action_refund()
        answer = self.api("POST", f"/orders/{order.id}/cancel", self.token)
        self.assertEqual(answer.status_code, 200, answer.text)
        self.env.invalidate_all()
        self.assertEqual(order.state, "cancelled")
        self.assertEqual(sum(order.refund_ids.mapped("amount_fen")), order.paid_fen)
        self.assertEqual(self.stock_of(self.sku_a), (10, 0))

    # what a client could send ---------------------------------------------------
    def test_a_context_opens_nothing(self):
        """Refusals of native acts do not hang on a key that any client may send."""
        seller = new_test_user(
            self.env,
            "or_seller",
            "sales_team.group_sale_manager,stock.group_stock_user",
        )
        accountant = new_test_user(
            self.env, "or_accountant", "account.group_account_manager"
        )
        order = self.shipped_order((self.sku_a, 2))
        ours = {"wx_refund": True, "wx_posting": True}
        sale = order.sale_order_id.with_user(seller).with_context(**ours)
        with self.assertRaises(UserError):
            sale.order_line[:1].write({"price_unit": 1})
        with self.assertRaises(UserError):
            sale.write({"pricelist_id": False})
        with self.assertRaises(UserError):
            sale._action_cancel()
        with self.assertRaises(UserError):
            sale._create_invoices()
        invoice = order.invoice_ids.with_user(accountant).with_context(**ours)
        with self.assertRaises(UserError):
            invoice.button_draft()
        with self.assertRaises(RedirectWarning):
            invoice._reverse_moves()

    # clear text -----------------------------------------------------------------
    def test_only_those_who_send_see_where_parcels_go(self):
        order = self.shipped_order((self.sku_a, 1))
        parcel, picking = order.parcel_ids, order.picking_ids
        parcel.write({"waybill_state": "made", "waybill_label": "to 13812345678"})
        groups = {
            "or_sales": "sales_team.group_sale_salesman",
            "or_invoice": "account.group_account_invoice",
        }
        others = [new_test_user(self.env, *row) for row in groups.items()]
        for user in (*others, self.users["finance"]):
            with self.subTest(user=user.login):
                with self.assertRaises(AccessError):
                    parcel.with_user(user)._label_html()
                slip = picking.with_user(user)._wx_waybill_receiver()
                self.assertIn("**", slip["phone"])
                self.assertNotIn("文三路 1 号", slip["address"])
        for role in ("stock", "operator"):
            user = self.users[role]
            self.assertIn("13812345678", parcel.with_user(user)._label_html())
            slip = picking.with_user(user)._wx_waybill_receiver()
            self.assertEqual(slip["phone"], "13812345678")

    def test_pickup_codes_are_not_searched_for(self):
        """A search by code would be a desk that counts no guesses."""
        for role in ("operator", "service", "stock", "finance", "manager"):
            pickups = self.env["wx.pickup"].with_user(self.users[role])
            with self.subTest(role=role):
                with self.assertRaises(AccessError):
                    pickups.search([("code", "in", ["0000000001", "0000000002"])])
                with self.assertRaises(AccessError):
                    pickups.search([("code_digest", "=", "1")])

    # roles ----------------------------------------------------------------------
    @mute_logger("odoo.addons.base.models.ir_rule", "odoo.addons.base.models.ir_model")
    def test_dialogs_read_no_order_of_another_company(self):
        order = self.shipped_order((self.sku_a, 1))
        other = self.env["res.company"].create({"name": "Other"})
        user = new_test_user(
            self.env,
            "or_elsewhere",
            "wx_base.group_wx_manager",
            company_id=other.id,
            company_ids=other.ids,
        )
        reason = self.env["wx.after.sale.reason"].search([], limit=1)
        values = {"order_id": order.id, "reason": "x", "reason_id": reason.id}
        values |= {"kind": "refund_only", "mode": "all"}
        for name in (
            "wx.order.address.change",
            "wx.order.price",
            "wx.after.sale.entry",
            "wx.order.refund.wizard",
            "wx.order.note",
        ):
            dialog = self.env[name].with_user(user)
            mine = {key: val for key, val in values.items() if key in dialog._fields}
            with self.subTest(dialog=name), self.assertRaises(AccessError):
                self.env.invalidate_all()
                made = dialog.create(mine)
                made.flush_recordset()
                made.read()

    @mute_logger("odoo.addons.base.models.ir_rule", "odoo.addons.base.models.ir_model")
    def test_another_company_portal_and_public_see_nothing(self):
        order = self.shipped_order((self.sku_a, 2))
        order._wx_exception("late_parcel", "late")
        self.ask_refund(order)
        other = self.env["res.company"].create({"name": "Other"})
        strangers = [
            new_test_user(
                self.env,
                f"or_other_{role}",
                f"wx_base.group_wx_{role}",
                company_id=other.id,
                company_ids=other.ids,
            )
            for role in ROLES
        ]
        outside = self.env.ref("base.public_user") | new_test_user(
            self.env, "or_portal", "base.group_portal"
        )
        models = [
            name
            for name in self.env.registry
            if name.startswith("wx.")
            and self.env[name]._auto
            and not self.env[name]._transient
        ]
        for user in (*strangers, *outside):
            for name in models:
                model = self.env[name]
                mine = model._fields.get("company_id") or model._fields.get("order_id")
                with self.subTest(user=user.login, model=name):
                    try:
                        found = model.with_user(user).search([])
                    except AccessError:
                        continue
                    self.assertNotIn(user, outside, "reads what is not theirs")
                    if mine and "company_id" in model._fields:
                        companies = found.sudo().company_id
                        self.assertLessEqual(companies, other)
                    elif mine:
                        self.assertFalse(found)
            with self.assertRaises(AccessError):
                self.env["wx.order.refund.wizard"].with_user(user).create(
                    {"order_id": order.id, "mode": "all", "reason": "x"}
                ).action_refund()
        self.assertFalse(order.refund_ids)
