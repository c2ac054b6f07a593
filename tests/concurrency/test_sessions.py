"""Logins, refreshes and repeated requests at once, on several workers.

Needs a running shop (``./test concurrency``): WX_API_URL, WX_SIM_URL, WX_PG_DSN,
WX_APPID.
"""

import os
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor
from uuid import uuid4

import pytest
import requests

from tests.stack import database

API = os.environ.get("WX_API_URL", "") + "/wx/api/v1"
SIM = os.environ.get("WX_SIM_URL", "")
APPID = os.environ.get("WX_APPID", "")
pytestmark = pytest.mark.skipif(not APPID, reason="needs a running shop")


def ctl(method, path, payload=None):
    answer = requests.request(method, SIM + path, json=payload, timeout=20)
    assert answer.status_code == 200, answer.text
    return answer.json()


def person():
    return ctl("POST", "/_ctl/users", {})["uid"]


def code_of(uid, kind="login"):
    return ctl("POST", f"/_ctl/users/{uid}/{kind}_code", {"appid": APPID})["code"]


def post(path, body, token=None, key=None):
    headers = {}
    if token:
        headers["Authorization"] = f"Bearer {token}"
    if key:
        headers["Idempotency-Key"] = key
    return requests.post(API + path, json=body, headers=headers, timeout=60)


def login(code):
    return post("/sessions", {"appid": APPID, "code": code})


def at_once(func, items):
    with ThreadPoolExecutor(len(items)) as pool:
        return list(pool.map(func, items))


def test_one_person_logs_in_on_ten_phones():
    """The first logins of one person meet: one shopper, ten sessions."""
    uid = person()
    codes = [code_of(uid) for _phone in range(10)]
    answers = at_once(login, codes)
    assert Counter(answer.status_code for answer in answers) == {201: 10}
    users = {answer.json()["user"]["id"] for answer in answers}
    assert len(users) == 1
    assert sum(answer.json()["created"] for answer in answers) == 1
    with database() as cursor:
        cursor.execute("SELECT count(*) FROM wx_session WHERE user_id = %s", [*users])
        assert cursor.fetchone()[0] == 10


def test_one_code_is_one_login():
    """The same code sent ten times at once logs in once."""
    code = code_of(person())
    answers = at_once(login, [code] * 10)
    count = Counter(answer.status_code for answer in answers)
    assert count == {201: 1, 401: 9}, count


def test_one_key_is_one_call():
    """Eight equal requests with one key: WeChat sees the code once, everybody who is
    answered gets the same answer, the others are told to wait."""
    uid = person()
    token = login(code_of(uid)).json()["access_token"]
    body, key = {"code": code_of(uid, "phone")}, uuid4().hex

    def bind(_try):
        return post("/me/phone", body, token, key)

    answers = at_once(bind, range(8))
    count = Counter(answer.status_code for answer in answers)
    assert set(count) <= {200, 409} and count[200] >= 1, count
    assert len({a.text for a in answers if a.status_code == 200}) == 1
    for answer in answers:
        if answer.status_code == 409:
            assert answer.json()["code"] == "idempotency.in_progress"
    again = bind(0)
    assert again.status_code == 200 and again.headers["Idempotency-Replayed"]
    log = ctl("GET", "/_ctl/log?path_prefix=/wxa/business/getuserphonenumber&limit=50")
    calls = [entry for entry in log["requests"] if body["code"] in str(entry)]
    assert len(calls) == 1


def test_refreshes_meet():
    """Two tabs refresh with the same token at once: both go on, none is logged out."""
    token = login(code_of(person())).json()["refresh_token"]
    answers = at_once(
        lambda _tab: post("/sessions/refresh", {"refresh_token": token}), range(2)
    )
    assert [answer.status_code for answer in answers] == [200, 200]
    last = answers[-1].json()["access_token"]
    ping = requests.get(
        f"{API}/ping", headers={"Authorization": f"Bearer {last}"}, timeout=30
    )
    assert ping.status_code == 200


def test_stolen_refresh_token_ends_the_session():
    """An old refresh token after the grace minute: the session is over although that
    request itself failed."""
    answer = login(code_of(person())).json()
    old = answer["refresh_token"]
    fresh = post("/sessions/refresh", {"refresh_token": old}).json()
    with database() as cursor:
        cursor.execute(
            "UPDATE wx_session SET refreshed_at = refreshed_at - interval '2 minutes' "
            "WHERE id = %s",
            [int(old.split(".")[0])],
        )
    assert post("/sessions/refresh", {"refresh_token": old}).status_code == 401
    body = {"refresh_token": fresh["refresh_token"]}
    assert post("/sessions/refresh", body).status_code == 401
    ping = requests.get(
        f"{API}/ping",
        headers={"Authorization": f"Bearer {fresh['access_token']}"},
        timeout=30,
    )
    assert ping.status_code == 401


def test_guessing_codes_is_stopped():
    """Refused logins are counted although their transactions roll back."""
    seconds = 60 - time.time() % 60
    if seconds < 15:
        time.sleep(seconds)
    answers = [login(f"guess-{number}") for number in range(30)]
    count = Counter(answer.status_code for answer in answers)
    assert set(count) <= {401, 429} and count[429] >= 5, count
    assert answers[-1].status_code == 429
    assert int(answers[-1].headers["Retry-After"]) <= 60
    with database() as cursor:  # do not lock the tests that follow out
        cursor.execute("DELETE FROM wx_request_limit")
