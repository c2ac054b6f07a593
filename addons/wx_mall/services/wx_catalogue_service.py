import logging
from contextlib import contextmanager

from odoo import SUPERUSER_ID, api, fields, models
from odoo.service.model import PG_CONCURRENCY_EXCEPTIONS_TO_RETRY

from odoo.addons.wx_base.tools import rc_cursor

from . import virtual_sql
from .stock_sql import KEEP_OF_APP, POOL_OF_APP, ROW_OF_APP

_logger = logging.getLogger(__name__)

#: listings prepared in one short transaction
CHUNK = 50
#: first key of the advisory lock; the second is the mini-program's id
LOCK = 0x77786361
LOCK_TIMEOUT_MS = 5000
ALL, CATEGORIES = 0, -1

#: sellable quantity per SKU and pool; the deltas are a handful of rows
SELLABLE = """
SELECT t.product_id, t.pool_id, sum(t.qty) AS sellable
  FROM (SELECT product_id, pool_id, free - held - carved AS qty
          FROM wx_sku_stock WHERE product_id = ANY(%(skus)s)
         UNION ALL
        SELECT product_id, pool_id, free_qty - held_qty - carved_qty
          FROM wx_stock_delta WHERE product_id = ANY(%(skus)s)) t
 GROUP BY 1, 2
"""
SELLABLE_OF_LISTINGS = SELLABLE.replace(
    "= ANY(%(skus)s)", "IN (SELECT product_id FROM sku)"
)


class WxCatalogueService(models.AbstractModel):
    """Keeps prices and documents of the catalogue in step with the ERP.

    ERP transactions only *mark* (an insert, see ``wx.catalogue.dirty``). Whoever reads
    next, or the cron within a minute, *refreshes*: in a READ COMMITTED transaction of
    its own, one at a time per mini-program, because only there does a reader see what
    was committed while it waited for its turn.
    """

    _name = "wx.catalogue.service"
    _description = "Catalogue upkeep"

    # -- marking (inside ERP transactions) -----------------------------------------
    @api.model
    def _mark_listings(self, listing_ids):
        """These listings have to be prepared again."""
        if listing_ids:
            self.env.cr.execute(
                "INSERT INTO wx_catalogue_dirty (app_id, listing_id)"
                " SELECT app_id, id FROM wx_listing WHERE id = ANY(%s)",
                [list(listing_ids)],
            )

    @api.model
    def _mark_templates(self, template_ids, app_ids=None):
        """Listings of these products (in these mini-programs) have to be prepared."""
        if template_ids:
            self.env.cr.execute(
                "INSERT INTO wx_catalogue_dirty (app_id, listing_id)"
                " SELECT app_id, id FROM wx_listing WHERE product_tmpl_id = ANY(%s)"
                " AND (%s::int[] IS NULL OR app_id = ANY(%s))",
                [list(template_ids), app_ids, app_ids],
            )

    @api.model
    def _mark_apps(self, app_ids):
        """Everything in these mini-programs (``None``: in all of them)."""
        if app_ids is None or app_ids:
            self.env.cr.execute(
                "INSERT INTO wx_catalogue_dirty (app_id, listing_id)"
                " SELECT id, %s FROM wx_app WHERE %s::int[] IS NULL OR id = ANY(%s)",
                [ALL, app_ids, app_ids],
            )

    @api.model
    def _mark_categories(self, app_ids):
        """The category tree, and every cached page, of these mini-programs."""
        if app_ids:
            self.env.cr.execute(
                "INSERT INTO wx_catalogue_dirty (app_id, listing_id)"
                " SELECT unnest(%s), %s",
                [list(app_ids), CATEGORIES],
            )

    @api.model
    def _mark_foreign_apps(self):
        """Mini-programs whose price list converts between currencies."""
        # sudo: the catalogue is built by the system for everybody
        apps = self.env["wx.app"].sudo().search([("pricelist_id", "!=", False)])
        prices = self.env["wx.price.service"]
        self._mark_apps(
            [
                app.id
                for app in apps
                if prices._converts(
                    app.pricelist_id, app.pricelist_id._wx_with_bases(), app.company_id
                )
            ]
        )

    # -- reading the version -------------------------------------------------------
    @api.model
    def _version(self, app_id):
        """``(seq, stale)`` of a mini-program's catalogue. One SQL statement."""
        self.env.cr.execute(
            """
            SELECT s.seq,
                   COALESCE(s.valid_until <= %(now)s, false)
                   OR EXISTS (SELECT 1 FROM wx_catalogue_dirty d
                               WHERE d.app_id = s.app_id)
              FROM wx_catalogue_state s WHERE s.app_id = %(app)s
            """,
            {"app": app_id, "now": fields.Datetime.now()},
        )
        return self.env.cr.fetchone() or (0, True)

    # -- refreshing ----------------------------------------------------------------
    @contextmanager
    def _turn(self, app_id):
        """Service in a READ COMMITTED transaction, alone for this mini-program.

        :raises psycopg2.errors.LockNotAvailable: no turn within five seconds
        """
        self.env.flush_all()
        with rc_cursor(self.env) as cr:
            cr.execute("SET LOCAL lock_timeout = %s", [f"{LOCK_TIMEOUT_MS}ms"])
            cr.execute("SELECT pg_advisory_xact_lock(%s, %s)", [LOCK, app_id])
            cr.execute("SET LOCAL lock_timeout = 0")
            env = api.Environment(cr, SUPERUSER_ID, {"lang": self._language()})
            yield env[self._name]
            env.flush_all()
        self.env.invalidate_all()

    @api.model
    def _language(self):
        """Shoppers read Chinese where it is installed."""
        installed = dict(self.env["res.lang"].get_installed())
        return "zh_CN" if "zh_CN" in installed else "en_US"

    @api.model
    def _refresh_listings(self, app_id, listing_ids, then=None):
        """Prepares these listings now; ``then(env)`` reads in the same transaction."""
        with self._turn(app_id) as service:
            service._expand(app_id)
            for start in range(0, len(listing_ids), CHUNK):
                service._prepare(app_id, listing_ids[start : start + CHUNK])
            return then(service.env) if then else None

    @api.model
    def _refresh(self, app_id, limit=CHUNK, then=None):
        """Prepares up to ``limit`` stale listings and the category tree.

        :return: what ``then(env, left)`` returns, or ``left``: whether more is stale
        """
        with self._turn(app_id) as service:
            service._expand(app_id)
            todo, left = service._stale_listings(app_id, limit)
            if todo:
                service._prepare(app_id, todo)
            service._prepare_categories(app_id)
            return then(service.env, left) if then else left

    @api.model
    def _expand(self, app_id):
        """Turns a mark on the whole mini-program into one per listing."""
        cr = self.env.cr
        cr.execute(
            "DELETE FROM wx_catalogue_dirty"
            " WHERE app_id = %s AND listing_id = %s RETURNING id",
            [app_id, ALL],
        )
        if cr.rowcount:
            cr.execute(
                "INSERT INTO wx_catalogue_dirty (app_id, listing_id)"
                " SELECT l.app_id, l.id FROM wx_listing l WHERE l.app_id = %s"
                " AND NOT EXISTS (SELECT 1 FROM wx_catalogue_dirty d"
                "                  WHERE d.app_id = l.app_id AND d.listing_id = l.id)",
                [app_id],
            )

    @api.model
    def _stale_listings(self, app_id, limit):
        """``(ids, whether there are more)``; marked ones and expired ones."""
        self.env.cr.execute(
            """
            (SELECT DISTINCT listing_id FROM wx_catalogue_dirty
              WHERE app_id = %(app)s AND listing_id > 0 LIMIT %(limit)s)
            UNION
            (SELECT DISTINCT listing_id FROM wx_sku_price
              WHERE app_id = %(app)s AND valid_until <= %(now)s LIMIT %(limit)s)
            """,
            {"app": app_id, "limit": limit + 1, "now": fields.Datetime.now()},
        )
        ids = [row[0] for row in self.env.cr.fetchall()]
        return ids[:limit], len(ids) > limit

    @api.model
    def _stale_of(self, app_id, listing_ids):
        """Those of ``listing_ids`` that are marked or expired."""
        self.env.cr.execute(
            """
            SELECT listing_id FROM wx_catalogue_dirty
             WHERE app_id = %(app)s AND listing_id = ANY(%(ids)s)
             UNION
            SELECT listing_id FROM wx_sku_price
             WHERE listing_id = ANY(%(ids)s) AND valid_until <= %(now)s
            """,
            {"app": app_id, "ids": list(listing_ids), "now": fields.Datetime.now()},
        )
        return [row[0] for row in self.env.cr.fetchall()]

    @api.model
    def _prepare(self, app_id, listing_ids):
        """Rebuilds listings and takes their marks away. Inside a turn only."""
        cr = self.env.cr
        # Marks are read before the data: a change that commits in between leaves a
        # mark that is still there afterwards.
        cr.execute(
            "SELECT id FROM wx_catalogue_dirty"
            " WHERE app_id = %s AND listing_id = ANY(%s)",
            [app_id, list(listing_ids)],
        )
        marks = [row[0] for row in cr.fetchall()]
        cr.execute("SELECT nextval('wx_catalogue_state_id_seq')")
        seq = cr.fetchone()[0]
        app = self.env["wx.app"].browse(app_id)
        changed = self._build_or_drop(app, listing_ids, seq)
        cr.execute("DELETE FROM wx_catalogue_dirty WHERE id = ANY(%s)", [marks])
        self._close(app_id, seq if changed else None)

    @api.model
    def _build_or_drop(self, app, listing_ids, seq) -> bool:
        """Builds; a listing that cannot be priced leaves the shop, the others stay."""
        builder = self.env["wx.catalogue.builder"]
        try:
            with self.env.cr.savepoint():
                return builder._build(app, listing_ids, seq)
        except PG_CONCURRENCY_EXCEPTIONS_TO_RETRY:
            raise
        except Exception:
            self.env.invalidate_all(flush=False)
            if len(listing_ids) == 1:
                _logger.exception("Listing %s cannot be prepared", listing_ids[0])
                return builder._drop(listing_ids)
        changed = [self._build_or_drop(app, [one], seq) for one in listing_ids]
        return any(changed)

    @api.model
    def _prepare_categories(self, app_id):
        cr = self.env.cr
        cr.execute(
            "DELETE FROM wx_catalogue_dirty"
            " WHERE app_id = %s AND listing_id = %s RETURNING id",
            [app_id, CATEGORIES],
        )
        marked = cr.rowcount
        cr.execute(
            "SELECT 1 FROM wx_catalogue_state"
            " WHERE app_id = %s AND categories_json IS NOT NULL",
            [app_id],
        )
        if not marked and cr.fetchone():
            return
        cr.execute("SELECT nextval('wx_catalogue_state_id_seq')")
        self._close(app_id, cr.fetchone()[0])
        cr.execute(
            "UPDATE wx_catalogue_state SET categories_json = %s WHERE app_id = %s",
            [self.env["wx.catalogue.builder"]._categories_json(app_id), app_id],
        )

    @api.model
    def _close(self, app_id, seq):
        """Writes the version row: next boundary, and ``seq`` when something changed.

        Numbers come from a database sequence, which no rollback sets back: a version
        never names two contents.
        """
        self.env.cr.execute(
            """
            INSERT INTO wx_catalogue_state AS s (app_id, seq, valid_until)
            VALUES (%(app)s, COALESCE(%(seq)s, 0),
                    (SELECT min(valid_until) FROM wx_sku_price WHERE app_id = %(app)s))
            ON CONFLICT (app_id) DO UPDATE
               SET seq = COALESCE(%(seq)s, s.seq), valid_until = EXCLUDED.valid_until
            """,
            {"app": app_id, "seq": seq},
        )

    @api.model
    def _cron_refresh(self):
        """Prepares what is stale, 50 listings per transaction."""
        self.env.cr.execute(
            """
            SELECT app_id FROM wx_catalogue_dirty
             UNION
            SELECT app_id FROM wx_catalogue_state WHERE valid_until <= %s
            """,
            [fields.Datetime.now()],
        )
        for (app_id,) in self.env.cr.fetchall():
            self.env["ir.cron"]._commit_progress(remaining=1)
            while self._refresh(app_id):
                if not self.env["ir.cron"]._commit_progress(1, remaining=1):
                    return
            self.env["ir.cron"]._commit_progress(1)

    # -- stock ---------------------------------------------------------------------
    @api.model
    def _sku_stock(self, app_id, sku_ids) -> dict:
        """``{sku id: sellable quantity}`` over the mini-program's pools. One SQL.

        Includes the deltas that wait to be folded; SKUs without a row have none. The
        stock of a SKU with a code pool is the number of its free codes.
        """
        self.env.cr.execute(
            f"""
            SELECT s.product_id, sum(greatest(s.sellable - {KEEP_OF_APP}, 0))
              FROM ({SELLABLE}) s
              JOIN wx_app a ON a.id = %(app)s
              JOIN wx_stock_pool p ON p.id = s.pool_id AND {POOL_OF_APP}
                   AND {ROW_OF_APP}
             GROUP BY s.product_id
             UNION ALL
            ({virtual_sql.FREE})
            """,
            {"app": app_id, "skus": list(sku_ids)},
        )
        return {row[0]: float(row[1]) for row in self.env.cr.fetchall()}

    @api.model
    def _listing_stock(self, listing_ids) -> dict:
        """``{listing id: sellable quantity over all SKUs}``. One SQL."""
        self.env.cr.execute(
            f"""
            WITH sku AS MATERIALIZED (
                SELECT l.id AS listing_id, l.app_id, v.id AS product_id
                  FROM wx_listing l
                  JOIN product_product v ON v.product_tmpl_id = l.product_tmpl_id
                 WHERE l.id = ANY(%(listings)s) AND v.active)
            SELECT k.listing_id, sum(greatest(s.sellable - {KEEP_OF_APP}, 0))
              FROM sku k
              JOIN ({SELLABLE_OF_LISTINGS}) s ON s.product_id = k.product_id
              JOIN wx_app a ON a.id = k.app_id
              JOIN wx_stock_pool p ON p.id = s.pool_id AND {POOL_OF_APP}
                   AND {ROW_OF_APP}
             GROUP BY k.listing_id
            """,
            {"listings": list(listing_ids)},
        )
        return {row[0]: float(row[1]) for row in self.env.cr.fetchall()}
