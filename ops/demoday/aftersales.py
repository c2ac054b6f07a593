"""Scenes after the sale: refunds, returns, exchanges, and what staff say no to."""

import base64
import io

from PIL import Image, ImageDraw

from .fulfilment import BOWL, CUP, FRUIT, PLATE, SOAP
from .scenes import Scene
from .world import until

NOTEBOOK, HONEY, PHONES = "旅行手账", "百花蜂蜜 500 克", "头戴式降噪耳机"
TEA, TOWEL, SHIRT = "高山云雾 150 克", "长绒棉毛巾四条装", "重磅纯棉T恤"


def broken_bowl() -> str:
    """The shopper's photo of a cracked bowl, base64 of a JPEG."""
    image = Image.new("RGB", (720, 540), (226, 220, 208))
    draw = ImageDraw.Draw(image)
    draw.rectangle((0, 360, 720, 540), fill=(188, 170, 148))
    draw.pieslice((160, 120, 560, 480), 0, 180, fill=(206, 190, 168))
    draw.ellipse((160, 260, 560, 340), fill=(176, 158, 136))
    crack = [(330, 300), (352, 350), (334, 380), (360, 420), (346, 470)]
    draw.line(crack, fill=(70, 58, 50), width=6)
    out = io.BytesIO()
    image.save(out, "JPEG", quality=80)
    return base64.b64encode(out.getvalue()).decode()


class AfterSale(Scene):
    """Asks for something after the sale. ``asked``: ``(title, pieces)``."""

    kind = "refund_only"
    reason = "agreed"
    description = ""
    asked = ()
    end = "done"

    def ask(self, photo=False, **item):
        """The shopper's request, answered by the shop with a document."""
        photos = [self._photo()] if photo else []
        body = {
            "order_id": self.order_id,
            "kind": self.kind,
            "reason": self.reason,
            "description": self.description,
            "items": [
                {"line_id": self.line(title), "qty": qty, **item}
                for title, qty in self.asked
            ],
            "photo_ids": photos,
        }
        self.after_sale = self.api.create_after_sale(body)
        return self.after_sale

    def _photo(self):
        return self.api.upload_after_sale_photo({"image": broken_bowl()})["id"]

    def shown(self):
        self.after_sale = self.api.get_after_sale(self.after_sale["id"])
        return self.after_sale

    def press(self, login, button):
        """Somebody of the shop presses a button of the after-sale."""
        self.staff(login).button("wx.after.sale", button, [self.after_sale["id"]])
        return self.shown()["state"]

    def comes_back(self, carrier="顺丰速运"):
        """The shopper sends the goods to the address that is shown now."""
        address = self.shown()["return_address"]
        self.expect(
            address and "余杭区" in address["address"], f"return address {address}"
        )
        number = f"SF{self.rng.randrange(10**12):012d}"
        answer = self.api.ship_after_sale_return(
            self.after_sale["id"], {"carrier": carrier, "tracking_no": number}
        )
        self.expect(answer["state"] == "returning", f"is {answer['state']}")

    def inspect(self, results):
        """The operator receives and inspects: ``{title: (passed, failed, note)}``."""
        self.press("operator", "action_receive")
        office = self.staff("operator")
        lines = office.search_read(
            "wx.after.sale.line",
            [("after_sale_id", "=", self.after_sale["id"])],
            ["title"],
        )
        for line in lines:
            passed, failed, note = results[line["title"]]
            office.call(
                "wx.after.sale.line",
                "write",
                [line["id"]],
                {
                    "passed_qty": passed,
                    "failed_qty": failed,
                    "inspection_note": note,
                },
            )
        self.expect(self.press("operator", "action_inspect") == "inspected", "open")

    def worth(self, title, qty):
        """What pieces of a line cost, in fen, by the order's own answer."""
        line = next(i for i in self.detail()["items"] if i["title"] == title)
        return line["amount_fen"] * qty // line["qty"]

    def finish(self):
        state = until(lambda: (s := self.shown()["state"]) == self.end and s, 60, 1)
        self.expect(state == self.end, f"after-sale is {self.after_sale['state']}")
        self.expect(
            self.after_sale["refunded_fen"] == self.back_fen(),
            f"{self.after_sale['refunded_fen']} fen back, not {self.back_fen()}",
        )

    def back_fen(self):
        """What must have gone back in the end."""
        return self.after_sale["amount_fen"] if self.end == "done" else 0


class BeforeShipping(AfterSale):
    """One of two bowls, not left yet: at once; the other is shipped."""

    title = "refund before shipping"
    goods = ((BOWL, 2), (NOTEBOOK, 1))
    reason = "changed_mind"
    asked = ((BOWL, 1),)

    def play(self):
        state = self.ask()["state"]
        self.expect(state in ("refunding", "done"), f"is {state}, not refunded at once")
        self.ship()
        pieces = sum(
            item["qty"] for p in self.detail()["parcels"] for item in p["items"]
        )
        self.expect(pieces == 2, f"{pieces} pieces were shipped, not 2")


class Compensation(AfterSale):
    """Shipped, damaged, kept: a part of the money for one piece, with a photo."""

    title = "refund after shipping"
    goods = ((BOWL, 3),)
    reason = "damaged"
    description = "收到时碗沿有裂纹，还能用，希望补偿一部分。"
    asked = ((BOWL, 1),)
    fen = 1500

    def play(self):
        self.ship()
        options = self.api.after_sale_options(self.order_id)
        self.expect("return_refund" in options["kinds"], "nothing to return")
        self.refused("after_sale.photo_required", self.ask)
        self.refused("after_sale.amount", self.ask, photo=True, amount_fen=999_999)
        self.expect(
            self.ask(photo=True, amount_fen=self.fen)["state"] == "requested", "open"
        )
        self.press("service", "action_approve")

    def back_fen(self):
        return self.fen


class Pieces(AfterSale):
    """Shipped, pieces are missing: two of three jars are refunded whole."""

    title = "refund of pieces after shipping"
    goods = ((HONEY, 3),)
    reason = "missing"
    description = "箱子里只有一瓶。"
    asked = ((HONEY, 2),)

    def play(self):
        self.ship()
        self.ask()
        self.press("service", "action_approve")

    def back_fen(self):
        return self.worth(HONEY, 2)


class Return(AfterSale):
    """Two lines come back; one of the towels failed inspection."""

    title = "return and refund"
    kind = "return_refund"
    goods = ((TOWEL, 2), (PLATE, 1))
    reason = "no_reason"
    description = "不太合适，想退。"
    asked = ((TOWEL, 2), (PLATE, 1))

    def play(self):
        self.ship()
        self.api.receive_order(self.order_id)
        self.ask()
        self.expect(self.after_sale["seven_day"], "no seven-day return")
        self.press("service", "action_approve")
        self.comes_back()
        self.inspect({TOWEL: (1, 1, "一条已拆封水洗"), PLATE: (1, 0, "完好")})
        self.press("operator", "action_finish")

    def back_fen(self):
        return self.worth(TOWEL, 1) + self.worth(PLATE, 1)


class NothingPassed(AfterSale):
    """What came back is used: refused after inspection, with a reason."""

    title = "return that failed inspection"
    kind = "return_refund"
    goods = ((CUP, 1),)
    reason = "size"
    asked = ((CUP, 1),)
    end = "rejected"

    def play(self):
        self.ship()
        self.ask()
        self.press("service", "action_approve")
        self.comes_back()
        self.inspect({CUP: (0, 1, "杯底有茶渍，杯口磕伤")})
        self.refused_to(
            "operator",
            lambda office: office.button(
                "wx.after.sale", "action_finish", [self.after_sale["id"]]
            ),
        )
        self.staff("operator").wizard(
            "wx.after.sale.reject",
            {
                "after_sale_ids": [(6, 0, [self.after_sale["id"]])],
                "reason": "商品已使用并有磕伤，不符合退货条件",
            },
            "action_reject",
        )


class Exchange(AfterSale):
    """Another size: the old one comes back, the new one leaves without payment."""

    title = "exchange"
    kind = "exchange"
    goods = ((SHIRT, 1),)
    reason = "size"
    description = "M 码偏小，换一件。"
    asked = ((SHIRT, 1),)

    def play(self):
        self.ship()
        self.ask()
        self.press("service", "action_approve")
        self.comes_back()
        self.inspect({SHIRT: (1, 0, "吊牌完好")})
        self.expect(
            self.press("operator", "action_finish") == "resending", "nothing is resent"
        )
        office = self.staff("operator")
        new = office.search_read(
            "stock.picking",
            [
                ("wx_after_sale_id", "=", self.after_sale["id"]),
                ("wx_after_sale_role", "=", "exchange"),
            ],
            ["state"],
        )
        self.expect([row["state"] for row in new] == ["assigned"], f"resend {new}")
        [number] = self.ship(new)
        parcel = next(p for p in self.detail()["parcels"] if p["tracking_no"] == number)
        contents = [(item["title"], item["qty"]) for item in parcel["items"]]
        self.expect(contents == [(SHIRT, 1)], f"the new parcel holds {contents}")

    def back_fen(self):
        return 0


class Rejected(AfterSale):
    """Refused with a reason; the shopper disputes it."""

    title = "rejected"
    goods = ((TEA, 1),)
    reason = "not_received"
    description = "一直没收到。"
    asked = ((TEA, 1),)
    end = "rejected"

    def play(self):
        self.ship()
        self.ask()
        self.refused(
            "after_sale.state",
            self.api.escalate_after_sale,
            self.after_sale["id"],
            {"reason": "太慢了"},
        )
        self.staff("service").wizard(
            "wx.after.sale.reject",
            {
                "after_sale_ids": [(6, 0, [self.after_sale["id"]])],
                "reason": "物流显示昨天已由门卫代收，请先与门卫确认",
            },
            "action_reject",
        )
        self.expect(self.shown()["reject_reason"], "the shopper reads no reason")
        answer = self.api.escalate_after_sale(
            self.after_sale["id"], {"reason": "门卫说没有我的包裹"}
        )
        self.expect(answer["escalated"], "not disputed")


class TwoPersons(AfterSale):
    """Above the limit: whoever approved first cannot approve again."""

    title = "two persons"
    goods = ((PHONES, 3),)
    reason = "agreed"
    description = "公司采购取消，已与客服协商退款。"
    asked = ((PHONES, 3),)

    def play(self):
        self.ship()
        self.ask()
        self.expect(
            self.press("service", "action_approve") == "second_approval",
            "one person was enough",
        )
        self.refused_to(
            "service",
            lambda office: office.button(
                "wx.after.sale", "action_approve", [self.after_sale["id"]]
            ),
        )
        self.press("operator", "action_approve")


class Hygiene(AfterSale):
    """Confirmed before payment that opened soap is not taken back."""

    title = "confirmed exception"
    kind = "return_refund"
    goods = ((SOAP, 2),)
    reason = "no_reason"
    asked = ((SOAP, 1),)

    def pay(self):
        options = self.api.confirm_no_return(
            self.order_id, {"line_ids": [self.line(SOAP)]}
        )
        rule = options["lines"][0]["seven_day"]
        self.expect(rule["confirmed"] and rule["confirmable"], f"rule {rule}")
        super().pay()

    def play(self):
        self.ship()
        self.refused("after_sale.seven_day", self.ask)

    def finish(self):
        self.is_state("shipped", "received")


class Withdrawn(AfterSale):
    """The shopper thinks better of it."""

    title = "withdrawn"
    kind = "return_refund"
    goods = ((PLATE, 1),)
    reason = "size"
    asked = ((PLATE, 1),)
    end = "cancelled"

    def play(self):
        self.ship()
        self.ask()
        self.press("service", "action_approve")
        answer = self.api.cancel_after_sale(self.after_sale["id"])
        self.expect(answer["state"] == "cancelled", f"is {answer['state']}")


class Waiting(AfterSale):
    """Nobody has answered yet when the day ends."""

    title = "waits for an answer"
    kind = "return_refund"
    goods = ((BOWL, 2),)
    reason = "quality"
    description = "釉面有一处明显气泡。"
    asked = ((BOWL, 1),)
    end = "requested"

    def play(self):
        self.ship()
        self.ask(photo=True)


class Unanswered(Waiting):
    """Nobody has answered in time, and it is nothing that may be granted by itself."""

    title = "not answered in time"
    goods = ((CUP, 1),)
    asked = ((CUP, 1),)
    description = "杯把有裂纹。"

    def play(self):
        super().play()
        self.world.books.erp(
            "UPDATE wx_after_sale SET due_at = now() AT TIME ZONE 'UTC'"
            " - interval '1 minute' WHERE id = %s",
            self.after_sale["id"],
        )

    def finish(self):
        super().finish()
        found = list(self.exceptions().values())
        self.expect(found == ["after_sale_late"], f"work list: {found}")
        self.expect("escalate" in self.after_sale["actions"], "cannot be disputed")


class OnItsWay(AfterSale):
    """Approved and sent back; the parcel has not arrived when the day ends."""

    title = "on its way back"
    kind = "return_refund"
    goods = ((CUP, 1), (FRUIT, 1))
    reason = "size"
    asked = ((CUP, 1),)
    end = "returning"

    def play(self):
        self.ship()
        self.ask()
        self.press("service", "action_approve")
        self.comes_back("中通快递")


SCENES = (
    BeforeShipping,
    Compensation,
    Pieces,
    Return,
    NothingPassed,
    Exchange,
    Rejected,
    TwoPersons,
    Hygiene,
    Withdrawn,
    Waiting,
    Unanswered,
    OnItsWay,
)
