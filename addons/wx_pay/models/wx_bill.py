import gzip
import shutil
import tempfile
from datetime import datetime

from odoo import api, fields, models
from odoo.exceptions import UserError

from odoo.addons.wx_base.tools import BEIJING

from ..bigint import BigInt
from ..billparser import (
    FUND_COLUMNS,
    TRADE_COLUMNS,
    BillFormatError,
    CopyStream,
    FundFlowReader,
    TradeReader,
)
from ..wxclient_pay.errors import (
    WxPayBusinessError,
    WxPayError,
    WxPayHashError,
)

ACCOUNT_TYPES = [
    ("BASIC", "Basic account"),
    ("OPERATION", "Operation account"),
    ("FEES", "Fee account"),
]
SPOOL = 16 * 1024 * 1024  # bytes kept in memory before a temporary file is used


class WxBill(models.Model):
    """A bill file of WeChat: what was fetched, its hash, its totals, its lines."""

    _name = "wx.bill"
    _description = "WeChat Bill"
    _order = "date desc, kind desc, account_type"
    _check_company_auto = True

    day_id = fields.Many2one(
        "wx.bill.day", required=True, index=True, ondelete="cascade"
    )
    provider_id = fields.Many2one(
        "payment.provider", related="day_id.provider_id", store=True, index=True
    )
    company_id = fields.Many2one(
        "res.company", related="day_id.company_id", store=True, index=True
    )
    currency_id = fields.Many2one(related="company_id.currency_id")
    date = fields.Date(related="day_id.date", store=True, index=True)
    kind = fields.Selection(
        [("trade", "Trade bill"), ("fundflow", "Fund-flow bill")], required=True
    )
    account_type = fields.Selection(
        ACCOUNT_TYPES, help="Account of a fund-flow bill; empty for the trade bill."
    )
    state = fields.Selection(
        [
            ("new", "Not fetched"),
            ("waiting", "Not made yet"),
            ("empty", "No movement that day"),
            ("loaded", "Loaded"),
            ("error", "Error"),
        ],
        default="new",
        required=True,
    )
    sha1 = fields.Char("SHA-1", help="Of the uncompressed file.")
    attachment_id = fields.Many2one("ir.attachment", ondelete="set null")
    statement_id = fields.Many2one(
        "account.bank.statement", readonly=True, ondelete="set null"
    )
    by_hand = fields.Boolean("Uploaded by Hand")
    fetched_at = fields.Datetime()
    line_count = fields.Integer("Lines")
    paid_fen = BigInt()
    refunded_fen = BigInt()
    fee_fen = BigInt()
    income_fen = BigInt()
    expense_fen = BigInt()
    opening_fen = BigInt()
    closing_fen = BigInt()
    opening_balance = fields.Monetary(compute="_compute_balances")
    closing_balance = fields.Monetary(compute="_compute_balances")
    gap_count = fields.Integer(
        "Broken Balances",
        help="Rows whose balance does not continue the balance of the row before.",
    )
    newest_first = fields.Boolean()
    error = fields.Text()
    retryable = fields.Boolean()
    trade_line_ids = fields.One2many("wx.bill.trade.line", "bill_id")
    fund_line_ids = fields.One2many("wx.bill.fund.line", "bill_id")

    _bill_uniq = models.UniqueIndex(
        "(day_id, kind, COALESCE(account_type, ''))",
        "This file is there already.",
    )

    @api.depends("kind", "account_type", "date")
    def _compute_display_name(self):
        kinds = dict(self._fields["kind"]._description_selection(self.env))
        types = dict(self._fields["account_type"]._description_selection(self.env))
        for bill in self:
            parts = [kinds.get(bill.kind, ""), types.get(bill.account_type, "")]
            bill.display_name = " ".join(
                part for part in (str(bill.date or ""), *parts) if part
            )

    @api.depends("opening_fen", "closing_fen")
    def _compute_balances(self):
        for bill in self:
            bill.opening_balance = bill.opening_fen / 100
            bill.closing_balance = bill.closing_fen / 100

    @api.model
    def _ensure(self, day):
        """The bills that the day's merchant has (one trade bill, one fund-flow bill per
        account with a journal)."""
        wanted = [("trade", False)]
        wanted += [("fundflow", kind) for kind in day.provider_id._wx_account_types()]
        known = {(bill.kind, bill.account_type): bill for bill in day.bill_ids}
        self.create(
            [
                {"day_id": day.id, "kind": kind, "account_type": account_type}
                for kind, account_type in wanted
                if (kind, account_type) not in known
            ]
        )
        return day.bill_ids

    # --- fetching --------------------------------------------------------------------
    def _fetch(self):
        """Ask WeChat for this file and load it; the state says how it went."""
        self.ensure_one()
        client = self.provider_id._wx_client()
        with tempfile.SpooledTemporaryFile(SPOOL) as file:
            try:
                if self.kind == "trade":
                    application = client.apply_trade_bill(self.date)
                else:
                    application = client.apply_fund_flow_bill(
                        self.date, self.account_type
                    )
                sha1 = client.download_bill(application, file).sha1
            except WxPayBusinessError as error:
                self._refused(error)
                return
            except WxPayHashError as error:
                self._failed(
                    self.env._(
                        "The file is damaged: its hash differs from the one WeChat "
                        "announced (%s).",
                        error,
                    ),
                    retryable=True,
                )
                return
            except WxPayError as error:
                self._failed(str(error), retryable=getattr(error, "retryable", False))
                return
            file.seek(0)
            self._load(file, sha1)

    def _refused(self, error):
        if error.code == "NO_STATEMENT_EXIST":
            self.write({"state": "empty", "error": False, "line_count": 0})
        elif error.code == "STATEMENT_CREATING":
            self.write({"state": "waiting", "error": False})
        else:
            self._failed(str(error), retryable=error.retryable)

    def _failed(self, text, retryable=False):
        self.write({"state": "error", "error": text, "retryable": retryable})

    # --- loading ---------------------------------------------------------------------
    def _load(self, file, sha1=None, by_hand=False):
        """Load an uncompressed file (binary, seekable) with COPY; the state says how
        it went. ``sha1``: announced hash, compared with what was read."""
        self.ensure_one()
        if self.state == "loaded" and self.sha1 and self.sha1 == sha1:
            return
        self._check_replaceable()
        try:
            with self.env.cr.savepoint():
                reader = self._copy(file)
                if sha1 and reader.sha1 != sha1:
                    raise WxPayHashError(reader.sha1)
                if self.kind == "trade" and reader.variant != "ALL":
                    # Without the other half, matching would see breaks everywhere.
                    raise BillFormatError("variant", detail=reader.variant)
        except BillFormatError as error:
            self._failed(self._explain(error))
            return
        except WxPayHashError as error:
            self._failed(self.env._("The hash is %s, not the announced one.", error))
            return
        self.write(
            {
                **self._totals(reader),
                "state": "loaded",
                "sha1": reader.sha1,
                "line_count": reader.count,
                "error": False,
                "by_hand": by_hand,
                "fetched_at": fields.Datetime.now(),
                "attachment_id": self._keep(file).id,
            }
        )
        self.invalidate_recordset(["trade_line_ids", "fund_line_ids"])

    def _check_replaceable(self):
        if self.kind == "fundflow" and self.env[
            "account.bank.statement.line"
        ].sudo().search_count(
            [
                ("wx_bill_day_id", "=", self.day_id.id),
                ("journal_id", "=", self._journal().id),
            ],
            limit=1,
        ):
            raise UserError(
                self.env._(
                    "The movements of %s are in the ledger already; the file cannot be "
                    "replaced.",
                    self.display_name,
                )
            )

    def _copy(self, file):
        """COPY the rows of ``file`` in place of this bill's lines; the reader."""
        if self.kind == "trade":
            reader = TradeReader(file, mchid=self.provider_id.sudo().wx_mchid)
            table, columns = "wx_bill_trade_line", TRADE_COLUMNS
        else:
            reader = FundFlowReader(file)
            table, columns = "wx_bill_fund_line", FUND_COLUMNS
        cr = self.env.cr
        cr.execute(f"DELETE FROM {table} WHERE bill_id = %s", [self.id])
        stream = CopyStream(reader, prefix=(self.id,))
        names = ", ".join(("bill_id", "line_no", *columns))
        try:
            cr.copy_expert(f"COPY {table} ({names}) FROM STDIN WITH (NULL '')", stream)
        except Exception as error:
            # The driver wraps what read() raised; the reader's own error is wanted.
            if stream.error is not None:
                raise stream.error from error
            raise
        return reader

    def _totals(self, reader):
        if self.kind == "trade":
            sums = reader.totals
            return {
                "paid_fen": sums["order_fen"],
                "refunded_fen": sums["applied_refund_fen"],
                "fee_fen": sums["fee_fen"],
            }
        return {
            "income_fen": reader.totals["income_fen"],
            "expense_fen": reader.totals["expense_fen"],
            "opening_fen": reader.opening_fen,
            "closing_fen": reader.closing_fen,
            "gap_count": reader.gaps,
            "newest_first": reader.newest_first,
        }

    def _keep(self, file):
        """The file as a packed attachment (bills cannot be fetched for ever)."""
        file.seek(0)
        with tempfile.SpooledTemporaryFile(SPOOL) as packed:
            with gzip.GzipFile(fileobj=packed, mode="wb", mtime=0) as target:
                shutil.copyfileobj(file, target)
            packed.seek(0)
            raw = packed.read()
        self.attachment_id.unlink()
        name = "-".join(
            part
            for part in ("wechat", self.kind, self.account_type, str(self.date))
            if part
        )
        return self.env["ir.attachment"].create(
            {
                "name": f"{name}.csv.gz",
                "raw": raw,
                "mimetype": "application/gzip",
                "res_model": self._name,
                "res_id": self.id,
            }
        )

    def _journal(self):
        """The bank journal of a fund-flow bill's account."""
        return self.provider_id._wx_journal(self.account_type)

    def _explain(self, error):
        """A :class:`BillFormatError` in the user's words."""
        where = ""
        if error.line and error.column:
            where = self.env._("Line %(line)s, column %(column)s: ", **vars(error))
        elif error.line:
            where = self.env._("Line %s: ", error.line)
        text = self._reasons().get(error.code, str(error))
        found = ""
        if error.detail and error.expected:
            found = self.env._(
                " (found “%(detail)s”, expected “%(expected)s”)",
                detail=error.detail,
                expected=error.expected,
            )
        elif error.detail:
            found = self.env._(" (found “%s”)", error.detail)
        return f"{where}{text}{found}"

    def _reasons(self):
        return {
            "empty": self.env._("the file is empty"),
            "unknown_header": self.env._("this is not the header of a WeChat bill"),
            "missing_column": self.env._("the column is missing"),
            "double_column": self.env._("the column is there twice"),
            "legacy_layout": self.env._(
                "this is the bill layout of merchants from before 2018"
            ),
            "encoding": self.env._("the line is not UTF-8 text"),
            "cell_count": self.env._("the number of cells differs from the header"),
            "bad_line": self.env._("neither a detail line nor the summary"),
            "bad_amount": self.env._("not an amount in yuan and whole fen"),
            "bad_time": self.env._("not a time"),
            "bad_rate": self.env._("not a percentage"),
            "bad_direction": self.env._("neither income nor expense"),
            "missing_value": self.env._("the cell is empty"),
            "foreign_merchant": self.env._("this line belongs to another merchant"),
            "truncated": self.env._("the file ends before its summary"),
            "trailing": self.env._("there are lines after the summary"),
            "summary_count": self.env._("the number of lines differs from the summary"),
            "summary_total": self.env._(
                "the sum of the lines differs from the summary"
            ),
            "gzip": self.env._("the packed file is damaged"),
            "wrong_kind": self.env._("this is the other kind of bill"),
            "variant": self.env._("the bill of all transactions is needed"),
        }

    # --- upload by hand --------------------------------------------------------------
    @api.model
    def _sniff(self, file):
        """(kind, Beijing dates) of an uncompressed or packed file; raises UserError."""
        for kind, reader_class in (
            ("trade", TradeReader),
            ("fundflow", FundFlowReader),
        ):
            file.seek(0)
            reader = reader_class(file)
            try:
                for _row in reader:
                    pass
            except BillFormatError as error:
                if error.code == "wrong_kind":
                    continue
                raise UserError(self._explain(error)) from error
            if not reader.count:
                raise UserError(self.env._("The file has no lines."))
            days = {
                (
                    datetime.strptime(moment, "%Y-%m-%d %H:%M:%S")
                    + BEIJING.utcoffset(None)
                ).date()
                for moment in (reader.first_time, reader.last_time)
            }
            return kind, days
        raise UserError(self.env._("This is not a WeChat bill."))

    def action_download(self):
        """The file as it came from WeChat (packed)."""
        self.ensure_one()
        if not self.attachment_id:
            raise UserError(self.env._("The file has not been fetched."))
        return {
            "type": "ir.actions.act_url",
            "url": f"/web/content/{self.attachment_id.id}?download=true",
            "target": "self",
        }

    def action_lines(self):
        """The lines of this file."""
        self.ensure_one()
        part = "trade" if self.kind == "trade" else "fund"
        return {
            "type": "ir.actions.act_window",
            "name": self.display_name,
            "res_model": f"wx.bill.{part}.line",
            "view_mode": "list,form",
            "domain": [("bill_id", "=", self.id)],
        }
