"""X23: a friend pays an order by its signed link."""

from freezegun import freeze_time

from odoo import fields
from odoo.tests import tagged
from odoo.tools import mute_logger

from odoo.addons.wx_base import keys

from ..pricing import pay_link
from .order_common import BuyerCase

NOTIFY = "odoo.addons.wx_pay.controllers.notify"


@tagged("post_install", "-at_install", "wx")
class TestFriendPay(BuyerCase):
    def setUp(self):
        super().setUp()
        self.friend, _none, self.friend_uid = self.shopper(with_address=False)
        self.order = self.order_of(
            self.place(self.token, self.address_id, (self.sku_a, 2))
        )
        self.link = self.share(self.order)

    def share(self, order):
        answer = self.api("POST", f"/orders/{order.id}/pay-link", self.token)
        self.assertEqual(answer.status_code, 200, answer.text)
        return answer.json()["token"]

    def ask(self, link=None, token=None, body=None):
        path = f"/pay-links/{link or self.link}/pay"
        return self.api("POST", path, token or self.friend, body or {})

    def attempts(self):
        return self.env["payment.transaction"].search(
            [
                ("wx_payable_model", "=", "wx.order"),
                ("wx_payable_id", "=", self.order.id),
                ("operation", "!=", "refund"),
            ],
            order="id",
        )

    def tap(self, answer, uid, deliver=True):
        self.assertEqual(answer.status_code, 200, answer.text)
        done = self.sim.ctl(
            "POST",
            f"/_ctl/users/{uid}/pay",
            {"appid": self.app.appid, "payment": answer.json()},
        )
        if deliver:
            self.deliver()
            self.env.invalidate_all()
        return done

    def user_of(self, uid):
        openid = self.login_code(self.app, uid)[1]
        return self.env["wx.user"].search(
            [("app_id", "=", self.app.id), ("openid", "=", openid)]
        )

    def test_friend_pays_and_the_order_stays_its_owners(self):
        seen = self.api("GET", f"/pay-links/{self.link}", self.friend).json()
        self.assertEqual(seen["state"], "payable")
        self.assertEqual(seen["amount_fen"], self.order.amount_fen)
        self.assertEqual([item["qty"] for item in seen["items"]], [2])
        self.assertFalse(seen["mine"])
        text = str(seen)
        for private in ("王小明", "13812345678", "文三路", self.order.name):
            self.assertNotIn(private, text)
        done = self.tap(self.ask(), self.friend_uid)
        self.assertEqual(done["errMsg"], "requestPayment:ok")
        order, friend = self.order, self.user_of(self.friend_uid)
        self.assertEqual(
            (order.state, order.user_id), ("paid", self.user_of(self.person))
        )
        self.assertEqual((order.payer_id, order.paid_by_friend), (friend, True))
        self.assertIn(order, order.search([("paid_by_friend", "=", True)]))
        self.assertNotIn(order, order.search([("paid_by_friend", "=", False)]))
        # the owner reads it, the friend does not
        path = f"/orders/{order.id}"
        self.assertEqual(self.api("GET", path, self.token).status_code, 200)
        self.assertEqual(self.api("GET", path, self.friend).status_code, 404)
        state = self.api("GET", f"/pay-links/{self.link}", self.friend).json()["state"]
        self.assertEqual(state, "paid")
        self.assertProblem(self.ask(), 409, "order.not_payable")
        # posting books it to the owner's partner
        self.post_all()
        self.assertEqual(
            order.sale_order_id.partner_id.commercial_partner_id,
            order.user_id.partner_id.commercial_partner_id,
        )

    def test_refund_goes_to_who_paid(self):
        done = self.tap(self.ask(), self.friend_uid)
        tx = self.order.transaction_id
        service = self.env["wx.pay.service"]
        refund = service._refund(tx, self.order.amount_fen, "不要了", "friend")
        service._send_refund(refund)
        self.sim.ctl("POST", "/_ctl/clock", {"advance": 60})
        service._query_refund(refund)
        self.assertEqual(refund.state, "done")
        client = self.provider._wx_client()
        said = client.query_transaction(done["transaction_id"])
        self.assertEqual(said["payer"]["openid"], self.user_of(self.friend_uid).openid)
        self.assertEqual(said["trade_state"], "REFUND")

    def test_one_can_be_paid_at_a_time(self):
        """The owner's open attempt is closed before the friend's is placed."""
        mine = self.api("POST", f"/orders/{self.order.id}/pay", self.token)
        theirs = self.ask()
        first, second = self.attempts()
        self.assertEqual(
            (first.wx_attempt_state, second.wx_attempt_state), ("closed", "open")
        )
        self.assertNotEqual(first.wx_openid, second.wx_openid)
        failed = self.tap(mine, self.person, deliver=False)
        self.assertNotEqual(failed["errMsg"], "requestPayment:ok")
        # asked again the friend gets the same attempt
        self.assertEqual(self.ask().json()["package"], theirs.json()["package"])
        self.tap(theirs, self.friend_uid)
        self.assertEqual(self.order.payer_id, self.user_of(self.friend_uid))

    def test_owner_may_use_the_link_too(self):
        self.tap(self.ask(token=self.token), self.person)
        self.assertFalse(self.order.paid_by_friend)
        self.assertEqual(self.order.payer_id, self.order.user_id)

    def test_only_whoever_may_pay(self):
        """Requirement X31: a payer who never asked is an exception; one who asked, for
        whatever attempt, is fine and recorded."""
        self.ask()
        answer = self.api("POST", f"/orders/{self.order.id}/pay", self.token)
        owners = self.attempts()[-1]
        friend = self.user_of(self.friend_uid)
        payable = owners._wx_payable()
        self.assertTrue(payable._wx_payable_allows_payer(owners, friend.openid))
        self.assertFalse(payable._wx_payable_allows_payer(owners, "oStranger"))
        self.tap(answer, self.person, deliver=False)
        # as if WeChat said so: the attempt was placed for the friend
        owners.wx_openid = friend.openid
        self.env.flush_all()
        self.deliver()
        self.env.invalidate_all()
        self.assertEqual(owners.wx_openid, self.order.user_id.openid)
        self.assertEqual(self.order.payer_id, self.order.user_id)

    def test_refused(self):
        self.assertEqual(self.api("GET", f"/pay-links/{self.link}").status_code, 401)
        path = f"/pay-links/{self.link}/pay"
        self.assertEqual(self.api("POST", path, None, {}).status_code, 401)
        self.assertEqual(
            self.api("POST", path, self.friend, {"amount": 1}).status_code, 422
        )
        order_path = f"/orders/{self.order.id}/pay-link"
        self.assertProblem(
            self.api("POST", order_path, self.friend), 404, "resource.not_found"
        )
        version, payload, mac = self.link.split(".")
        for wrong in (
            "x",
            "1.2.3",
            f"{version}.{payload}.{mac[:-1]}",
            f"{version}.{payload[:-2]}.{mac}",
            f"9.{payload}.{mac}",
            self.link.swapcase(),
        ):
            self.assertProblem(self.ask(wrong), 404, "resource.not_found")
        other = self.make_app("Other", company_id=self.env.company.id)
        token = self.login_shopper(other, self.make_person()["uid"])
        self.assertProblem(self.ask(token=token), 404, "resource.not_found")
        self.assertFalse(self.attempts())

    def test_after_its_time(self):
        with freeze_time(self.order.expires_at):
            self.assertEqual(self.env["wx.friend.pay"]._state(self.order), "closed")
        self.order.expires_at = fields.Datetime.now()
        self.env.flush_all()
        self.assertProblem(self.ask(), 409, "order.expired")
        self.assertProblem(
            self.api("POST", f"/orders/{self.order.id}/pay-link", self.token),
            409,
            "order.expired",
        )

    @mute_logger("odoo.addons.wx_pay.services.wx_pay_facts")
    def test_friend_pays_when_the_owner_has_cancelled(self):
        answer = self.ask()
        self.api("POST", f"/orders/{self.order.id}/cancel", self.token)
        failed = self.tap(answer, self.friend_uid, deliver=False)
        self.assertNotEqual(failed["errMsg"], "requestPayment:ok")
        self.assertProblem(self.ask(), 409, "order.not_payable")

    def test_link_holds_nothing_else(self):
        payload = pay_link.read(keys.ring(), self.link)
        self.assertEqual(set(payload), {"o", "a", "e"})
        with self.assertRaises(pay_link.PayLinkError):
            pay_link.read(keys.ring(), "0." + "A" * 5000 + ".AA")
