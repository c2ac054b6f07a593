from datetime import timedelta

from odoo import fields, models

from . import matching_sql as sql

# Around midnight two clocks may disagree about the day; a document this close waits for
# the neighbour's bill before it is called missing.
BORDER = timedelta(minutes=5)
WORK_MEM = "128MB"


class WxPayMatching(models.AbstractModel):
    """Compares a day's bill lines, fund movements and ERP documents, set by set.

    Everything is SQL on whole sets: what agrees leaves no trace but a count, what does
    not becomes a ``wx.pay.break`` keyed by its document. Running it again on unchanged
    data changes nothing but the time of the last run.
    """

    _name = "wx.pay.matching"
    _description = "WeChat Bill Matching"

    def _match_day(self, day):
        """Match one loaded day and write its breaks and figures.

        :return: dict of the figures written on the day
        """
        day.ensure_one()
        self.env.flush_all()
        cr = self.env.cr
        params = self._params(day)
        # Whole days are joined in memory; only for this transaction.
        cr.execute("SELECT set_config('work_mem', %s, true)", [WORK_MEM])
        cr.execute(sql.FOUND_TABLE)
        for statement in self._statements(day):
            cr.execute(statement, params)
        cr.execute(sql.UPSERT, params)
        cr.execute(sql.VANISH, params)
        figures = self._day_figures(params)
        cr.execute("DROP TABLE wx_found")
        cr.execute(
            "SELECT set_config('work_mem', reset_val, true) FROM pg_settings "
            "WHERE name = 'work_mem'"
        )
        self.env.invalidate_all(flush=False)
        values = {
            "line_count": figures["lines"],
            "matched_count": figures["matched"],
            "unexplained": figures["unexplained"],
            "state": "posted" if day.state == "posted" else "matched",
        }
        day.write({**values, "matched_at": fields.Datetime.now()})
        self.env["wx.pay.break"]._refresh_ages()
        return values

    def _params(self, day):
        # sudo: the merchant's settings, no key
        provider = day.provider_id.sudo()
        start, end = day._bounds_utc()
        trade = day.bill_ids.filtered(lambda bill: bill.kind == "trade")
        fund = day.bill_ids.filtered(lambda bill: bill.kind == "fundflow")
        loaded = fund.filtered(lambda bill: bill.state == "loaded")
        basic = fund.filtered(lambda bill: bill.account_type == "BASIC")
        days = {
            other.date: other
            for other in self.env["wx.bill.day"].search(
                [
                    ("provider_id", "=", provider.id),
                    ("date", ">=", day.date - timedelta(days=1)),
                    ("date", "<=", day.date + timedelta(days=1)),
                    ("state", "in", ("loaded", "matched", "posted")),
                ]
            )
        }
        near = day.union(*days.values()).bill_ids.filtered_domain(
            [("state", "=", "loaded")]
        )
        near_trade = near.filtered_domain([("kind", "=", "trade")])
        near_funds = near.filtered_domain([("kind", "=", "fundflow")])
        before = day.date - timedelta(days=1) in days
        after = day.date + timedelta(days=1) in days
        return {
            "provider": provider.id,
            "company": provider.company_id.id,
            "day": day.id,
            "date": day.date,
            "start": start,
            "end": end,
            # what lies this close to an unknown neighbour is not judged yet
            "sure_start": start if before else start + BORDER,
            "sure_end": end if after else end - BORDER,
            "trade": trade.ids[0] if trade.state == "loaded" else 0,
            "neighbours": (near_trade - trade).ids or [0],
            "near": near_trade.ids or [0],
            "near_funds": near_funds.ids or [0],
            "funds": loaded.ids or [0],
            **self._jumps(loaded, days.get(day.date - timedelta(days=1))),
            "basic": basic.state in ("loaded", "empty"),
            "rate_ppm": round((provider.wx_fee_rate or 0) * 10_000),
            "fee_rule": provider.wx_refund_fee_rule or "last_takes_rest",
            "now": fields.Datetime.now(),
            "uid": self.env.uid,
        }

    def _statements(self, day):
        """Hook: the statements that fill ``wx_found``, in order of precedence."""
        trade = day.bill_ids.filtered(lambda bill: bill.kind == "trade")
        fund = day.bill_ids.filtered(
            lambda bill: bill.kind == "fundflow" and bill.state in ("loaded", "empty")
        )
        statements = []
        if trade.state in ("loaded", "empty"):
            statements += [sql.PAYMENTS, sql.REFUNDS]
            statements += [sql.ERP_PAYMENTS, sql.ERP_REFUNDS]
        if fund and trade.state in ("loaded", "empty"):
            statements += [sql.FUND_AMOUNTS, sql.FUND_MISSING, sql.FUND_UNKNOWN]
        if fund:
            statements.append(sql.FUND_GAPS)
        return statements

    def _jumps(self, loaded, before):
        """Where a balance does not continue, inside a file or from the evening before.

        :param loaded: fund-flow bills of the day with lines
        :param before: the day before when its bills are there, else None
        """
        jumps = {}
        for bill in loaded:
            jump = bill.closing_fen - bill.opening_fen
            jump -= bill.income_fen - bill.expense_fen
            evening = (before or self.env["wx.bill.day"]).bill_ids.filtered_domain(
                [
                    ("kind", "=", "fundflow"),
                    ("state", "=", "loaded"),
                    ("account_type", "=", bill.account_type),
                ]
            )
            if evening:
                jump += bill.opening_fen - evening.closing_fen
            if jump:
                jumps[bill.account_type] = jump
        return {"jump_accounts": list(jumps), "jump_fen": list(jumps.values())}

    def _day_figures(self, params):
        """Lines, matched lines, and what is neither matched nor a break: counted by an
        own query on agreement, not as the rest of the breaks."""
        cr = self.env.cr
        cr.execute(sql.AGREEING, params)
        lines, agreeing, broken = cr.fetchone()
        cr.execute(sql.UNKNOWN_OPEN, params)
        unexplained = lines - agreeing - broken + cr.fetchone()[0]
        return {"lines": lines, "matched": agreeing, "unexplained": unexplained}

    def _transactions_of(self, table, ids):
        """Line id → transaction id, for the screens."""
        if not ids:
            return {}
        query = {
            "wx_bill_trade_line": sql.TX_OF_TRADE,
            "wx_bill_fund_line": sql.TX_OF_FUND,
        }[table]
        self.env["payment.transaction"].flush_model()
        self.env.cr.execute(query, {"ids": list(ids)})
        return dict(self.env.cr.fetchall())

    def _figures(self, provider, first, last):
        """Figures of a merchant over a range of Beijing days, for reports and checks.

        :return: dict ``bill_lines``, ``matched``, ``breaks`` (class → number),
            ``open_breaks``, ``unexplained``, ``gl_fen``, ``bill_balance_fen``,
            ``ledger_difference_fen`` (absolute difference of the last two, over all
            WeChat journals of the merchant)
        """
        days = self.env["wx.bill.day"].search(
            [
                ("provider_id", "=", provider.id),
                ("date", ">=", first),
                ("date", "<=", last),
            ]
        )
        breaks = self.env["wx.pay.break"].search([("day_id", "in", days.ids)])
        classes = {}
        for brk in breaks:
            classes[brk.break_class] = classes.get(brk.break_class, 0) + 1
        gl_fen, bill_fen = self.env["wx.pay.ledger"]._balances(provider, last)
        return {
            "bill_lines": sum(days.mapped("line_count")),
            "matched": sum(days.mapped("matched_count")),
            "breaks": classes,
            "open_breaks": len(breaks.filtered(lambda brk: brk.state == "open")),
            "unexplained": sum(days.mapped("unexplained"))
            + self.env["wx.pay.ledger"]._unexplained(provider, first, last),
            "gl_fen": gl_fen,
            "bill_balance_fen": bill_fen,
            "ledger_difference_fen": abs(gl_fen - bill_fen),
        }
