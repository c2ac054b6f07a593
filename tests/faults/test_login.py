"""The open platform misbehaves at log-in, and when a phone number is fetched."""

import threading
import time
import uuid

import pytest

from tests.stack import ApiError, Buyer, until

LOGIN = "/sns/jscode2session"
PHONE = "/wxa/business/getuserphonenumber"
#: kind → seconds that the platform keeps the line open
NO_ANSWER = {"http_5xx": None, "timeout": 6, "drop": None, "system_error": None}


def _code(shop, uid, kind="login"):
    path = f"/_ctl/users/{uid}/{kind}_code"
    return shop.sim.ctl("POST", path, {"appid": shop.appid})["code"]


def _uid(shop):
    return shop.sim.ctl("POST", "/_ctl/users", {"count": 1})["users"][0]["uid"]


@pytest.mark.parametrize("kind", NO_ANSWER)
def test_login_without_an_answer(shop, kind):
    """A clear problem; with a new code the same person gets in, as one shopper."""
    uid, api = _uid(shop), shop.client()
    shoppers = shop.value("SELECT count(*) FROM wx_user")
    with (
        shop.fault(kind, times=4, seconds=NO_ANSWER[kind], path_prefix=LOGIN),
        pytest.raises(ApiError) as refused,
    ):
        api.login({"appid": shop.appid, "code": _code(shop, uid)})
    assert (refused.value.status, refused.value.code) in (
        (503, "wechat.unavailable"),
        (401, "auth.code_invalid"),
    )
    if kind != "drop":
        assert refused.value.status == 503
    assert shop.value("SELECT count(*) FROM wx_user") == shoppers
    api.login({"appid": shop.appid, "code": _code(shop, uid)})
    assert api.get_me()["id"]
    assert shop.value("SELECT count(*) FROM wx_user") == shoppers + 1


def test_slow_login_does_not_block_others(shop, buyer):
    """While one log-in waits for WeChat the other shoppers are served."""
    uid, result, waits = _uid(shop), [], []
    code = _code(shop, uid)

    def log_in():
        api = shop.client()
        begun = time.monotonic()
        api.login({"appid": shop.appid, "code": code})
        result.append(time.monotonic() - begun)

    with shop.fault("slow", times=1, seconds=3, path_prefix=LOGIN):
        thread = threading.Thread(target=log_in)
        thread.start()
        time.sleep(0.3)
        while thread.is_alive() and len(waits) < 60:
            begun = time.monotonic()
            buyer.api.list_listings(limit=5)
            buyer.api.get_cart()
            waits.append(time.monotonic() - begun)
            time.sleep(0.1)
        thread.join(20)
    assert result and result[0] >= 3
    assert len(waits) > 4 and max(waits) < 2, waits


def test_code_used_twice(shop):
    """WeChat's codes work once; a stolen one gets nobody in again."""
    uid, api = _uid(shop), shop.client()
    code = _code(shop, uid)
    api.login({"appid": shop.appid, "code": code})
    with pytest.raises(ApiError) as refused:
        shop.client().login({"appid": shop.appid, "code": code})
    assert (refused.value.status, refused.value.code) == (401, "auth.code_invalid")


def test_token_was_withdrawn(shop, buyer):
    """WeChat makes our access token invalid: a new one is fetched, nobody notices."""
    shop.sim.ctl("POST", f"/_ctl/apps/{shop.appid}/kill_tokens")
    code = _code(shop, buyer.uid, "phone")
    bound = buyer.api.bind_phone({"code": code}, key=uuid.uuid4().hex)
    assert "****" in str(bound)


def test_phone_without_an_answer(shop, buyer):
    """The profile stays as it is; a new code binds the number."""
    before = buyer.api.get_me()
    with (
        shop.fault("http_5xx", times=4, path_prefix=PHONE),
        pytest.raises(ApiError) as refused,
    ):
        buyer.api.bind_phone({"code": _code(shop, buyer.uid, "phone")})
    assert (refused.value.status, refused.value.code) == (503, "wechat.unavailable")
    assert buyer.api.get_me() == before
    buyer.api.bind_phone({"code": _code(shop, buyer.uid, "phone")})
    assert buyer.api.get_me() != before


def test_login_of_many_while_the_platform_stumbles(shop):
    """Every second call fails: whoever is told "try again" gets in with a new code."""
    uids = [_uid(shop) for _number in range(6)]
    with shop.fault("http_5xx", times=9, path_prefix=LOGIN):
        buyers = [until(lambda u=uid: _try(shop, u), 20, 0.05) for uid in uids]
    assert all(buyers)
    assert len({buyer.api.get_me()["id"] for buyer in buyers}) == 6


def _try(shop, uid):
    try:
        return Buyer(shop, uid)
    except ApiError as exc:
        assert exc.status == 503, exc
        return None
