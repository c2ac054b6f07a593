"""Alters the platform's books behind everybody's back: SQL on the simulator's own
ledger, before it makes its bills. Nothing here knows the suite's classes."""

import sqlite3
from datetime import datetime, timedelta, timezone

BEIJING = timezone(timedelta(hours=8))
MAIN, FEES = ("交易", "退款"), ("扣除交易手续费", "退还交易手续费")


class Platform:
    """``with Platform(sim, mchid) as books:`` – the balances are computed anew at the
    end, as WeChat's would be."""

    def __init__(self, sim, mchid):
        self.path, self.mchid = f"{sim._folder.name}/sim.sqlite", mchid
        self.late = []

    def __enter__(self):
        self.db = sqlite3.connect(self.path, timeout=20)
        self.db.row_factory = sqlite3.Row
        return self

    def __exit__(self, failed, *_details):
        if not failed:
            self._rebalance()
            for change in self.late:
                change()
            self.db.commit()
        self.db.close()

    def run(self, query, *values):
        return self.db.execute(query, values)

    def _rebalance(self):
        self.run(
            "UPDATE bookings SET balance_fen=b.running FROM (SELECT id, sum(CASE"
            " direction WHEN '收入' THEN amount_fen ELSE -amount_fen END) OVER"
            " (PARTITION BY account ORDER BY booked_at, id) AS running FROM bookings"
            " WHERE mchid=?) AS b WHERE bookings.id=b.id",
            self.mchid,
        )

    # -- rows ------------------------------------------------------------------------
    def line(self, number):
        """The line of a payment or refund, by our number."""
        return self.run(
            "SELECT * FROM bill_lines WHERE mchid=? AND (out_refund_no=? OR"
            " kind='payment' AND out_trade_no=?) ORDER BY id LIMIT 1",
            self.mchid,
            number,
            number,
        ).fetchone()

    def alter(self, number, **values):
        """Change the line of a document: column=value."""
        marks = ", ".join(f"{name}=?" for name in values)
        line = self.line(number)
        self.run(
            f"UPDATE bill_lines SET {marks} WHERE id=?", *values.values(), line["id"]
        )
        return line

    def money(self, number, fen=None, fee=None):
        """Change what moved for a document; 0 removes the row."""
        for value, kinds in ((fen, MAIN), (fee, FEES)):
            if value is None:
                continue
            where = f"line_id=? AND type IN {kinds}"
            line_id = self.line(number)["id"]
            if value:
                self.run(
                    f"UPDATE bookings SET amount_fen=? WHERE {where}", value, line_id
                )
            else:
                self.run(f"DELETE FROM bookings WHERE {where}", line_id)

    def amount(self, number, step):
        """The document has another amount, in the bill and in the money."""
        line = self.line(number)
        names = (
            ("settle_fen", "order_fen")
            if line["kind"] == "payment"
            else ("refund_fen", "refund_apply_fen")
        )
        value = line[names[0]] + step
        self.alter(number, **dict.fromkeys(names, value))
        self.money(number, value)

    def fee(self, number, fen):
        """The document has another fee, in the bill and in the money."""
        sign = 1 if self.line(number)["kind"] == "payment" else -1
        self.alter(number, fee_fen=sign * fen)
        self.money(number, fee=fen)

    def drop(self, number, line=True, money=True):
        line_id = self.line(number)["id"]
        if money:
            self.run("DELETE FROM bookings WHERE line_id=?", line_id)
        if line:
            self.run("DELETE FROM bill_lines WHERE id=?", line_id)

    def repeat(self, number, line=True, money=True, days=0):
        """A second time, ``days`` later."""
        old = dict(self.line(number))
        line_id = old.pop("id")
        at = {"at": old["at"] + days * 86_400, "day": self._day(old["at"], days)}
        new_id = self._insert("bill_lines", {**old, **at}) if line else line_id
        rows = self.run("SELECT * FROM bookings WHERE line_id=?", line_id).fetchall()
        for row in rows if money else ():
            booking = {**dict(row), "line_id": new_id, "day": at["day"]}
            booking["booked_at"] += days * 86_400
            booking.pop("id")
            self._insert("bookings", booking)

    def move(self, number, days, time="00:00:00"):
        """Into another day's bill, line and money."""
        line = self.line(number)
        day = self._day(line["at"], days)
        at = datetime.fromisoformat(f"{day}T{time}").replace(tzinfo=BEIJING).timestamp()
        self.run("UPDATE bill_lines SET at=?, day=? WHERE id=?", at, day, line["id"])
        self.run(
            "UPDATE bookings SET booked_at=?, day=? WHERE line_id=?",
            at,
            day,
            line["id"],
        )

    def renumber(self, number, column, value):
        """WeChat's own number of a document is another one, everywhere."""
        line = self.alter(number, **{column: value})
        self.run("UPDATE bookings SET business_no=? WHERE line_id=?", value, line["id"])

    def book(self, like, fen, type_, business_no, line=None):
        """A movement that belongs to nothing, at the time of the document ``like``."""
        row = dict(
            self.run(
                "SELECT * FROM bookings WHERE line_id=? ORDER BY id LIMIT 1",
                self.line(like)["id"],
            ).fetchone()
        )
        row.pop("id")
        row |= {
            "line_id": line,
            "business_no": business_no,
            "flow_no": business_no or f"FLOW{type_}{abs(fen)}",
            "name": type_,
            "type": type_,
            "direction": "收入" if fen > 0 else "支出",
            "amount_fen": abs(fen),
            "remark": "",
            "voucher": "",
        }
        self._insert("bookings", row)
        return row["flow_no"]

    def lose_later(self, type_):
        """A movement disappears, but the balances after it stay."""
        self.late.append(
            lambda: self.run(
                "DELETE FROM bookings WHERE id=(SELECT max(id) FROM bookings"
                " WHERE mchid=? AND type=?)",
                self.mchid,
                type_,
            )
        )

    def _day(self, moment, days):
        return str((datetime.fromtimestamp(moment, BEIJING) + timedelta(days)).date())

    def _insert(self, table, values):
        marks = ",".join("?" * len(values))
        return self.run(
            f"INSERT INTO {table} ({', '.join(values)}) VALUES ({marks})",
            *values.values(),
        ).lastrowid
