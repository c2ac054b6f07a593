"""Reader of WeChat Pay's bill files: trade bill and fund-flow bill.

Pure Python, no Odoo: a binary stream goes in, cleaned rows in integer fen come out, one
by one, while the file's own totals are checked. Written from the published format
(comma separated, unquoted, every cell behind a back-tick, a summary line at the end).
"""

from .copytext import CopyStream
from .errors import BillFormatError
from .fundflow import FundFlowReader
from .layouts import FUND_COLUMNS, TRADE_COLUMNS
from .reader import open_bill
from .trade import TradeReader

__all__ = [
    "FUND_COLUMNS",
    "TRADE_COLUMNS",
    "BillFormatError",
    "CopyStream",
    "FundFlowReader",
    "TradeReader",
    "open_bill",
]
