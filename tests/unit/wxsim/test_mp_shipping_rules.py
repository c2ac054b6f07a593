"""Checks of a shipping upload and the states of an order."""

import copy

import pytest

from wxsim.mp import shipping_rules as rules
from wxsim.mp.errors import MpError

OPENID = "o" + "a" * 27
BODY = {
    "order_key": {"order_number_type": 2, "transaction_id": "4200000001"},
    "logistics_type": 1,
    "delivery_mode": 1,
    "shipping_list": [
        {
            "tracking_no": "YT1",
            "express_company": "YTO",
            "item_desc": "苹果*1",
        }
    ],
    "upload_time": "2026-01-01T10:00:00.120+08:00",
    "payer": {"openid": OPENID},
}


def body(**changes):
    fresh = copy.deepcopy(BODY)
    for key, value in changes.items():
        if value is None:
            fresh.pop(key)
        else:
            fresh[key] = value
    return fresh


def parcel(**changes):
    return {**BODY["shipping_list"][0], **changes}


def at(second):
    return f"2026-01-01T10:00:{second:02d}.000+08:00"


def upload(**changes):
    return rules.check_upload(body(**changes))


@pytest.mark.parametrize(
    "code,changes",
    [
        (268485194, {"order_key": {"order_number_type": 3}}),
        (268485194, {"order_key": None}),
        (268485195, {"order_key": {"order_number_type": 2}}),
        (268485196, {"order_key": {"order_number_type": 1, "out_trade_no": "A"}}),
        (268485197, {"order_key": {"order_number_type": 1, "mchid": "1"}}),
        (10060005, {"logistics_type": 5}),
        (268485224, {"delivery_mode": 3}),
        (10060006, {"delivery_mode": 2, "logistics_type": 2}),
        (10060007, {"delivery_mode": 2}),
        (268485228, {"shipping_list": [parcel(), parcel(tracking_no="YT2")]}),
        (268485228, {"shipping_list": []}),
        (10060024, {"shipping_list": [parcel()] * 16}),
        (268485226, {"shipping_list": [parcel(tracking_no="")]}),
        (268485227, {"shipping_list": [parcel(express_company="")]}),
        (10060025, {"shipping_list": [parcel(express_company="x" * 129)]}),
        (10060026, {"shipping_list": [parcel(tracking_no="x" * 129)]}),
        (10060008, {"shipping_list": [parcel(item_desc="")]}),
        (10060009, {"shipping_list": [parcel(item_desc="x" * 121)]}),
        (10060014, {"shipping_list": [parcel(express_company="SF")]}),
        (
            10060014,
            {"shipping_list": [parcel(contact={"receiver_contact": "18912341234"})]},
        ),
        (268485216, {"upload_time": "2026-01-01 10:00:00"}),
        (268485216, {"upload_time": "2026-13-01T10:00:00.000+08:00"}),
        (10060014, {"payer": {}}),
    ],
)
def test_listed_errors(code, changes):
    with pytest.raises(MpError) as caught:
        upload(**changes)
    assert caught.value.errcode == code


@pytest.mark.parametrize("phone", ["189****1234", "+86-177****1234", "021-****1234"])
def test_sf_with_masked_contact(phone):
    sf = parcel(express_company="SF", contact={"receiver_contact": phone})
    assert upload(shipping_list=[sf]).parcels[0]["contact"]


def test_virtual_needs_no_tracking_number():
    checked = upload(logistics_type=3, shipping_list=[{"item_desc": "卡密"}])
    assert checked.all_delivered


def code_of(shipment, checked, now=100, **options):
    with pytest.raises(MpError) as caught:
        shipment.ship(checked, now, False, **options)
    return caught.value.errcode


def test_ship_confirm_settle():
    shipment = rules.Shipment("4200000001")
    assert shipment.state(False) == rules.TO_SHIP
    assert shipment.ship(upload(), 100, False)
    assert shipment.state(False) == rules.SHIPPED
    assert shipment.due_at() == 100 + 10 * rules.DAY
    assert shipment.confirm(200, rules.BY_HAND, False)
    assert not shipment.confirm(300, rules.AUTOMATIC, False)
    assert shipment.state(False) == rules.CONFIRMED
    assert code_of(shipment, upload(upload_time=at(9))) == 10060004
    shipment.complaint = True
    assert shipment.state(False) == rules.WAITING
    shipment.settled_at = 300
    assert shipment.state(False) == rules.FINISHED
    assert shipment.state(True) == rules.REFUNDED


def test_one_reshipping():
    shipment = rules.Shipment("4200000001")
    shipment.ship(upload(), 100, False)
    assert code_of(shipment, upload(upload_time=at(5))) == 10060023
    assert code_of(shipment, upload()) == 10060014
    other = [parcel(tracking_no="YT9")]
    shipment.ship(upload(upload_time=at(6), shipping_list=other), 200, False)
    assert shipment.finished_count == 2
    third = [parcel(tracking_no="YT10")]
    assert code_of(shipment, upload(upload_time=at(7), shipping_list=third)) == 10060003


def split(second, numbers, done):
    return upload(
        delivery_mode=2,
        is_all_delivered=done,
        upload_time=at(second),
        shipping_list=[parcel(tracking_no=number) for number in numbers],
    )


@pytest.mark.parametrize("cumulative,expected", [(False, ["B"]), (True, ["A", "B"])])
def test_split_replaces_or_adds(cumulative, expected):
    shipment = rules.Shipment("4200000001")
    assert not shipment.ship(split(1, ["A"], False), 100, False, cumulative)
    assert shipment.state(False) == rules.TO_SHIP
    assert shipment.due_at() is None
    assert shipment.ship(split(2, ["B"], True), 200, False, cumulative)
    assert [p["tracking_no"] for p in shipment.parcels] == expected
    assert code_of(shipment, split(3, ["C"], False)) == 10060002


def test_change_of_way_is_the_reshipping():
    shipment = rules.Shipment("4200000001")
    shipment.ship(split(1, ["A"], False), 100, False)
    shipment.ship(upload(upload_time=at(2)), 200, False)
    assert shipment.reshipped
    again = [parcel(tracking_no="Z")]
    assert code_of(shipment, upload(upload_time=at(3), shipping_list=again)) == 10060003


def test_refunded_cannot_ship():
    with pytest.raises(MpError) as caught:
        rules.Shipment("4200000001").ship(upload(), 100, True)
    assert caught.value.errcode == 10060004


def test_reminder_once():
    def code(shipment, received):
        with pytest.raises(MpError) as caught:
            shipment.remind(received, False)
        return caught.value.errcode

    shipment = rules.Shipment("4200000001")
    assert code(shipment, 200) == 10060028
    shipment.ship(upload(), 100, False)
    assert code(shipment, 100) == 10060029
    shipment.remind(200, False)
    assert code(shipment, 200) == 10060030
    other = rules.Shipment("4200000002")
    other.ship(
        upload(logistics_type=4, shipping_list=[{"item_desc": "自提"}]), 100, False
    )
    assert other.due_at() == 100 + 2 * rules.DAY
    assert code(other, 200) == 10060032


def test_goods_are_cut_at_120():
    text = rules.join_goods(["苹果" * 40, "梨" * 60])
    assert len(text) == 120 and text.endswith("...")
