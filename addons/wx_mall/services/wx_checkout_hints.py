from datetime import timedelta

from odoo import api, fields, models

from odoo.addons.wx_base.tools import iso8601

from . import return_rule

#: the same goods again within this time look like a mistake
DUPLICATE = timedelta(minutes=10)
#: an unpaid order that closes within this time is worth a word
CLOSING = timedelta(minutes=10)

READ = """
SELECT (SELECT json_object_agg(c.product_id, c.price_fen) FROM wx_cart_line c
         WHERE c.user_id = %(user)s AND c.app_id = %(app)s
           AND c.product_id = ANY(%(skus)s) AND c.price_fen > 0),
       (SELECT json_build_object('order_id', o.id, 'order_number', o.name)
          FROM wx_order o
         WHERE o.user_id = %(user)s AND o.app_id = %(app)s
           AND o.create_date >= %(since)s AND o.intake_state IN ('unpaid', 'paid')
           AND (SELECT array_agg(ARRAY[l.product_id, l.qty] ORDER BY l.product_id)
                  FROM wx_order_line l WHERE l.order_id = o.id) = %(wanted)s::int[]
         ORDER BY o.id DESC LIMIT 1),
       (SELECT json_build_object('order_id', o.id, 'order_number', o.name,
                                 'expires_at', o.expires_at)
          FROM wx_order o
         WHERE o.user_id = %(user)s AND o.app_id = %(app)s
           AND o.intake_state = 'unpaid'
           AND o.expires_at BETWEEN %(now)s AND %(soon)s
         ORDER BY o.expires_at LIMIT 1)
"""


class WxCheckoutHints(models.AbstractModel):
    """What a shopper should know before ordering; nothing here refuses anything."""

    _name = "wx.checkout.hints"
    _description = "Hints on the confirmation of an order"

    @api.model
    def _hints(self, ctx, row, kind, address, lines, pricing) -> list:
        """Hints as ``schemas.checkout.Hint``, a fixed order, two SQL statements."""
        hints = []
        if kind == "express" and not address:
            hints.append(
                self._hint(
                    "address_required", self.env._("Please choose a delivery address")
                )
            )
        if kind == "pickup" and not row["pickup_point"]:
            message = self.env._("Please choose where to collect the order")
            hints.append(self._hint("pickup_point_required", message))
        hints += self._area_hints(pricing)
        hints += self._return_hints(lines)
        hints += self._stock_hints(ctx, row, lines)
        hints += self._presale_hints(ctx, lines)
        hints += self._order_hints(ctx, lines)
        return hints

    @staticmethod
    def _hint(code, message, sku_ids=(), **more):
        return {"code": code, "message": message, "sku_ids": list(sku_ids), **more}

    def _area_hints(self, pricing):
        """What is not sent to the address: the region, or a rule for these goods."""
        refused = set(pricing.undeliverable)
        restricted = {
            product_id
            for entry in pricing.freight
            if entry["kind"] in ("restricted", "excluded")
            for product_id in entry["product_ids"]
        } & refused
        if refused - restricted:
            yield self._hint(
                "out_of_area",
                self.env._("We do not deliver to this address"),
                sorted(refused - restricted),
            )
        if restricted:
            yield self._hint(
                "restricted",
                self.env._("These goods may not be sent to this address"),
                sorted(restricted),
            )

    def _return_hints(self, lines):
        """Exceptions from the seven-day rule are shown before the purchase (CR-02,
        CR-03)."""
        exempt = [
            line["product_id"]
            for line in lines
            if line["return_rule"] in return_rule.ABSOLUTE
        ]
        marked = [
            line["product_id"]
            for line in lines
            if line["return_rule"] in return_rule.CONFIRMED
        ]
        if exempt:
            message = self.env._("By law these goods cannot be returned without reason")
            yield self._hint("no_return", message, exempt)
        if marked:
            yield self._hint(
                "no_return_confirm",
                self.env._("Please confirm that these goods cannot be returned"),
                marked,
            )

    def _stock_hints(self, ctx, row, lines):
        low, campaign = row["low_stock"], row["campaign"]
        goods = [
            line
            for line in lines
            if line["has_codes"]
            or (line["is_storable"] and line["sell_policy"] == "stock")
        ]
        if not goods:
            return
        stock = ctx.env["wx.catalogue.service"]._sku_stock(
            ctx.app_id, [line["product_id"] for line in goods]
        )
        for line in goods:
            left = int(stock.get(line["product_id"], 0))
            need = line["qty"] - sum(campaign.get(line["product_id"], {}).values())
            if need <= 0:
                continue  # all of it comes from the stock of a campaign
            if left < need:
                message = self.env._("Not enough in stock")
                code = "sold_out"
            elif left <= low:
                message = self.env._("Only %(count)s left", count=left)
                code = "low_stock"
            else:
                continue
            yield self._hint(code, message, [line["product_id"]], in_stock=left)

    def _presale_hints(self, ctx, lines):
        """Goods that are sold without stock: until when they leave, or that the limit
        of such promises is reached."""
        loose = {
            line["product_id"]: line
            for line in lines
            if line["is_storable"] and line["sell_policy"] in ("incoming", "always")
        }
        if not loose:
            return
        found = ctx.env["wx.availability.service"]._of_skus(ctx.app_id, list(loose))
        for sku, line in loose.items():
            row = found.get(sku)
            if not row or row["in_stock"] >= line["qty"]:
                continue
            limit = row["sellable"] if row["policy"] == "always" else None
            if limit is not None and limit < line["qty"]:
                message = self.env._("Not enough in stock")
                yield self._hint("sold_out", message, [sku], in_stock=limit)
            else:
                day = self.env["wx.availability.service"]._day(row["leaves"])
                yield self._hint(
                    "presale",
                    self.env._("Ships until %(day)s", day=day),
                    [sku],
                    ships_on=day,
                )

    def _order_hints(self, ctx, lines):
        now = fields.Datetime.now()
        ctx.env.cr.execute(
            READ,
            {
                "user": ctx.user_id,
                "app": ctx.app_id,
                "skus": [line["product_id"] for line in lines],
                "wanted": [[line["product_id"], line["qty"]] for line in lines],
                "now": now,
                "since": now - DUPLICATE,
                "soon": now + CLOSING,
            },
        )
        added, duplicate, closing = ctx.env.cr.fetchone()
        for line in lines:
            was = (added or {}).get(str(line["product_id"]))
            if was and was != line["base_fen"]:
                yield self._hint(
                    "price_changed",
                    self.env._("The price has changed since you added it"),
                    [line["product_id"]],
                    was_fen=was,
                    now_fen=line["base_fen"],
                )
        if duplicate:
            yield self._hint(
                "duplicate_order",
                self.env._("You ordered the same a moment ago"),
                **duplicate,
            )
        if closing:
            expires = fields.Datetime.to_datetime(
                closing.pop("expires_at").replace("T", " ")[:19]
            )
            yield self._hint(
                "unpaid_order",
                self.env._("An order waits for payment and closes soon"),
                expires_at=iso8601(expires),
                **closing,
            )
