"""What it costs to send an order, and what cannot be sent. Pure Python, integer fen.

The document of a mini-program (``wx.freight.service._document``)::

    {"combine": "sum" | "highest_first", "default": "3" or None,
     "templates": {"3": {
         "name": "Standard", "charge": "piece" | "weight" | "volume",
         "rules": [{"first": 1000, "first_fen": 800, "next": 500, "next_fen": 200},
                   {"undeliverable": True}],
         "where": {"": 0, "新疆": 1, "广东/深圳": 0},
         "free": [{"condition": "amount", "scope": "template", "from_fen": 9900,
                   "from_qty": 0}],
         "free_where": {"": [0]}}},
     "restrictions": {"7": {"name": "Liquids", "mode": "not_to" | "only_to",
                            "where": ["新疆", "西藏"], "templates": ["3"] or None}},
     "products": {"55": {"restrictions": ["7"], "not_to": ["台湾"]}}}

Units: pieces, grams, cubic centimetres. Keys of places: ``pricing/regions.py``. Rules:

* **Region.** The most specific place wins: district, city, province, everywhere
  (``""``). A template without a rule for the place does not deliver there.
* **Fee.** ``first_fen`` for up to ``first`` units, then ``next_fen`` for each begun
  ``next`` units; ``next`` 0 means a flat fee.
* **Free.** The most specific place that has free rules decides; one fulfilled rule is
  enough. Conditions: ``amount``, ``pieces``, ``and``, ``or``, ``always``, ``never``;
  scope ``template`` counts the lines of this template, ``order`` those of all.
* **Several templates.** ``sum``: each is charged by itself. ``highest_first``: the
  one with the highest first fee is charged in full (the lower key on a tie), each other
  one for all its units at its further fee, never more than by itself.
* **Not sendable**: region without a rule, restricted goods, excluded products. Such
  lines are named and left out of the fee.
"""

from typing import NamedTuple

from .regions import region_keys

CHARGES = {"piece": "qty", "weight": "weight_g", "volume": "volume_cm3"}
_NOWHERE = {"undeliverable": True}


class FreightResult(NamedTuple):
    """``fen``: to pay; ``explanation``: one entry per template or refused product, see
    :func:`compute`; ``undeliverable``: product ids that cannot be sent there."""

    fen: int
    explanation: list
    undeliverable: list


def compute(document: dict, region, lines: list) -> FreightResult:
    """Freight of lines that are sent to one place.

    :param document: see the module
    :param region: ``(province, city, district)`` as the address has them, or None when
        not known yet: charged by the rule for everywhere, nothing counts as restricted
    :param lines: ``{product_id, template_key, qty, weight_g, volume_cm3, amount_fen}``;
        weight and volume of one piece, the amount of the whole line after discounts;
        ``template_key`` None or unknown: the default template. Only what is sent: no
        virtual goods, nothing to be picked up.
    :return: entries have ``kind`` (``charged``, ``free``, ``restricted``, ``excluded``,
        ``undeliverable``), ``product_ids``, ``name``, ``place`` and, for fees, ``fen``,
        ``charge``, ``units``, ``measures`` ({product id as text: units of a piece}),
        ``first``, ``first_fen``, ``next``, ``next_fen``, ``next_times``,
        ``first_charged``
    :raises ValueError: negative quantity, weight, volume or amount
    """
    keys = region_keys(*region) if region else ("",)
    groups, refused = {}, []
    total_fen = total_qty = 0
    for line in lines:
        measures = (line["qty"], line["weight_g"], line["volume_cm3"])
        if min(*measures, line["amount_fen"]) < 0:
            raise ValueError("quantity, weight, volume and amount are not negative")
        if not line["qty"]:
            continue
        total_fen += line["amount_fen"]
        total_qty += line["qty"]
        key = _template_key(document, line)
        reason = _refusal(document, keys, line, key) if region else None
        if reason:
            refused.append(reason)
        elif key is not None:
            groups.setdefault(key, []).append(line)
    order = {"fen": total_fen, "qty": total_qty}
    charged = []
    for key in sorted(groups, key=_numeric):
        entry = _charge(document["templates"][key], key, keys, groups[key], order)
        (refused if entry["kind"] == "undeliverable" else charged).append(entry)
    if document.get("combine") == "highest_first":
        _only_highest_first(charged)
    undeliverable = {product for entry in refused for product in entry["product_ids"]}
    refused.sort(key=lambda entry: entry["product_ids"])
    return FreightResult(
        sum(entry["fen"] for entry in charged), charged + refused, sorted(undeliverable)
    )


def _numeric(key):
    return (len(key), key)


def _template_key(document, line):
    """The line's template, else the default one, else None: nothing is charged."""
    templates = document["templates"]
    for key in (line["template_key"], document.get("default")):
        if key is not None and str(key) in templates:
            return str(key)
    return None


def _refusal(document, keys, line, template_key):
    """Why a product is not sent to the place, as an entry, or None."""
    rules = document.get("products", {}).get(str(line["product_id"]))
    if not rules:
        return None
    entry = {"product_ids": [line["product_id"]], "fen": 0}
    place = _covered(keys, rules.get("not_to", ()))
    if place is not None:
        return {"kind": "excluded", "name": None, "place": place, **entry}
    for key in rules.get("restrictions", ()):
        rule = document["restrictions"].get(str(key))
        if not rule:
            continue
        if rule["templates"] is not None and template_key not in rule["templates"]:
            continue
        place = _covered(keys, rule["where"])
        if (place is not None) == (rule["mode"] == "not_to"):
            return {
                "kind": "restricted",
                "name": rule["name"],
                "place": place if place is not None else keys[0],
                **entry,
            }
    return None


def _covered(keys, places):
    """The named place that contains ours, or None."""
    return next((key for key in keys if key in places), None)


def _charge(template, key, keys, lines, order):
    """The entry of one template: its fee by itself."""
    place = _covered(keys, template["where"])
    rule = _NOWHERE if place is None else template["rules"][template["where"][place]]
    entry = {
        "kind": "charged",
        "template": key,
        "name": template["name"],
        "place": keys[0] if place is None else place,
        "product_ids": sorted({line["product_id"] for line in lines}),
        "fen": 0,
    }
    if rule.get("undeliverable"):
        return {**entry, "kind": "undeliverable"}
    measure = CHARGES[template["charge"]]
    qty = sum(line["qty"] for line in lines)
    units = qty
    if measure != "qty":
        units = sum(line["qty"] * line[measure] for line in lines)
    times = _steps(units - rule["first"], rule["next"])
    entry.update(
        charge=template["charge"],
        units=units,
        measures=_measures(measure, lines),
        first=rule["first"],
        first_fen=rule["first_fen"],
        next=rule["next"],
        next_fen=rule["next_fen"],
        next_times=times,
        first_charged=True,
        fen=rule["first_fen"] + times * rule["next_fen"],
    )
    own = {"fen": sum(line["amount_fen"] for line in lines), "qty": qty}
    free = _free_rule(template, keys, {"template": own, "order": order})
    if free:
        entry.update(kind="free", fen=0, free=free)
    return entry


def _measures(measure, lines):
    """``{product id as text: units of one piece}``."""
    result = {}
    for line in sorted(lines, key=lambda line: (line["product_id"], line[measure])):
        result[str(line["product_id"])] = 1 if measure == "qty" else line[measure]
    return result


def _steps(units, step):
    """How many begun steps ``units`` are; none for a flat fee."""
    return -(-units // step) if units > 0 and step else 0


def _free_rule(template, keys, scopes):
    """The fulfilled free rule of the most specific place, or None."""
    where = template.get("free_where") or {}
    place = _covered(keys, where)
    if place is None:
        return None
    for index in where[place]:
        rule = template["free"][index]
        have = scopes[rule["scope"]]
        enough_fen = have["fen"] >= rule["from_fen"]
        enough_qty = have["qty"] >= rule["from_qty"]
        fulfilled = {
            "always": True,
            "never": False,
            "amount": enough_fen,
            "pieces": enough_qty,
            "and": enough_fen and enough_qty,
            "or": enough_fen or enough_qty,
        }
        if fulfilled[rule["condition"]]:
            return rule
    return None


def _only_highest_first(entries):
    """One first fee for the parcel: the highest; the others pay their further fees."""
    paying = [entry for entry in entries if entry["kind"] == "charged"]
    if len(paying) < 2:
        return
    leader = max(paying, key=lambda entry: entry["first_fen"])
    for entry in paying:
        if entry is leader:
            continue
        times = _steps(entry["units"], entry["next"])
        fen = times * entry["next_fen"]
        if fen < entry["fen"]:
            entry.update(fen=fen, next_times=times, first_charged=False)


def fen_of_rest(entries: list, sent: dict) -> int | None:
    """What an order's freight comes to when only a part of its goods is sent.

    By the rules of the day of the order, as its explanation keeps them; what was free
    stays free.

    :param entries: explanation of :func:`compute`, as stored with the order
    :param sent: ``{product id: pieces}`` that left or will leave
    :return: fen; None for entries that do not keep the measures of a piece
    """
    charged = []
    for entry in entries:
        pieces = {p: sent.get(p, 0) for p in entry.get("product_ids", ())}
        if entry["kind"] != "charged" or not any(pieces.values()):
            continue
        measures = entry.get("measures")
        if measures is None:
            return None
        units = sum(qty * measures[str(product)] for product, qty in pieces.items())
        times = _steps(units - entry["first"], entry["next"])
        fen = entry["first_fen"] + times * entry["next_fen"]
        charged.append({**entry, "units": units, "next_times": times, "fen": fen})
    if not all(entry.get("first_charged", True) for entry in entries):
        _only_highest_first(charged)
    return sum(entry["fen"] for entry in charged)
