import base64
import csv
import io

from odoo import api, fields, models
from odoo.exceptions import UserError

from odoo.addons.wx_base.fields import WxEncrypted

MAX_CODES = 20_000
MAX_CHARS = 500


def split_lines(text) -> list[str]:
    """Codes of a pasted text, one per line, blanks trimmed, empty lines skipped."""
    lines = (" ".join(line.split()) for line in (text or "").splitlines())
    return [line for line in lines if line]


def read_file(name, raw) -> str:
    """A text of one code per line from a .xlsx, .csv or .txt file; the cells of a row
    (card number, password) are joined by a blank. Raises ValueError."""
    if (name or "").lower().endswith(".xlsx"):
        from openpyxl import load_workbook

        try:
            book = load_workbook(io.BytesIO(raw), read_only=True, data_only=True)
        except Exception as exc:  # zip, XML and key errors of a damaged file
            raise ValueError(str(exc)) from exc
        rows = book.active.iter_rows(values_only=True)
    else:
        try:
            text = raw.decode("utf-8-sig")
        except UnicodeDecodeError:
            text = raw.decode("gb18030")
        rows = csv.reader(io.StringIO(text))
    cells = ((str(cell).strip() for cell in row if cell is not None) for row in rows)
    return "\n".join(" ".join(filter(None, row)) for row in cells)


class WxVirtualCodeImport(models.TransientModel):
    """Loads codes into a pool by paste or spreadsheet; nothing of it lies in clear."""

    _name = "wx.virtual.code.import"
    _description = "Load codes"

    pool_id = fields.Many2one("wx.virtual.code.pool", required=True)
    text = WxEncrypted("Codes", help="One code per line.")
    file = fields.Binary(
        "Spreadsheet", store=False, help=".xlsx or .csv; the cells of a row are joined."
    )
    file_name = fields.Char(store=False)
    valid_until = fields.Date(help="Not sold after this day.")

    @api.model_create_multi
    def create(self, vals_list):
        for vals in vals_list:
            self._take_file(vals)
        return super().create(vals_list)

    def write(self, vals):
        self._take_file(vals)
        return super().write(vals)

    def _take_file(self, vals):
        """A file is read at once: its clear text must not be stored."""
        raw, name = vals.pop("file", None), vals.pop("file_name", None)
        if not raw:
            return
        try:
            vals["text"] = read_file(name, base64.b64decode(raw))
        except ValueError as exc:
            raise UserError(self.env._("This file could not be read.")) from exc

    def action_load(self):
        """Loads all of the codes, or none when one is a duplicate."""
        self.ensure_one()
        pool = self.pool_id
        pool.check_access("write")
        codes = split_lines(self._wx_secret("text"))
        self._check(codes, pool)
        model = self.env["wx.virtual.code"]
        model.check_access("create")
        # sudo: the digest that create computes beforehand is readable by nobody
        model.sudo().create(
            [
                {"pool_id": pool.id, "code": code, "valid_until": self.valid_until}
                for code in codes
            ]
        )
        self.env.flush_all()
        model._cron_assign()
        # the row would keep a second copy
        self.sudo().text = False
        return self.env["wx.order"]._notify(
            "success", self.env._("%(count)s codes were loaded.", count=len(codes))
        )

    def _check(self, codes, pool):
        if not codes:
            raise UserError(self.env._("There is no code in it."))
        if len(codes) > MAX_CODES:
            raise UserError(
                self.env._("At most %(count)s codes at a time.", count=MAX_CODES)
            )
        if any(len(code) > MAX_CHARS for code in codes):
            raise UserError(self.env._("A code has at most 500 characters."))
        # as the digest sees them: width and case make no difference
        crypto = self.env["wx.crypto"]
        digests, twice = {}, []
        for number, code in enumerate(codes, start=1):
            digest = crypto._digest(code, "secret")
            if digest in digests:
                twice.append(number)
            digests[digest] = number
        known = dict(digests)
        for number, code in enumerate(codes, start=1):
            known.update(dict.fromkeys(crypto._digests(code, "secret"), number))
        self.env.cr.execute(
            "SELECT code_digest FROM wx_virtual_code"
            " WHERE company_id = %s AND code_digest = ANY(%s)",
            (pool.company_id.id, list(known)),
        )
        twice += [known[digest] for (digest,) in self.env.cr.fetchall()]
        if twice:
            shown = ", ".join(map(str, sorted(set(twice))[:20]))
            raise UserError(
                self.env._(
                    "Nothing was loaded: %(count)s codes are there twice or were "
                    "loaded before (lines %(lines)s).",
                    count=len(set(twice)),
                    lines=shown,
                )
            )
