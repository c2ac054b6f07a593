"""Trade bill (交易账单): one row per payment and one per accepted refund."""

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
from .reader import BillReader


class TradeReader(BillReader):
    """Rows of a trade bill, variants ALL, SUCCESS and REFUND.

    Rows are tuples in :data:`TRADE_COLUMNS` order: money in fen (``fee_fen`` negative
    on a refund row: fee given back), ``rate_ppm`` in millionths, times in UTC, empty
    cells ``None``. ``variant`` is known after the header; ``first_time`` and
    ``last_time`` (UTC) after the last row. ``mchid``: refuse rows of another merchant.
    """

    columns = TRADE_COLUMNS
    headings = TRADE_HEADINGS

    def __init__(self, source, mchid=None):
        super().__init__(source, mchid)
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
        self._empty = [
            0 if kind == "fen" else None for _i, _c, _h, kind in self._program
        ]
        self._steps = [
            (position, index, convert)
            for position, (index, convert, _h, _k) in enumerate(self._program)
            if index is not None
        ]
        self._money = [(column, place[column]) for column in TRADE_MONEY]
        self._sums = [0] * len(self._money)
        self._at_time = place["trade_time"]
        self._at_mchid = place["mchid"]

    def _row(self, row):
        out = self._empty.copy()
        try:
            for position, index, convert in self._steps:
                cell = row[index]
                out[position] = convert(cell) if convert else (cell or None)
        except CellError:
            self._blame(row)
        if self._mchid and out[self._at_mchid] != self._mchid:
            raise BillFormatError(
                "foreign_merchant",
                self.line,
                "商户号",
                out[self._at_mchid],
                self._mchid,
            )
        self.count += 1
        sums = self._sums
        for number, (_column, position) in enumerate(self._money):
            sums[number] += out[position]
        moment = out[self._at_time]
        if self.first_time is None:
            self.first_time = self.last_time = moment
        elif moment < self.first_time:
            self.first_time = moment
        elif moment > self.last_time:
            self.last_time = moment
        return out

    def _read_summary(self, names, values):
        self.totals = {
            column: total
            for (column, _p), total in zip(self._money, self._sums, strict=True)
        }
        found = self._summary_cells(names, values, TRADE_SUMMARY_NEEDED)
        for heading, column in TRADE_SUMMARY.items():
            if column is None:
                self._compare(found, heading, self.count * 100, "summary_count")
            else:
                self._compare(found, heading, self.totals[column])
