"""Nothing that must stay secret stands in a dump of the running shop's database.

Needs a running shop: WX_API_URL, WX_SIM_URL, WX_APPID, WX_MCHID, WX_PG_DSN. What is
planted comes from the simulator, the dump from ``pg_dump``.
"""

import os
import shutil
import subprocess
from uuid import uuid4

import pytest
import requests

API = os.environ.get("WX_API_URL", "") + "/wx/api/v1"
SIM = os.environ.get("WX_SIM_URL", "")
APPID = os.environ.get("WX_APPID", "")
PHONE = "13904817362"
pytestmark = pytest.mark.skipif(
    not APPID or not shutil.which("pg_dump"), reason="needs a running shop and pg_dump"
)


def ctl(method, path, payload=None):
    answer = requests.request(method, SIM + path, json=payload, timeout=20)
    assert answer.status_code == 200, answer.text
    return answer.json()


def plant_shopper():
    """A shopper logs in and gives their phone; {what: text that must not be found}."""
    uid = ctl("POST", "/_ctl/users", {"phone": PHONE})["uid"]
    login = ctl("POST", f"/_ctl/users/{uid}/login_code", {"appid": APPID})
    answer = requests.post(
        f"{API}/sessions", json={"appid": APPID, "code": login["code"]}, timeout=30
    )
    assert answer.status_code in (200, 201), answer.text
    session = answer.json()
    code = ctl("POST", f"/_ctl/users/{uid}/phone_code", {"appid": APPID})["code"]
    answer = requests.post(
        f"{API}/me/phone",
        json={"code": code},
        headers={
            "Authorization": f"Bearer {session['access_token']}",
            "Idempotency-Key": uuid4().hex,
        },
        timeout=30,
    )
    assert answer.status_code in (200, 201), answer.text
    planted = {"phone": PHONE, "refresh token": session["refresh_token"]}
    return planted, login["openid"]


def test_dump_holds_no_secret():
    planted, openid = plant_shopper()
    planted["AppSecret"] = ctl("GET", f"/_ctl/apps/{APPID}")["secret"]
    tokens = ctl("GET", "/_ctl/log?path_prefix=/cgi-bin/stable_token&limit=50")
    for entry in tokens["requests"]:
        if "access_token" in (entry["response"] or {}):
            planted["access token"] = entry["response"]["access_token"]
    if os.environ.get("WX_MCHID"):
        merchant = ctl("GET", f"/_ctl/merchants/{os.environ['WX_MCHID']}")
        planted["API v3 key"] = merchant["apiv3_key"]
        key_lines = merchant["merchant_private_key"].strip().splitlines()
        planted["private key"] = key_lines[2]
    dump = subprocess.run(
        ["pg_dump", "--data-only", os.environ["WX_PG_DSN"]],
        capture_output=True,
        check=True,
    ).stdout
    assert openid.encode() in dump, "the dump shows what was planted at all"
    found = [what for what, text in planted.items() if text.encode() in dump]
    assert not found, found
