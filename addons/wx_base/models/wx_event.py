from datetime import datetime, timedelta, timezone
from typing import NamedTuple

from dateutil.relativedelta import relativedelta
from pydantic_core import to_json

from odoo import api, fields, models
from odoo.tools import SQL, LazyTranslate

_lt = LazyTranslate(__name__)

MAX_DATA = 2048
MAX_AGE = timedelta(days=7)
MAX_AHEAD = timedelta(minutes=5)
KEEP_MONTHS = 13


class EventKind(NamedTuple):
    """A registered kind of event.

    :param title: what happened, for people (lazy translation)
    :param client: whether a phone may send it; else only our own code records it
    """

    title: object
    client: bool = True


class WxEvent(models.Model):
    """What shoppers did: the one stream that analysis reads.

    A raw table in monthly partitions, written by multi-row INSERT. It has no foreign
    keys on purpose: rows are pseudonymous and leave with their month. Rows come from
    ``POST /events`` and from :meth:`_record`; modules register kinds by extending
    :meth:`_wx_event_kinds`.
    """

    _name = "wx.event"
    _description = "Shopper event"
    _auto = False
    _log_access = False
    _order = "occurred_at desc, id desc"
    _rec_name = "kind"
    # Core knows no partitioned tables; as a query it neither creates nor misses it.
    _table_query = "SELECT * FROM wx_event"

    kind = fields.Char(readonly=True)
    app_id = fields.Many2one("wx.app", "Mini-program", readonly=True)
    company_id = fields.Many2one("res.company", readonly=True)
    user_id = fields.Many2one("wx.user", "Shopper", readonly=True)
    occurred_at = fields.Datetime("Occurred", readonly=True)
    received_at = fields.Datetime("Received", readonly=True)
    key = fields.Char(readonly=True)
    data = fields.Json(readonly=True)
    data_text = fields.Char("Details", compute="_compute_data_text")

    def _compute_data_text(self):
        for event in self:
            event.data_text = ", ".join(
                f"{name}={value}" for name, value in (event.data or {}).items()
            )

    # ------------------------------------------------------------------ kinds
    @api.model
    def _wx_event_kinds(self) -> dict:
        """Hook: ``{kind: EventKind}``; extend with ``{**super()…, "x.y": …}``."""
        return {
            "app.launch": EventKind(_lt("Mini-program opened")),
            "app.hide": EventKind(_lt("Mini-program left")),
            "page.view": EventKind(_lt("Page seen")),
            "app.error": EventKind(_lt("Error on the phone")),
            "user.registered": EventKind(_lt("First login"), client=False),
            "user.login": EventKind(_lt("Login"), client=False),
        }

    # ------------------------------------------------------------------ write
    @api.model
    def _record(self, kind, rows) -> int:
        """Store events of our own code.

        :param kind: a registered kind (ValueError otherwise: a programming error)
        :param rows: dicts with ``app_id``, ``company_id`` and optional ``user_id``,
            ``occurred_at`` (naive UTC, default now), ``key``, ``data`` (flat dict)
        :return: number of rows stored (repeated keys are skipped)
        """
        if kind not in self._wx_event_kinds():
            raise ValueError(f"unknown event kind {kind!r}")
        now = fields.Datetime.now()
        return self._insert(
            [
                (
                    kind,
                    row["app_id"],
                    row["company_id"],
                    row.get("user_id"),
                    row.get("occurred_at") or now,
                    row.get("key"),
                    to_json(row.get("data") or {}).decode(),
                )
                for row in rows
            ],
            now,
        )

    @api.model
    def _intake(self, ctx, events) -> int:
        """Store a validated batch of ``schemas.events.EventIn`` of one shopper.

        A time outside the last 7 days (a phone's wrong clock) is replaced by ours.
        """
        now = datetime.now(timezone.utc)
        rows = []
        for event in events:
            at = event.at
            if not now - MAX_AGE <= at <= now + MAX_AHEAD:
                at = now
            rows.append(
                (
                    event.kind,
                    ctx.app_id,
                    ctx.company_id,
                    ctx.user_id,
                    at.astimezone(timezone.utc).replace(tzinfo=None),
                    event.key,
                    to_json(event.data).decode(),
                )
            )
        return self._insert(rows, now.replace(tzinfo=None))

    @api.model
    def _insert(self, rows, received_at) -> int:
        if not rows:
            return 0
        self.env.cr.execute(
            """
            INSERT INTO wx_event (kind, app_id, company_id, user_id, occurred_at,
                                  received_at, key, data)
            SELECT kind, app_id, company_id, user_id, occurred_at, %s, key, data::jsonb
              FROM unnest(%s::text[], %s::int[], %s::int[], %s::int[],
                          %s::timestamp[], %s::text[], %s::text[])
                AS t(kind, app_id, company_id, user_id, occurred_at, key, data)
            ON CONFLICT DO NOTHING
            """,
            (received_at, *map(list, zip(*rows, strict=True))),
        )
        return self.env.cr.rowcount

    # ------------------------------------------------------------- partitions
    def init(self):
        cr = self.env.cr
        cr.execute(
            """
            CREATE TABLE IF NOT EXISTS wx_event (
                id bigint GENERATED BY DEFAULT AS IDENTITY,
                kind varchar NOT NULL,
                app_id integer NOT NULL,
                company_id integer NOT NULL,
                user_id integer,
                occurred_at timestamp NOT NULL,
                received_at timestamp NOT NULL,
                key varchar,
                data jsonb NOT NULL,
                PRIMARY KEY (id, occurred_at)
            ) PARTITION BY RANGE (occurred_at);
            CREATE UNIQUE INDEX IF NOT EXISTS wx_event_key_uniq
                ON wx_event (user_id, key, occurred_at) WHERE key IS NOT NULL;
            CREATE INDEX IF NOT EXISTS wx_event_kind_idx
                ON wx_event (app_id, kind, occurred_at);
            CREATE INDEX IF NOT EXISTS wx_event_user_idx
                ON wx_event (user_id, occurred_at);
            CREATE TABLE IF NOT EXISTS wx_event_rest PARTITION OF wx_event DEFAULT;
            """
        )
        self._ensure_partitions()

    @api.model
    def _ensure_partitions(self, ahead=3):
        """One partition per month (UTC), from last month to ``ahead`` months on."""
        first = fields.Date.today().replace(day=1)
        for offset in range(-1, ahead + 1):
            start = first + relativedelta(months=offset)
            self._ensure_partition(start)

    @api.model
    def _ensure_partition(self, start):
        """The partition of the month that begins at ``start``.

        Rows of that month that wait in the default partition are moved along.
        """
        end = start + relativedelta(months=1)
        table = SQL.identifier(f"wx_event_{start:%Y_%m}")
        cr = self.env.cr
        cr.execute("SELECT to_regclass(%s)", (f"wx_event_{start:%Y_%m}",))
        if cr.fetchone()[0]:
            return
        cr.execute(
            SQL(
                """
                CREATE TABLE %(table)s (LIKE wx_event INCLUDING DEFAULTS);
                WITH moved AS (
                    DELETE FROM wx_event_rest
                     WHERE occurred_at >= %(start)s AND occurred_at < %(end)s
                 RETURNING *
                ) INSERT INTO %(table)s SELECT * FROM moved;
                ALTER TABLE wx_event ATTACH PARTITION %(table)s
                      FOR VALUES FROM (%(start)s) TO (%(end)s);
                """,
                table=table,
                start=start,
                end=end,
            )
        )

    @api.model
    def _cron_partitions(self):
        """Months to come are prepared, months past their keeping are dropped.

        Kept: parameter ``wx_base.event_keep_months`` (default 13).
        """
        self._ensure_partitions()
        # sudo: parameters are the administrator's
        get_param = self.env["ir.config_parameter"].sudo().get_param
        value = get_param("wx_base.event_keep_months")
        months = int(value) if value and value.isdecimal() else KEEP_MONTHS
        oldest = fields.Date.today().replace(day=1) - relativedelta(months=months)
        self.env.cr.execute(
            r"""
            SELECT c.relname FROM pg_inherits i JOIN pg_class c ON c.oid = i.inhrelid
             WHERE i.inhparent = 'wx_event'::regclass
               AND c.relname ~ '^wx_event_\d{4}_\d{2}$' AND c.relname < %s
            """,
            (f"wx_event_{oldest:%Y_%m}",),
        )
        for (name,) in self.env.cr.fetchall():
            self.env.cr.execute(SQL("DROP TABLE %s", SQL.identifier(name)))
        self.env.cr.execute(
            "DELETE FROM wx_event_rest WHERE occurred_at < %s", (oldest,)
        )
