"""Files that are not what they should be, and the bills that are only checked."""

import base64
import gzip
import hashlib
import sqlite3
from datetime import timedelta
from unittest.mock import patch

from odoo.exceptions import UserError
from odoo.tests import tagged

from odoo.addons.wx_pay.wxclient_pay.bills import BillFile, BillMixin

from .bill_common import WxBillCase


@tagged("post_install", "-at_install", "wx")
class TestBillInput(WxBillCase):
    def setUp(self):
        super().setUp()
        self.env["res.lang"]._activate_lang("zh_CN")
        self.sell(1000)
        self.refund(self.sell(2990), 990)

    def serving(self, change, family=None):
        """WeChat sends other bytes and announces their hash: only the content is
        wrong."""
        original = BillMixin.download_bill

        def download(client, application, out, packed=None):
            class Sink(list):
                write = list.append

            sink = Sink()
            original(client, application, sink)
            data = b"".join(sink)
            head = "交易时间" if family == "trade" else "记账时间"
            if not family or data[:40].removeprefix(b"\xef\xbb\xbf").startswith(
                head.encode()
            ):
                data = change(data)
            out.write(data)
            if packed is not None:
                packed.write(gzip.compress(data))
            return BillFile(hashlib.sha1(data).hexdigest(), len(data))

        return patch.object(BillMixin, "download_bill", download)

    def test_every_bad_file_has_its_code_and_its_words(self):
        no_summary = "总交易单数".encode()
        rows = {
            "foreign_merchant": lambda d: d.replace(self.mchid.encode(), b"1900000109"),
            "other_day": lambda d: d.replace(
                str(self.day).encode(), str(self.day - timedelta(days=1)).encode(), 1
            ),
            "formula": lambda d: d.replace(b"`1000,", b"`=1000,").replace(
                b",`10.00,", b",`=10.00,", 1
            ),
            "no_summary": lambda d: d[: d.index(no_summary)],
            "cell_count": lambda d: d.replace(b"\r\n`", b"\r\n`x,`", 1),
            "gbk": lambda d: d.decode("utf-8-sig").encode("gbk"),
            "empty": lambda d: b"",
            "html": lambda d: b"<html><body>busy</body></html>",
            "truncated": lambda d: d[: d.index(no_summary) - 40],
            "fee_too_large": lambda d: d.replace(b"`0.06000", b"`10.01000", 1),
            "summary_total": lambda d: d.replace(
                b"`10.00,`0.00,`0,", b"`10.01,`0.00,`0,"
            ),
            "encoding": lambda d: d.replace("苹果".encode(), b"\xff\xfe"),
            "spreadsheet": lambda d: d.replace(b"`", b""),
            "missing_column": lambda d: d.replace("手续费,".encode(), b"", 1),
            "unknown_header": lambda d: b"hello\r\n" + d,
        }
        Line = self.env["wx.bill.trade.line"]
        texts = set()
        for code, change in rows.items():
            with self.subTest(code=code), self.serving(change, "trade"):
                day = self.process()
                bill = day._trade_bill()
                self.assertEqual((bill.state, bill.error_code), ("error", code))
                self.assertEqual((day.state, day.light), ("error", "red"))
                self.assertFalse(day.next_try, "the same bytes would come again")
                self.assertFalse(Line.search([("bill_id", "=", bill.id)]))
                self.assertFalse(bill.attachment_id)
                self.assertFalse(day.break_ids)
                self.assertFalse(
                    self.env["account.bank.statement.line"].search(
                        [("wx_bill_day_id", "=", day.id)]
                    )
                )
                texts.add(bill.error)
        self.assertEqual(len(texts), len(rows), "each says something of its own")
        self.assertClean(self.process(), 3)

    def test_reasons_cover_every_code_and_speak_chinese(self):
        from ..billparser.errors import MESSAGES

        reasons = self.env["wx.bill"]._reasons()
        self.assertEqual(set(reasons), set(MESSAGES))
        self.assertEqual(len(set(reasons.values())), len(reasons))

    def test_wrong_hash_is_fetched_again(self):
        original = BillMixin.download_bill

        def announced(client, application, out, packed=None):
            found = original(client, application, out, packed)
            return BillFile("0" * 40, found.size)

        with patch.object(BillMixin, "download_bill", announced):
            day = self.process()
        bill = day._trade_bill()
        self.assertEqual((bill.error_code, bill.retryable), ("wrong_hash", True))
        self.assertTrue(day.next_try)
        self.assertFalse(bill.trade_line_ids)
        self.assertClean(self.process(), 3)

    def test_unknown_columns_are_stored_and_ignored(self):
        def wider(data):
            lines = data.decode().split("\r\n")
            out = []
            for number, line in enumerate(lines):
                detail = line.startswith("`") and "总交易单数" not in lines[number - 1]
                head = "交易时间" in line
                out.append(line + (",新列" if head else ",`值" if detail else ""))
            return "\r\n".join(out).encode()

        with self.serving(wider, "trade"):
            day = self.process()
        self.assertClean(day, 3)
        bill = day._trade_bill()
        self.assertEqual(bill.extra_headings, "新列")
        self.assertEqual(bill.trade_line_ids.mapped("extra"), [{"新列": "值"}] * 3)

    def test_forms_that_both_occur(self):
        def other(data):
            return data.removeprefix(b"\xef\xbb\xbf").replace(b"\r\n", b"\n")

        with self.serving(other):
            self.assertClean(self.process(), 3)

    def test_fund_bill_of_another_merchant(self):
        def other(data):
            return data.replace(self.mchid.encode(), b"1900000109")

        with self.serving(other, "fund"):
            day = self.process()
        bill = day.bill_ids.filtered(lambda b: b.account_type == "BASIC")
        self.assertEqual((bill.state, bill.error_code), ("error", "foreign_merchant"))

    def test_upload_of_another_day(self):
        class Sink(list):
            write = list.append

        self.clock("10:30:00", days=1)
        client, sink = self.provider._wx_client(), Sink()
        client.download_bill(client.apply_trade_bill(self.day), sink)
        wizard = self.env["wx.bill.upload"].create(
            {
                "provider_id": self.provider.id,
                "file": base64.b64encode(b"".join(sink)),
                "date": self.day - timedelta(days=1),
            }
        )
        with self.assertRaises(UserError) as caught, self.env.cr.savepoint():
            wizard.action_upload()
        self.assertIn("another day", str(caught.exception))
        self.assertFalse(self.env["wx.bill.trade.line"].search([]))

    # --- checks ---
    def test_part_bills_agree_with_the_trade_bill(self):
        self.provider.write({"wx_bill_success": True, "wx_bill_refund": True})
        day = self.process()
        self.assertClean(day, 3)
        counts = {bill.kind: bill.line_count for bill in day.bill_ids}
        self.assertEqual((counts["success"], counts["refund"]), (2, 1))
        self.assertTrue(
            all(day.bill_ids.filtered("line_count").mapped("attachment_id"))
        )
        lines = day._trade_bill().trade_line_ids
        self.assertEqual(len(lines), 3, "the checks store no lines of their own")
        self.assertTrue(lines.filtered("refund_id").refund_success_time)

    def test_part_bill_that_contradicts_the_trade_bill(self):
        self.provider.wx_bill_success = True
        self.clock("10:30:00", days=1)
        client = self.provider._wx_client()
        client.apply_trade_bill(self.day)  # from now on WeChat's bill of all is fixed
        database = sqlite3.connect(f"{self.sim._folder.name}/sim.sqlite", timeout=10)
        with database:
            database.execute(
                "UPDATE bill_lines SET order_fen=order_fen+1, settle_fen=settle_fen+1"
                " WHERE mchid=? AND kind='payment' AND order_fen=1000",
                [self.mchid],
            )
        database.close()
        day = self.process()
        bill = day.bill_ids.filtered(lambda b: b.kind == "success")
        self.assertEqual((bill.state, bill.error_code), ("error", "cross_check"))
        self.assertIn("1 lines differ", bill.error)
        self.assertEqual(day.light, "red")
        self.provider.wx_bill_success = False
        self.assertClean(self.process(), 3)

    def test_account_without_journal_is_fetched_on_demand(self):
        self.provider.write(
            {"wx_journal_operation_id": False, "wx_bill_operation": True}
        )
        self.move("topup", 700, account="OPERATION")
        day = self.process()
        bill = day.bill_ids.filtered(lambda b: b.account_type == "OPERATION")
        self.assertEqual((bill.state, bill.line_count), ("loaded", 1))

    def test_waiting_grows(self):
        self.clock("08:00:00", days=1)
        Day = self.env["wx.bill.day"]
        now = self.env.cr.now()
        waits = []
        for _try in range(7):
            day = Day.with_context(wx_now=now)._process_day(self.provider, self.day)
            waits.append((day.next_try - now).total_seconds() / 60)
        self.assertEqual(waits, [15, 30, 60, 120, 240, 240, 240])
        self.assertEqual(day.bill_ids[:1].error_code, "STATEMENT_CREATING")
