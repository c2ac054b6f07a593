"""Trade bill (交易账单): one row per payment and one per accepted refund."""

from operator import add, gt

from .cells import CellError
from .errors import BillFormatError
from .layouts import (
    LEGACY_MARKS,
    TRADE_COLUMNS,
    TRADE_HEADINGS,
    TRADE_MONEY,
    TRADE_NEEDED,
    TRADE_NEEDED_REFUND,
    TRADE_SUMMARY,
    TRADE_SUMMARY_NEEDED,
)
from .reader import BillReader, _clear


class TradeReader(BillReader):
    """Rows of a trade bill, variants ALL, SUCCESS and REFUND.

    Rows are lists in :data:`TRADE_COLUMNS` order: money in fen (``fee_fen`` negative
    on a refund row: fee given back), ``rate_ppm`` in millionths, times in UTC, empty
    cells ``None``. ``variant`` is known after the header; ``first_time`` and
    ``last_time`` (UTC) after the last row.
    """

    columns = TRADE_COLUMNS
    headings = TRADE_HEADINGS
    _summary_heading = "总交易单数"

    def __init__(self, source, mchid=None, day=None, sha1=None):
        super().__init__(source, mchid, day, sha1)
        self.variant = ""
        self.first_time = self.last_time = None

    def _check_header(self):
        names = self.header
        if "记账时间" in names:
            raise BillFormatError("wrong_kind", 1)
        if "交易时间" not in names and "微信订单号" not in names:
            raise BillFormatError("unknown_header", 1, detail=",".join(names))
        if "应结订单金额" not in names and any(mark in names for mark in LEGACY_MARKS):
            raise BillFormatError("legacy_layout", 1)
        self._need(TRADE_NEEDED)
        if any(heading in names for heading in TRADE_NEEDED_REFUND):
            self._need(TRADE_NEEDED_REFUND)
            self.variant = "REFUND" if "退款申请时间" in names else "ALL"
        else:
            self.variant = "SUCCESS"

    def _prepare(self):
        place = {column: index for index, column in enumerate(self.columns)}
        self._place = place
        self._money = [(column, place[column]) for column in TRADE_MONEY]
        self._sums = dict.fromkeys(TRADE_MONEY, 0)
        if self.variant == "REFUND":
            # 交易时间 of a refund bill was seen with the time of the payment (§4.6);
            # what must lie in the day is the time of the refund.
            kinds = {"trade_time": "any_utc", "refund_apply_time": "utc"}
            for column, kind in kinds.items():
                index, _kind = self._program[place[column]]
                self._program[place[column]] = (index, kind)

    def _check_block(self, out, raw):
        place = self._place
        numbers = out[place["mchid"]]
        if self._mchid and numbers.count(self._mchid) != len(numbers):
            raise CellError("foreign_merchant")
        fees, settled = out[place["fee_fen"]], out[place["settle_fen"]]
        worth = map(add, settled, out[place["refund_fen"]])
        if any(map(gt, map(abs, fees), map(abs, worth))):
            raise CellError("fee_too_large")
        for column, index in self._money:
            self._sums[column] += sum(out[index])
        times = out[place["trade_time"]]
        first, last = min(times).decode(), max(times).decode()
        self.first_time = min(self.first_time or first, first)
        self.last_time = max(self.last_time or last, last)

    def _blame_row(self, row, line):
        def cell(heading):
            index, _kind = self._program[list(self.headings).index(heading)]
            return row[index] if index is not None else b"0.00"

        if self._mchid and cell("商户号") != self._mchid:
            raise BillFormatError(
                "foreign_merchant",
                line,
                "商户号",
                _clear(cell("商户号")),
                self._mchid.decode(),
            )
        fen = self._converters["fen"]
        worth = abs(fen(cell("应结订单金额")) + fen(cell("退款金额")))
        if abs(fen(cell("手续费"))) > worth:
            raise BillFormatError(
                "fee_too_large",
                line,
                "手续费",
                cell("手续费").decode(),
                f"≤ {worth // 100}.{worth % 100:02d}",
            )

    def _read_summary(self, names, values):
        self.totals = dict(self._sums)
        found = self._summary_cells(names, values, TRADE_SUMMARY_NEEDED)
        for heading, column in TRADE_SUMMARY.items():
            if column is None:
                self._compare(found, heading, self.count * 100, "summary_count")
            else:
                self._compare(found, heading, self.totals[column])
