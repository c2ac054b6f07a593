"""Tokens, login, phone numbers, quotas and the error shell over HTTP."""

import json
import re

import pytest
from wechatpy.crypto import WeChatWxaCrypto
from wechatpy.utils import check_wxa_signature

from wxsim.mp import opendata
from wxsim.server import Simulator

pytest_plugins = ("mp_support",)

RID = re.compile(r" rid: [0-9a-f]{8}-[0-9a-f]{8}-[0-9a-f]{8}\Z")


def classic(mp, **changes):
    query = {
        "grant_type": "client_credential",
        "appid": mp.appid,
        "secret": mp.app["secret"],
        **changes,
    }
    return mp.get("/cgi-bin/token", **{k: v for k, v in query.items() if v})


def code_with(mp, token):
    answer = mp.post("/cgi-bin/openapi/quota/get", {"cgi_path": "/x"}, token)
    return answer["errcode"]


VALID = 76021  # the token was good: the path asked for is not


def test_classic_replaces_after_five_minutes(mp):
    first = classic(mp)
    assert first["expires_in"] == 7200 and "errcode" not in first
    assert 136 <= len(first["access_token"]) <= 512
    second = classic(mp)
    assert second["access_token"] != first["access_token"]
    assert code_with(mp, first["access_token"]) == VALID
    mp.advance(299)
    assert code_with(mp, first["access_token"]) == VALID
    mp.advance(2)
    assert code_with(mp, first["access_token"]) == 40001
    assert code_with(mp, second["access_token"]) == VALID


def test_expired_is_not_unknown(mp):
    token = classic(mp)["access_token"]
    mp.advance(7201)
    assert code_with(mp, token) == 42001
    assert code_with(mp, "x" * 136) == 40001
    assert code_with(mp, "bad token!".replace(" ", "%20")) == 40014
    body = mp.http("POST", "/cgi-bin/clear_quota", {})[2]
    assert json.loads(body)["errcode"] == 41001
    mp.ctl("/_ctl/settings", unsure={"unknown_token_code": 40014})
    _status, headers, body = mp.http(
        "POST", f"/cgi-bin/clear_quota?access_token={'x' * 136}", {}
    )
    assert json.loads(body)["errcode"] == 40014
    assert headers["X-Sim-Unsure"] == "0"


def test_stable_keeps_then_overlaps(mp):
    first = mp.stable()
    mp.advance(100)
    again = mp.stable()
    assert again["access_token"] == first["access_token"]
    assert again["expires_in"] in (7099, 7100)
    mp.advance(7200 - 100 - 200)
    second = mp.stable()
    assert second["access_token"] != first["access_token"]
    assert code_with(mp, first["access_token"]) == VALID
    assert mp.stable()["access_token"] == second["access_token"]
    mp.advance(201)
    assert code_with(mp, first["access_token"]) == 42001


def test_families_do_not_touch_each_other(mp):
    stable = mp.token()
    for _number in range(3):
        classic(mp)
        mp.advance(301)
    assert code_with(mp, stable) == VALID
    token = classic(mp)["access_token"]
    mp.stable(force_refresh=True)
    assert code_with(mp, token) == VALID
    assert code_with(mp, stable) == 40001


def test_force_refresh_rules(mp):
    first = mp.token()
    forced = mp.stable(force_refresh=True)["access_token"]
    assert forced != first
    assert code_with(mp, first) == 40001
    assert mp.stable(force_refresh=True)["access_token"] == forced
    mp.ctl("/_ctl/clock", set="2026-06-01T08:00:00+08:00")
    tokens = set()
    for _number in range(25):
        tokens.add(mp.stable(force_refresh=True)["access_token"])
        mp.advance(31)
    assert len(tokens) == 20
    mp.ctl("/_ctl/clock", set="2026-06-02T00:00:01+08:00")
    assert mp.stable(force_refresh=True)["access_token"] not in tokens


@pytest.mark.parametrize(
    "changes,code",
    [
        ({"grant_type": "password"}, 40002),
        ({"appid": None}, 41002),
        ({"secret": None}, 41004),
        ({"appid": "wx0000000000000000"}, 40013),
        ({"secret": "0" * 32}, 40125),
    ],
)
def test_token_refusals(mp, changes, code):
    answer = classic(mp, **changes)
    assert answer["errcode"] == code
    assert RID.search(answer["errmsg"])
    assert mp.stable(**{k: v or "" for k, v in changes.items()})["errcode"] == code


def test_ip_list_and_frozen_secret(mp):
    mp.ctl("/_ctl/apps", appid=mp.appid, ip_allow=["10.0.0.1"])
    answer = mp.stable()
    assert answer["errcode"] == 40164 and "127.0.0.1" in answer["errmsg"]
    mp.ctl("/_ctl/apps", appid=mp.appid, ip_allow=[], secret_frozen=True)
    assert classic(mp)["errcode"] == 40243


def test_methods_bodies_and_paths(mp):
    def code(method, path, body=None):
        status, _headers, data = mp.http(method, path, body)
        assert status == 200
        return json.loads(data)["errcode"]

    assert code("GET", "/cgi-bin/stable_token") == 43002
    assert code("POST", "/cgi-bin/token", b"") == 43001
    assert code("POST", "/cgi-bin/stable_token", b"") == 44002
    assert code("POST", "/cgi-bin/stable_token", b"{") == 47001
    assert code("POST", "/cgi-bin/stable_token", b"[]") == 47001
    assert mp.http("GET", "/cgi-bin/nothing")[0] == 404
    assert mp.http("GET", "/cgi-bin/token/")[0] == 404
    path = f"/wxaapi/newtmpl/gettemplate?access_token={mp.token()}"
    assert mp.http("POST", path, b"{}")[0] == 404


def test_escaped_text_and_strange_fields_are_seen(mp):
    path = f"/wxa/msg_sec_check?access_token={mp.token()}"
    escaped = json.dumps({"content": "苹果", "colour": 1}).encode()
    _status, headers, body = mp.http("POST", path, escaped)
    assert json.loads(body)["errcode"] == 47001
    assert "escaped" in headers["X-Sim-Warning"]
    mp.ctl("/_ctl/settings", mp_refuse_escapes=False)
    _status, headers, body = mp.http("POST", path, escaped)
    assert json.loads(body)["errcode"] == 0
    assert "unknown field colour" in headers["X-Sim-Warning"]
    tab = b'{"content":"a\\u000ab \\\\u4e2d"}'
    assert "X-Sim-Warning" not in mp.http("POST", path, tab)[1]


def test_planted_system_error(mp):
    mp.ctl("/_ctl/faults", kind="system_error", match={"path_prefix": "/cgi-bin"})
    assert mp.stable()["errcode"] == -1
    assert "access_token" in mp.stable()


def session(mp, code, **changes):
    query = {
        "appid": mp.appid,
        "secret": mp.app["secret"],
        "js_code": code,
        "grant_type": "authorization_code",
        **changes,
    }
    return mp.get("/sns/jscode2session", **{k: v for k, v in query.items() if v})


def login_code(mp, uid, appid=None):
    return mp.ctl(f"/_ctl/users/{uid}/login_code", appid=appid or mp.appid)["code"]


def test_login_codes(mp):
    uid, openid = mp.user()
    code = login_code(mp, uid)
    answer = session(mp, code)
    assert set(answer) == {"openid", "session_key", "unionid"}
    assert answer["openid"] == openid and len(openid) == 28 and openid[0] == "o"
    assert len(answer["session_key"]) == 24
    assert session(mp, code)["errcode"] == 40163
    late = login_code(mp, uid)
    mp.advance(301)
    assert session(mp, late)["errcode"] == 40029
    assert session(mp, "nonsense")["errcode"] == 40029
    assert session(mp, None)["errcode"] == 41008
    other = mp.ctl("/_ctl/apps", name="other", bound=False)
    foreign = login_code(mp, uid, other["appid"])
    assert session(mp, foreign)["errcode"] == 40029
    unbound = session(mp, foreign, appid=other["appid"], secret=other["secret"])
    assert "unionid" not in unbound and unbound["openid"] != openid
    mp.ctl(f"/_ctl/users/{uid}", high_risk=True)
    assert session(mp, login_code(mp, uid))["errcode"] == 40226


def test_session_keys(mp):
    uid, openid = mp.user()
    first = session(mp, login_code(mp, uid))["session_key"]
    second = session(mp, login_code(mp, uid))["session_key"]
    assert first != second
    mp.ctl("/_ctl/settings", unsure={"session_key_on_login": "keep"})
    assert session(mp, login_code(mp, uid))["session_key"] == second
    query = {
        "access_token": mp.token(),
        "openid": openid,
        "sig_method": "hmac_sha256",
        "signature": opendata.session_signature(second),
    }
    assert mp.get("/wxa/checksession", **query)["errcode"] == 0
    query["signature"] = opendata.session_signature(first)
    assert mp.get("/wxa/checksession", **query)["errcode"] == 87009
    query["sig_method"] = "md5"
    assert mp.get("/wxa/checksession", **query)["errcode"] == 87008
    query["sig_method"] = "hmac_sha256"
    query["signature"] = opendata.session_signature(second)
    fresh = mp.get("/wxa/resetusersessionkey", **query)["session_key"]
    assert fresh not in (first, second)


def test_open_data_opens_with_wechatpy(mp):
    uid, openid = mp.user(phone="13800138000")
    key = session(mp, login_code(mp, uid))["session_key"]
    data = mp.ctl(f"/_ctl/users/{uid}/open_data", appid=mp.appid)
    check_wxa_signature(key, data["rawData"], data["signature"])
    crypto = WeChatWxaCrypto(key, data["iv"], mp.appid)
    assert crypto.decrypt_message(data["encryptedData"])["openId"] == openid
    data = mp.ctl(f"/_ctl/users/{uid}/open_data", appid=mp.appid, kind="phone")
    crypto = WeChatWxaCrypto(key, data["iv"], mp.appid)
    phone = crypto.decrypt_message(data["encryptedData"])
    assert phone["purePhoneNumber"] == "13800138000"


def test_phone_codes(mp):
    path = "/wxa/business/getuserphonenumber"
    uid, _openid = mp.user(phone="13800138000")

    def code(person=uid, appid=mp.appid):
        return mp.ctl(f"/_ctl/users/{person}/phone_code", appid=appid)["code"]

    used = code()
    info = mp.post(path, {"code": used})["phone_info"]
    assert info["phoneNumber"] == info["purePhoneNumber"] == "13800138000"
    assert info["countryCode"] == "86"
    assert info["watermark"]["appid"] == mp.appid
    assert mp.post(path, {"code": used})["errcode"] == 40029
    assert mp.post(path, {"code": login_code(mp, uid)})["errcode"] == 40029
    late = code()
    mp.advance(301)
    assert mp.post(path, {"code": late})["errcode"] == 40029
    other = mp.ctl("/_ctl/apps", name="other")["appid"]
    assert mp.post(path, {"code": code(appid=other)})["errcode"] == 40013
    abroad, _openid = mp.user(phone="5551234", country="1")
    info = mp.post(path, {"code": code(abroad)})["phone_info"]
    assert info["phoneNumber"] == "+15551234"


def test_quota_and_rid(mp):
    path = "/wxa/msg_sec_check"
    mp.ctl(f"/_ctl/apps/{mp.appid}/quota", cgi_path=path, daily_limit=2)
    body = {"content": "好"}
    assert [mp.post(path, body)["errcode"] for _n in range(3)] == [0, 0, 45009]
    quota = mp.post("/cgi-bin/openapi/quota/get", {"cgi_path": path})
    assert quota["quota"] == {"daily_limit": 2, "used": 2, "remain": 0}
    assert quota["rate_limit"]["call_count"] == 4000
    for number in range(10):
        answer = mp.post("/cgi-bin/clear_quota", {"appid": mp.appid})
        assert answer["errcode"] == 0, number
    assert mp.post(path, body)["errcode"] == 0
    answer = mp.post("/cgi-bin/clear_quota", {"appid": mp.appid})
    assert answer["errcode"] == 48006
    query = f"?appid={mp.appid}&appsecret={mp.app['secret']}"
    answer = json.loads(mp.http("POST", f"/cgi-bin/clear_quota/v2{query}")[2])
    assert answer["errcode"] == 48006
    rid = answer["errmsg"].rpartition("rid: ")[2]
    found = mp.post("/cgi-bin/openapi/rid/get", {"rid": rid})["request"]
    assert "clear_quota/v2" in found["request_url"]
    other = mp.another()
    refused = other.post("/cgi-bin/openapi/rid/get", {"rid": rid})
    assert refused["errcode"] == 76003
    answer = mp.post("/cgi-bin/openapi/quota/clear", {"cgi_path": path})
    assert answer["errcode"] == 0
    mp.advance(86400 * 8)
    answer = mp.post("/cgi-bin/openapi/rid/get", {"rid": rid})
    assert answer["errcode"] == 76004


def test_state_survives_a_restart_and_is_seeded(tmp_path):
    from mp_support import Platform

    secrets = []
    for name in ("a", "b"):
        with Simulator(tmp_path / name, seed=3) as simulator:
            first = Platform(simulator)
            token = first.token()
            secrets.append((first.appid, first.app["secret"], token))
        with Simulator(tmp_path / name, seed=3) as simulator:
            answer = simulator.store.read
            with answer() as db:
                row = db.execute("SELECT appid FROM mp_tokens").fetchone()
            assert row["appid"] == first.appid
    assert secrets[0] == secrets[1]
