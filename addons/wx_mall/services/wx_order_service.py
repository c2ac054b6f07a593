import base64
import json
from datetime import timedelta

from psycopg2.errors import UniqueViolation

from odoo import api, fields, models

from odoo.addons.wx_base.http import WxError
from odoo.addons.wx_base.schemas.base import MAX_INT
from odoo.addons.wx_base.tools import BEIJING, iso8601, rc_cursor

from . import intake_sql, return_rule, stock_sql
from .wx_checkout_service import serialize

_RECEIVER = ("name", "phone", "detail")
# An order as ``OrderPlaced`` shows it, lines in the order they were asked for.
_PLACED = """
SELECT o.id, o.name AS number, o.state, o.delivery_kind AS delivery, o.goods_fen,
       o.discount_fen, o.freight_fen, o.amount_fen, o.expires_at,
       (SELECT json_agg(json_build_object(
                   'product_id', l.product_id, 'listing_id', l.listing_id,
                   'title', l.title, 'sku_text', l.sku_text, 'image', l.image,
                   'price_fen', l.price_fen, 'list_price_fen', l.list_price_fen,
                   'qty', l.qty, 'discount_fen', l.discount_fen,
                   'amount_fen', l.amount_fen) ORDER BY l.id)
          FROM wx_order_line l WHERE l.order_id = o.id) AS items
  FROM wx_order o WHERE o.id = %s
"""
_PERMUTE = 56_598_313  # coprime to 10**8: numbers do not tell how many orders there are


def order_number(order_id, now):
    """The number people read: Beijing date and eight digits, unique.

    :param order_id: id of the order; :param now: UTC, naive
    """
    day = (now + timedelta(hours=8)).strftime("%y%m%d")
    return f"{day}{order_id // 10**8 or ''}{order_id * _PERMUTE % 10**8:08d}"


class _Beaten(Exception):
    """No stock was left once the rows were locked.

    :param refusal: the ``WxError`` to answer
    """

    def __init__(self, refusal):
        super().__init__(str(refusal))
        self.refusal = refusal


class WxOrderService(models.AbstractModel):
    """Placing an order: one short READ COMMITTED transaction, a few statements."""

    _name = "wx.order.service"
    _description = "Mall order service"

    @api.model
    def _place(self, ctx, body) -> bytes:
        """Places an order and holds its stock; returns the JSON answer.

        Idempotent by (shopper, Idempotency-Key): the order that the key made is
        answered again, as it is now (staff may have lowered its price meanwhile).

        :raises WxError: 409 ``idempotency.conflict``, ``order.sku_unavailable``,
            ``order.price_changed``, ``stock.sold_out``; 404 for another's address;
            422 ``order.address_required``, ``order.pickup_point_required``,
            ``order.out_of_area``; what
            ``wx.checkout.service`` raises about amount, coupons and the quote
        """
        checkout = ctx.env["wx.checkout.service"]
        quote = checkout._read_quote(body.quote_token)
        refreshed = False
        for _attempt in range(3):
            try:
                with rc_cursor(ctx.env) as cr:
                    answer = self._place_in(cr, ctx, body, quote, refreshed)
            except UniqueViolation:
                continue  # the same request ran beside us; its order is there now
            except _Beaten as beaten:
                if self._is_placed(ctx):
                    continue
                raise beaten.refusal from None
            if answer is not None:
                return answer
            skus = [item.sku_id for item in body.items]
            ctx.env["wx.sku.price"]._ensure_fresh(ctx.app_id, skus)
            refreshed = True
        raise WxError(
            "order.busy",
            self.env._("Please try again"),
            503,
            headers=[("Retry-After", "1")],
        )

    def _place_in(self, cr, ctx, body, quote, refreshed):
        """One attempt; ``None`` when prepared prices must be refreshed first.

        :param refreshed: a SKU without a prepared price is then really not on sale
        """
        checkout = ctx.env["wx.checkout.service"]
        row = checkout._read(cr, ctx, body, quote)
        if row["request_hash"]:
            return self._replay(cr, ctx, row["request_hash"], row["placed_id"])
        missing = len(row["prices"] or ()) < len(body.items)
        if row["stale"] or (not refreshed and missing):
            return None
        checkout._check_quote(ctx, body, quote, row["quote_used"])
        checkout._check_owned(row)
        lines, pricing, ask = checkout._price(cr, ctx, body, row, placing=True)
        self._take_no_return(body, lines)
        kind = checkout._delivery_kind(body, lines)
        self._check_delivery(kind, row, pricing)
        self._check_seen(pricing, body, quote)
        if row["unfolded"]:
            stock_sql.fold(cr, [line["product_id"] for line in lines])
        row["campaign"] = ctx.env["wx.price.hook"]._pools(ask, pricing)
        if not row["unfolded"]:
            self._check_stock(ctx, row, lines)
        try:
            order_id, answer = self._write(
                cr, ctx, body, quote, row, kind, lines, pricing
            )
        except WxError as refusal:
            raise _Beaten(refusal) from refusal
        ctx.env["wx.price.hook"]._taken(cr, order_id, ask, pricing)
        return answer

    def _is_placed(self, ctx) -> bool:
        """Whether the request's order is there: the same request took the pieces
        while this one waited for the rows of the stock."""
        with rc_cursor(ctx.env) as cr:
            cr.execute(
                "SELECT 1 FROM wx_order WHERE user_id = %s AND idempotency_key = %s",
                (ctx.user_id, ctx.idempotency_key),
            )
            return bool(cr.fetchone())

    def _replay(self, cr, ctx, known_hash, order_id):
        if known_hash != ctx.request_hash:
            raise WxError(
                "idempotency.conflict",
                self.env._("This Idempotency-Key was used for another request"),
                409,
            )
        cr.execute(_PLACED, (order_id,))
        names = [column.name for column in cr.description]
        return self._answer(dict(zip(names, cr.fetchone(), strict=True))).encode()

    def _take_no_return(self, body, lines):
        """Marks the lines whose exception from the seven-day rule the shopper confirms
        for this very purchase (消保条例 19); nothing is confirmed by default.

        :raises WxError: 422 ``after_sale.no_rule``
        """
        confirmed = set(body.no_return_sku_ids)
        wrong = set(confirmed)  # goods of another order, or with no exception
        for line in lines:
            marked = line["return_rule"] in return_rule.CONFIRMED
            line["no_return"] = marked and line["product_id"] in confirmed
            if marked:
                wrong.discard(line["product_id"])
        if wrong:
            raise WxError(
                "after_sale.no_rule",
                self.env._("These goods have no exception to confirm"),
                422,
                sku_ids=sorted(wrong),
            )

    def _check_delivery(self, kind, row, pricing):
        """Goods that are sent need an address, and one that we deliver to; those that
        are collected need a pickup point."""
        if kind == "express" and not row["address"]:
            raise WxError(
                "order.address_required",
                self.env._("Please choose a delivery address"),
                422,
            )
        if kind == "pickup" and not row["pickup_point"]:
            raise WxError(
                "order.pickup_point_required",
                self.env._("Please choose where to collect the order"),
                422,
            )
        if pricing.undeliverable:
            raise WxError(
                "order.out_of_area",
                self.env._("Some of the goods are not delivered to this address"),
                422,
                sku_ids=pricing.undeliverable,
            )

    def _check_seen(self, pricing, body, quote):
        """The amount the shopper saw is charged, or nothing."""
        amount = pricing.amount_fen
        seen = {body.expected_total_fen, quote and quote["m"]} - {None, amount}
        if seen:
            raise WxError(
                "order.price_changed",
                self.env._("The price has changed, please check again"),
                409,
                amount_fen=amount,
            )

    def _check_stock(self, ctx, row, lines):
        """Refuses what all pools together do not have, before anything is written or
        locked: most answers of a rush are these.

        :param row: ``sellable`` {SKU as text: pieces} of ``intake_sql.READ``, and
            ``campaign``: what comes from other stock
        :raises WxError: 409 ``stock.sold_out``
        """
        sellable, campaign = row["sellable"] or {}, row["campaign"]
        short = [
            line["product_id"]
            for line in lines
            if line["is_storable"]
            and line["sell_policy"] == "stock"
            and sellable.get(str(line["product_id"]), 0)
            < line["qty"] - sum(campaign.get(line["product_id"], {}).values())
        ]
        if short:
            raise ctx.env["wx.order.holding"]._sold_out(short)

    def _write(self, cr, ctx, body, quote, row, kind, lines, pricing):
        """``(order id, answer)``: order, lines, receiver and holds, or nothing."""
        now = fields.Datetime.now()
        expires = now + timedelta(minutes=row["order_timeout_minutes"])
        cr.execute(intake_sql.NEXT_ID)
        order_id = cr.fetchone()[0]
        number = order_number(order_id, now)
        holds = [
            line
            for line in lines
            if line["is_storable"] and line["sell_policy"] != "order"
        ]
        params = {
            "id": order_id,
            "name": number,
            "app": ctx.app_id,
            "company": ctx.company_id,
            "user": ctx.user_id,
            "goods": pricing.goods_fen,
            "discount": pricing.discount_fen,
            "freight": pricing.freight_fen,
            "amount": pricing.amount_fen,
            "snapshot": json.dumps(pricing.snapshot(), ensure_ascii=False),
            "delivery_kind": kind,
            "pickup_point": row["pickup_point"] if kind == "pickup" else None,
            "nonce": quote and quote["n"],
            "qty_total": sum(line["qty"] for line in lines),
            "remark": body.remark or None,
            "key": ctx.idempotency_key,
            "hash": ctx.request_hash,
            "answer": self._answer(
                {
                    "id": order_id,
                    "number": number,
                    "state": "unpaid",
                    "delivery": kind,
                    "goods_fen": pricing.goods_fen,
                    "discount_fen": pricing.discount_fen,
                    "freight_fen": pricing.freight_fen,
                    "amount_fen": pricing.amount_fen,
                    "expires_at": expires,
                    "items": lines,
                }
            ),
            "expires": expires,
            "now": now,
            "hold_skus": [line["product_id"] for line in holds],
            "hold_qtys": [line["qty"] for line in holds],
            "code_skus": [line["product_id"] for line in lines if line["has_codes"]],
            "code_qtys": [line["qty"] for line in lines if line["has_codes"]],
            "from_cart": body.from_cart,
            **self._columns(lines),
            **self._receiver(row["address"] if kind == "express" else None),
        }
        holding = ctx.env["wx.order.holding"]
        return order_id, holding._hold(
            cr, params, row["pools"], self._policies(holds), row["campaign"]
        )

    @staticmethod
    def _policies(holds):
        """``{SKU: (sell policy, limit)}`` of what is sold beyond the stock."""
        return {
            line["product_id"]: (line["sell_policy"], line["sell_limit"])
            for line in holds
            if line["sell_policy"] != "stock"
        }

    @staticmethod
    def _columns(lines):
        names = {
            "skus": "product_id",
            "listings": "listing_id",
            "titles": "title",
            "sku_texts": "sku_text",
            "images": "image",
            "prices": "price_fen",
            "list_prices": "list_price_fen",
            "qtys": "qty",
            "discounts": "discount_fen",
            "return_rules": "return_rule",
            "no_returns": "no_return",
        }
        return {key: [line[name] for line in lines] for key, name in names.items()}

    def _receiver(self, address):
        """Columns of the receiver's snapshot: the shopper's address under our key."""
        if not address:
            empty = ("province", "city", "district", "receiver", "phone", "detail")
            return {
                **dict.fromkeys((*empty, "phone_digest")),
                "has_address": False,
            }
        crypto = self.env["wx.crypto"]
        sealed = {}
        for name in _RECEIVER:
            clear = crypto._decrypt("wx.address", name, address[name])
            sealed[name] = crypto._encrypt("wx.order.address", name, clear)
        return {
            "has_address": True,
            "province": address["province"],
            "city": address["city"],
            "district": address["district"],
            "receiver": sealed["name"],
            "phone": sealed["phone"],
            "detail": sealed["detail"],
            "phone_digest": address["phone_digest"],
        }

    @staticmethod
    def _answer(order) -> str:
        """``OrderPlaced`` as JSON; ``items``: lines as ``serialize`` takes them."""
        return json.dumps(
            {
                **order,
                "expires_at": iso8601(order["expires_at"]),
                "items": [serialize(line) for line in order["items"]],
            },
            ensure_ascii=False,
        )


def encode_cursor(order_id) -> str:
    """Opaque cursor after an order id."""
    return base64.urlsafe_b64encode(str(order_id).encode()).decode().rstrip("=")


def decode_cursor(cursor):
    """Order id of a cursor; raises WxError 422 for one that we did not make."""
    try:
        padded = cursor + "=" * (-len(cursor) % 4)
        value = int(base64.urlsafe_b64decode(padded))
    except ValueError:
        value = 0
    if not 0 < value <= MAX_INT:
        raise WxError("request.invalid", "cursor", 422)
    return value


__all__ = ["BEIJING", "decode_cursor", "encode_cursor", "order_number"]
