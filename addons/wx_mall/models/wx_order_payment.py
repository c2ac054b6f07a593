from odoo import fields, models

_DESCRIPTION_CHARS = 40  # WeChat allows 127 bytes; a Chinese character has three


class WxOrder(models.Model):
    """The order as a payable of wx_pay."""

    _inherit = "wx.order"

    # payable --------------------------------------------------------------------
    def _wx_payable_info(self):
        """See ``wx.payable.mixin``; the payment ends when the hold ends."""
        self.ensure_one()
        title = (self.line_ids[:1].title or self.name)[:_DESCRIPTION_CHARS]
        count = len(self.line_ids)
        if count > 1:
            title = self.env._(
                "%(title)s and %(count)s more", title=title, count=count - 1
            )
        return {
            "amount_fen": self.amount_fen,
            "description": title,
            "openid": self.user_id.openid,
            "app": self.app_id,
            "company": self.company_id,
            "partner_id": self.user_id.partner_id.id or None,
            "reference_prefix": self.name,
            "time_expire": self.expires_at,
        }

    def _wx_payable_accepts(self, tx):
        """Only an unpaid, open order takes a payment; decided on its own row."""
        self.env.cr.execute(
            "UPDATE wx_order SET write_date = write_date"
            " WHERE id = %s AND intake_state = 'unpaid' AND amount_fen = %s",
            (self.id, tx.wx_amount_fen),
        )
        return bool(self.env.cr.rowcount)

    def _wx_on_paid(self, tx):
        """Cheap: one guarded update; the ERP documents follow in a batch job."""
        now = fields.Datetime.now()
        fen = tx.wx_amount_fen
        self.flush_recordset()
        self.env.cr.execute(
            """
            UPDATE wx_order
               SET intake_state = 'paid', state = 'paid', posting_state = 'todo',
                   paid_fen = %(fen)s, amount_paid = %(fen)s / 100.0,
                   paid_at = %(paid)s, transaction_id = %(tx)s, write_date = %(now)s
             WHERE id = %(id)s AND intake_state = 'unpaid'
            """,
            {
                "id": self.id,
                "fen": fen,
                "paid": tx.wx_success_time or now,
                "tx": tx.id,
                "now": now,
            },
        )
        self.invalidate_recordset()
        self.env["wx.order.posting"]._enqueue(self.company_id.id)

    def _wx_on_payment_closed(self, tx):
        """Nothing to do: closing an order asks WeChat about every attempt itself."""

    def _wx_payment_partners(self, txs):
        """The shopper's partner, made now when the payment is posted first."""
        orders = self.browse(txs.mapped("wx_payable_id")).exists()
        partners = self.env["wx.order.posting"]._ensure_partners(orders)
        by_order = {order.id: partners[order.user_id.id] for order in orders}
        return {
            tx.id: by_order[tx.wx_payable_id]
            for tx in txs
            if tx.wx_payable_id in by_order
        }

    # after delivery -------------------------------------------------------------
    def _wx_after_delivery(self):
        """Goods left (or virtual goods were paid): invoice and tell WeChat."""
        for company in self.company_id:
            self.env["wx.order.posting"]._enqueue(company.id)
        self._wx_queue_shipping()

    def _wx_queue_shipping(self):
        """Queues the report to WeChat; the job looks what there is to report."""
        orders = self.filtered("transaction_id")
        orders.write({"shipping_state": "todo", "shipping_error": False})
        for order in orders:
            self.env["wx.order.shipping"]._enqueue(order.id)

    # stock ----------------------------------------------------------------------
    def _wx_sync_holds(self):
        """Hands holds over to the ERP's own reservations and deliveries.

        What a first stock move has reserved or shipped is no longer held; for a
        cancelled sales order nothing is. Written as one delta per SKU in this very
        transaction, so both sides become visible together (``design.md``, Stock).
        """
        orders = self.filtered(lambda o: o.intake_state == "paid" and o.sale_order_id)
        if not orders:
            return
        self.env.flush_all()
        self.env.cr.execute(_TAKEN_OVER, (orders.ids,))
        for (
            hold_id,
            product_id,
            pool_id,
            qty,
            converted,
            target,
        ) in self.env.cr.fetchall():
            self.env.cr.execute(
                "UPDATE wx_hold SET converted = %s, state = %s WHERE id = %s",
                (target, "converted" if target >= qty else "active", hold_id),
            )
            self.env.cr.execute(
                "INSERT INTO wx_stock_delta (product_id, pool_id, free_qty, held_qty,"
                " kind, created_at) VALUES (%s, %s, 0, %s, 'hold',"
                " now() AT TIME ZONE 'UTC')",
                (product_id, pool_id, converted - target),
            )
        self.env["wx.hold"].invalidate_model()
        self.env["wx.stock.delta"].invalidate_model()

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


# Per hold: the quantity that the ERP has taken over; it shrinks again when somebody
# unreserves, because the goods are still promised.
_TAKEN_OVER = """
SELECT h.id, h.product_id, h.pool_id, h.qty, h.converted, t.target
  FROM wx_hold h
  JOIN wx_order o ON o.id = h.order_id
  JOIN sale_order so ON so.id = o.sale_order_id
  CROSS JOIN LATERAL (
       SELECT CASE WHEN so.state = 'cancel' THEN h.qty ELSE
              GREATEST(0, LEAST(h.qty,
                  COALESCE((
                    SELECT sum(CASE WHEN m.state IN
                                   ('assigned', 'partially_available', 'done')
                                   THEN m.quantity ELSE 0 END)
                      FROM stock_move m JOIN sale_order_line l ON l.id = m.sale_line_id
                     WHERE l.order_id = so.id AND m.product_id = h.product_id
                       AND m.state <> 'cancel'
                       AND NOT EXISTS (SELECT 1 FROM stock_move_move_rel r
                                        WHERE r.move_dest_id = m.id)
                       AND m.origin_returned_move_id IS NULL), 0)
                + h.qty - COALESCE((
                    SELECT sum(l.product_uom_qty) FROM sale_order_line l
                     WHERE l.order_id = so.id AND l.product_id = h.product_id), 0)))
              END AS target) t
 WHERE h.order_id = ANY(%s) AND h.state IN ('active', 'converted')
   AND t.target <> h.converted
 ORDER BY h.product_id, h.pool_id
 FOR UPDATE OF h
"""
