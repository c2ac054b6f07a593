"""Fund-flow bill (资金账单): one row per movement of one account."""

import re
from operator import add, mul, ne, sub

from .cells import CellError
from .errors import BillFormatError
from .layouts import FUND_COLUMNS, FUND_HEADINGS, FUND_SUMMARY
from .reader import BillReader

_APPLICANT = re.compile(rb"(?:[^@]*@)?(\d{8,10})(?:API)?")


class FundFlowReader(BillReader):
    """Rows of a fund-flow bill.

    Rows are lists in :data:`FUND_COLUMNS` order: ``sign`` 1 or -1, ``amount_fen``
    positive, ``balance_fen`` after the movement, times in UTC. After the last row:
    ``opening_fen`` and ``closing_fen`` (balance before the first and after the last
    movement), ``gaps`` (how many rows do not continue the balance of the row before),
    ``first_gap`` (line number of the first such row, 0 if none), ``newest_first``.
    """

    columns = FUND_COLUMNS
    headings = FUND_HEADINGS
    _summary_heading = FUND_SUMMARY[0]

    def __init__(self, source, mchid=None, day=None, sha1=None):
        super().__init__(source, mchid, day, sha1)
        self._applicants = set()
        self.opening_fen = self.closing_fen = 0
        self.first_time = self.last_time = None
        self.newest_first = False
        self.gaps = self.first_gap = 0
        self._first = self._previous = None  # (signed amount, balance after)
        self._signs = self._amounts = self._signed = 0
        # gaps when read in file order / backwards: (number, first line)
        self._forward = [0, 0]
        self._backward = [0, 0]

    def _check_header(self):
        names = self.header
        if "交易时间" in names:
            raise BillFormatError("wrong_kind", 1)
        if "记账时间" not in names and "资金流水单号" not in names:
            raise BillFormatError("unknown_header", 1, detail=",".join(names))
        # Seen with full-width brackets in copies that went through a spreadsheet.
        self.header = tuple(n.replace("（", "(").replace("）", ")") for n in names)
        self._need(FUND_HEADINGS)

    def _check_block(self, out, raw):
        place = {column: index for index, column in enumerate(self.columns)}
        signs, amounts = out[place["sign"]], out[place["amount_fen"]]
        balances, times = out[place["balance_fen"]], out[place["booked_at"]]
        if min(amounts) < 0:
            raise CellError("bad_amount")
        self._applicants.update(out[place["applicant"]])
        signed = list(map(mul, signs, amounts))
        self._signs += sum(signs)
        self._amounts += sum(amounts)
        self._signed += sum(signed)
        self._chain(signed, balances)
        first, last = min(times).decode(), max(times).decode()
        self.first_time = min(self.first_time or first, first)
        self.last_time = max(self.last_time or last, last)

    def _blame_row(self, row, line):
        index, _kind = self._program[self.columns.index("amount_fen")]
        if self._converters["fen"](row[index]) < 0:
            raise BillFormatError(
                "bad_amount", line, "收支金额(元)", row[index].decode()
            )

    def _chain(self, signed, balances):
        line = self.line + 1
        if self._previous is None:
            self._first = (signed[0], balances[0])
            line += 1
        else:
            signed = [self._previous[0], *signed]
            balances = [self._previous[1], *balances]
        self._previous = (signed[-1], balances[-1])
        before, after = balances[:-1], balances[1:]
        for counter, wanted in (
            (self._forward, map(add, before, signed[1:])),
            (self._backward, map(sub, before, signed[:-1])),
        ):
            wrong = list(map(ne, wanted, after))
            if missed := sum(wrong):
                counter[0] += missed
                counter[1] = counter[1] or line + wrong.index(True)

    def _check_merchant(self):
        """The file names its merchant only through who asked for a movement
        (``<mchid>API``, ``<operator>@<mchid>``): foreign when it names others only."""
        found = map(_APPLICANT.fullmatch, self._applicants)
        named = {match[1] for match in found if match}
        if self._mchid and named and self._mchid not in named:
            raise BillFormatError(
                "foreign_merchant",
                0,
                "资金变更提交申请人",
                min(named).decode(),
                self._mchid.decode(),
            )

    def _read_summary(self, names, values):
        self._check_merchant()
        found = self._summary_cells(names, values, FUND_SUMMARY)
        totals = {
            "income_count": (self.count + self._signs) // 2,
            "income_fen": (self._amounts + self._signed) // 2,
            "expense_count": (self.count - self._signs) // 2,
            "expense_fen": (self._amounts - self._signed) // 2,
        }
        rows, income, income_fen, expense, expense_fen = FUND_SUMMARY
        self._compare(found, rows, self.count * 100, "summary_count")
        self._compare(found, income, totals["income_count"] * 100, "summary_count")
        self._compare(found, income_fen, totals["income_fen"])
        self._compare(found, expense, totals["expense_count"] * 100, "summary_count")
        self._compare(found, expense_fen, totals["expense_fen"])
        self.totals = totals
        if self._previous is None:
            return
        self.newest_first = self._backward[0] < self._forward[0]
        if self.newest_first:
            (self.gaps, self.first_gap), (first, last) = (
                self._backward,
                (self._previous, self._first),
            )
        else:
            (self.gaps, self.first_gap), (first, last) = (
                self._forward,
                (self._first, self._previous),
            )
        self.opening_fen = first[1] - first[0]
        self.closing_fen = last[1]
