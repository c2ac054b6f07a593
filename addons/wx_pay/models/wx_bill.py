import gzip
import io
import shutil
import tempfile
from datetime import datetime

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import SQL

from odoo.addons.wx_base.tools import BEIJING

from ..bigint import BigInt
from ..billparser import (
    BillFormatError,
    CopyStream,
    FundFlowReader,
    TradeReader,
)
from ..services import bill_check_sql, bill_reasons
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
# the trade bill first: the checks look into it
ORDER = ("trade", "fundflow", "success", "refund")
CHECKS = ("success", "refund")
MANY_LINES = 20_000
COPY_SIZE = 1 << 16  # bytes handed to the database at once
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
        [
            ("trade", "Trade bill"),
            ("fundflow", "Fund-flow bill"),
            ("success", "Trade bill: payments only"),
            ("refund", "Trade bill: refunds only"),
        ],
        required=True,
        help="The bills of payments only and refunds only are compared with the trade "
        "bill line by line; their lines are not stored a second time.",
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
    error_code = fields.Char(
        readonly=True,
        help="Stable name of the reason: of the file's format, of the check against "
        "the trade bill, or as WeChat Pay gives it.",
    )
    retryable = fields.Boolean()
    file_size = fields.Integer("Bytes", help="Of the uncompressed file.")
    extra_headings = fields.Char(
        "Unknown Columns",
        help="Columns that this version does not know; their cells are stored with the "
        "lines and ignored.",
    )
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
        """The bills that the day's merchant wants (see ``_wx_bill_kinds``)."""
        wanted = day.provider_id._wx_bill_kinds()
        known = {(bill.kind, bill.account_type): bill for bill in day.bill_ids}
        self.create(
            [
                {"day_id": day.id, "kind": kind, "account_type": account_type}
                for kind, account_type in wanted
                if (kind, account_type) not in known
            ]
        )
        # A check that was switched off again holds nothing up.
        day.bill_ids.filtered(
            lambda bill: (
                bill.state not in ("loaded", "empty")
                and (bill.kind, bill.account_type) not in wanted
            )
        ).unlink()
        return day.bill_ids.sorted(lambda bill: (ORDER.index(bill.kind), bill.id))

    # --- fetching --------------------------------------------------------------------
    def _apply(self, client):
        if self.kind == "fundflow":
            return client.apply_fund_flow_bill(self.date, self.account_type)
        bill_type = {"trade": "ALL"}.get(self.kind, self.kind.upper())
        return client.apply_trade_bill(self.date, bill_type)

    def _fetch(self):
        """Ask WeChat for this file and load it; the state says how it went."""
        self.ensure_one()
        client = self.provider_id._wx_client()
        with (
            tempfile.SpooledTemporaryFile(SPOOL) as file,
            tempfile.SpooledTemporaryFile(SPOOL) as packed,
        ):
            try:
                application = self._apply(client)
                found = client.download_bill(application, file, packed)
            except WxPayBusinessError as error:
                self._refused(error)
                return
            except WxPayHashError as error:
                text = self.env._(
                    "The file is damaged: its hash differs from the one WeChat "
                    "announced (%s). It is fetched again by itself.",
                    error,
                )
                self._failed(text, retryable=True, code="wrong_hash")
                return
            except WxPayError as error:
                self._failed(
                    str(error),
                    retryable=getattr(error, "retryable", False),
                    code="no_answer",
                )
                return
            file.seek(0)
            self._load(file, found.sha1, packed=packed)

    def _refused(self, error):
        if error.code == "NO_STATEMENT_EXIST":
            # Normal: nothing was paid or refunded, nothing moved that day.
            self._discard_lines()
            self.write(
                {
                    "state": "empty",
                    "error": False,
                    "error_code": False,
                    "line_count": 0,
                }
            )
            if self.kind in CHECKS:
                self._check_against_all(None)
        elif error.code == "STATEMENT_CREATING":
            self.write({"state": "waiting", "error": False, "error_code": error.code})
        else:
            self._failed(str(error), retryable=error.retryable, code=error.code)

    def _failed(self, text, retryable=False, code="failed"):
        self.write(
            {
                "state": "error",
                "error": text,
                "error_code": code,
                "retryable": retryable,
            }
        )

    # --- loading ---------------------------------------------------------------------
    def _load(self, file, sha1=None, by_hand=False, packed=None):
        """Load an uncompressed file (binary, seekable) with COPY; the state says how
        it went: whole or not at all.

        :param sha1: announced hash, compared with what was read
        :param packed: the same file as a gzip stream, to be kept
        """
        self.ensure_one()
        if self.state == "loaded" and self.sha1 and self.sha1 == sha1:
            return
        self._check_replaceable()
        try:
            with self.env.cr.savepoint():
                reader = self._copy(file, sha1)
        except BillFormatError as error:
            self._failed(
                self._explain(error),
                code=error.code,
                # damaged on the way, or WeChat was still writing
                retryable=not by_hand and error.code in ("wrong_hash", "gzip"),
            )
            return
        self.write(
            {
                **self._totals(reader),
                "state": "loaded",
                "sha1": reader.sha1,
                "line_count": reader.count,
                "error": False,
                "error_code": False,
                "by_hand": by_hand,
                "fetched_at": fields.Datetime.now(),
                "extra_headings": ", ".join(reader.extra)[:500],
                "file_size": file.seek(0, io.SEEK_END),
                "attachment_id": self._keep(file, packed).id,
            }
        )
        self.invalidate_recordset(["trade_line_ids", "fund_line_ids"])
        if self.kind in CHECKS:
            self._check_against_all(reader)

    def _check_replaceable(self):
        if self.kind == "fundflow" and self.env[
            "account.bank.statement.line"
            # sudo: whether something is booked, whoever loads the bill
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

    def _reader(self, file, sha1=None):
        """The reader of this kind of file, for this merchant and day."""
        kind = FundFlowReader if self.kind == "fundflow" else TradeReader
        # sudo: the merchant number, no key
        return kind(file, self.provider_id.sudo().wx_mchid, self.date, sha1)

    def _discard_lines(self):
        for table in ("wx_bill_trade_line", "wx_bill_fund_line"):
            self.env.cr.execute(f"DELETE FROM {table} WHERE bill_id = %s", [self.id])

    def _copy(self, file, sha1=None):
        """COPY the rows of ``file`` in place of this bill's lines; the reader.

        The rows of a check go to the temporary table ``wx_bill_check``."""
        reader = self._reader(file, sha1)
        cr = self.env.cr
        if self.kind in CHECKS:
            table = "wx_bill_check"
            cr.execute(bill_check_sql.TABLE)
        else:
            table = f"wx_bill_{'fund' if self.kind == 'fundflow' else 'trade'}_line"
            self._discard_lines()
        stream = CopyStream(reader.copy_blocks(self.id))
        names = ", ".join(("bill_id", "line_no", *reader.columns, "extra"))
        try:
            cr.copy_expert(
                f"COPY {table} ({names}) FROM STDIN WITH (NULL '')", stream, COPY_SIZE
            )
        except Exception as error:
            # The driver wraps what read() raised; the reader's own error is wanted.
            if stream.error is not None:
                raise stream.error from error
            raise
        if reader.count > MANY_LINES:
            # Matching follows at once; the planner must not think the table is small.
            cr.execute(SQL("ANALYZE %s", SQL.identifier(table)))
        wanted = {"trade": "ALL"}.get(self.kind, self.kind.upper())
        if self.kind != "fundflow" and reader.variant != wanted:
            # Without the other half, matching would see breaks everywhere.
            raise BillFormatError("variant", detail=reader.variant, expected=wanted)
        return reader

    def _check_against_all(self, reader):
        """Compare the bill of payments or refunds only with the trade bill, both ways;
        a difference is an error of this file. ``reader``: None when WeChat says that
        there is none."""
        cr = self.env.cr
        if reader is None:
            cr.execute(bill_check_sql.TABLE)
        trade = self.day_id._trade_bill()
        params = {"trade": trade.id or 0, "refunds": self.kind == "refund"}
        cr.execute(bill_check_sql.DIFFERENCES, params)
        number, sample = cr.fetchone()
        if self.kind == "refund" and not number:
            cr.execute(bill_check_sql.SUCCESS_TIMES, params)
        cr.execute("DROP TABLE wx_bill_check")
        if number:
            self._failed(
                self.env._(
                    "%(number)s lines differ between this file and the trade bill, for "
                    "example %(sample)s. Ask WeChat Pay which one holds; to go on "
                    "without this check, switch it off at the merchant.",
                    number=number,
                    sample=sample,
                ),
                code="cross_check",
            )

    def _totals(self, reader):
        if self.kind != "fundflow":
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

    def _keep(self, file, packed=None):
        """The file as a packed attachment (bills cannot be fetched for ever)."""
        with tempfile.SpooledTemporaryFile(SPOOL) as target:
            if packed is None:
                file.seek(0)
                with gzip.GzipFile(
                    fileobj=target, mode="wb", compresslevel=1
                ) as zipped:
                    shutil.copyfileobj(file, zipped)
                packed = target
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
        """Format code → what is wrong and what to do about it."""
        return {**bill_reasons.of_file(self.env), **bill_reasons.of_line(self.env)}

    # --- upload by hand --------------------------------------------------------------
    @api.model
    def _sniff(self, file, mchid):
        """(kind, Beijing dates) of an uncompressed or packed file of a merchant; raises
        UserError."""
        for kind, reader_class in (
            ("trade", TradeReader),
            ("fundflow", FundFlowReader),
        ):
            file.seek(0)
            reader = reader_class(file, mchid)
            try:
                for _block in reader.copy_blocks(0):
                    pass
            except BillFormatError as error:
                if error.code == "wrong_kind":
                    continue
                raise UserError(self._explain(error)) from error
            if not reader.count:
                raise UserError(
                    self.env._(
                        "The file has no lines: nothing happened that day, there is "
                        "nothing to load."
                    )
                )
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
        part = "fund" if self.kind == "fundflow" else "trade"
        return {
            "type": "ir.actions.act_window",
            "name": self.display_name,
            "res_model": f"wx.bill.{part}.line",
            "view_mode": "list,form",
            "domain": [("bill_id", "=", self.id)],
        }
