from datetime import datetime, timezone

from odoo import api, fields, models

from odoo.addons.wx_base import keys
from odoo.addons.wx_base.http import WxError, not_found
from odoo.addons.wx_base.schemas.base import MAX_INT
from odoo.addons.wx_base.tools import iso8601

from ..pricing import quote_token
from ..pricing.calculator import Item, calculate, unit_fen
from ..pricing.freight import compute as freight_of
from . import intake_sql
from .wx_price_hook import PriceAsk


class WxCheckoutService(models.AbstractModel):
    """From what a shopper asks for to an amount: shared by confirmation and order.

    Everything it needs of the shop comes from one statement (``intake_sql.READ``), the
    freight document from a cache, promotions through ``wx.price.hook``.
    """

    _name = "wx.checkout.service"
    _description = "Confirmation of an order"

    # reading --------------------------------------------------------------------
    @api.model
    def _read(self, cr, ctx, body, quote=None, default_address=False) -> dict:
        """The row of ``intake_sql.READ``.

        :param quote: payload of a quote token; brings the address when the body names
            none
        :param default_address: take the default address when none is named
        """
        address_id = body.address_id or (quote and quote["d"]) or None
        intake_sql.READ.execute(
            cr,
            {
                "app": ctx.app_id,
                "user": ctx.user_id,
                "key": ctx.idempotency_key,
                "address": address_id,
                "pickup_point": body.pickup_point_id,
                "default_address": default_address and not address_id,
                "nonce": quote and quote["n"],
                "skus": sorted(item.sku_id for item in body.items),
                "now": fields.Datetime.now(),
            },
        )
        row = cr.dictfetchone()
        row["address_id"] = address_id
        row["pickup_point_id"] = body.pickup_point_id
        return row

    @api.model
    def _check_owned(self, row):
        """404 for an address of somebody else, or a point of another shop."""
        for thing in ("address", "pickup_point"):
            if row[f"{thing}_id"] and not row[thing]:
                raise not_found()

    # pricing --------------------------------------------------------------------
    @api.model
    def _price(self, cr, ctx, body, row, placing):
        """``(lines, pricing)``: the rows of READ in SKU order with ``qty``, their
        fen and ``steps``, and the :class:`Pricing` behind them.

        :raises WxError: 409 ``order.sku_unavailable``; 422 ``order.amount``,
            ``order.coupon_unknown``, ``order.points_unavailable``
        """
        lines = self._lines(row["prices"] or [], body)
        ask = PriceAsk(
            ctx.user_id,
            ctx.app_id,
            ctx.company_id,
            {line["product_id"]: (line["qty"], line["price_fen"]) for line in lines},
            tuple(sorted(body.coupons)),
            body.points,
            placing,
        )
        facts = self.env["wx.price.hook"]._facts(cr, ask)
        self._check_chosen(ask, facts)
        pricing = calculate(
            [Item(line["product_id"], *ask.skus[line["product_id"]]) for line in lines],
            facts,
            self._freight(cr, ctx, body, row, lines),
        )
        for line, priced in zip(lines, pricing.lines, strict=True):
            line["goods_fen"] = priced.goods_fen
            line["discount_fen"] = priced.discount_fen
            line["amount_fen"] = priced.amount_fen
            line["steps"] = priced.steps
        self._check_amount(pricing)
        return lines, pricing, ask

    def _lines(self, prices, body):
        found = {row["product_id"]: row for row in prices}
        missing = sorted(i.sku_id for i in body.items if i.sku_id not in found)
        if missing:
            raise WxError(
                "order.sku_unavailable",
                self.env._("Some of the goods are no longer on sale"),
                409,
                sku_ids=missing,
            )
        lines = []
        for item in sorted(body.items, key=lambda item: item.sku_id):
            row = found[item.sku_id]
            row["qty"] = item.qty
            row["base_fen"] = row["price_fen"]
            row["price_fen"] = unit_fen(row, item.qty)
            lines.append(row)
        return lines

    def _check_chosen(self, ask, facts):
        """A coupon or points that no promotion answers for are refused, not ignored."""
        known = {fact.code for fact in facts}
        unknown = [code for code in ask.coupons if code not in known]
        if unknown:
            raise WxError(
                "order.coupon_unknown",
                self.env._("This coupon cannot be used"),
                422,
                coupons=unknown,
            )
        if ask.points and not any(fact.stage == "points" for fact in facts):
            raise WxError(
                "order.points_unavailable",
                self.env._("Points cannot be used here"),
                422,
            )

    def _check_amount(self, pricing):
        """Within what WeChat and an int4 can carry."""
        if not 0 < pricing.amount_fen <= MAX_INT or pricing.goods_fen > MAX_INT:
            raise WxError(
                "order.amount",
                self.env._("The amount of the order is out of bounds"),
                422,
                amount_fen=pricing.amount_fen,
            )

    # delivery -------------------------------------------------------------------
    @api.model
    def _delivery_kind(self, body, lines) -> str:
        """``none`` when nothing of the order is goods, else what was asked for."""
        if not any(line["is_goods"] for line in lines):
            return "none"
        return body.delivery

    def _freight(self, cr, ctx, body, row, lines):
        """Freight of what is sent, as :func:`calculate` asks for it, or None."""
        if self._delivery_kind(body, lines) != "express":
            return None
        goods = {line["product_id"]: line for line in lines if line["is_goods"]}
        document = self.env["wx.freight.service"]._document(
            cr, ctx.app_id, row["freight_version"]
        )
        address = row["address"]
        region = address and tuple(
            address[part] or "" for part in ("province", "city", "district")
        )

        def freight(priced):
            return freight_of(
                document,
                region,
                [
                    {
                        "product_id": line.product_id,
                        "template_key": goods[line.product_id]["freight_key"],
                        "qty": line.qty,
                        "weight_g": goods[line.product_id]["weight_g"],
                        "volume_cm3": goods[line.product_id]["volume_cm3"],
                        "amount_fen": line.amount_fen,
                    }
                    for line in priced
                    if line.product_id in goods
                ],
            )

        return freight

    def _freight_lines(self, explanation):
        """The explanation of the freight in sentences."""
        explained = self.env["wx.freight.service"]._explained(explanation)
        return [
            {
                "kind": entry["kind"],
                "text": text,
                "fen": entry["fen"],
                "sku_ids": entry.get("product_ids", []),
            }
            for entry, text in explained
        ]

    # quotes ---------------------------------------------------------------------
    @staticmethod
    def _about(body):
        """Digest of what a quote binds beside shopper, address and amount."""
        return quote_token.digest(
            sorted([item.sku_id, item.qty] for item in body.items),
            body.delivery,
            body.pickup_point_id,
            sorted(body.coupons),
            body.points,
        )

    @api.model
    def _read_quote(self, token):
        """Payload of a token that we signed, or None without one.

        :raises WxError: 422 ``quote.invalid``
        """
        if token is None:
            return None
        try:
            return quote_token.read(keys.ring(), token)
        except quote_token.QuoteError as exc:
            raise self._quote_refusal(exc.code) from None

    @api.model
    def _check_quote(self, ctx, body, quote, used):
        """The quote fits this order and was not used before.

        :raises WxError: 403 ``quote.foreign``; 409 ``quote.expired``, ``quote.used``;
            422 ``quote.mismatch``
        """
        if quote is None:
            return
        try:
            quote_token.check(
                quote,
                ctx.user_id,
                ctx.app_id,
                body.address_id,
                self._about(body),
                fields.Datetime.now().replace(tzinfo=timezone.utc).timestamp(),
            )
        except quote_token.QuoteError as exc:
            raise self._quote_refusal(exc.code) from None
        if used:
            raise self._quote_refusal("quote.used")

    def _quote_refusal(self, code):
        title, status = {
            "quote.invalid": (self.env._("This confirmation is not valid"), 422),
            "quote.foreign": (self.env._("This confirmation is not yours"), 403),
            "quote.mismatch": (
                self.env._("The order differs from what was confirmed"),
                422,
            ),
            "quote.expired": (self.env._("Please confirm the order again"), 409),
            "quote.used": (self.env._("This confirmation was already used"), 409),
        }[code]
        return WxError(code, title, status)

    @api.model
    def _quote(self, ctx, body) -> dict:
        """The confirmation page: priced lines, hints and the quote token.

        Without a token when an order cannot be placed so: no address yet, or goods
        that are not sent there.

        :raises WxError: what :meth:`_price` raises; 404 for another's address
        """
        ctx.env["wx.cart.service"]._freshen(ctx, [item.sku_id for item in body.items])
        cr = ctx.env.cr
        row = self._read(cr, ctx, body, default_address=True)
        self._check_owned(row)
        lines, pricing, ask = self._price(cr, ctx, body, row, placing=False)
        kind = self._delivery_kind(body, lines)
        address = row["address"] if kind == "express" else None
        row["campaign"] = ctx.env["wx.price.hook"]._pools(ask, pricing)
        hints = ctx.env["wx.checkout.hints"]._hints(
            ctx, row, kind, address, lines, pricing
        )
        token = expires = None
        if not any(hint["code"] in BLOCKING for hint in hints):
            token, expires = quote_token.make(
                keys.ring(),
                ctx.user_id,
                ctx.app_id,
                address and address["id"],
                self._about(body),
                pricing.amount_fen,
                fields.Datetime.now().replace(tzinfo=timezone.utc).timestamp(),
            )
        moment = expires and datetime.fromtimestamp(expires, timezone.utc)
        return {
            "items": [serialize(line, True) for line in lines],
            "delivery": kind,
            "address_id": address and address["id"],
            "pickup_point_id": row["pickup_point"] if kind == "pickup" else None,
            "goods_fen": pricing.goods_fen,
            "discount_fen": pricing.discount_fen,
            "freight_fen": pricing.freight_fen,
            "amount_fen": pricing.amount_fen,
            "discounts": pricing.applied,
            "freight": self._freight_lines(pricing.freight),
            "tax_note": self.env._("All prices include tax"),
            "hints": hints,
            **self.env["wx.price.hook"]._slots(ctx, ask, pricing),
            "quote_token": token,
            "expires_at": moment and iso8601(moment.replace(tzinfo=None)),
        }


#: hints with which an order would be refused whatever the shopper agrees to
BLOCKING = {"address_required", "out_of_area", "pickup_point_required", "restricted"}


def serialize(line, explained=False) -> dict:
    """One priced line as the API answers it."""
    result = {
        "sku_id": line["product_id"],
        "listing_id": line["listing_id"],
        "title": line["title"],
        "sku_text": line["sku_text"] or "",
        "image": line["image"],
        "price_fen": line["price_fen"],
        "list_price_fen": line["list_price_fen"],
        "qty": line["qty"],
        "discount_fen": line["discount_fen"],
        "amount_fen": line["amount_fen"],
    }
    if explained:
        result["explanation"] = line["steps"]
    return result
