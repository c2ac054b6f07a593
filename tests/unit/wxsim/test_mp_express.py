"""Express assistant and query component over HTTP, by the rules of the reference."""

import base64

import pytest

pytest_plugins = ("mp_support",)
ROOT = "/cgi-bin/express/business/"
MSG = "/cgi-bin/express/delivery/open_msg/"
PERSON = {
    "name": "王小明",
    "mobile": "13812345678",
    "province": "浙江省",
    "city": "杭州市",
    "area": "西湖区",
    "address": "文三路 1 号",
}


class Desk:
    """An app with a bound ZTO contract and a buyer."""

    def __init__(self, mp):
        self.mp = mp
        self.uid, self.openid = mp.user()
        assert mp.post(ROOT + "account/bind", self.account())["errcode"] == 0

    @staticmethod
    def account(**changes):
        return {"type": "bind", "delivery_id": "ZTO", "biz_id": "Z1", **changes}

    def body(self, order_id="A1", **changes):
        """A body of order/add that the assistant takes."""
        return {
            "add_source": 0,
            "order_id": order_id,
            "openid": self.openid,
            "delivery_id": "ZTO",
            "biz_id": "Z1",
            "sender": PERSON,
            "receiver": PERSON,
            "cargo": {
                "count": 1,
                "weight": 1.5,
                "space_x": 0,
                "space_y": 0,
                "space_z": 0,
                "detail_list": [{"name": "杯", "count": 1}],
            },
            "shop": {
                "wxa_path": "/pages/order",
                "img_url": "https://x/1.png",
                "goods_name": "杯",
                "goods_count": 1,
            },
            "insured": {"use_insured": 0, "insured_value": 0},
            "service": {"service_type": 0, "service_name": "标准快件"},
            **changes,
        }

    def add(self, *args, **changes):
        return self.mp.post(ROOT + "order/add", self.body(*args, **changes))

    def key(self, made, **changes):
        return {
            "order_id": made["order_id"],
            "openid": self.openid,
            "delivery_id": "ZTO",
            "waybill_id": made["waybill_id"],
            **changes,
        }


@pytest.fixture
def desk(mp):
    return Desk(mp)


def get(mp, path):
    return mp.get(ROOT + path, access_token=mp.token())


def test_accounts(desk):
    mp = desk.mp
    found = get(mp, "account/getall")
    assert "errcode" not in found
    assert found["count"] == 1
    assert found["list"][0]["status_code"] == 0
    assert found["list"][0]["service_type"][0]["service_name"] == "标准快件"
    wrong = desk.account(biz_id="Z2", password="wrong")
    assert mp.post(ROOT + "account/bind", wrong)["errcode"] == 9300531
    strange = desk.account(delivery_id="YD")
    assert mp.post(ROOT + "account/bind", strange)["errcode"] == 9300503, "own ids"
    gone = desk.account(type="unbind")
    assert mp.post(ROOT + "account/bind", gone)["errcode"] == 0
    assert mp.post(ROOT + "account/bind", gone)["errcode"] == 9300525
    assert desk.add()["errcode"] == 9300525
    carriers = {row["delivery_id"]: row for row in get(mp, "delivery/getall")["data"]}
    assert carriers["SF"]["cash_biz_id"] == "SF_CASH"
    assert "YUNDA" in carriers
    assert "YD" not in carriers


def test_waybill(desk):
    mp = desk.mp
    made = desk.add()
    assert "errcode" not in made
    assert made["waybill_id"].startswith("ZTO")
    assert made["waybill_data"]
    assert desk.add()["waybill_id"] == made["waybill_id"], "repeated"
    two = mp.post(ROOT + "order/get", desk.key(made, print_type=0))
    html = base64.b64decode(two["print_html"]).decode()
    assert html.count(made["waybill_id"]) == 2
    assert "文三路" in html
    assert two["order_status"] == 0
    one = mp.post(ROOT + "order/get", desk.key(made, print_type=1))
    assert base64.b64decode(one["print_html"]).decode().count("<section>") == 1
    quota = mp.post(ROOT + "quota/get", {"delivery_id": "ZTO", "biz_id": "Z1"})
    assert quota["quota_num"] == 999
    rows = mp.post(
        ROOT + "order/batchget",
        {"order_list": [desk.key(made), {"order_id": "no", "delivery_id": "ZTO"}]},
    )["order_list"]
    assert [row["errcode"] for row in rows] == [0, 40199]
    foreign = mp.another()
    assert foreign.post(ROOT + "order/get", desk.key(made))["errcode"] == 40199


def test_cancel(desk):
    mp = desk.mp
    made = desk.add()
    other = mp.user()[1]
    wrong = desk.key(made, openid=other)
    assert mp.post(ROOT + "order/cancel", wrong)["errcode"] == 9300534
    done = mp.post(ROOT + "order/cancel", desk.key(made))
    assert done["delivery_resultcode"] == 0
    assert mp.post(ROOT + "order/get", desk.key(made))["order_status"] == 1
    again = desk.add()
    assert again["waybill_id"] != made["waybill_id"]
    mp.ctl(f"/_ctl/parcels/{again['waybill_id']}/move", action_type=100001)
    refused = mp.post(ROOT + "order/cancel", desk.key(again))
    assert refused["errcode"] == 9300501
    assert refused["delivery_resultmsg"]


@pytest.mark.parametrize(
    ("changes", "code"),
    [
        ({"order_id": ""}, 9300526),
        ({"order_id": "汉" * 171}, 9300526),
        ({"delivery_id": "YD"}, 9300503),
        ({"biz_id": "other"}, 9300525),
        ({"openid": "o" * 28}, 40003),
        ({"receiver": {**PERSON, "mobile": ""}}, 9300526),
        ({"receiver": {**PERSON, "city": " "}}, 9300526),
        ({"service": {"service_type": 7, "service_name": "标准快件"}}, 9300510),
        ({"service": {"service_type": 0, "service_name": "别的"}}, 9300510),
        ({"shop": {"wxa_path": "/p", "goods_name": "", "goods_count": 1}}, 9300535),
        ({"add_source": 2}, 9300536),
        ({"custom_remark": "x" * 1025}, 9300526),
        ({"insured": None}, 9300526),
        ({"cargo": {"count": 0}}, 9300526),
    ],
)
def test_refused_bodies(desk, changes, code):
    assert desk.add(**changes)["errcode"] == code


def test_planted_refusal_is_used_once(desk):
    desk.mp.ctl(f"/_ctl/apps/{desk.mp.appid}/express_refusal", code=7, message="超区")
    refused = desk.add()
    assert refused["errcode"] == 9300501
    assert (refused["delivery_resultcode"], refused["delivery_resultmsg"]) == (
        7,
        "超区",
    )
    assert desk.add()["waybill_id"]


def test_track_and_event(desk, mp_receiver):
    mp = desk.mp
    mp.receive(mp_receiver, push_format="xml", push_mode="plain")
    made = desk.add()
    number = made["waybill_id"]
    mp.ctl(f"/_ctl/parcels/{number}/move", action_type=100001, action_time=1767225600)
    mp.ctl(f"/_ctl/parcels/{number}/move", action_type=200001, action_msg="已发出")
    track = mp.post(ROOT + "path/get", desk.key(made))
    assert track["path_item_num"] == 2
    assert track["path_item_list"][0] == {
        "action_time": 1767225600,
        "action_type": 100001,
        "action_msg": "揽件成功",
    }
    bodies = sorted(
        (
            body
            for _m, _q, body, _h in mp_receiver.wait(2)
            if "add_express_path" in body
        ),
        key=len,
    )
    assert bodies[1].count("<Actions>") == 2, "XML repeats the element"
    assert number in bodies[0]


def test_test_carrier_moves_itself(desk):
    mp = desk.mp
    made = desk.add(
        "T1",
        delivery_id="TEST",
        biz_id="test_biz_id",
        service={"service_type": 1, "service_name": "test"},
    )
    body = {
        "biz_id": "test_biz_id",
        "order_id": "T1",
        "delivery_id": "TEST",
        "waybill_id": made["waybill_id"],
        "action_time": 1767225600,
        "action_type": 100001,
        "action_msg": "揽件",
    }
    assert mp.post(ROOT + "test_update_order", body)["errcode"] == 0
    assert mp.post(ROOT + "test_update_order", {**body, "biz_id": "x"})["errcode"]
    key = desk.key(made, delivery_id="TEST")
    assert mp.post(ROOT + "path/get", key)["path_item_num"] == 1


def test_query_component(desk):
    mp = desk.mp
    now = mp.sim.clock.now()
    with mp.sim.store.write() as db:
        db.execute(
            "INSERT INTO trades (mchid, appid, out_trade_no, trade_type, description, "
            "notify_url, total_fen, openid, state, created, expires, fingerprint, "
            "transaction_id, success_time, request) VALUES ('1900000001',?,'W1',"
            "'JSAPI','杯','http://x/',1,?,'SUCCESS',?,?,'','420001',?,'')",
            (mp.appid, desk.openid, now, now, now),
        )
    body = {
        "openid": desk.openid,
        "waybill_id": "78001",
        "receiver_phone": "13812345678",
        "delivery_id": "ZTO",
        "trans_id": "420001",
        "order_detail_path": "pages/order",
        "goods_info": {
            "detail_list": [{"goods_name": "杯", "goods_img_url": "https://x/1.png"}]
        },
    }
    token = mp.post(MSG + "trace_waybill", body)["waybill_token"]
    assert mp.post(MSG + "trace_waybill", body)["waybill_token"] == token
    ask = {"waybill_token": token}
    assert mp.post(MSG + "query_trace", ask)["waybill_info"]["status"] == 0
    mp.ctl("/_ctl/parcels/78001/move", action_type=300002)
    assert mp.post(MSG + "query_trace", ask)["waybill_info"]["status"] == 3
    assert mp.post(MSG + "query_trace", {"waybill_token": "x"})["errcode"] == 9300507
    stranger = mp.user()[1]
    wrong = {**body, "openid": stranger}
    assert mp.post(MSG + "trace_waybill", wrong)["errcode"] == 9300534
    wrong = {**body, "delivery_id": "YUNDA"}
    assert mp.post(MSG + "trace_waybill", wrong)["errcode"] == 9300503
