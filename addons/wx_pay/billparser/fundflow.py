"""Fund-flow bill (资金账单): one row per movement of one account."""

from .cells import CellError
from .errors import BillFormatError
from .layouts import FUND_COLUMNS, FUND_HEADINGS, FUND_SUMMARY
from .reader import BillReader


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

    def __init__(self, source, mchid=None):
        super().__init__(source, mchid)
        self.opening_fen = self.closing_fen = 0
        self.first_time = self.last_time = None
        self.newest_first = False
        self.gaps = self.first_gap = 0
        self._previous = None
        self._income = [0, 0]
        self._expense = [0, 0]
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

    def _prepare(self):
        self._steps = [(index, convert) for index, convert, _h, _k in self._program]
        place = {column: index for index, column in enumerate(self.columns)}
        self._at = (
            place["sign"],
            place["amount_fen"],
            place["balance_fen"],
            place["booked_at"],
        )

    def _row(self, row):
        try:
            out = [
                convert(row[index]) if convert else (row[index] or None)
                for index, convert in self._steps
            ]
        except CellError:
            self._blame(row)
        at_sign, at_amount, at_balance, at_time = self._at
        sign, amount, balance = out[at_sign], out[at_amount], out[at_balance]
        if amount < 0:
            raise BillFormatError(
                "bad_amount", self.line, "收支金额(元)", row[self._steps[at_amount][0]]
            )
        side = self._income if sign > 0 else self._expense
        side[0] += 1
        side[1] += amount
        self._chain(sign * amount, balance)
        self.count += 1
        moment = out[at_time]
        if self.first_time is None or moment < self.first_time:
            self.first_time = moment
        if self.last_time is None or moment > self.last_time:
            self.last_time = moment
        return out

    def _chain(self, signed, balance):
        if self._previous is None:
            self._first = (signed, balance)
        else:
            before_signed, before_balance = self._previous
            if before_balance + signed != balance:
                self._miss(self._forward)
            if before_balance - before_signed != balance:
                self._miss(self._backward)
        self._previous = (signed, balance)

    def _miss(self, counter):
        counter[0] += 1
        counter[1] = counter[1] or self.line

    def _read_summary(self, names, values):
        found = self._summary_cells(names, values, FUND_SUMMARY)
        rows, income, income_fen, expense, expense_fen = FUND_SUMMARY
        self._compare(found, rows, self.count * 100, "summary_count")
        self._compare(found, income, self._income[0] * 100, "summary_count")
        self._compare(found, income_fen, self._income[1])
        self._compare(found, expense, self._expense[0] * 100, "summary_count")
        self._compare(found, expense_fen, self._expense[1])
        self.totals = {
            "income_count": self._income[0],
            "income_fen": self._income[1],
            "expense_count": self._expense[0],
            "expense_fen": self._expense[1],
        }
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
