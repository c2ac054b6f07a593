from odoo import Command, models

from . import ledger_sql as sql

CHUNK = 100  # statement lines per step: a few seconds on a busy machine
BATCH = 500  # what is reconciled at once
FEE_TYPES = ("扣除交易手续费", "退还交易手续费")
MAIN_TYPES = ("交易", "退款", "退款关闭")


class WxPayLedger(models.AbstractModel):
    """Puts WeChat's fund movements into the ledger: one bank statement line per row of
    the fund-flow bill, reconciled with the payment it belongs to.

    A row of a known payment or refund goes straight to the account of money in transit
    and meets the payment's item there; fees go to the fee account; other known
    movements to their rule's account; the rest stays on the suspense account and is a
    break. So the journal's balance is WeChat's balance, row by row.
    """

    _name = "wx.pay.ledger"
    _description = "WeChat Ledger Posting"

    # --- posting ---------------------------------------------------------------------
    def _post_chunk(self, day, limit=CHUNK):
        """Statement lines for the next ``limit`` movements of a day; how many."""
        provider = day.provider_id.sudo()
        if not provider.wx_accounting_ready:
            return 0
        bills = day.bill_ids.filtered(
            lambda bill: (
                bill.kind == "fundflow" and bill.state == "loaded" and bill._journal()
            )
        )
        if not bills:
            return 0
        for bill in bills:
            self._ensure_opening(provider, bill._journal(), bill.account_type)
        rows = self._rows(sql.UNPOSTED, provider, bills=bills.ids, limit=limit)
        if not rows:
            return 0
        journals = {bill.id: bill._journal() for bill in bills}
        vals = [
            self._statement_vals(provider, day, journals[row["bill_id"]], row)
            for row in rows
        ]
        lines = (
            self.env["account.bank.statement.line"]
            # sudo: posting acts for the shop, whoever caused it
            .sudo()
            .with_company(provider.company_id)
            .with_context(tracking_disable=True, mail_notrack=True)
            .create(vals)
        )
        self.env.flush_all()
        self._reconcile(provider, lines.ids)
        return len(rows)

    def _rows(self, query, provider, **params):
        self.env.flush_all()
        self.env.cr.execute(query, {"provider": provider.id, **params})
        return self.env.cr.dictfetchall()

    def _verdict(self, row):
        """What a movement is: ``(role, parts)``; parts are (what, fen) that add up to
        the row, ``what`` in outstanding, fee, rule, suspense."""
        fen, kind = row["fen"], row["business_type"]
        if row["tx_id"] and row["nth"] == 1:
            if kind in FEE_TYPES:
                return "fee", [("fee", fen)]
            if kind in MAIN_TYPES and not row["taken"]:
                expected = -row["tx_fen"] if kind == "退款关闭" else row["tx_fen"]
                rest = fen - expected
                if not rest:
                    return "main", [("outstanding", fen)]
                # Fee contained in the row (net style): known from the trade bill.
                if row["fee_fen"] and abs(rest) == abs(row["fee_fen"]):
                    return "main", [("outstanding", expected), ("fee", rest)]
        if row["rule_account_id"]:
            return "rule", [("rule", fen)]
        return "open", [("suspense", fen)]

    def _accounts(self, provider, journal, row):
        return {
            "outstanding": provider.wx_outstanding_account_id.id,
            "fee": provider.wx_fee_account_id.id,
            "rule": row["rule_account_id"],
            "suspense": journal.suspense_account_id.id,
        }

    def _statement_vals(self, provider, day, journal, row):
        role, parts = self._verdict(row)
        label = " ".join(
            part for part in (row["business_type"], row["voucher_no"]) if part
        )
        partner = row["partner_id"] if role == "main" else False
        return {
            "journal_id": journal.id,
            "date": day.date,
            "payment_ref": label or row["flow_no"],
            "ref": row["business_no"],
            "transaction_type": row["business_type"],
            "narration": row["remark"],
            "partner_id": partner,
            "amount": row["fen"] / 100,
            "unique_import_id": self._import_id(journal, day.date, row),
            "wx_bill_day_id": day.id,
            "wx_fund_line_id": row["id"],
            "wx_tx_id": row["tx_id"],
            "wx_role": role,
            "line_ids": self._move_lines(provider, journal, row, label, parts, partner),
        }

    def _import_id(self, journal, date, row):
        """Identity of a movement that survives another download of the same bill."""
        return "-".join(
            (
                f"wx{journal.id}",
                str(date),
                row["business_no"] or row["flow_no"],
                row["business_type"],
                str(row["fen"]),
                str(row["nth_same"]),
            )
        )

    def _move_lines(self, provider, journal, row, label, parts, partner):
        accounts = self._accounts(provider, journal, row)
        lines = [(journal.default_account_id.id, row["fen"])]
        lines += [(accounts[what], -fen) for what, fen in parts]
        return [
            Command.create(
                {
                    "name": label or row["flow_no"],
                    "account_id": account,
                    "partner_id": partner,
                    "currency_id": provider.company_id.currency_id.id,
                    "amount_currency": fen / 100,
                    "debit": max(fen, 0) / 100,
                    "credit": max(-fen, 0) / 100,
                }
            )
            for account, fen in lines
        ]

    # --- opening balance -------------------------------------------------------------
    def _ensure_opening(self, provider, journal, account_type):
        """The line that lifts the journal to WeChat's balance before the first bill.

        Made before the first row; moved when bills of earlier days come later."""
        first = self.env["wx.bill"].search(
            [
                ("provider_id", "=", provider.id),
                ("kind", "=", "fundflow"),
                ("account_type", "=", account_type),
                ("state", "=", "loaded"),
                ("line_count", ">", 0),
            ],
            order="date",
            limit=1,
        )
        # sudo: posting acts for the shop, whoever caused it
        Line = self.env["account.bank.statement.line"].sudo()
        opening = Line.search(
            [("journal_id", "=", journal.id), ("wx_role", "=", "opening")], limit=1
        )
        if opening and opening.wx_bill_day_id == first.day_id:
            return opening
        before = self._gl_fen(journal, first.date, inclusive=False)
        if opening:
            before -= round(opening.amount * 100) if opening.date < first.date else 0
        amount = first.opening_fen - before
        if opening and round(opening.amount * 100) == amount:
            opening.wx_bill_day_id = first.day_id
            return opening
        opening.unlink()
        if not amount:
            return Line
        date = first.day_id._before()
        label = self.env._("Balance at WeChat before %s", first.date)
        return Line.with_company(provider.company_id).create(
            {
                "journal_id": journal.id,
                "date": date,
                "payment_ref": label,
                "amount": amount / 100,
                "unique_import_id": f"wx{journal.id}-opening",
                "wx_bill_day_id": first.day_id.id,
                "wx_role": "opening",
                "counterpart_account_id": (
                    provider.wx_opening_account_id or journal.suspense_account_id
                ).id,
            }
        )

    # --- reconciling -----------------------------------------------------------------
    def _settle(self, provider):
        """Look again at what is open: rows whose document became known meanwhile, and
        payments posted after their row. How many rows were settled."""
        provider = provider.sudo().with_company(provider.company_id)
        if not provider.wx_accounting_ready:
            return 0
        settled = 0
        for row in self._rows(sql.OPEN, provider, limit=CHUNK):
            role, parts = self._verdict(row)
            if role != "open":
                self._rewrite(provider, row, role, parts)
                settled += 1
        self.env.flush_all()
        return settled + self._reconcile(provider)

    def _rewrite(self, provider, row, role, parts):
        """Take one statement line off the suspense account."""
        line = self.env["account.bank.statement.line"].browse(row["statement_line_id"])
        # sudo: posting acts for the shop, whoever caused it
        line = line.sudo().with_context(force_delete=True, skip_readonly_check=True)
        partner = row["partner_id"] if role == "main" else False
        line.write(
            {
                "wx_tx_id": row["tx_id"],
                "wx_role": role,
                "line_ids": [Command.clear()]
                + self._move_lines(
                    provider, line.journal_id, row, line.payment_ref, parts, partner
                ),
            }
        )

    def _reconcile(self, provider, statement_line_ids=None):
        """Reconcile items in transit that belong to the same transaction; how many
        pairs."""
        pairs = self._rows(
            sql.PAIRS,
            provider,
            account=provider.wx_outstanding_account_id.id,
            lines=list(statement_line_ids or []),
            every=statement_line_ids is None,
        )
        # sudo: posting acts for the shop, whoever caused it
        Line = self.env["account.move.line"].sudo()
        seen, plan = set(), []
        for pair in pairs:
            ids = {pair["one"], pair["other"]}
            if not ids & seen:
                seen |= ids
                plan.append(Line.browse(sorted(ids)))
        for start in range(0, len(plan), BATCH):
            Line._reconcile_plan(plan[start : start + BATCH])
        return len(plan)

    # --- closing a day ---------------------------------------------------------------
    def _close_day(self, day):
        """Write the day's balances; make the bank statement of each account."""
        provider = day.provider_id.sudo()
        gl_fen, bill_fen = self._balances(provider, day.date)
        values = {"ledger_fen": gl_fen, "closing_fen": bill_fen}
        if provider.wx_accounting_ready and day.state == "matched":
            values["state"] = "posted"
        if any(day[name] != value for name, value in values.items()):
            day.write(values)
        if day.state == "posted":
            for bill in day.bill_ids:
                self._ensure_statement(provider, bill)

    def _ensure_statement(self, provider, bill):
        """Core's bank statement over a day's lines, so that its own balance checks run
        too."""
        if bill.kind != "fundflow" or bill.state != "loaded" or bill.statement_id:
            return
        lines = (
            self.env["account.bank.statement.line"]
            # sudo: posting acts for the shop, whoever caused it
            .sudo()
            .search(
                [
                    ("wx_bill_day_id", "=", bill.day_id.id),
                    ("journal_id", "=", bill._journal().id),
                    ("wx_role", "!=", "opening"),
                ]
            )
        )
        if not lines:
            return
        bill.statement_id = (
            self.env["account.bank.statement"]
            # sudo: posting acts for the shop, whoever caused it
            .sudo()
            .with_company(provider.company_id)
            .create(
                {
                    "name": f"{bill._journal().code} {bill.date}",
                    "balance_start": bill.opening_fen / 100,
                    "balance_end_real": bill.closing_fen / 100,
                    "line_ids": [Command.set(lines.ids)],
                }
            )
        )

    # --- figures ---------------------------------------------------------------------
    def _gl_fen(self, journals, date, inclusive=True):
        """Posted balance of the journals' own accounts up to a date, fen."""
        accounts = journals.default_account_id
        if not accounts:
            return 0
        self.env["account.move.line"].flush_model()
        self.env.cr.execute(
            sql.GL,
            {"accounts": accounts.ids, "date": date, "inclusive": inclusive},
        )
        return self.env.cr.fetchone()[0]

    def _balances(self, provider, date):
        """(ledger, WeChat) on the evening of ``date``, fen, over all accounts with a
        journal: WeChat's is the last balance in the fund-flow files up to that day."""
        # sudo: posting acts for the shop, whoever caused it
        journals = self.env["account.journal"].sudo()
        bill_fen = 0
        for account_type in provider._wx_account_types():
            journals |= provider._wx_journal(account_type)
            last = self.env["wx.bill"].search(
                [
                    ("provider_id", "=", provider.id),
                    ("kind", "=", "fundflow"),
                    ("account_type", "=", account_type),
                    ("state", "=", "loaded"),
                    ("line_count", ">", 0),
                    ("date", "<=", date),
                ],
                order="date desc",
                limit=1,
            )
            bill_fen += last.closing_fen
        return self._gl_fen(journals, date), bill_fen

    def _unexplained(self, provider, first, last):
        """Statement lines on the suspense account in these days that no break names."""
        return self._rows(sql.SUSPENSE, provider, first=first, last=last)[0]["number"]
