import base64
import json
from datetime import timedelta

from psycopg2.errors import UniqueViolation

from odoo import api, fields, models

from odoo.addons.wx_base.http import WxError, not_found
from odoo.addons.wx_base.schemas.base import MAX_INT
from odoo.addons.wx_base.tools import BEIJING, iso8601, rc_cursor

from . import intake_sql, stock_sql

_RECEIVER = ("name", "phone", "detail")
_PERMUTE = 56_598_313  # coprime to 10**8: numbers do not tell how many orders there are


def order_number(order_id, now):
    """The number people read: Beijing date and eight digits, unique.

    :param order_id: id of the order; :param now: UTC, naive
    """
    day = (now + timedelta(hours=8)).strftime("%y%m%d")
    return f"{day}{order_id // 10**8 or ''}{order_id * _PERMUTE % 10**8:08d}"


class WxOrderService(models.AbstractModel):
    """Placing an order: one short READ COMMITTED transaction, a few statements."""

    _name = "wx.order.service"
    _description = "Mall order service"

    @api.model
    def _place(self, ctx, body) -> bytes:
        """Places an order and holds its stock; returns the JSON answer.

        Idempotent by (shopper, Idempotency-Key): the stored answer is given again.

        :raises WxError: 409 ``idempotency.conflict``, ``order.sku_unavailable``,
            ``order.price_changed``, ``stock.sold_out``; 404 for another's address;
            422 ``order.address_required``, ``order.amount``
        """
        qtys = {item.sku_id: item.qty for item in sorted(body.items, key=_by_sku)}
        refreshed = False
        for _attempt in range(3):
            try:
                with rc_cursor(ctx.env) as cr:
                    answer = self._place_in(cr, ctx, body, qtys, refreshed)
            except UniqueViolation:
                continue  # the same request ran beside us; its answer is stored now
            if answer is not None:
                return answer
            ctx.env["wx.sku.price"]._ensure_fresh(ctx.app_id, list(qtys))
            refreshed = True
        raise WxError(
            "order.busy",
            self.env._("Please try again"),
            503,
            headers=[("Retry-After", "1")],
        )

    def _place_in(self, cr, ctx, body, qtys, refreshed):
        """One attempt; ``None`` when prepared prices must be refreshed first.

        :param refreshed: a SKU without a prepared price is then really not on sale
        """
        now = fields.Datetime.now()
        cr.execute(
            intake_sql.READ,
            {
                "app": ctx.app_id,
                "user": ctx.user_id,
                "key": ctx.idempotency_key,
                "address": body.address_id,
                "skus": list(qtys),
                "now": now,
            },
        )
        (known_hash, known, address, minutes, pools, prices, unfolded, stale) = (
            cr.fetchone()
        )
        if known_hash:
            return self._replay(ctx, known_hash, known)
        if stale or (not refreshed and len(prices or ()) < len(qtys)):
            return None
        if body.address_id and not address:
            raise not_found()
        lines = self._priced(prices or [], qtys)
        amount = self._checked_amount(lines, body)
        self._check_address(lines, address)
        if unfolded:
            stock_sql.fold(cr, list(qtys))
        expires = now + timedelta(minutes=minutes)
        return self._write(cr, ctx, body, lines, amount, address, pools, now, expires)

    def _replay(self, ctx, known_hash, answer):
        if known_hash != ctx.request_hash:
            raise WxError(
                "idempotency.conflict",
                self.env._("This Idempotency-Key was used for another request"),
                409,
            )
        return answer.encode()

    def _priced(self, prices, qtys):
        """Lines in SKU order with their unit prices; refuses what is not on sale."""
        found = {row["product_id"]: row for row in prices}
        missing = [sku for sku in qtys if sku not in found]
        if missing:
            raise WxError(
                "order.sku_unavailable",
                self.env._("Some of the goods are no longer on sale"),
                409,
                sku_ids=missing,
            )
        unit_fen = self.env["wx.sku.price"]._unit_fen
        lines = []
        for sku, qty in qtys.items():
            row = found[sku]
            row["qty"] = qty
            row["price_fen"] = unit_fen(row, qty)
            lines.append(row)
        return lines

    def _checked_amount(self, lines, body):
        """Total in fen, within what WeChat and an int4 can carry, and as expected."""
        amount = sum(line["price_fen"] * line["qty"] for line in lines)
        if not 0 < amount <= MAX_INT:
            raise WxError(
                "order.amount",
                self.env._("The amount of the order is out of bounds"),
                422,
                amount_fen=amount,
            )
        expected = body.expected_total_fen
        if expected is not None and expected != amount:
            raise WxError(
                "order.price_changed",
                self.env._("The price has changed, please check again"),
                409,
                amount_fen=amount,
            )
        return amount

    def _check_address(self, lines, address):
        if not address and any(line["is_storable"] for line in lines):
            raise WxError(
                "order.address_required",
                self.env._("Please choose a delivery address"),
                422,
            )

    def _write(self, cr, ctx, body, lines, amount, address, pools, now, expires):
        """The second statement: holds, order, lines and receiver, or nothing."""
        cr.execute(intake_sql.NEXT_ID)
        order_id = cr.fetchone()[0]
        number = order_number(order_id, now)
        answer = self._answer(order_id, number, amount, expires, lines)
        holds = [line for line in lines if line["is_storable"]]
        params = {
            "id": order_id,
            "name": number,
            "app": ctx.app_id,
            "company": ctx.company_id,
            "user": ctx.user_id,
            "goods": amount,
            "discount": 0,
            "freight": 0,
            "amount": amount,
            "snapshot": None,
            "delivery_kind": "express" if address else "none",
            "discounts": [0] * len(lines),
            "qty_total": sum(line["qty"] for line in lines),
            "remark": body.remark or None,
            "key": ctx.idempotency_key,
            "hash": ctx.request_hash,
            "answer": answer,
            "expires": expires,
            "now": now,
            "hold_skus": [line["product_id"] for line in holds],
            "hold_qtys": [line["qty"] for line in holds],
            "from_cart": body.from_cart,
            **self._columns(lines),
            **self._receiver(address),
        }
        return ctx.env["wx.order.holding"]._hold(cr, params, pools or [None])

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
    def _answer(order_id, number, amount, expires, lines):
        return json.dumps(
            {
                "id": order_id,
                "number": number,
                "state": "unpaid",
                "amount_fen": amount,
                "expires_at": iso8601(expires),
                "items": [
                    {
                        "sku_id": line["product_id"],
                        "listing_id": line["listing_id"],
                        "title": line["title"],
                        "sku_text": line["sku_text"] or "",
                        "image": line["image"],
                        "price_fen": line["price_fen"],
                        "list_price_fen": line["list_price_fen"],
                        "qty": line["qty"],
                        "amount_fen": line["price_fen"] * line["qty"],
                    }
                    for line in lines
                ],
            },
            ensure_ascii=False,
        )


def _by_sku(item):
    return item.sku_id


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
