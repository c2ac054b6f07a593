"""Content checks, codes, templates and customer service over HTTP."""

import io
import json

import pytest
from PIL import Image

pytest_plugins = ("mp_support",)


# -- content security --------------------------------------------------------------
def check(mp, user_openid, **changes):
    body = {
        "content": "好吃",
        "version": 2,
        "scene": 2,
        "openid": user_openid,
        **changes,
    }
    return mp.post("/wxa/msg_sec_check", body)


def test_text_verdicts(mp):
    _uid, openid = mp.user()
    answer = check(mp, openid)
    assert answer["errcode"] == 0 and answer["trace_id"].count("-") == 2
    assert answer["result"] == {"suggest": "pass", "label": 100}
    answer = check(mp, openid, title="加我微信")
    assert answer["result"] == {"suggest": "risky", "label": 10001}
    assert {d["strategy"] for d in answer["detail"]} == {"content_model", "keyword"}
    mp.ctl("/_ctl/settings", mp_review_words="苹果，梨")
    answer = check(mp, openid, content="一个梨")
    assert answer["result"] == {"suggest": "review", "label": 21000}


@pytest.mark.parametrize(
    "changes,code",
    [
        ({"content": ""}, 47001),
        ({"content": 5}, 47001),
        ({"version": 3}, 40097),
        ({"scene": 5}, 40129),
        ({"openid": "o" * 28}, 40003),
        ({"openid": None}, 40003),
        ({"content": "字" * 2501}, 45002),
    ],
)
def test_text_refusals(mp, changes, code):
    _uid, openid = mp.user()
    assert check(mp, openid, **changes)["errcode"] == code


def test_visit_of_two_hours(mp):
    uid, openid = mp.user()
    other = mp.another()
    assert check(other, openid)["errcode"] == 43104
    mp.advance(7201)
    assert check(mp, openid)["errcode"] == 61010
    mp.ctl(f"/_ctl/users/{uid}/visit", appid=mp.appid)
    assert check(mp, openid)["errcode"] == 0


def test_risk_rank(mp):
    uid, openid = mp.user()
    body = {"appid": mp.appid, "openid": openid, "scene": 1, "client_ip": "127.0.0.1"}
    assert mp.post("/wxa/getuserriskrank", body)["risk_rank"] == 0
    mp.ctl(f"/_ctl/users/{uid}", high_risk=True)
    assert mp.post("/wxa/getuserriskrank", body)["risk_rank"] == 4


# -- codes -------------------------------------------------------------------------
CODE = "/wxa/getwxacodeunlimit"


def picture(mp, **body):
    token = mp.token()
    path = f"{CODE}?access_token={token}"
    _status, headers, data = mp.http("POST", path, {"scene": "a=1", **body})
    return headers, data


def test_code_pictures(mp):
    headers, data = picture(mp)
    image = Image.open(io.BytesIO(data))
    assert (image.format, image.width) == ("PNG", 430)
    assert headers["X-Sim-Unsure"] == "3.1"
    headers, data = picture(
        mp, width=280, is_hyaline=True, line_color={"r": "200", "g": 0, "b": 0}
    )
    image = Image.open(io.BytesIO(data))
    assert (image.width, image.mode) == (280, "RGBA")
    assert image.getpixel((0, 0))[3] == 0 and "X-Sim-Unsure" not in headers
    mp.ctl("/_ctl/settings", unsure={"wxacode_format": "jpeg"})
    headers, data = picture(mp)
    assert headers["Content-Type"] == "image/jpeg" and data[:2] == b"\xff\xd8"


@pytest.mark.parametrize(
    "body,code",
    [
        ({"scene": ""}, 40169),
        ({"scene": "x" * 33}, 40169),
        ({"scene": "a%20b"}, 40169),
        ({"scene": "汉"}, 40169),
        ({"scene": "scancode_time=1"}, 85096),
        ({"page": "pages/none"}, 41030),
        ({"page": "/pages/index/index"}, 41030),
        ({"page": "pages/index/index?a=1"}, 41030),
        ({"env_version": "beta"}, 40097),
        ({"width": "430"}, 40097),
        ({"line_color": {"r": 1}}, 40097),
        ({"check_path": "no"}, 40097),
    ],
)
def test_code_refusals(mp, body, code):
    assert json.loads(picture(mp, **body)[1])["errcode"] == code


def test_unreleased_page_without_check(mp):
    assert picture(mp, page="pages/new", check_path=False)[1][:4] == b"\x89PNG"


def test_limited_codes_share_one_total(mp):
    mp.ctl("/_ctl/settings", mp_limited_codes=1)
    path = f"/wxa/getwxacode?access_token={mp.token()}"
    _status, headers, _data = mp.http("POST", path, {"path": "pages/a?b=1"})
    assert headers["Num-Used"] == "1"
    answer = mp.post("/cgi-bin/wxaapp/createwxaqrcode", {"path": "pages/a?b=1"})
    assert answer["errcode"] == 45029
    answer = mp.post("/cgi-bin/wxaapp/createwxaqrcode", {"path": "p" * 129})
    assert answer["errcode"] == 40159


# -- subscribe messages and templates --------------------------------------------
SEND = "/cgi-bin/message/subscribe/send"


def test_template_library(mp):
    token = mp.token()

    def get(name, **query):
        return mp.get(f"/wxaapi/newtmpl/{name}", access_token=token, **query)

    category = get("getcategory")["data"][0]["id"]
    titles = get("getpubtemplatetitles", ids=category, start=0, limit=2)
    assert len(titles["data"]) == 2 < titles["count"]
    tid = titles["data"][1]["tid"]
    words = get("getpubtemplatekeywords", tid=tid)["data"]
    assert {"kid", "name", "example", "rule"} == set(words[0])
    body = {"tid": str(tid), "kidList": [2, 1], "sceneDesc": "发货"}
    made = mp.post("/wxaapi/newtmpl/addtemplate", body)
    assert made["errcode"] == 0
    assert mp.post("/wxaapi/newtmpl/addtemplate", body)["errcode"] == 200022
    for changes, code in (
        ({"tid": "1"}, 200014),
        ({"kidList": [1]}, 200020),
        ({"kidList": [1, 99]}, 200020),
        ({"sceneDesc": "字" * 16}, 200021),
    ):
        answer = mp.post("/wxaapi/newtmpl/addtemplate", {**body, **changes})
        assert answer["errcode"] == code
    listed = get("gettemplate")["data"]
    assert [row["priTmplId"] for row in listed] == [made["priTmplId"]]
    assert listed[0]["content"].startswith("商品名称:{{thing2.DATA}}\n订单编号")
    gone = {"priTmplId": made["priTmplId"]}
    assert mp.post("/wxaapi/newtmpl/deltemplate", gone)["errcode"] == 0
    assert get("gettemplate")["data"] == []


@pytest.fixture
def subscribed(mp):
    """``(uid, body)``: a user with two credits and a good message."""
    template = mp.ctl(
        f"/_ctl/apps/{mp.appid}/templates",
        title="订单",
        content="金额:{{amount1.DATA}}\n状态:{{enum2.DATA}}\n",
        enums={"enum2": ["开", "关"]},
    )["priTmplId"]
    uid, openid = mp.user()
    for _number in range(2):
        mp.ctl(f"/_ctl/users/{uid}/subscribe", appid=mp.appid, template_ids=[template])
    data = {"amount1": {"value": "￥1.00"}, "enum2": {"value": "开"}}
    return uid, {"touser": openid, "template_id": template, "data": data}


def test_refused_sends_cost_nothing(mp, subscribed):
    _uid, body = subscribed
    data = body["data"]
    cases = [
        ({"touser": "o" + "x" * 27}, 40003, ""),
        ({"template_id": "x" * 43}, 40037, ""),
        ({"page": "pages/none?id=1"}, 41030, ""),
        ({"miniprogram_state": "beta"}, 47003, "miniprogram_state"),
        ({"data": {"amount1": data["amount1"]}}, 47003, "data.enum2.value"),
        ({"data": {**data, "enum2": {"value": "停"}}}, 47003, "data.enum2.value"),
        ({"data": {**data, "amount1": "￥1"}}, 47003, "data.amount1.value"),
        ({"data": []}, 47003, "data"),
    ]
    for changes, code, text in cases:
        answer = mp.post(SEND, {**body, **changes})
        assert answer["errcode"] == code and text in answer["errmsg"], changes
    assert mp.post(SEND, {**body, "page": "pages/index/index?id=7"})["errcode"] == 0
    mp.ctl("/_ctl/settings", unsure={"subscribe_send_msgid": True})
    assert mp.post(SEND, body)["msgid"] > 2**53
    assert mp.post(SEND, body)["errcode"] == 43101


def test_banned_template(mp, subscribed):
    uid, body = subscribed
    mp.ctl(
        f"/_ctl/apps/{mp.appid}/templates",
        title="订单",
        content="金额:{{amount1.DATA}}\n",
        template_id=body["template_id"],
        banned=True,
    )
    assert mp.post(SEND, body)["errcode"] == 43107
    result = mp.ctl(
        f"/_ctl/users/{uid}/subscribe",
        appid=mp.appid,
        template_ids=[body["template_id"]],
    )
    assert result[body["template_id"]] == "ban"


# -- customer service ----------------------------------------------------------------
def test_typing(mp):
    uid, openid = mp.user()
    path = "/cgi-bin/message/custom/business/typing"
    body = {"touser": openid, "command": "Typing"}
    assert mp.post(path, {**body, "command": "x"})["errcode"] == 45072
    assert mp.post(path, body)["errcode"] == 45080
    mp.ctl(f"/_ctl/users/{uid}/message", appid=mp.appid, MsgType="text", Content="?")
    assert mp.post(path, body)["errcode"] == 0
    assert mp.post(path, body)["errcode"] == 45081
    old = "/cgi-bin/message/custom/typing"
    assert mp.post(old, {**body, "command": "CancelTyping"})["errcode"] == 0


def test_custom_send_forms(mp):
    uid, openid = mp.user()
    mp.ctl(f"/_ctl/users/{uid}/message", appid=mp.appid, MsgType="text", Content="?")
    path = "/cgi-bin/message/custom/send"
    good = {"title": "a", "description": "b", "url": "http://x/", "thumb_url": ""}
    for body, code in (
        ({"msgtype": "link", "link": good}, 0),
        ({"msgtype": "link", "link": {"title": "a"}}, 40097),
        ({"msgtype": "text"}, 47001),
        ({"msgtype": "text", "text": {"content": "字" * 700}}, 45002),
        ({"msgtype": "image", "image": {"media_id": "x"}}, 40007),
        ({"msgtype": "music", "music": {}}, 40008),
    ):
        assert mp.post(path, {"touser": openid, **body})["errcode"] == code, body


def test_media_upload_refusals(mp):
    token = mp.token()

    def upload(kind, content, boundary="b"):
        body = (
            b'--b\r\nContent-Disposition: form-data; name="media"; filename="a.png"\r\n'
            b"Content-Type: image/png\r\n\r\n"
        ) + content
        headers = {"Content-Type": f"multipart/form-data; boundary={boundary}"}
        path = f"/cgi-bin/media/upload?access_token={token}&type={kind}"
        return json.loads(mp.http("POST", path, body + b"\r\n--b--\r\n", headers)[2])

    assert upload("image", b"\x89PNG....")["type"] == "image"
    assert upload("music", b"x")["errcode"] == 40004
    assert upload("image", b"text")["errcode"] == 40005
    assert upload("thumb", b"\x89PNG" + b"x" * 70_000)["errcode"] == 40009
    assert upload("image", b"")["errcode"] == 41005
    assert upload("image", b"\x89PNG", boundary="c")["errcode"] == 41005


def test_control_refusals(mp):
    def status(path, body):
        code, _headers, data = mp.http("POST", path, body)
        assert "error" in json.loads(data)
        return code

    assert status("/_ctl/apps", {"appid": "nope"}) == 400
    assert status("/_ctl/apps", {"push_url": "ftp://x"}) == 400
    assert status("/_ctl/apps", {"push_aes_key": "short"}) == 400
    assert status("/_ctl/apps", {"push_mode": "loud"}) == 400
    assert status("/_ctl/apps", {"colour": 1}) == 400
    assert status("/_ctl/users", {"count": 0}) == 400
    assert status("/_ctl/users/99/login_code", {"appid": mp.appid}) == 404
    uid, _openid = mp.user()
    assert status(f"/_ctl/users/{uid}/login_code", {"appid": "wx"}) == 404
    assert status(f"/_ctl/apps/{mp.appid}/push", {"Event": "x"}) == 400
    path = f"/_ctl/apps/{mp.appid}/templates"
    assert status(path, {"title": "t", "content": "{{foo1.DATA}}"}) == 400
    made = mp.ctl("/_ctl/users", count=3)["users"]
    assert len({user["unionid"] for user in made}) == 3
