import json

from odoo import api, models

from odoo.addons.wx_base.tools import iso8601, outside_transaction

from .wx_order_service import decode_cursor, encode_cursor

LINES = """
SELECT order_id, json_agg(json_build_object(
           'sku_id', product_id, 'listing_id', listing_id, 'title', title,
           'sku_text', COALESCE(sku_text, ''), 'image', image, 'price_fen', price_fen,
           'list_price_fen', list_price_fen, 'qty', qty,
           'discount_fen', discount_fen, 'amount_fen', amount_fen)
       ORDER BY id)
  FROM wx_order_line WHERE order_id = ANY(%s) GROUP BY order_id
"""

ORDERS = """
SELECT id, name, state, delivery_kind, goods_fen, discount_fen, freight_fen,
       amount_fen, paid_fen, refunded_fen, qty_total, create_date,
       expires_at
  FROM wx_order
 WHERE user_id = %(user)s AND app_id = %(app)s
   AND (%(state)s::text IS NULL OR state = %(state)s)
   AND (%(before)s::int IS NULL OR id < %(before)s)
 ORDER BY id DESC LIMIT %(limit)s
"""


class WxOrderReader(models.AbstractModel):
    """What a shopper reads of their own orders."""

    _name = "wx.order.reader"
    _description = "Reading of mall orders"

    @api.model
    def _list(self, ctx, query) -> dict:
        """A page, newest first; two SQL statements."""
        cr = ctx.env.cr
        cr.execute(
            ORDERS,
            {
                "user": ctx.user_id,
                "app": ctx.app_id,
                "state": query.state,
                "before": decode_cursor(query.cursor) if query.cursor else None,
                "limit": query.limit + 1,
            },
        )
        rows = cr.fetchall()
        more = len(rows) > query.limit
        rows = rows[: query.limit]
        lines = self._lines(ctx, [row[0] for row in rows])
        return {
            "items": [self._summary(row, lines.get(row[0], [])) for row in rows],
            "next_cursor": encode_cursor(rows[-1][0]) if more else None,
        }

    def _lines(self, ctx, order_ids):
        if not order_ids:
            return {}
        ctx.env.cr.execute(LINES, (order_ids,))
        return {
            order_id: lines if isinstance(lines, list) else json.loads(lines)
            for order_id, lines in ctx.env.cr.fetchall()
        }

    @staticmethod
    def _summary(row, lines):
        names = (
            "id",
            "number",
            "state",
            "delivery",
            "goods_fen",
            "discount_fen",
            "freight_fen",
            "amount_fen",
            "paid_fen",
            "refunded_fen",
            "qty_total",
        )
        return {
            **dict(zip(names, row[:-2], strict=True)),
            "created_at": iso8601(row[-2]),
            "expires_at": iso8601(row[-1]),
            "items": lines,
        }

    @api.model
    def _detail(self, ctx, order_id, fresh=False) -> dict:
        """One own order with receiver and parcels; 404 for another's.

        :param fresh: the order was just changed on another connection
        """
        if fresh:
            with outside_transaction(ctx.env):
                ctx.env.invalidate_all(flush=False)
        order = ctx.env["wx.order"]._wx_owned(ctx, order_id)
        row = (
            order.id,
            order.name,
            order.state,
            order.delivery_kind,
            order.goods_fen,
            order.discount_fen,
            order.freight_fen,
            order.amount_fen,
            order.paid_fen,
            order.refunded_fen,
            order.qty_total,
            order.create_date,
            order.expires_at,
        )
        lines = self._lines(ctx, order.ids).get(order.id, [])
        return {
            **self._summary(row, lines),
            "remark": order.remark or "",
            "paid_at": iso8601(order.paid_at),
            "closed_at": iso8601(order.closed_at),
            "close_reason": order.close_reason or None,
            "discounts": self._discounts(order),
            "promised_at": iso8601(
                order.promised_at
                or ctx.env["wx.availability.service"]._promise_of(order)
            ),
            "received_at": iso8601(order.received_at),
            "receive_due_at": iso8601(order.receive_due_at),
            "cancel_request": order.cancel_request or "none",
            "address": self._address(order),
            "parcels": self.env["wx.parcel.reader"]._of_order(order),
            "pickup": self.env["wx.pickup.service"]._of_order(order),
        }

    @staticmethod
    def _discounts(order):
        """Promotions when it was placed, and what the shop took off since."""
        staff = order._wx_staff_step()
        return [
            *(order.price_snapshot or {}).get("applied", []),
            *([staff] if staff else []),
        ]

    def _address(self, order):
        """The shopper's own receiver in clear; logged like every clear text."""
        address = order.address_ids[:1]
        if not address:
            return None
        reason = self.env._("Shown to the shopper who placed the order")
        return {
            **{
                part: address._wx_reveal(part, reason) or ""
                for part in ("name", "phone", "detail")
            },
            "province": address.province or "",
            "city": address.city or "",
            "district": address.district or "",
        }
