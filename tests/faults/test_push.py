"""Messages pushed by the open platform: genuine, repeated, forged, replayed.

Forged ones are made with ``wechatpy``'s own message crypto: another implementation than
the shop's and the simulator's.
"""

import hashlib
import json
import secrets
import time

import pytest
import requests
from wechatpy.crypto import WeChatCrypto

from tests.stack import together, until


@pytest.fixture(scope="module")
def app(shop):
    """The mini-program's push settings, as its owner sees them at WeChat."""
    return shop.sim.ctl("GET", f"/_ctl/apps/{shop.appid}")


def _signature(*parts):
    return hashlib.sha1("".join(sorted(parts)).encode()).hexdigest()


def _message(app, **changes):
    """``(query, body)`` of an encrypted event; ``changes`` spoil one thing."""
    stamp = str(changes.get("timestamp", int(time.time())))
    nonce = str(secrets.randbelow(10**9))
    token = changes.get("token", app["push_token"])
    event = {
        "ToUserName": app["original_id"],
        "FromUserName": "o-nobody",
        "CreateTime": int(time.time()),
        "MsgType": "event",
        "Event": changes.get("event", "user_enter_tempsession"),
        "SessionFrom": secrets.token_hex(8),
    }
    crypto = WeChatCrypto(
        token,
        changes.get("aes_key", app["push_aes_key"]),
        changes.get("appid", app["appid"]),
    )
    text = json.dumps(event, ensure_ascii=False)
    sealed = crypto.encrypt_message(text, nonce, stamp)
    encrypted = sealed.split("<Encrypt><![CDATA[")[1].split("]]>")[0]
    query = {
        "timestamp": stamp,
        "nonce": nonce,
        "signature": _signature(token, stamp, nonce),
        "encrypt_type": "aes",
        "msg_signature": _signature(token, stamp, nonce, encrypted),
    }
    body = {"ToUserName": app["original_id"], "Encrypt": encrypted}
    return query, json.dumps(body)


def _post(app, query, body):
    return requests.post(
        app["push_url"],
        params=query,
        data=body.encode() if isinstance(body, str) else body,
        headers={"Content-Type": "application/json"},
        timeout=20,
    )


def _count(shop):
    return shop.value("SELECT count(*) FROM wx_push_message")


def test_genuine_is_stored_and_handled_once(shop, app):
    """WeChat's own event arrives, is stored encrypted and handled by a job."""
    mark = secrets.token_hex(8)
    known = _count(shop)
    shop.sim.ctl(
        "POST",
        f"/_ctl/apps/{shop.appid}/push",
        {"Event": "user_enter_tempsession", "SessionFrom": mark},
    )
    assert until(lambda: _count(shop) == known + 1, 15)
    [(state, content)] = shop.sql(
        "SELECT state, content::text FROM wx_push_message ORDER BY id DESC LIMIT 1"
    )
    assert state in ("received", "ignored", "done")
    assert mark not in content
    assert until(
        lambda: (
            shop.value("SELECT state FROM wx_push_message ORDER BY id DESC LIMIT 1")
            in ("done", "ignored")
        ),
        20,
    )


def test_replayed(shop, app):
    """The same bytes again: answered alike, counted, not handled again."""
    query, body = _message(app)
    known = _count(shop)
    for _time in range(3):
        answer = _post(app, query, body)
        assert (answer.status_code, answer.text) == (200, "success")
    assert _count(shop) == known + 1
    assert (
        shop.value("SELECT repeats FROM wx_push_message ORDER BY id DESC LIMIT 1") == 2
    )


def test_two_workers_get_the_same_message(shop, app):
    query, body = _message(app)
    known = _count(shop)
    answers = together(*[lambda: _post(app, query, body)] * 6)
    assert {answer.status_code for answer in answers} == {200}
    assert _count(shop) == known + 1


def _spoilt(app, name):
    if name == "old":
        return _message(app, timestamp=int(time.time()) - 3600)
    if name == "from the future":
        return _message(app, timestamp=int(time.time()) + 3600)
    if name == "other token":
        return _message(app, token="x" * 24)
    if name == "other key":
        return _message(app, aes_key="b" * 43)
    if name == "other app":
        return _message(app, appid="wx0000000000000000")
    query, body = _message(app)
    if name == "no signature":
        query.pop("signature")
    elif name == "no msg_signature":
        query.pop("msg_signature")
    elif name == "signatures swapped":
        query["signature"] = query["msg_signature"]
    elif name == "not encrypted":
        body = json.dumps({"MsgType": "event", "Event": "x", "FromUserName": "o"})
    elif name == "cut":
        body = body[: len(body) // 2]
    elif name == "other content":
        data = json.loads(body)
        data["Encrypt"] = data["Encrypt"][:-8] + "AAAAAAA="
        body = json.dumps(data)
    elif name == "entities":
        body = '<!DOCTYPE x [<!ENTITY e SYSTEM "file:///etc/passwd">]><xml>&e;</xml>'
    elif name == "no UTF-8":
        body = b"\xff\xfe{"
    return query, body


FORGED = (
    "old",
    "from the future",
    "other token",
    "other key",
    "other app",
    "no signature",
    "no msg_signature",
    "signatures swapped",
    "not encrypted",
    "cut",
    "other content",
    "entities",
    "no UTF-8",
)


@pytest.mark.parametrize("name", FORGED)
def test_forged(shop, app, name):
    """403, nothing stored, nothing told."""
    known = _count(shop)
    answer = _post(app, *_spoilt(app, name))
    assert answer.status_code == 403, answer.text
    assert "Traceback" not in answer.text and "root:" not in answer.text
    assert _count(shop) == known


def test_unknown_app_answers_like_a_wrong_signature(shop, app):
    query, body = _message(app, token="x" * 24)
    wrong = _post(app, query, body)
    other = {**app, "push_url": app["push_url"].replace(app["appid"], "wx" + "1" * 16)}
    unknown = _post(other, *_message(app))
    assert wrong.status_code == unknown.status_code == 403
    assert wrong.text == unknown.text


def test_address_check(shop, app):
    """The console's echostr check works with the token only."""
    result = shop.sim.ctl("POST", f"/_ctl/apps/{shop.appid}/verify_url")
    assert result["ok"], result
    stamp, nonce = str(int(time.time())), "77"
    answer = requests.get(
        app["push_url"],
        params={
            "signature": _signature("guess", stamp, nonce),
            "timestamp": stamp,
            "nonce": nonce,
            "echostr": "<script>1</script>",
        },
        timeout=20,
    )
    assert answer.status_code == 403 and "script" not in answer.text
