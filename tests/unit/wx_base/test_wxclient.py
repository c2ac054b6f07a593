import json

import pytest
import requests
from wxclient import (
    MemoryTokens,
    WxBusinessError,
    WxMpClient,
    WxNetworkError,
    WxThrottledError,
    classify,
)

TOKEN = {"access_token": "T1", "expires_in": 7200}


class Answer:
    def __init__(self, body, status=200):
        self.status_code = status
        self.content = body if isinstance(body, bytes) else json.dumps(body).encode()


class Transport:
    """Answers in turn; an exception is raised, a callable is called."""

    def __init__(self, *answers):
        self.answers = list(answers)
        self.calls = []

    def request(self, method, url, **kwargs):
        self.calls.append((method, url, kwargs))
        answer = self.answers.pop(0)
        if isinstance(answer, Exception):
            raise answer
        return answer if isinstance(answer, Answer) else Answer(answer)

    @property
    def paths(self):
        return [url.split("/", 3)[3] for _m, url, _k in self.calls]


def client(*answers, **options):
    transport = Transport(*answers)
    naps = []
    made = WxMpClient(
        "wx0000000000000001",
        "secret",
        base_url="http://sim:1",
        transport=transport,
        sleep=naps.append,
        **options,
    )
    made.naps = naps
    return made, transport


def test_token_is_fetched_once_and_shared():
    tokens = MemoryTokens()
    one, transport = client(TOKEN, {"order": {"order_state": 2}}, session=tokens)
    assert one.get_order(transaction_id="42") == {"order_state": 2}
    assert transport.paths == ["cgi-bin/stable_token", "wxa/sec/order/get_order"]
    assert json.loads(transport.calls[0][2]["data"])["grant_type"]
    assert transport.calls[1][2]["params"] == {"access_token": "T1"}
    two, transport = client({"order": {}}, session=tokens)
    two.get_order(transaction_id="42")
    assert transport.paths == ["wxa/sec/order/get_order"]


def test_refused_token_is_renewed_once_not_for_ever():
    stale = {"errcode": 40001, "errmsg": "invalid credential rid: 1-2-3"}
    made, transport = client(
        TOKEN, stale, {**TOKEN, "access_token": "T2"}, {"order": 1}
    )
    assert made.get_order(transaction_id="1") == 1
    assert transport.calls[3][2]["params"] == {"access_token": "T2"}
    made, transport = client(TOKEN, stale, TOKEN, stale)
    with pytest.raises(WxBusinessError) as caught:
        made.get_order(transaction_id="1")
    assert (caught.value.code, caught.value.rid) == (40001, "1-2-3")
    assert len(transport.calls) == 4


def test_newer_token_of_another_worker_is_taken():
    tokens = MemoryTokens()
    made, _transport = client(session=tokens)
    tokens.set(made.access_token_key, "OLD", 100)

    def refuse_and_replace():
        tokens.set(made.access_token_key, "NEW", 100)
        return {"errcode": 42001, "errmsg": "access_token expired"}

    class Late(Transport):
        def request(self, method, url, **kwargs):
            self.calls.append((method, url, kwargs))
            first = len(self.calls) == 1
            return Answer(refuse_and_replace() if first else {"order": {}})

    made._http = late = Late()
    made.get_order(transaction_id="1")
    assert late.calls[1][2]["params"] == {"access_token": "NEW"}


@pytest.mark.parametrize(
    ("life", "kept"), [(7200, 6900), (400, 100), (200, 30), (10, 10)]
)
def test_life_of_a_token(life, kept):
    now = [0.0]
    tokens = MemoryTokens(clock=lambda: now[0])
    made, _transport = client({"access_token": "T", "expires_in": life}, session=tokens)
    assert made.access_token == "T"
    now[0] = kept - 0.5
    assert tokens.get(made.access_token_key) == "T"
    now[0] = kept + 0.5
    assert tokens.get(made.access_token_key) is None


def test_login_needs_no_token():
    made, transport = client({"openid": "o1", "session_key": "k"})
    assert made.code_to_session("c")["openid"] == "o1"
    assert transport.calls[0][2]["params"]["access_token"] is None
    assert transport.paths == ["sns/jscode2session"]


def test_busy_is_tried_three_times():
    busy = {"errcode": -1, "errmsg": "system error"}
    made, transport = client(busy, busy, {"openid": "o1"})
    assert made.code_to_session("c") == {"openid": "o1"}
    assert made.naps == [0.2, 0.6]
    made, transport = client(busy, busy, busy)
    with pytest.raises(WxBusinessError) as caught:
        made.code_to_session("c")
    assert caught.value.retryable and len(transport.calls) == 3


def test_time_out_is_repeated_only_where_harmless():
    made, transport = client(requests.ReadTimeout())
    with pytest.raises(WxNetworkError) as caught:
        made.code_to_session("single-use")
    assert caught.value.sent and len(transport.calls) == 1
    made, transport = client(TOKEN, requests.ReadTimeout(), Answer(b"oops", 502), {})
    assert made.get_order(transaction_id="1") == {}
    made, transport = client(requests.ConnectTimeout(), {"openid": "o"})
    assert made.code_to_session("c") == {"openid": "o"}


def test_errors_carry_no_secret():
    made, _transport = client(requests.ReadTimeout("https://x/?secret=secret"))
    with pytest.raises(WxNetworkError) as caught:
        made.code_to_session("c")
    assert "secret" not in str(caught.value)


def test_pictures_and_their_errors():
    picture = b"\x89PNG\r\n\x1a\n...."
    made, transport = client(TOKEN, Answer(picture))
    assert made.wxa_code_unlimited("s=1", "/pages/index/index") == picture
    assert json.loads(transport.calls[1][2]["data"])["page"] == "pages/index/index"
    made, _transport = client(TOKEN, {"errcode": 41030, "errmsg": "invalid page"})
    with pytest.raises(WxBusinessError) as caught:
        made.wxa_code_unlimited("s=1")
    assert caught.value.code == 41030


def test_chinese_goes_unescaped():
    made, transport = client(TOKEN, {"errcode": 0, "result": {"suggest": "pass"}})
    assert made.text_check("o1", 2, "好茶")["suggest"] == "pass"
    assert "好茶".encode() in transport.calls[1][2]["data"]


def test_answers_that_are_none():
    for body in (b"<html>", b"[1]", b""):
        made, _transport = client(Answer(body))
        with pytest.raises(WxNetworkError):
            made.code_to_session("c")


def test_phone_number_belongs_to_this_app():
    info = {"phoneNumber": "13800138000", "purePhoneNumber": "13800138000"}
    mine = {"watermark": {"appid": "wx0000000000000001", "timestamp": 1}}
    made, _transport = client(
        TOKEN, {"errcode": 0, "phone_info": {**info, "countryCode": 86, **mine}}
    )
    assert made.phone_number("c") == {**info, "countryCode": "86"}
    other = {"watermark": {"appid": "wx0000000000000002"}}
    made, _transport = client(TOKEN, {"errcode": 0, "phone_info": {**info, **other}})
    with pytest.raises(WxNetworkError):
        made.phone_number("c")


def test_gate_waits_refuses_and_observer_sees_codes():
    seen = []
    made, _transport = client(
        {"errcode": 45011, "errmsg": "minute"},
        gate=lambda interface: 0.25,
        observe=lambda *row: seen.append(row[:2]),
    )
    with pytest.raises(WxBusinessError):
        made.code_to_session("c")
    assert made.naps == [0.25]
    assert seen == [("/sns/jscode2session", 45011)]

    def closed(interface):
        raise WxThrottledError(45009, interface, 60)

    made, transport = client(gate=closed)
    with pytest.raises(WxThrottledError) as caught:
        made.code_to_session("c")
    assert caught.value.code == 45009 and not transport.calls


def test_wechatpy_groups_follow_the_same_rules():
    made, transport = client(TOKEN, {"errcode": 0})
    made.message.send_text("o1", "hello")
    assert transport.calls[1][1] == "http://sim:1/cgi-bin/message/custom/send"
    made, transport = client(TOKEN, {"unionid": "u"})
    made.wxa.get_paid_unionid("o1", transaction_id="1")
    assert transport.calls[1][1].startswith("http://sim:1/wxa/getpaidunionid")


def test_classes_of_errcodes():
    assert [classify(code) for code in (40001, -1, 45009, 40164, 43101, 47003)] == [
        "token",
        "retry",
        "quota",
        "config",
        "normal",
        "error",
    ]
