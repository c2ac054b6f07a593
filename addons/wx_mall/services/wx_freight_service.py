from odoo import api, models

from odoo.addons.wx_base.http import WxError
from odoo.addons.wx_base.money import to_yuan

from ..pricing import freight
from ..pricing.calculator import unit_fen
from . import freight_sql

#: {(database, app id): (version, document)} of this worker
_DOCUMENTS = {}


class WxFreightService(models.AbstractModel):
    """Freight of a mini-program: the prepared document, and what is read off it."""

    _name = "wx.freight.service"
    _description = "Freight"

    @api.model
    def _document(self, cr, app_id, version=None) -> dict:
        """The document of ``pricing/freight.py``, by SQL only.

        Cached in the worker by ``wx_app.freight_version``, which no two states share.

        :param cr: the cursor that reads, of any isolation level
        :param version: the version when the caller has read it already; saves a query
        """
        if version is None:
            cr.execute(freight_sql.VERSION, [app_id])
            row = cr.fetchone()
            version = row[0] if row else None
        key = (cr.dbname, app_id)
        found = _DOCUMENTS.get(key)
        if found and found[0] == version:
            return found[1]
        document = self._read(cr, app_id)
        _DOCUMENTS[key] = (version, document)
        return document

    @api.model
    def _bump(self, companies=None):
        """Makes the documents of companies (None: all) new, for all workers."""
        self.env.flush_all()
        ids = companies.ids if companies else None
        self.env.cr.execute(freight_sql.BUMP, {"companies": ids})
        self.env["wx.app"].invalidate_model(["freight_version"])

    def _read(self, cr, app_id):
        cr.execute(freight_sql.APP, [app_id])
        company_id, combine, default = cr.fetchone() or (None, "sum", None)
        cr.execute(freight_sql.TEMPLATES, [company_id])
        templates = {str(row[0]): self._template(*row[1:]) for row in cr.fetchall()}
        cr.execute(freight_sql.RESTRICTIONS, [company_id])
        restrictions = {
            str(key): {
                "name": name,
                "mode": mode,
                "where": where or [],
                "templates": by,
            }
            for key, name, mode, where, by in cr.fetchall()
        }
        cr.execute(freight_sql.PRODUCTS, [company_id])
        products = {
            str(key): {"restrictions": kinds or [], "not_to": places or []}
            for key, kinds, places in cr.fetchall()
        }
        return {
            "combine": combine or "sum",
            "default": str(default) if default else None,
            "templates": templates,
            "restrictions": restrictions,
            "products": products,
        }

    def _template(self, name, charge_by, rules, free):
        where, free_where, fees = {}, {}, []
        for index, rule in enumerate(rules or ()):
            for place in rule.pop("regions") or [""]:
                where.setdefault(place, index)
            fees.append(rule if rule.pop("delivers") else {"undeliverable": True})
        for index, rule in enumerate(free or ()):
            for place in rule.pop("regions") or [""]:
                free_where.setdefault(place, []).append(index)
        return {
            "name": name,
            "charge": charge_by,
            "rules": fees,
            "where": where,
            "free": free or [],
            "free_where": free_where,
        }

    @api.model
    def _facts(self, cr, app_id, product_ids) -> dict:
        """``{product id: row}`` of ``freight_sql.FACTS``."""
        cr.execute(freight_sql.FACTS, [app_id, list(product_ids)])
        return {row["product_id"]: row for row in cr.dictfetchall()}

    @api.model
    def _compute(self, cr, app_id, region, wanted, template_id=None):
        """Freight of goods; services and virtual goods among them cost nothing.

        :param region: (province, city, district) or None
        :param wanted: ``[(product id, quantity, amount in fen)]``
        :param template_id: instead of the products' own templates
        :return: ``pricing.freight.FreightResult``
        """
        facts = self._facts(cr, app_id, [entry[0] for entry in wanted])
        own = {"template_key": template_id} if template_id else {}
        lines = [
            {**facts[product_id], **own, "qty": qty, "amount_fen": fen}
            for product_id, qty, fen in wanted
            if self._is_sent(facts[product_id])
        ]
        return freight.compute(self._document(cr, app_id), region, lines)

    def _is_sent(self, facts) -> bool:
        """Hook: whether a SKU travels in a parcel."""
        return facts["is_goods"]

    # -- for people ----------------------------------------------------------------
    @api.model
    def _estimate(self, ctx, body) -> dict:
        """Freight of SKUs at today's prices.

        :raises WxError: 409 ``order.sku_unavailable``
        """
        qtys = {item.sku_id: item.qty for item in body.items}
        rows = ctx.env["wx.sku.price"]._fresh_rows(ctx.app_id, list(qtys))
        missing = [sku for sku in qtys if not rows.get(sku, {}).get("on_sale")]
        if missing:
            raise WxError(
                "order.sku_unavailable",
                self.env._("Some of the goods are no longer on sale"),
                409,
                sku_ids=missing,
            )
        wanted = [
            (sku, qty, unit_fen(rows[sku], qty) * qty) for sku, qty in qtys.items()
        ]
        place = (body.region.province, body.region.city, body.region.district)
        result = self._compute(ctx.env.cr, ctx.app_id, place, wanted)
        return {
            "freight_fen": result.fen,
            "deliverable": not result.undeliverable,
            "undeliverable_sku_ids": result.undeliverable,
            "explanation": [
                {
                    "kind": entry["kind"],
                    "text": text,
                    "fen": entry["fen"],
                    "sku_ids": entry["product_ids"],
                }
                for entry, text in self._explained(result.explanation)
            ],
        }

    @api.model
    def _explained(self, explanation) -> list:
        """``[(entry, sentence)]`` in the reader's language."""
        return [(entry, self._sentence(entry)) for entry in explanation]

    def _sentence(self, entry):
        place = (entry.get("place") or "").replace("/", " ") or self.env._("everywhere")
        kind = entry["kind"]
        if kind == "undeliverable":
            return self.env._(
                "%(name)s: not delivered to %(place)s", **self._of(entry, place)
            )
        if kind == "restricted":
            return self.env._(
                "%(name)s: not sent to %(place)s", **self._of(entry, place)
            )
        if kind == "excluded":
            return self.env._("This product is not sent to %(place)s", place=place)
        if kind == "free":
            return self.env._("%(name)s: free delivery", name=entry["name"])
        if kind != "charged":
            return entry.get("title") or entry.get("name") or kind
        parts = []
        if entry["first_charged"]:
            parts.append(
                self.env._(
                    "first %(units)s for ¥%(fee)s",
                    units=self._units(entry, entry["first"]),
                    fee=self._yuan(entry["first_fen"]),
                )
            )
        if entry["next_times"]:
            parts.append(
                self.env._(
                    "%(times)s × each further %(units)s for ¥%(fee)s",
                    times=entry["next_times"],
                    units=self._units(entry, entry["next"]),
                    fee=self._yuan(entry["next_fen"]),
                )
            )
        return self.env._(
            "%(name)s (%(place)s), %(units)s: %(parts)s",
            name=entry["name"],
            place=place,
            units=self._units(entry, entry["units"]),
            parts=" + ".join(parts) or "¥0.00",
        )

    @staticmethod
    def _of(entry, place):
        return {"name": entry["name"], "place": place}

    @staticmethod
    def _yuan(fen):
        return f"{to_yuan(fen):.2f}"

    def _units(self, entry, number):
        if entry["charge"] == "weight":
            return f"{number / 1000:g} kg"
        if entry["charge"] == "volume":
            return f"{number / 1000:g} L"
        return self.env._("%s pcs", number)
