"""The one error of the bill reader."""

#: stable code → what is wrong. The screens say the same in the user's language and
#: what to do (``wx.bill._reasons``).
MESSAGES = {
    "empty": "the file is empty",
    "html": "this is a web page, not a bill",
    "spreadsheet": "the file was saved by a spreadsheet program",
    "gbk": "the file is encoded in GBK instead of UTF-8",
    "unknown_header": "the first line is not the header of a WeChat bill",
    "missing_column": "the header lacks a column",
    "double_column": "the header names a column twice",
    "legacy_layout": "this is the layout of merchants from before 2018",
    "encoding": "the line is not UTF-8",
    "bad_char": "the line contains a character that no text may contain",
    "cell_count": "the line has another number of cells than the header",
    "bad_line": "the line is neither a detail line nor the summary",
    "bad_amount": "not an amount in yuan with at most whole fen",
    "bad_time": "not a time of the form yyyy-MM-dd HH:mm:ss",
    "bad_rate": "not a percentage",
    "bad_direction": "neither income nor expense",
    "missing_value": "the cell must not be empty",
    "too_long": "the number is longer than any that WeChat gives",
    "formula": "the cell holds a formula",
    "fee_too_large": "the fee is larger than the amount",
    "foreign_merchant": "the line belongs to another merchant",
    "other_day": "the line belongs to another day",
    "truncated": "the file ends in the middle of a line",
    "no_summary": "the file ends before its summary line",
    "trailing": "lines follow the summary line",
    "summary_count": "the number of lines differs from the summary",
    "summary_total": "a sum of the lines differs from the summary",
    "gzip": "the gzip stream is damaged",
    "wrong_kind": "this is the other kind of bill",
    "variant": "the bill of all transactions (ALL) is needed",
    "wrong_hash": "the SHA-1 differs from the one that WeChat announced",
}


class BillFormatError(ValueError):
    """A bill file that cannot be trusted.

    ``code`` is a key of :data:`MESSAGES`; ``line`` counts from 1 (0: the whole file);
    ``column`` is the Chinese heading as printed in the file; ``detail`` quotes what was
    found (shortened), ``expected`` what would have been right.
    """

    def __init__(self, code, line=0, column="", detail="", expected=""):
        self.code = code
        self.line = line
        self.column = column
        self.detail = str(detail)[:80]
        self.expected = str(expected)[:80]
        where = ", ".join(
            part
            for part in (
                f"line {line}" if line else "",
                f"column {column}" if column else "",
            )
            if part
        )
        text = MESSAGES[code]
        if self.detail:
            text += f": {self.detail!r}"
        if self.expected:
            text += f", expected {self.expected!r}"
        super().__init__(f"{where}: {text}" if where else text)
