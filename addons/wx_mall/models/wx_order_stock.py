from psycopg2.extras import execute_values

from odoo import fields, models

# Per hold: what the ERP has reserved or shipped from its warehouse (``taken``) and what
# it has taken over in all (``converted``: taken, or no longer wanted). Both shrink
# again when somebody unreserves, because the goods are still promised. In a warehouse
# a quota's hold is served first, and the shared stock's hold is dropped first.
_TARGETS = """
WITH h AS (
    SELECT h.id, h.product_id, h.pool_id, h.qty, h.taken, h.converted, p.kind,
           p.parent_id, x.place, o.sale_order_id AS sale, so.state AS sale_state,
           sum(h.qty) OVER w - h.qty AS before,
           sum(h.qty) OVER (PARTITION BY h.order_id, h.product_id, x.place) AS total
      FROM wx_hold h
      JOIN wx_order o ON o.id = h.order_id
      JOIN sale_order so ON so.id = o.sale_order_id
      JOIN wx_stock_pool p ON p.id = h.pool_id
      LEFT JOIN wx_stock_pool up ON up.id = p.parent_id
      CROSS JOIN LATERAL (
           SELECT COALESCE(p.warehouse_id, up.warehouse_id) AS place) x
     WHERE h.order_id = ANY(%s) AND h.state IN ('active', 'converted')
    WINDOW w AS (PARTITION BY h.order_id, h.product_id, x.place
                     ORDER BY p.kind = 'warehouse', h.id)
), facts AS (
    SELECT h.*,
           LEAST(h.total, COALESCE((
               SELECT sum(m.quantity)
                 FROM stock_move m
                 JOIN sale_order_line l ON l.id = m.sale_line_id
                 JOIN stock_location f ON f.id = m.location_id
                WHERE l.order_id = h.sale AND m.product_id = h.product_id
                  AND f.warehouse_id = h.place
                  AND m.state IN ('assigned', 'partially_available', 'done')
                  AND NOT EXISTS (SELECT 1 FROM stock_move_move_rel r
                                   WHERE r.move_dest_id = m.id)
                  AND m.origin_returned_move_id IS NULL), 0)) AS moved,
           CASE WHEN h.sale_state = 'cancel' THEN h.total
                ELSE GREATEST(0, h.total - COALESCE((
                     SELECT sum(l.product_uom_qty) FROM sale_order_line l
                      WHERE l.order_id = h.sale AND l.product_id = h.product_id
                        AND l.warehouse_id = h.place), 0)) END AS dropped
      FROM h
), parts AS (
    SELECT f.*, GREATEST(0, LEAST(qty, moved - before)) AS taken_now,
           GREATEST(0, LEAST(qty, dropped - (total - before - qty))) AS dropped_now
      FROM facts f
)
SELECT id, product_id, pool_id, kind, parent_id, qty, taken, converted,
       taken_now, LEAST(qty, taken_now + dropped_now) AS converted_now
  FROM parts
 WHERE taken <> taken_now OR converted <> LEAST(qty, taken_now + dropped_now)
 ORDER BY product_id, pool_id, id
"""

_DELTA = """
INSERT INTO wx_stock_delta (
    product_id, pool_id, free_qty, held_qty, carved_qty, kind, created_at)
SELECT v.*, 'hold', now() AT TIME ZONE 'UTC'
  FROM (VALUES %s) AS v (product_id, pool_id, free_qty, held_qty, carved_qty)
"""

_TAKE = """
UPDATE wx_hold h SET taken = v.taken, converted = v.converted, state = v.state
  FROM (VALUES %s) AS v (id, taken, converted, state)
 WHERE h.id = v.id
"""


class WxOrderStock(models.Model):
    """Holds of an order, and how the ERP takes them over."""

    _inherit = "wx.order"

    promised_at = fields.Datetime(
        "Promised",
        readonly=True,
        help="When all of it is expected at the shopper; kept from posting on.",
    )
    hold_count = fields.Integer(compute="_compute_hold_count")

    def _compute_hold_count(self):
        for order in self:
            order.hold_count = len(order.hold_ids)

    def _wx_held_places(self) -> dict:
        """``{product: [[warehouse id, pieces]]}`` held for this order, in one list per
        product, to be used up while sales order lines are made."""
        self.ensure_one()
        result = {}
        for hold in self.hold_ids.filtered(lambda h: h.state == "active").sorted("id"):
            places = result.setdefault(hold.product_id, {})
            warehouse = hold.pool_id.warehouse_id or hold.pool_id.parent_id.warehouse_id
            places[warehouse.id] = places.get(warehouse.id, 0) + hold.qty
        return {
            product: [[place, pieces] for place, pieces in places.items()]
            for product, places in result.items()
        }

    def _wx_sync_holds(self):
        """Hands holds over to the ERP's own reservations and deliveries.

        What a first stock move has reserved or shipped is no longer held; for a
        cancelled sales order nothing is. Written as deltas in this very transaction, so
        both sides become visible together (``design.md``, Stock). Goods of a quota
        leave the quota and the warehouse at once.
        """
        orders = self.filtered(lambda o: o.intake_state == "paid" and o.sale_order_id)
        if not orders:
            return
        self.env.flush_all()
        cr = self.env.cr
        cr.execute(
            "SELECT id FROM wx_hold WHERE order_id = ANY(%s)"
            " AND state IN ('active', 'converted') ORDER BY id FOR UPDATE",
            (orders.ids,),
        )
        cr.execute(_TARGETS, (orders.ids,))
        self._wx_apply_targets(cr.dictfetchall())
        self.env["wx.hold"].invalidate_model()
        self.env["wx.stock.delta"].invalidate_model()

    def _wx_apply_targets(self, rows):
        """Writes holds and deltas of all orders: a statement each."""
        holds, deltas = [], []
        for row in rows:
            state = "converted" if row["converted_now"] >= row["qty"] else "active"
            holds.append((row["id"], row["taken_now"], row["converted_now"], state))
            product = row["product_id"]
            held = row["converted"] - row["converted_now"]
            gone = row["taken"] - row["taken_now"]
            quota = row["kind"] != "warehouse"
            if held or (quota and gone):
                free = gone if quota else 0
                deltas.append((product, row["pool_id"], free, held, 0))
            if quota and gone:
                deltas.append((product, row["parent_id"], 0, 0, gone))
        cursor = self.env.cr._obj
        if holds:
            execute_values(cursor, _TAKE, holds, page_size=1000)
        if deltas:
            execute_values(cursor, _DELTA, deltas, page_size=1000)

    def _wx_drop_holds(self):
        """Gives the holds of paid orders back that will never reach the ERP."""
        self.env.flush_all()
        self.env.cr.execute(
            """
            WITH freed AS (
                UPDATE wx_hold SET state = 'released',
                       released_at = now() AT TIME ZONE 'UTC'
                 WHERE order_id = ANY(%s) AND state = 'active'
                RETURNING product_id, pool_id, qty - converted AS qty
            )
            INSERT INTO wx_stock_delta
                   (product_id, pool_id, free_qty, held_qty, kind, created_at)
            SELECT product_id, pool_id, 0, -qty, 'hold', now() AT TIME ZONE 'UTC'
              FROM freed
            """,
            (self.ids,),
        )
        self.env["wx.hold"].invalidate_model()

    def _wx_set_promise(self):
        """Keeps the promise of orders that have none yet."""
        service = self.env["wx.availability.service"]
        todo = self.filtered(lambda o: not o.promised_at)
        facts = service._promise_facts(todo)
        for order in todo:
            leaves, arrives = service._promises_of(order, facts[order.app_id.id])
            values = {"promised_at": arrives or False}
            if leaves:
                values["ship_promised_at"] = leaves
            order.write(values)
        self._wx_queue_presale()
