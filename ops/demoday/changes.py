"""Scenes in which staff or shopper change an order before it leaves."""

from .fulfilment import BOWL, CUP, DRINK, PLATE
from .scenes import Scene, Wrong
from .shoppers import Shopper
from .world import until


class Cheaper(Scene):
    """Staff lower the price before payment: within the limit, and never above it."""

    title = "price change"
    goods = ((BOWL, 4),)

    def pay(self):
        seen = self.order["amount_fen"]
        self.shopper.ask_to_pay()  # this attempt must not be paid any more
        self.refused_to("operator", lambda office: self._take_off(office, seen * 0.2))
        self._take_off(self.staff("operator"), 1000)
        self.order = {**self.order, "amount_fen": seen - 1000}
        self.world.day.update(self.order_id, amount_fen=seen - 1000)
        late = self.world.sim.ctl(
            "POST",
            f"/_ctl/users/{self.shopper.uid}/pay",
            {"appid": self.world.appid, "payment": self.shopper.payment},
        )
        self.expect(
            late["errMsg"] != "requestPayment:ok", "the old amount could be paid"
        )
        super().pay()

    def _take_off(self, office, fen):
        office.wizard(
            "wx.order.price",
            {
                "order_id": self.order_id,
                "off": fen / 100,
                "reason": "老顾客优惠",
            },
            "action_change",
            default_order_id=self.order_id,
        )

    def play(self):
        self.ship()

    def finish(self):
        shown = self.detail()
        self.expect(
            shown["paid_fen"] == shown["amount_fen"] == self.order["amount_fen"],
            f"paid {shown['paid_fen']} of {self.order['amount_fen']} fen",
        )


class CancelPaid(Scene):
    """Paid, and cancelled before anything left: all of it goes back, twice asked or
    not."""

    title = "cancelled after payment"
    goods = ((CUP, 1), (PLATE, 2))

    def play(self):
        self.api.cancel_order(self.order_id)
        self.api.cancel_order(self.order_id)
        self.is_state("cancelled", "refunded")
        if any(row["state"] != "cancel" for row in self.pickings()):
            raise Wrong("a delivery of a cancelled order is open")

    def finish(self):
        done = until(
            lambda: self.detail()["refunded_fen"] == self.order["amount_fen"], 60, 1
        )
        self.expect(done, f"{self.detail()['refunded_fen']} fen went back")


class CancelCodes(Scene):
    """Codes that nobody has read are retired with their refund."""

    title = "codes cancelled unread"
    goods = ((DRINK, 2),)
    needs_address = False

    def play(self):
        record = self.api.create_after_sale(
            {
                "order_id": self.order_id,
                "kind": "refund_only",
                "reason": "agreed",
                "items": [{"line_id": self.line(DRINK), "qty": 2}],
            }
        )
        if record["state"] == "requested":
            self.staff("service").button(
                "wx.after.sale", "action_approve", [record["id"]]
            )

    def finish(self):
        done = until(
            lambda: self.detail()["refunded_fen"] == self.order["amount_fen"], 60, 1
        )
        self.expect(done, f"{self.detail()['refunded_fen']} fen went back")
        self.expect(
            not self.api.get_order_codes(self.order_id)["items"], "codes are still sold"
        )


class Remind(Scene):
    """Asks for speed once, and is told that once is enough."""

    title = "remind"
    goods = ((PLATE, 1),)

    def play(self):
        self.api.remind_order(self.order_id)
        self.refused("order.reminded_already", self.api.remind_order, self.order_id)
        [row] = self.staff("operator").search_read(
            "wx.order", [("id", "=", self.order_id)], ["remind_count"]
        )
        self.expect(row["remind_count"] == 1, f"reminded {row['remind_count']} times")
        self.ship()
        self.refused("order.nothing_to_ship", self.api.remind_order, self.order_id)


class Stranger(Scene):
    """Somebody else's order: nothing of it can be read or done."""

    title = "stranger"
    goods = ((BOWL, 1),)

    def play(self):
        other = Shopper(self.world, 300_000)
        uid = self.world.sim.ctl("POST", "/_ctl/users", {"count": 1})["users"][0]["uid"]
        other.login(uid)
        for call in (
            other.api.get_order,
            other.api.get_order_codes,
            other.api.get_pickup_code,
            other.api.after_sale_options,
            other.api.receive_order,
            other.api.cancel_order,
        ):
            self.refused("resource.not_found", call, self.order_id)
        self.ship()


SCENES = (Cheaper, CancelPaid, CancelCodes, Remind, Stranger)
