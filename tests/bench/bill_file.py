"""A trade bill of a big day, and the same rows already cleaned.

Independent of the parser: both files are written side by side from the published format
(27 columns; money in yuan and Beijing time in the bill, fen and UTC in the clean file).
Rows are in no order of time, as in real bills; 3 % are refunds.
"""

import random
from datetime import datetime, timedelta

HEADER = (
    "交易时间,公众账号ID,商户号,特约商户号,设备号,微信订单号,商户订单号,用户标识,交易类型,"
    "交易状态,付款银行,货币种类,应结订单金额,代金券金额,微信退款单号,商户退款单号,退款金额,"
    "充值券退款金额,退款类型,退款状态,商品名称,商户数据包,手续费,费率,订单金额,申请退款金额,"
    "费率备注"
)
SUMMARY = (
    "总交易单数,应结订单总金额,退款总金额,充值券退款总金额,手续费总金额,订单总金额,"
    "申请退款总金额"
)
RATE_PPM = 6000
_GOODS = ("苹果 × 2", "订单支付", "大号水杯, 蓝", "春季新品", "生鲜 3 件")
_BANKS = ("OTHERS", "CMB_DEBIT", "ICBC_DEBIT", "CCB_CREDIT")


def yuan(fen):
    return f"{'-' if fen < 0 else ''}{abs(fen) // 100}.{abs(fen) % 100:02d}"


def fee_of(fen):
    return (fen * RATE_PPM + 500_000) // 1_000_000


def rows(count, day, mchid, seed=1):
    """(bill cells, clean cells) of each line; the same for the same arguments.

    Line ``n`` has out_trade_no ``D<n>-1`` and the amount 100 + (n * 7919) % 30000 fen.
    Every 33rd is a refund with number ``R<n>`` over the whole of its payment, which
    lies on an earlier day.
    """
    draw = random.Random(seed)
    start = datetime.combine(day, datetime.min.time())
    order = list(range(count))
    draw.shuffle(order)
    seconds = [
        (
            f"{start + timedelta(seconds=n):%Y-%m-%d %H:%M:%S}",
            f"{start + timedelta(seconds=n, hours=-8):%Y-%m-%d %H:%M:%S}",
        )
        for n in range(86_400)
    ]
    for n in order:
        at, utc = seconds[(n * 86_400 // count)]
        amount, refund = 100 + (n * 7919) % 30_000, n % 33 == 32
        fee = fee_of(amount)
        number = f"42000{n * 1_000_003 % 10**9:09d}{n:014d}"
        head = [
            "wxd678efh567hg6787", mchid, "0", "", number, f"D{n}-1",
            f"oUpF8uMuAJO_M2pxb1Q9zN{n % 300_000:06d}", "JSAPI",
            "REFUND" if refund else "SUCCESS", _BANKS[n % 4], "CNY",
        ]  # fmt: skip
        back = [f"50300{n:024d}", f"R{n}"] if refund else ["0", "0"]
        paid, returned = (0, amount) if refund else (amount, 0)
        sign = -1 if refund else 1
        kind = ["ORIGINAL", "SUCCESS"] if refund else ["", ""]
        texts = [_GOODS[n % 5], ""]
        yield (
            [at, *head, yuan(paid), "0.00", *back, yuan(returned), "0.00", *kind,
             *texts, yuan(sign * fee) + "000", "0.60%", yuan(paid), yuan(returned), ""],
            [utc, *head[:2], "", *head[3:], paid, 0, *(back if refund else ["", ""]),
             returned, 0, *kind, *texts, sign * fee, RATE_PPM, paid, returned, ""],
            (paid, returned, sign * fee),
        )  # fmt: skip


def write(bill_path, clean_path, count, day, mchid):
    """Write both files; the bytes of the bill file's size."""
    paid = returned = fees = 0
    with open(bill_path, "w", newline="") as bill, open(clean_path, "w") as clean:
        bill.write(f"\ufeff{HEADER}\r\n")
        for cells, cleaned, money in rows(count, day, mchid):
            bill.write("`" + ",`".join(cells) + "\r\n")
            clean.write("\t".join(map(str, cleaned)) + "\n")
            paid, returned = paid + money[0], returned + money[1]
            fees += money[2]
        sums = [f"{count}.0", yuan(paid), yuan(returned), "0.00", yuan(fees)]
        sums += [yuan(paid), yuan(returned)]
        bill.write(f"{SUMMARY}\r\n`" + ",`".join(sums) + "\r\n")
        return bill.tell()
