"""Outcomes and payloads of shipping reports (addons/wx_mall/shipping)."""

import re
from pathlib import Path

import pytest
from shipping import outcomes, payload

ROOT = Path(__file__).resolve().parents[3]


@pytest.mark.parametrize(
    ("code", "kind", "verdict"),
    [
        (None, "error", outcomes.RETRY),
        (-1, "retry", outcomes.RETRY),
        (10060001, "retry", outcomes.RETRY),
        (10060012, "retry", outcomes.RETRY),
        (10060019, "retry", outcomes.RETRY),
        (10060002, "normal", outcomes.ASK),
        (10060003, "error", outcomes.ASK),
        (10060004, "error", outcomes.ASK),
        (10060023, "normal", outcomes.DONE),
        (10060014, "error", outcomes.STAFF),
        (10060026, "error", outcomes.STAFF),
        (268485226, "error", outcomes.STAFF),
        (268485228, "error", outcomes.DEFECT),
        (61004, "config", outcomes.SETTING),
        (85431, "retry", outcomes.RETRY),
        (40164, "config", outcomes.SETTING),
        (45009, "quota", outcomes.TOMORROW),
        (123456, "error", outcomes.STAFF),
    ],
)
def test_every_code_has_an_outcome(code, kind, verdict):
    assert outcomes.outcome(code, kind) == verdict


def test_the_documented_codes_of_uploads_are_in_the_table():
    reminder = {10060028, 10060029, 10060030, 10060032, 10060011}
    source = (ROOT / "wxsim/mp/errors.py").read_text()
    codes = re.findall(r"\b(1006\d{4}|2684851\d\d)\b", source)
    documented = {int(code) for code in codes}
    assert documented - reminder <= set(outcomes.OUTCOMES)


def theirs(state, *parcels, finished=True, count=1):
    rows = [
        {"tracking_no": n, "express_company": "ZTO", "upload_time": 1} for n in parcels
    ]
    return {
        "order_state": state,
        "shipping": {
            "shipping_list": rows,
            "finish_shipping": finished,
            "finish_shipping_count": count,
        }
        if parcels
        else {},
    }


ROWS = [{"tracking_no": "1", "express_company": "ZTO", "item_desc": "x"}]


@pytest.mark.parametrize(
    ("order", "word"),
    [
        (theirs(1), "open"),
        (theirs(2, "1"), "same"),
        (theirs(1, "1", finished=False), "open"),
        (theirs(2, "2"), "open"),
        (theirs(2, "2", count=2), "used"),
        (theirs(3, "2"), "confirmed"),
        (theirs(4, "1"), "same"),
        (theirs(6, "2"), "confirmed"),
        (theirs(5, "1"), "refunded"),
    ],
)
def test_what_wechat_has_decides(order, word):
    assert outcomes.after_asking(order, ROWS) == word


@pytest.mark.parametrize(
    ("kind", "parcels", "complete", "known", "mode"),
    [
        (payload.EXPRESS, 1, True, {}, payload.UNIFIED),
        (payload.EXPRESS, 2, True, {}, payload.SPLIT),
        (payload.EXPRESS, 1, False, {}, payload.SPLIT),
        (payload.EXPRESS, 1, True, {"kind": 1, "mode": 2}, payload.SPLIT),
        (payload.EXPRESS, 1, True, {"kind": 2, "mode": 1}, payload.UNIFIED),
        (payload.SAME_CITY, 1, True, {}, payload.UNIFIED),
        (payload.PICK_UP, 3, False, {}, payload.UNIFIED),
    ],
)
def test_mode(kind, parcels, complete, known, mode):
    assert payload.delivery_mode(kind, parcels, complete, known) == mode


def test_the_one_chance():
    assert not payload.uses_chance({}, 1, 1)
    assert not payload.uses_chance({"kind": 1, "mode": 2, "complete": False}, 1, 2)
    assert payload.uses_chance({"kind": 1, "mode": 2, "complete": True}, 1, 2)
    assert payload.uses_chance({"kind": 1, "mode": 2, "complete": False}, 1, 1)
    assert payload.uses_chance({"kind": 2, "mode": 1, "complete": False}, 1, 1)


def test_goods_text_is_cut():
    assert payload.goods_text([("杯", 2), ("Tea", 1)]) == "杯*2；Tea*1"
    long = payload.goods_text([("长" * 200, 1)])
    assert len(long) == 120
    assert long.endswith("…")


def test_combined_body():
    parcel = [{"tracking_no": "1", "express_company": "ZTO", "item_desc": "x"}]
    one = payload.build("42", "o1", payload.EXPRESS, payload.UNIFIED, parcel, True)
    two = payload.build("43", "o1", payload.EXPRESS, payload.SPLIT, parcel, False)
    body = payload.build_combined("99", [one, two])
    assert body["order_key"] == {"order_number_type": 2, "transaction_id": "99"}
    assert body["payer"] == {"openid": "o1"}
    assert [sub["order_key"]["transaction_id"] for sub in body["sub_orders"]] == [
        "42",
        "43",
    ]
    assert body["sub_orders"][1]["is_all_delivered"] is False
    assert all("payer" not in sub for sub in body["sub_orders"])
    other = payload.build("44", "o2", payload.VIRTUAL, payload.UNIFIED, parcel, True)
    for bodies in ([], [one, other]):
        with pytest.raises(ValueError):
            payload.build_combined("99", bodies)
