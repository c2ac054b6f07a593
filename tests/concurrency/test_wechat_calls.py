"""Calls to WeChat from several workers at once: one token, one rate.

Needs a running shop (``./test concurrency``): WX_API_URL, WX_SIM_URL, WX_PG_DSN,
WX_APPID. What happened is read from the simulator's request log, not from our tables.
"""

import os
import time
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

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


def seen(path, after=0):
    log = ctl("GET", f"/_ctl/log?path_prefix={path}&limit=5000")["requests"]
    return [entry for entry in log if entry["id"] > after]


def last_id():
    log = ctl("GET", "/_ctl/log?limit=1")["requests"]
    return log[-1]["id"] if log else 0


def people(count):
    return [
        user["uid"] for user in ctl("POST", "/_ctl/users", {"count": count})["users"]
    ]


def login(uid):
    code = ctl("POST", f"/_ctl/users/{uid}/login_code", {"appid": APPID})["code"]
    answer = requests.post(
        f"{API}/sessions", json={"appid": APPID, "code": code}, timeout=30
    )
    return answer.status_code, answer.json()


def test_workers_share_one_token():
    """Twelve requests meet an empty token store: WeChat is asked exactly once, and
    once more after the token was refused to all of them."""
    uids = people(12)
    tokens = [login(uid)[1]["access_token"] for uid in uids]

    def ask_for_phone(pair):
        uid, token = pair
        code = ctl("POST", f"/_ctl/users/{uid}/phone_code", {"appid": APPID})["code"]
        return requests.post(
            f"{API}/me/phone",
            json={"code": code},
            headers={
                "Authorization": f"Bearer {token}",
                "Idempotency-Key": f"k{uid:09}",
            },
            timeout=30,
        ).status_code

    with database() as cursor, ThreadPoolExecutor(12) as pool:
        cursor.execute("DELETE FROM wx_access_token")
        before = last_id()
        codes = Counter(pool.map(ask_for_phone, zip(uids, tokens, strict=True)))
        assert set(codes) <= {200, 201}, codes
        assert len(seen("/cgi-bin/stable_token", before)) == 1
        assert len(seen("/wxa/business/getuserphonenumber", before)) == 12


def test_rate_holds_over_all_workers():
    """40 logins at once at ten a second: WeChat never sees more, nobody is refused."""
    uids = people(40)
    rate = 10
    with database() as cursor:
        cursor.execute("SELECT rate_per_second FROM wx_app WHERE appid = %s", [APPID])
        usual = cursor.fetchone()[0]
        cursor.execute("UPDATE wx_app SET rate_per_second = %s", [rate])
        try:
            time.sleep(1)
            before, begun = last_id(), time.monotonic()
            with ThreadPoolExecutor(20) as pool:
                codes = Counter(status for status, _body in pool.map(login, uids))
            seconds = time.monotonic() - begun
        finally:
            cursor.execute("UPDATE wx_app SET rate_per_second = %s", [usual])
    calls = Counter(entry["at"] for entry in seen("/sns/jscode2session", before))
    assert sum(calls.values()) == 40
    assert set(codes) <= {200, 201}, codes
    assert max(calls.values()) <= rate + 2, calls
    assert seconds >= (40 - 2) / rate - 0.5
