from odoo import models
from odoo.exceptions import UserError

from ..billparser.layouts import FUND_HEADINGS, TRADE_HEADINGS
from ..billparser.reader import BOM

_HEADS = tuple(
    next(iter(headings)).encode() for headings in (FUND_HEADINGS, TRADE_HEADINGS)
)


class AccountStatementImport(models.TransientModel):
    """A WeChat bill in the general statement import would be booked a second time,
    without its transactions: it has its own upload."""

    _inherit = "account.statement.import"

    def _parse_file(self, data_file):
        if data_file.removeprefix(BOM).startswith(_HEADS):
            raise UserError(
                self.env._(
                    "This is a WeChat bill. Load it in WeChat Mall, Payments, Upload a "
                    "Bill: there it is compared with the payments and booked."
                )
            )
        return super()._parse_file(data_file)
