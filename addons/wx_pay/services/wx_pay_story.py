from markupsafe import Markup, escape

from odoo import api, models
from odoo.tools import format_datetime

from odoo.addons.wx_base.money import to_yuan

from .story_sql import BRANCHES, RANK

_ICONS = {
    "attempt": "fa-pencil",
    "call": "fa-arrow-right text-muted",
    "paid": "fa-check text-success",
    "ended": "fa-ban text-muted",
    "fact": "fa-commenting-o",
    "refund": "fa-undo",
    "refund_end": "fa-undo",
    "bill": "fa-file-text-o",
    "entry": "fa-book",
    "break": "fa-exclamation-triangle text-warning",
}


class WxPayStory(models.AbstractModel):
    """Everything known of a payment in time order, whoever said it: our attempt, each
    call, what WeChat told, bills, entries, exceptions."""

    _name = "wx.pay.story"
    _description = "Story of a Payment"

    @api.model
    def _branches(self):
        """Hook: ``{name: SQL}``, see ``story_sql``."""
        return dict(BRANCHES)

    @api.model
    def _of(self, transactions):
        """The stories of payments (of refunds: of their payments), oldest first.

        :param transactions: payment.transaction the caller may read
        :return: list of dicts with ``root``, ``at`` (naive UTC), ``kind``, ``detail``,
            ``fen`` (or None), ``model``, ``id``
        """
        roots = [(tx.source_transaction_id or tx).id for tx in transactions]
        if not roots:
            return []
        self.env.flush_all()
        names = ("root", "at", "kind", "detail", "fen", "model", "id")
        rows = []
        for statement in self._branches().values():
            self.env.cr.execute(statement, {"roots": roots})
            rows += [
                dict(zip(names, row, strict=True)) for row in self.env.cr.fetchall()
            ]
        rank = {kind: place for place, kind in enumerate(RANK)}
        rows.sort(
            key=lambda row: (
                row["at"] is None,  # a bill that is being loaded comes last
                row["at"] and row["at"].replace(microsecond=0),
                rank.get(row["kind"], len(rank)),
                row["at"],
            )
        )
        return rows

    # -- for people --------------------------------------------------------------

    @api.model
    def _html(self, transactions):
        """The story as a table."""
        lines = Markup("").join(self._html_line(row) for row in self._of(transactions))
        return Markup(
            '<table class="table table-sm table-borderless o_wx_pay_story">%s</table>'
        ) % (lines,)

    def _html_line(self, row):
        url = "#"
        if row["model"]:
            url = f"/odoo/{row['model']}/{row['id']}"
        text = self._text(row)
        shown = Markup('<a href="%s">%s</a>') % (url, text) if row["model"] else text
        fen = row["fen"]
        return Markup(
            '<tr data-kind="%s"><td class="text-nowrap text-muted">%s</td>'
            '<td><i class="fa fa-fw %s"></i> %s</td>'
            '<td class="text-end text-nowrap">%s</td></tr>'
        ) % (
            row["kind"],
            format_datetime(self.env, row["at"]) if row["at"] else "",
            _ICONS.get(row["kind"], "fa-circle-o"),
            shown,
            "" if fen is None else f"¥ {to_yuan(fen):.2f}",
        )

    def _text(self, row):
        """One sentence about one row, escaped where it repeats what others typed."""
        return escape(getattr(self, f"_text_{row['kind']}")(row["detail"]))

    def _text_attempt(self, detail):
        if detail["way"] == "NATIVE":
            return self.env._("Attempt %(number)s: QR code", number=detail["number"])
        return self.env._("Attempt %(number)s", number=detail["number"])

    def _text_call(self, detail):
        name = self._selection("wx.pay.call", "call", detail["call"])
        if detail["code"]:
            return self.env._(
                "%(call)s: %(code)s (%(ms)s ms)",
                call=name,
                code=detail["code"],
                ms=detail["ms"],
            )
        return self.env._("%(call)s: answered (%(ms)s ms)", call=name, ms=detail["ms"])

    def _text_paid(self, detail):
        texts = {
            "paid_late": self.env._("Paid at WeChat after the close (%(number)s)"),
            "paid_twice": self.env._("Paid at WeChat a second time (%(number)s)"),
        }
        text = texts.get(detail["state"]) or self.env._("Paid at WeChat (%(number)s)")
        return text % {"number": detail["number"] or ""}

    def _text_ended(self, detail):
        if detail["state"] == "refused":
            return self.env._("Refused by WeChat: %(code)s", code=detail["code"] or "")
        return self.env._("Closed: it can no longer be paid")

    def _text_fact(self, detail):
        bringer = self._selection("wx.pay.fact", "source", detail["source"])
        state = self._selection("wx.pay.fact", "state", detail["state"])
        text = self.env._(
            "%(bringer)s: %(said)s → %(state)s",
            bringer=bringer,
            said=detail["said"],
            state=state,
        )
        if detail["code"]:
            text += f" · {self._selection('wx.pay.fact', 'code', detail['code'])}"
        if detail["resolution"]:
            name = self._selection("wx.pay.fact", "resolution", detail["resolution"])
            text += f" ({name})"
        if detail["note"]:
            text += f" – {detail['note']}"
        if detail["seen"] > 1:
            text += f" × {detail['seen']}"
        return text

    def _text_refund(self, detail):
        text = self.env._("Refund %(number)s noted", number=detail["number"] or "")
        return f"{text}: {detail['reason']}" if detail["reason"] else text

    def _text_refund_end(self, detail):
        texts = {
            "done": self.env._("Refund %(number)s arrived"),
            "cancel": self.env._("Refund %(number)s was closed by WeChat"),
            "error": self.env._("Refund %(number)s failed: %(code)s"),
        }
        return texts[detail["state"]] % {
            "number": detail["number"] or "",
            "code": detail["code"] or "",
        }

    def _text_bill(self, detail):
        return self.env._(
            "Line of the trade bill of %(day)s: %(state)s, fee %(fee)s yuan",
            day=detail["day"],
            state=detail["state"] or "",
            fee=f"{to_yuan(detail['fee_fen'] or 0):.2f}",
        )

    def _text_entry(self, detail):
        return self.env._(
            "Entry %(name)s of %(day)s",
            name=detail["name"] or "/",
            day=detail["day"] or "",
        )

    def _text_break(self, detail):
        name = self._selection("wx.pay.break", "break_class", detail["class"])
        return self.env._("Difference to the bill: %(name)s", name=name)

    def _selection(self, model, field, value):
        """Name of a selection's value in the user's language."""
        names = dict(self.env[model]._fields[field]._description_selection(self.env))
        return names.get(value) or value or ""
