import base64
import io
import shutil
import tempfile

from odoo import fields, models
from odoo.exceptions import UserError

from ..billparser import open_bill
from ..models.wx_bill import ACCOUNT_TYPES, SPOOL


class WxBillUpload(models.TransientModel):
    """Load a bill file that somebody downloaded from the merchant platform."""

    _name = "wx.bill.upload"
    _description = "Upload a WeChat Bill"

    provider_id = fields.Many2one(
        "payment.provider",
        "Merchant",
        required=True,
        domain="[('code', '=', 'wechatpay')]",
        default=lambda self: self.env["payment.provider"].search(
            [("code", "=", "wechatpay"), ("company_id", "=", self.env.company.id)],
            limit=1,
        ),
    )
    file = fields.Binary(required=True, attachment=False)
    file_name = fields.Char()
    account_type = fields.Selection(
        ACCOUNT_TYPES,
        "Account",
        default="BASIC",
        required=True,
        help="Which account a fund-flow bill is of; the file does not say it.",
    )
    date = fields.Date(help="Beijing day of the bill; empty: read from the file.")

    def action_upload(self):
        """Load the file, match its day, show it."""
        self.ensure_one()
        with tempfile.SpooledTemporaryFile(SPOOL) as plain:
            self._unpack(plain)
            # sudo: the wizard is finance's; bills are the system's
            bills = self.env["wx.bill"].sudo()
            kind, dates = bills._sniff(plain, self.provider_id.sudo().wx_mchid)
            date = self._date(dates)
            day = self.env["wx.bill.day"].sudo()._get_or_create(self.provider_id, date)
            account_type = self.account_type if kind == "fundflow" else False
            bill = bills._ensure(day).filtered(
                lambda bill: (
                    bill.kind == kind and (bill.account_type or False) == account_type
                )
            )
            if not bill:
                raise UserError(
                    self.env._("This merchant has no journal for that WeChat account.")
                )
            plain.seek(0)
            bill._load(plain, by_hand=True)
        if bill.state == "error":
            raise UserError(bill.error)
        self._go_on(day)
        return {
            "type": "ir.actions.act_window",
            "res_model": "wx.bill.day",
            "res_id": day.id,
            "view_mode": "form",
        }

    def _unpack(self, target):
        try:
            source = open_bill(io.BytesIO(base64.b64decode(self.file)))
            shutil.copyfileobj(source, target)
        except (OSError, EOFError, ValueError) as error:
            raise UserError(self.env._("The file is damaged: %s", error)) from error
        target.seek(0)

    def _date(self, dates):
        if self.date:
            return self.date
        if len(dates) != 1:
            raise UserError(
                self.env._(
                    "The file covers %(first)s to %(last)s; a bill covers one day.",
                    first=min(dates),
                    last=max(dates),
                )
            )
        return next(iter(dates))

    def _go_on(self, day):
        """The other file may still be missing: match when all are there."""
        if all(bill.state in ("loaded", "empty") for bill in day.bill_ids):
            day._set_loaded()
            day._start_chain()
