"""Bills: bytes, columns, days, availability, download."""

import csv
import gzip
import hashlib
import io
import time
from decimal import Decimal

import pytest

from wxsim.pay import billformat

DAY = "2026-06-10"
ALL = [
    "交易时间",
    "公众账号ID",
    "商户号",
    "特约商户号",
    "设备号",
    "微信订单号",
    "商户订单号",
    "用户标识",
    "交易类型",
    "交易状态",
    "付款银行",
    "货币种类",
    "应结订单金额",
    "代金券金额",
    "微信退款单号",
    "商户退款单号",
    "退款金额",
    "充值券退款金额",
    "退款类型",
    "退款状态",
    "商品名称",
    "商户数据包",
    "手续费",
    "费率",
    "订单金额",
    "申请退款金额",
    "费率备注",
]
SUCCESS = [name for name in ALL if "退款" not in name]
REFUND = [*ALL[:14], "退款申请时间", "退款成功时间", *ALL[14:]]
FUND = [
    "记账时间",
    "微信支付业务单号",
    "资金流水单号",
    "业务名称",
    "业务类型",
    "收支类型",
    "收支金额(元)",
    "账户结余(元)",
    "资金变更提交申请人",
    "备注",
    "业务凭证号",
]
ALL_SUM = [
    "总交易单数",
    "应结订单总金额",
    "退款总金额",
    "充值券退款总金额",
    "手续费总金额",
    "订单总金额",
    "申请退款总金额",
]
FUND_SUM = ["资金流水总笔数", "收入笔数", "收入金额", "支出笔数", "支出金额"]


class Bill:
    """A bill read the plain way: split lines, split at ``,` ``."""

    def __init__(self, content):
        assert content.startswith(b"\xef\xbb\xbf") and content.endswith(b"\r\n")
        text = content.decode("utf-8-sig")
        assert text.count("\n") == text.count("\r\n")
        lines = text[:-2].split("\r\n")
        self.header = lines[0].split(",")
        self.summary_header = lines[-2].split(",")
        assert "`" not in lines[0] and "`" not in lines[-2]
        self.rows = [self._cells(line, self.header) for line in lines[1:-2]]
        self.summary = self._cells(lines[-1], self.summary_header)

    @staticmethod
    def _cells(line, header):
        assert line[0] == "`"
        cells = line[1:].split(",`")
        assert len(cells) == len(header)
        return dict(zip(header, cells, strict=True))

    def of(self, **wanted):
        return next(
            row for row in self.rows if all(row[k] == v for k, v in wanted.items())
        )


def trade(shop, day=DAY, kind="ALL"):
    path = f"/v3/bill/tradebill?bill_date={day}&bill_type={kind}"
    return Bill(shop.bill(path)[1])


def fund(shop, day=DAY, account="BASIC"):
    path = f"/v3/bill/fundflowbill?bill_date={day}&account_type={account}"
    return Bill(shop.bill(path)[1])


@pytest.fixture
def day(shop):
    """A day with two payments and a partial refund; the clock stands after it."""
    shop.settings(refund_min_interval=0)
    shop.clock(set=f"{DAY}T09:30:00+08:00")
    shop.first, shop.first_id = shop.paid(2990, attach="a,b", description="茶,绿`茶")
    shop.second, shop.second_id = shop.paid(26000)
    shop.prepay()  # never paid: appears nowhere
    shop.clock(set=f"{DAY}T20:00:00+08:00")
    shop.refund_id = shop.refund(shop.second, "RF-1", 26000, 26000).json()["refund_id"]
    shop.clock(set="2026-06-11T10:00:05+08:00")
    return shop


def test_column_lists():
    assert (len(ALL), len(SUCCESS), len(REFUND), len(FUND)) == (27, 20, 29, 11)
    assert billformat.TRADE_HEADERS["ALL"].split(",") == ALL
    assert billformat.TRADE_HEADERS["SUCCESS"].split(",") == SUCCESS
    assert billformat.TRADE_HEADERS["REFUND"].split(",") == REFUND
    assert billformat.FUND_HEADER.split(",") == FUND


def test_all_bill(day):
    bill = trade(day)
    assert bill.header == ALL and bill.summary_header == ALL_SUM
    assert len(bill.rows) == 3
    paid = bill.of(商户订单号=day.first)
    assert paid["交易时间"].startswith("2026-06-10 09:30:0")
    assert paid["公众账号ID"] == day.appid and paid["商户号"] == day.mchid
    assert paid["特约商户号"] == "0" and paid["设备号"] == ""
    assert paid["微信订单号"] == day.first_id and paid["用户标识"] == day.openid
    assert (paid["交易类型"], paid["交易状态"]) == ("JSAPI", "SUCCESS")
    assert (paid["应结订单金额"], paid["订单金额"]) == ("29.90", "29.90")
    assert (paid["手续费"], paid["费率"], paid["费率备注"]) == ("0.18000", "0.60%", "")
    assert (paid["微信退款单号"], paid["商户退款单号"]) == ("0", "0")
    assert (paid["退款金额"], paid["申请退款金额"]) == ("0.00", "0.00")
    assert (paid["退款类型"], paid["退款状态"]) == ("", "")
    assert (paid["商品名称"], paid["商户数据包"]) == ("茶,绿`茶", "a,b")
    back = bill.of(商户退款单号="RF-1")
    assert back["交易时间"].startswith("2026-06-10 20:00:0")
    assert back["微信退款单号"] == day.refund_id
    assert (back["交易状态"], back["退款状态"]) == ("REFUND", "SUCCESS")
    assert (back["应结订单金额"], back["订单金额"]) == ("0.00", "0.00")
    assert (back["退款金额"], back["申请退款金额"]) == ("260.00", "260.00")
    assert (back["手续费"], back["退款类型"]) == ("-1.56000", "ORIGINAL")
    # The refunded order keeps its own row.
    assert bill.of(商户订单号=day.second, 交易状态="SUCCESS")["手续费"] == "1.56000"


def test_summary_equals_the_rows(day):
    bill = trade(day)
    assert list(bill.summary.values()) == [
        *("3.0", "289.9", "260.0", "0.0", "0.18", "289.9", "260.0"),
    ]
    sums = {
        "应结订单总金额": "应结订单金额",
        "退款总金额": "退款金额",
        "充值券退款总金额": "充值券退款金额",
        "手续费总金额": "手续费",
        "订单总金额": "订单金额",
        "申请退款总金额": "申请退款金额",
    }
    for total, column in sums.items():
        assert Decimal(bill.summary[total]) == sum(
            Decimal(r[column]) for r in bill.rows
        )


def test_plain_summary_style(day):
    day.unsure(summary_style="plain")
    assert list(trade(day).summary.values()) == [
        *("3", "289.90", "260.00", "0.00", "0.18000", "289.90", "260.00"),
    ]
    assert list(trade(day, kind="REFUND").summary.values()) == [
        *("1", "0.00", "260.00", "0.00", "-1.56000", "0.00", "260.00"),
    ]
    assert list(fund(day).summary.values()) == ["6", "3", "291.46", "3", "261.74"]


def test_summary_of_the_published_sample():
    numbers = [
        ("count", 45),
        *(("money", fen) for fen in (47, 14, 0)),
        ("fee", 8),
        *(("money", fen) for fen in (47, 14)),
    ]
    shown = billformat.summary_row(numbers, "decimal")
    assert shown == "`45.0,`0.47,`0.14,`0.0,`0.08,`0.47,`0.14"
    numbers = [("count", 48), *(("money", fen) for fen in (576, 142, 0)), ("fee", 1)]
    shown = billformat.summary_row(numbers, "plain")
    assert shown == "`48,`5.76,`1.42,`0.00,`0.01000"


def test_success_bill(day):
    bill = trade(day, kind="SUCCESS")
    assert bill.header == SUCCESS and len(bill.rows) == 2
    assert list(bill.summary.items()) == [
        ("总交易单数", "2.0"),
        ("应结订单总金额", "289.9"),
        ("手续费总金额", "1.74"),
        ("订单总金额", "289.9"),
    ]


def test_success_bill_with_long_summary(day):
    day.unsure(success_summary="7_columns")
    assert trade(day, kind="SUCCESS").summary_header == ALL_SUM


def test_refund_bill(day):
    bill = trade(day, kind="REFUND")
    assert bill.header == REFUND and bill.summary_header == ALL_SUM
    (row,) = bill.rows
    assert row["交易时间"] == row["退款申请时间"]
    assert row["退款成功时间"].startswith("2026-06-10 20:00:0")


def test_refund_bill_with_payment_time(day):
    day.unsure(refund_bill_time="payment")
    (row,) = trade(day, kind="REFUND").rows
    assert row["交易时间"].startswith("2026-06-10 09:30:0")
    assert row["退款申请时间"].startswith("2026-06-10 20:00:0")


def test_fund_bill(day):
    bill = fund(day)
    assert bill.header == FUND and bill.summary_header == FUND_SUM
    assert [row["业务类型"] for row in bill.rows] == [
        *("交易", "扣除交易手续费") * 2,
        *("退还交易手续费", "退款"),
    ]
    balance = Decimal(0)
    for row in bill.rows:
        amount = Decimal(row["收支金额(元)"])
        assert amount > 0
        balance += amount if row["收支类型"] == "收入" else -amount
        assert Decimal(row["账户结余(元)"]) == balance
    first, last = bill.rows[0], bill.rows[-1]
    assert first["微信支付业务单号"] == first["资金流水单号"] == day.first_id
    assert first["业务凭证号"] == day.first and first["业务名称"] == "交易"
    assert first["备注"] == "结算总金额29.90元;含手续费0.18元"
    assert first["资金变更提交申请人"] == "system"
    assert last["微信支付业务单号"] == day.refund_id
    assert last["资金流水单号"] == day.second_id
    assert last["业务凭证号"] == "RF-1"
    assert last["资金变更提交申请人"] == f"{day.mchid}API"
    assert last["备注"] == "退款总金额260.00元;含手续费1.56元"
    assert list(bill.summary.values()) == ["6.0", "3.0", "291.46", "3.0", "261.74"]


def test_fund_bills_of_other_accounts(day):
    path = f"/_ctl/merchants/{day.mchid}/move"
    day.clock(set=f"{DAY}T21:00:00+08:00")
    body = {"account": "OPERATION", "kind": "topup", "amount_fen": 5000}
    day.ctl("POST", path, {**body, "remark": "一\n二"})
    day.ctl("POST", path, {"kind": "withdraw", "amount_fen": 100})
    day.clock(set="2026-06-11T10:00:05+08:00")
    (row,) = fund(day, account="OPERATION").rows
    assert (row["业务名称"], row["业务类型"]) == ("充值/提现", "充值")
    assert row["账户结余(元)"] == "50.00" and row["备注"] == "一\\n二"
    assert fund(day).rows[-1]["业务类型"] == "提现"
    path = f"/v3/bill/fundflowbill?bill_date={DAY}&account_type=FEES"
    assert day.error(day.call("GET", path)) == (400, "NO_STATEMENT_EXIST")


def test_own_flow_numbers(shop):
    shop.unsure(refund_flow_no="own")
    shop.clock(set=f"{DAY}T09:30:00+08:00")
    number, transaction = shop.paid()
    shop.refund(number, "RF-1", 10000)
    shop.clock(set="2026-06-11T10:00:05+08:00")
    flow = fund(shop).rows[-1]["资金流水单号"]
    assert flow.startswith(shop.mchid) and flow != transaction


def test_hash_and_gzip(day):
    path = f"/v3/bill/tradebill?bill_date={DAY}"
    plain_answer, plain = day.bill(path)
    zipped_answer, zipped = day.bill(path + "&tar_type=GZIP")
    assert plain_answer["hash_type"] == "SHA1"
    assert plain_answer["hash_value"] == hashlib.sha1(plain).hexdigest()
    assert zipped_answer["hash_value"] == plain_answer["hash_value"]
    assert zipped_answer["download_url"].endswith("&tartype=gzip")
    assert gzip.decompress(zipped) == plain
    prefix = day.sim.base_url + "/v3/billdownload/file?token="
    assert plain_answer["download_url"].startswith(prefix)


def test_lf_without_mark(day):
    day.unsure(bill_line_end="lf_bare")
    content = day.bill(f"/v3/bill/tradebill?bill_date={DAY}")[1]
    assert content[:3] != b"\xef\xbb\xbf" and b"\r" not in content
    rows = list(csv.reader(io.StringIO(content.decode())))
    assert rows[0] == ALL


def download(shop, url):
    return shop.call("GET", url.removeprefix(shop.sim.base_url))


def apply(shop, path=f"/v3/bill/tradebill?bill_date={DAY}"):
    return shop.call("GET", path).json()["download_url"]


def test_download_is_unsigned_and_typed_by_a_switch(day):
    url = apply(day)
    answer = download(day, url)
    assert answer.status_code == 200
    assert "Wechatpay-Signature" not in answer.headers
    assert answer.headers["Content-Type"] == "application/octet-stream"
    day.unsure(download_content_type="text/plain", download_url_space="leading")
    assert download(day, url).headers["Content-Type"] == "text/plain"
    assert apply(day).startswith(" http://")


def test_download_token_lives_five_minutes(day):
    url = apply(day)
    day.clock(advance=299)
    assert download(day, url).status_code == 200
    day.clock(advance=2)
    answer = download(day, url)
    assert day.error(answer) == (400, "INVALID_REQUEST")
    assert day.genuine(answer.headers, answer.content)
    assert download(day, apply(day)).status_code == 200
    assert day.error(download(day, url + "x")) == (400, "INVALID_REQUEST")
    day.unsure(bill_token_life="thirty_seconds")
    url = apply(day)
    day.clock(advance=31)
    assert day.error(download(day, url)) == (400, "INVALID_REQUEST")


def test_download_by_another_merchant(day):
    url = apply(day)
    other = day.ctl("POST", "/_ctl/merchants", {})
    day.merchant, day.mchid = other, other["mchid"]
    assert day.error(download(day, url)) == (403, "NO_AUTH")


@pytest.mark.parametrize(
    ("now", "expected"),
    [
        ("2026-06-10T23:59:00", (400, "INVALID_REQUEST")),
        ("2026-06-11T00:00:01", (400, "STATEMENT_CREATING")),
        ("2026-06-11T09:59:50", (400, "STATEMENT_CREATING")),
        ("2026-09-30T12:00:00", (400, "INVALID_REQUEST")),
    ],
)
def test_availability(day, now, expected):
    day.clock(set=f"{now}+08:00")
    for path in ("tradebill", "fundflowbill"):
        answer = day.call("GET", f"/v3/bill/{path}?bill_date={DAY}")
        assert day.error(answer) == expected
    day.clock(set="2026-06-12T00:00:01+08:00")
    assert trade(day).rows


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        ("", (400, "PARAM_ERROR")),
        ("?bill_date=20260610", (400, "PARAM_ERROR")),
        ("?bill_date=2026-06-31", (400, "PARAM_ERROR")),
        ("?bill_date=2026-06-12", (400, "INVALID_REQUEST")),
        ("?bill_date=2026-06-09", (400, "NO_STATEMENT_EXIST")),
        (f"?bill_date={DAY}&bill_type=SOME", (400, "PARAM_ERROR")),
        (f"?bill_date={DAY}&tar_type=ZIP", (400, "PARAM_ERROR")),
    ],
)
def test_bad_applications(day, query, expected):
    answer = day.call("GET", "/v3/bill/tradebill" + query)
    assert day.error(answer) == expected


def test_the_day_is_that_of_success_in_beijing(shop):
    shop.clock(set="2026-06-10T23:59:30+08:00")
    number, prepay_id = shop.prepay()
    shop.clock(set="2026-06-11T00:00:10+08:00")
    shop.tap(prepay_id)
    shop.clock(set="2026-06-12T10:30:00+08:00")
    assert trade(shop, "2026-06-11").rows[0]["商户订单号"] == number
    answer = shop.call("GET", f"/v3/bill/tradebill?bill_date={DAY}")
    assert shop.error(answer) == (400, "NO_STATEMENT_EXIST")


def test_a_refund_belongs_to_the_day_it_was_accepted(shop):
    shop.clock(set="2026-06-10T23:00:00+08:00")
    number, _ = shop.paid()
    shop.settings(refund_delay=7200)
    shop.clock(set="2026-06-10T23:59:00+08:00")
    shop.refund(number, "RF-1", 100)
    shop.clock(set="2026-06-11T10:30:00+08:00")
    assert trade(shop).of(商户退款单号="RF-1")["退款状态"] == "SUCCESS"


def test_a_bill_never_changes(shop):
    shop.clock(set="2026-06-10T23:00:00+08:00")
    number, _ = shop.paid()
    shop.settings(refund_delay=86400 * 2)
    shop.refund(number, "RF-1", 100)
    shop.clock(set="2026-06-11T10:30:00+08:00")
    path = f"/v3/bill/tradebill?bill_date={DAY}"
    first = shop.bill(path)
    assert Bill(first[1]).of(商户退款单号="RF-1")["退款状态"] == "PROCESSING"
    shop.clock(set="2026-06-14T10:30:00+08:00")
    assert shop.query_refund("RF-1").json()["status"] == "SUCCESS"
    second = shop.bill(path)
    assert second[1] == first[1]
    assert second[0]["hash_value"] == first[0]["hash_value"]


def test_closed_refund_comes_back_in_the_fund_bill(shop):
    shop.clock(set=f"{DAY}T10:00:00+08:00")
    number, _ = shop.paid()
    body = {"out_refund_no": "RF-1", "outcome": "CLOSED"}
    shop.ctl("POST", f"/_ctl/merchants/{shop.mchid}/refund_outcome", body)
    shop.refund(number, "RF-1", 10000)
    shop.clock(advance=10)
    shop.clock(set="2026-06-11T10:30:00+08:00")
    types = [row["业务类型"] for row in fund(shop).rows]
    assert types[-2:] == ["退款关闭", "扣除交易手续费"]
    assert fund(shop).rows[-1]["账户结余(元)"] == "99.40"


def test_coupons_in_the_bill(shop):
    shop.clock(set=f"{DAY}T10:00:00+08:00")
    first, _ = shop.paid(1000, tap={"coupon_fen": 300, "coupon_type": "NOCASH"})
    second, _ = shop.paid(1000, tap={"coupon_fen": 300, "coupon_type": "CASH"})
    shop.refund(first, "RF-1", 500, 1000)
    shop.refund(second, "RF-2", 500, 1000)
    shop.clock(set="2026-06-11T10:30:00+08:00")
    bill = trade(shop)
    columns = ("应结订单金额", "代金券金额", "订单金额")
    row = bill.of(商户订单号=first, 交易状态="SUCCESS")
    assert [row[name] for name in columns] == ["7.00", "0.00", "10.00"]
    row = bill.of(商户订单号=second, 交易状态="SUCCESS")
    assert [row[name] for name in columns] == ["10.00", "3.00", "10.00"]
    columns = ("退款金额", "充值券退款金额", "申请退款金额")
    row = bill.of(商户退款单号="RF-1")
    assert [row[name] for name in columns] == ["3.50", "0.00", "5.00"]
    row = bill.of(商户退款单号="RF-2")
    assert [row[name] for name in columns] == ["5.00", "1.50", "5.00"]


def test_clock_moved_back_keeps_balances_in_order(shop):
    shop.clock(set=f"{DAY}T12:00:00+08:00")
    shop.paid(1000)
    shop.clock(set=f"{DAY}T11:00:00+08:00")
    shop.paid(2000)
    shop.clock(set="2026-06-11T10:30:00+08:00")
    shown = [row["账户结余(元)"] for row in fund(shop).rows]
    assert shown == ["20.00", "19.88", "29.88", "29.82"]


def test_thirty_thousand_rows_take_seconds(shop):
    """Booking goes through the ledger's SQL; only the orders are shortened."""
    from wxsim.core.clock import day_start
    from wxsim.pay import ledger, merchants

    count = 30_000
    shop.clock(set="2026-06-11T10:30:00+08:00")
    started = time.time()
    with shop.sim.store.write() as db:
        merchant = merchants.get(db, shop.mchid)
        for number in range(count):
            at = day_start(DAY) + number * 2
            trade_row = {
                "mchid": shop.mchid,
                "appid": shop.appid,
                "transaction_id": f"4200{number:024d}",
                "out_trade_no": f"LOAD{number:08d}",
                "openid": shop.openid,
                "device_id": "",
                "trade_type": "JSAPI",
                "bank_type": "OTHERS",
                "settle_fen": 1000,
                "coupon_fen": 0,
                "coupon_type": "",
                "total_fen": 1000,
                "description": "商品",
                "attach": "",
                "fee_fen": 6,
            }
            line_id = ledger.payment_line(db, merchant, trade_row, at)
            ledger.book_payment(shop.sim, db, merchant, line_id)
    booked = time.time() - started
    started = time.time()
    shop.ctl("POST", "/_ctl/tamper", _drop(shop))
    assert len(trade(shop).rows) == count - 1
    rows = fund(shop).rows
    assert len(rows) == 2 * (count - 1)
    assert rows[-1]["账户结余(元)"] == f"{(count - 1) * 994 / 100:.2f}"
    assert booked < 30 and time.time() - started < 15


def _drop(shop):
    return {
        "mchid": shop.mchid,
        "kind": "drop_payment",
        "bill_date": DAY,
        "out_trade_no": "LOAD00000500",
    }
