"""Scenes of handing over: shop counter, codes, split parcels, waybills, receipt."""

import json

from .scenes import CARRIER, Scene
from .world import until

CUP, BOWL, PLATE = "半山窑变咖啡杯", "手拉坯斗笠碗", "靛蓝点心盘"
FRUIT, SOAP = "塘栖枇杷 2 斤装", "冷制山茶油皂"
COURSE, DRINK = "陶艺体验课电子券", "山野咖啡饮品券"
NEW_HOME = {
    "name": "苏小满",
    "phone": "13911112222",
    "province": "江苏省",
    "city": "苏州市",
    "district": "姑苏区",
    "detail": "平江路 66 号",
}


class Pickup(Scene):
    """Collected at the counter: a wrong code, the right one, the same once more."""

    title = "pickup"
    goods = ((BOWL, 2), (PLATE, 1))
    needs_address = False
    point = 0

    def place(self):
        points = self.api.list_pickup_points(lat=30.25, lng=120.16)["items"]
        self.expect(
            len(points) == 2 and points[0]["opening_hours"], "pickup points are missing"
        )
        self.shop = points[self.point]
        super().place(delivery="pickup", pickup_point_id=self.shop["id"])
        self.refused("pickup.not_paid", self.api.get_pickup_code, self.order_id)

    def make_ready(self):
        office = self.staff("operator")
        [pickup] = office.search_read(
            "wx.pickup", [("order_id", "=", self.order_id)], ["state"]
        )
        office.button("wx.pickup", "action_ready", [pickup["id"]])
        shown = self.api.get_pickup_code(self.order_id)
        self.expect(
            shown["state"] == "ready" and len(shown["code"]) == 10, f"code {shown}"
        )
        return shown["code"]

    def desk(self, method, code, point=None):
        answer = self.staff("operator").call(
            "wx.pickup.desk", method, point or self.shop["id"], code
        )
        return answer.get("code") or answer

    def play(self):
        code = self.make_ready()
        wrong = f"{(int(code) + 1) % 10**10:010d}"
        self.expect(
            self.desk("find", wrong) == "pickup.code_unknown", "a wrong code was taken"
        )
        points = self.api.list_pickup_points()["items"]
        other = next(p["id"] for p in points if p["id"] != self.shop["id"])
        self.expect(
            self.desk("find", code, other) == "pickup.wrong_point",
            "the code works in another shop",
        )
        found = self.desk("find", f"WXP:{code}")
        goods = {row["title"]: row["qty"] for row in found["pickup"]["goods"]}
        self.expect(goods == dict(self.goods), f"the desk shows {goods}")
        self.desk("hand_over", code)
        self.expect(
            self.desk("hand_over", code) == "pickup.code_used", "handed over twice"
        )
        self.is_state("shipped", "received")

    def finish(self):
        shown = self.api.get_pickup_code(self.order_id)
        self.expect(shown["state"] == "picked_up" and not shown["code"], f"{shown}")


class PickupWaits(Pickup):
    """Lies ready at the counter; nobody came yet."""

    title = "pickup waits"
    goods = ((CUP, 1),)
    point = 1

    def play(self):
        self.make_ready()

    def finish(self):
        self.expect(self.detail()["pickup"]["state"] == "ready", "not ready any more")


class PickupLate(PickupWaits):
    """Nobody came in time: on the work list, and the code is refused."""

    title = "pickup too late"
    goods = ((BOWL, 1),)

    def play(self):
        self.code = self.make_ready()
        self.world.books.erp(
            "UPDATE wx_pickup SET ready_at = ready_at - interval '8 days',"
            " expires_at = now() AT TIME ZONE 'UTC' - interval '1 minute'"
            " WHERE order_id = %s",
            self.order_id,
        )

    def finish(self):
        found = list(self.exceptions().values())
        self.expect(found == ["pickup_overdue"], f"work list: {found}")
        self.expect(
            self.desk("find", self.code) == "pickup.code_expired",
            "the code still works",
        )


class Voucher(Scene):
    """Codes: not payable on an iPhone; read after payment; then used."""

    title = "codes"
    goods = ((COURSE, 2),)
    needs_address = False
    codes = ()

    def pay(self):
        refused = self.refused(
            "pay.virtual_on_ios",
            self.api.pay_order,
            self.order_id,
            {"platform": "ios"},
        )
        self.expect(refused.status == 409, f"iPhone: {refused.status}")
        self.refused("codes.not_paid", self.api.get_order_codes, self.order_id)
        self.shopper.payment = self.api.pay_order(
            self.order_id, {"platform": "android"}
        )
        self.shopper.pay()

    def play(self):
        shown = self.api.get_order_codes(self.order_id)
        self.codes = [item["code"] for item in shown["items"]]
        self.expect(
            len(set(self.codes)) == 2 and shown["pending"] == 0, f"codes {shown}"
        )
        with self.world.day.lock:
            self.world.day.codes += self.codes
        self.is_state("shipped", "received")
        options = self.api.after_sale_options(self.order_id)
        verdicts = {line["seven_day"]["verdict"] for line in options["lines"]}
        self.expect(verdicts == {"exempt"}, f"seven days: {verdicts}")
        # a code that was read is used: nobody refunds the piece
        body = {
            "order_id": self.order_id,
            "kind": "refund_only",
            "reason": "agreed",
            "items": [{"line_id": options["lines"][0]["line_id"], "qty": 1}],
        }
        record = self.api.create_after_sale(body)
        self.refused_to(
            "service",
            lambda office: office.button(
                "wx.after.sale", "action_approve", [record["id"]]
            ),
        )
        self.staff("service").wizard(
            "wx.after.sale.reject",
            {
                "after_sale_ids": [(6, 0, [record["id"]])],
                "reason": "券码已查看，视为已使用",
            },
            "action_reject",
        )

    def finish(self):
        again = self.api.get_order_codes(self.order_id)["items"]
        self.expect(
            [item["code"] for item in again] == self.codes, "other codes than before"
        )


class Drink(Scene):
    """A voucher beside a bowl: the codes at once, the bowl by parcel."""

    title = "codes and goods"
    goods = ((DRINK, 3), (BOWL, 1))

    def play(self):
        shown = self.api.get_order_codes(self.order_id)
        self.expect(len(shown["items"]) == 3, f"codes {shown}")
        with self.world.day.lock:
            self.world.day.codes += [item["code"] for item in shown["items"]]
        self.is_state("to_ship", "partially_shipped")
        self.ship()

    def finish(self):
        self.is_state("shipped", "received")


class Split(Scene):
    """Two warehouses, two parcels; the first is signed for while the other waits."""

    title = "split"
    goods = ((CUP, 1), (FRUIT, 2))

    def play(self):
        pickings = self.pickings()
        self.expect(len(pickings) == 2, f"{len(pickings)} deliveries, not 2")
        [first] = self.ship(pickings[:1])
        self.is_state("partially_shipped")
        [second] = self.ship(pickings[1:])
        self.is_state("shipped")
        parcels = {p["tracking_no"]: p for p in self.detail()["parcels"]}
        self.expect(set(parcels) == {first, second}, f"parcels {list(parcels)}")
        contents = [
            tuple((item["title"], item["qty"]) for item in parcels[n]["items"])
            for n in (first, second)
        ]
        self.expect(
            contents == [((CUP, 1),), ((FRUIT, 2),)], f"parcels hold {contents}"
        )
        office = self.staff("operator")
        # the carrier's clerk said on the phone that it was signed for
        office.wizard(
            "wx.parcel.note",
            {
                "parcel_id": parcels[first]["id"],
                "state": "delivered",
                "text": "已签收，签收人：本人",
            },
            "action_add",
        )
        self.signed = parcels[first]["id"]

    def finish(self):
        states = sorted(parcel["state"] for parcel in self.detail()["parcels"])
        self.expect(states == ["delivered", "waiting"], f"parcels are {states}")
        track = self.api.get_parcel(self.order_id, self.signed)["track"]
        self.expect(any("签收" in event["text"] for event in track), f"track {track}")
        self.api.receive_order(self.order_id)
        self.is_state("received")
        # fresh food: no seven days
        body = {
            "order_id": self.order_id,
            "kind": "return_refund",
            "reason": "no_reason",
            "items": [{"line_id": self.line(FRUIT), "qty": 1}],
        }
        self.refused("after_sale.seven_day", self.api.create_after_sale, body)


class Waybill(Scene):
    """A new address after payment, then an electronic waybill to it, scanned until it
    is signed for."""

    title = "waybill"
    goods = ((PLATE, 3),)

    def play(self):
        self.change_address()
        office = self.staff("operator")
        [picking] = self.pickings()
        values = {"carrier_id": self.world.carrier("中通快递")}
        office.call("stock.picking", "write", [picking["id"]], values)
        office.button("stock.picking", "action_wx_queue_waybills", [picking["id"]])
        waybill = until(lambda: self._waybill(office), 45)
        self.expect(waybill, "no waybill was made")
        self.number = waybill["tracking_no"]
        label = office.get(f"/wx/parcels/{waybill['id']}/label")
        self.expect(NEW_HOME["detail"] in label, "the label has another address")
        self.refused_to("operator", self._change)
        office.button("stock.picking", "button_validate", [picking["id"]])
        for scan in (100001, 200001, 300002, 300003):
            self.world.sim.ctl(
                "POST", f"/_ctl/parcels/{self.number}/move", {"action_type": scan}
            )

    def change_address(self):
        self._change(self.staff("operator"))
        seen = self.detail()["address"]
        self.expect(
            {name: seen[name] for name in NEW_HOME} == NEW_HOME, f"address {seen}"
        )

    def _change(self, office):
        office.wizard(
            "wx.order.address.change",
            {"order_id": self.order_id, "reason": "顾客来电改地址", **NEW_HOME},
            "action_change",
        )

    def _waybill(self, office):
        rows = office.search_read(
            "wx.parcel",
            [("order_id", "=", self.order_id), ("waybill_state", "=", "made")],
            ["tracking_no"],
        )
        return rows[0] if rows else None

    def finish(self):
        [parcel] = (
            until(
                lambda: (
                    (rows := self.detail()["parcels"])[0]["state"] == "delivered"
                    and rows
                ),
                30,
            )
            or self.detail()["parcels"]
        )
        self.expect(
            (parcel["state"], parcel["tracking_no"]) == ("delivered", self.number),
            f"parcel {parcel}",
        )
        made = self.world.books.wechat(
            "SELECT body FROM mp_express_orders WHERE waybill_id = ? AND NOT cancelled",
            self.number,
        )
        receiver = json.loads(made[0]["body"])["receiver"]
        self.expect(
            (receiver["city"], receiver["mobile"])
            == (NEW_HOME["city"], NEW_HOME["phone"]),
            "WeChat's waybill goes elsewhere",
        )


class Missing(Scene):
    """One of two bowls is not on the shelf: the operator ships one and ends the
    delivery; the work list remembers the other."""

    title = "piece missing"
    goods = ((BOWL, 2),)

    def play(self):
        self.ship_one()
        self.staff("operator").button(
            "wx.order.exception", "action_ship_again", [self.exception()]
        )
        self.ship()
        self.is_state("shipped")

    def ship_one(self):
        office = self.staff("operator")
        [picking] = self.pickings()
        moves = office.search_read(
            "stock.move", [("picking_id", "=", picking["id"])], ["id"]
        )
        for move in moves:
            values = {"quantity": 1, "picked": True}
            office.call("stock.move", "write", [move["id"]], values)
        values = {
            "carrier_id": self.world.carrier(CARRIER),
            "carrier_tracking_ref": f"SF{self.rng.randrange(10**12):012d}",
        }
        office.call("stock.picking", "write", [picking["id"]], values)
        office.button(
            "stock.picking",
            "button_validate",
            [picking["id"]],
            # what the dialog's "No backorder" sends
            context={
                "skip_backorder": True,
                "picking_ids_not_to_backorder": [picking["id"]],
            },
        )

    def exception(self):
        """Id of the open exception of this order."""
        found = self.exceptions()
        self.expect(list(found.values()) == ["undelivered"], f"work list: {found}")
        return next(iter(found))

    def finish(self):
        found = self.exceptions("resolved")
        self.expect(list(found.values()) == ["undelivered"], f"work list: {found}")


class MissingStill(Missing):
    """The same, and nobody has looked at the work list yet."""

    title = "piece still missing"
    goods = ((PLATE, 2),)

    def play(self):
        self.ship_one()

    def finish(self):
        self.exception()


class ParcelLate(Scene):
    """Two days on the way without a scan: on the work list."""

    title = "parcel too late"
    goods = ((BOWL, 2),)

    def play(self):
        self.ship()
        self.world.books.erp(
            "UPDATE wx_parcel SET shipped_at = shipped_at - interval '2 days'"
            " WHERE order_id = %s",
            self.order_id,
        )

    def finish(self):
        found = list(self.exceptions().values())
        self.expect(found == ["late_parcel"], f"work list: {found}")


class Received(Scene):
    """Confirmed by the shopper; ``by`` tells where."""

    title = "received by the shopper"
    by = "shopper"
    goods = ((BOWL, 1),)

    def play(self):
        self.refused("order.not_shipped", self.api.receive_order, self.order_id)
        self.ship()
        self.is_state("shipped")
        self.receive()

    def receive(self):
        self.api.receive_order(self.order_id)
        self.is_state("received")

    def finish(self):
        self.is_state("received", seconds=60)
        [row] = self.staff("operator").search_read(
            "wx.order", [("id", "=", self.order_id)], ["received_by"]
        )
        self.expect(row["received_by"] == self.by, f"received by {row['received_by']}")


class ReceivedAtWechat(Received):
    """Confirmed in WeChat's own client: the shop hears it by a push and asks back."""

    title = "received at WeChat"
    by = "wechat"

    def receive(self):
        facts = self.world.day.orders[self.order_id]
        body = {
            "appid": self.world.appid,
            "transaction_id": facts["transaction_id"],
        }

        def confirmed():
            path = f"/_ctl/users/{self.shopper.uid}/confirm_order"
            return self.world.sim.ctl("POST", path, body)["confirmed"]

        self.expect(until(confirmed, 45, 1), "WeChat knows of no parcel")


class ReceivedByClock(Received):
    """Ten days pass and nobody says anything."""

    title = "received by the clock"
    by = "clock"

    def receive(self):
        # time itself is the one thing that nobody can press a button for
        self.world.books.erp(
            "UPDATE wx_order SET receive_due_at = now() AT TIME ZONE 'UTC'"
            " - interval '1 minute' WHERE id = %s",
            self.order_id,
        )


SCENES = (
    Pickup,
    PickupWaits,
    PickupLate,
    Voucher,
    Drink,
    Split,
    Waybill,
    Missing,
    MissingStill,
    ParcelLate,
    Received,
    ReceivedAtWechat,
    ReceivedByClock,
)
