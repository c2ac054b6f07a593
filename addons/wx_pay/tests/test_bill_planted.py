"""Differences planted in WeChat's books, each found in its class, and nothing else."""

import json
import os
from pathlib import Path

from odoo.tests import tagged

from .bill_common import WxBillCase
from .planted import HARMLESS, PLANTS
from .platform import Platform

MONTH = 30


@tagged("post_install", "-at_install", "wx")
class TestBillPlanted(WxBillCase):
    def documents(self, plant, amount):
        """The documents that a plant alters: keys p, q, r → our numbers."""
        numbers = {}
        if "p" in plant.needs:
            numbers["p"] = self.sell(amount, post=False).reference
        if "r" in plant.needs:
            tx = self.sell(amount, post=False)
            refund = self.refund(tx, amount // 2, post=False)
            numbers |= {"q": tx.reference, "r": refund.wx_out_refund_no}
        return numbers

    def breaks_of(self, days):
        """Our number, else WeChat's → class, of all breaks that still hold."""
        return [
            (
                brk.out_refund_no
                or brk.out_trade_no
                or brk.refund_no
                or brk.transaction_no,
                brk.break_class,
            )
            for brk in self.breaks.search(
                [("day_id", "in", days.ids), ("vanished", "=", False)]
            )
        ]

    def process_days(self, count):
        days = self.env["wx.bill.day"]
        for number in range(count):
            day = self.process(days=number)
            self.assertEqual((day.state, day.error), ("posted", False))
            days |= day
        return days

    def report(self, **figures):
        """For ``./test figures bill``."""
        path = os.environ.get("WX_PLANTED_FILE")
        if path:
            known = json.loads(Path(path).read_text() or "{}")
            Path(path).write_text(json.dumps({**known, **figures}, ensure_ascii=False))

    def test_every_planted_difference_is_found_in_its_class(self):
        self.assertGreaterEqual(len(PLANTS), 40)
        self.clock("10:00:00", days=1)
        made = {}
        for number, (name, plant) in enumerate({**PLANTS, **HARMLESS}.items()):
            made[name] = self.documents(plant, 4000 + 130 * number)
        waiting = self.refund(self.sell(9000, post=False), 800, known=False, post=False)
        unheard = self.sell(7777, known=False)
        closed = self._paid_after_closing()
        web = self._refund_in_the_platform()
        wanted = {
            (web, "missing_in_erp"),
            (unheard.reference, "state"),
            (closed.reference, "state"),
            (waiting.wx_out_refund_no, "refund_timing"),
        }
        with Platform(self.sim, self.mchid) as books:
            for name, plant in PLANTS.items():
                wanted |= set(plant(books, made[name]).items())
            for name, plant in HARMLESS.items():
                plant(books, made[name])
            books.alter(waiting.wx_out_refund_no, refund_state="PROCESSING")
        days = self.process_days(4)
        found = self.breaks_of(days)
        missed, false = wanted - set(found), set(found) - wanted
        self.report(
            kinds=len(PLANTS) + 4,
            planted=len(wanted),
            found=len(found),
            right=len(wanted & set(found)),
            missed=sorted(map(str, missed)),
            false=sorted(map(str, false)),
        )
        names = {n: name for name, numbers in made.items() for n in numbers.values()}
        self.assertFalse(
            missed, [(names.get(number), number, class_) for number, class_ in missed]
        )
        self.assertFalse(
            false, [(names.get(number), number, class_) for number, class_ in false]
        )
        self.assertEqual(len(found), len(set(found)), "one break per document")
        for brk in days.break_ids:
            self.assertTrue(brk.explanation and brk.remedy)
        # nothing is left that is neither matched nor a break
        named = sum(brk.break_class == "unknown" for brk in days.break_ids)
        self.assertEqual(sum(days.mapped("unexplained")), named)
        before = self.snapshot()
        for day in days:
            day._match_now()
        self.assertEqual(self.snapshot(), before, "a second matching changes nothing")

    def _paid_after_closing(self):
        payable = self.make_payable(5555)
        tx, params = self.prepay(payable)
        self.assertEqual(self.service._close(tx), "closed")
        self.pay(params, late=True)
        self.advance(61)
        return tx

    def _refund_in_the_platform(self):
        tx = self.sell(6666, post=False)
        answer = self.sim.ctl(
            "POST",
            f"/_ctl/merchants/{self.mchid}/platform_refund",
            {"out_trade_no": tx.reference, "amount_fen": 666},
        )
        self.advance(61)
        return answer["out_refund_no"]

    def test_clean_month_has_no_break(self):
        """Payments around midnight, partial refunds, days without anything."""
        times = ("00:00:01", "12:00:00", "23:59:58")
        sold = []
        for number in range(MONTH):
            if number % 7 == 6:
                continue  # a day off
            for time in times[: 1 + number % 3]:
                self.clock(time, days=number)
                sold.append(self.sell(1000 + 37 * number, post=False))
                if len(sold) % 4 == 0:
                    self.refund(sold[-4], 100 + number, post=False)
        days = self.process_days(MONTH)
        found = self.breaks_of(days)
        alarms = [brk for brk in found if brk[1] not in ("day_border", "refund_timing")]
        lines = sum(days.mapped("line_count"))
        self.report(clean_lines=lines, clean_alarms=len(alarms))
        self.assertEqual(found, [])
        self.assertEqual(lines, sum(days.mapped("matched_count")))
        self.assertGreater(lines, 50)
        self.assertEqual(sum(days.mapped("unexplained")), 0)
        empty = days.filtered(lambda day: not day.line_count)
        self.assertEqual(set(empty.mapped("state")), {"posted"})
