"""Server, routing, clocks, settings, faults, state over a restart."""

import concurrent.futures
import http.client
import json
import subprocess
import sys
import time
from pathlib import Path

import pytest
import requests
from pay_support import Shop

from wxsim.core import clock
from wxsim.server import Simulator

ROOT = Path(__file__).resolve().parents[3]


def test_one_connection_serves_many_requests(sim):
    connection = http.client.HTTPConnection("127.0.0.1", sim.port)
    for _ in range(3):
        connection.request("GET", "/_ctl/state")
        answer = connection.getresponse()
        assert answer.version == 11 and answer.status == 200
        assert json.loads(answer.read())["pending_notifications"] == 0
        assert connection.sock is not None
    connection.close()


def test_chunked_bodies_are_read(sim):
    def parts():
        yield b'{"adv'
        yield b'ance": 10}'

    answer = requests.post(sim.base_url + "/_ctl/clock", data=parts())
    assert 9 < answer.json()["offset_seconds"] < 11


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/_ctl/nothing", 404),
        ("DELETE", "/_ctl/state", 405),
        ("POST", "/_ctl/state", 405),
    ],
)
def test_unknown_paths_and_methods(sim, method, path, status):
    assert requests.request(method, sim.base_url + path).status_code == status


def test_business_clock_moves_transport_clock_does_not(shop):
    before = time.time()
    shop.clock(set="2026-01-01T10:00:00+08:00")
    assert abs(shop.sim.clock.now() - clock.from_iso("2026-01-01T02:00:00Z")) < 2
    assert shop.ctl("GET", "/_ctl/state")["now"].startswith("2026-01-01T10:00:0")
    answer = shop.query("NOSUCHORDER")
    assert abs(int(answer.headers["Wechatpay-Timestamp"]) - before) < 5
    shop.clock(advance=3600)
    assert shop.ctl("GET", "/_ctl/state")["now"].startswith("2026-01-01T11:00:0")
    shop.clock(reset=True)
    assert abs(shop.sim.clock.now() - time.time()) < 1


@pytest.mark.parametrize(
    "body", [{}, {"advance": "x"}, {"set": "2026-01-01 10:00"}, {"advance": 1, "x": 1}]
)
def test_bad_clock_moves_are_refused(shop, body):
    shop.ctl("POST", "/_ctl/clock", body, status=400)


@pytest.mark.parametrize(
    "body",
    [
        {"latency": "x"},
        {"latency": -1},
        {"auto_deliver": 1},
        {"no_such": 1},
        {"unsure": {"no_such": "x"}},
        {"unsure": {"fee_row": "x"}},
        {"latency": 1, "time_scale": 0},
    ],
)
def test_bad_settings_change_nothing(shop, body):
    before = shop.ctl("GET", "/_ctl/settings")
    shop.ctl("POST", "/_ctl/settings", body, status=400)
    assert shop.ctl("GET", "/_ctl/settings") == before


def test_every_switch_says_why_and_takes_each_choice(shop):
    catalogue = shop.ctl("GET", "/_ctl/settings")["unsure_catalogue"]
    assert len(catalogue) >= 20
    for name, entry in catalogue.items():
        assert entry["why"] and len(entry["choices"]) >= 2
        for choice in entry["choices"]:
            assert shop.unsure(**{name: choice})["unsure"][name] == choice


def test_latency_holds_no_lock(shop):
    shop.settings(latency=0.3)

    def one(_):
        return shop.call(
            "POST", "/v3/pay/transactions/jsapi", shop.order_body()
        ).status_code

    started = time.time()
    with concurrent.futures.ThreadPoolExecutor(40) as pool:
        assert set(pool.map(one, range(40))) == {200}
    assert time.time() - started < 3.0
    started = time.time()
    shop.ctl("GET", "/_ctl/state")
    assert time.time() - started < 0.2


def test_state_survives_a_restart(tmp_path, cheap_keys, receiver):
    path = tmp_path / "state.sqlite"
    with Simulator(path, seed=7) as first:
        shop = Shop(first, receiver)
        shop.clock(set="2026-03-01T10:00:00+08:00")
        shop.unsure(fee_row="net")
        number, transaction = shop.paid()
        receiver.wait(1)
        shop.fault("system_error", times=2)
        assert shop.query(number).status_code == 500
    with Simulator(path, seed=7) as second:
        shop.sim = second
        assert clock.to_day(second.clock.now()) == "2026-03-01"
        assert second.settings.unsure("fee_row") == "net"
        # One of the two was used up by the first run.
        assert shop.query(number).status_code == 500
        assert shop.query(number).json()["transaction_id"] == transaction


def test_reset_wipes_everything(shop):
    shop.paid()
    shop.clock(advance=99999)
    shop.unsure(fee_row="net")
    shop.fault("system_error")
    shop.ctl("POST", "/_ctl/reset")
    assert shop.ctl("GET", "/_ctl/state")["offset_seconds"] == 0
    assert shop.ctl("GET", "/_ctl/faults") == {"faults": []}
    assert shop.ctl("GET", "/_ctl/merchants") == {"merchants": []}
    assert shop.ctl("GET", "/_ctl/settings")["unsure"]["fee_row"] == "separate"


def test_identifiers_follow_the_seed(tmp_path, cheap_keys, receiver):
    seen = []
    for run in range(3):
        with Simulator(tmp_path / f"{run}.sqlite", seed=run // 2) as sim:
            shop = Shop(sim, receiver)
            shop.clock(set="2026-05-05T12:00:00+08:00")
            _, prepay_id = shop.prepay()
            head = prepay_id[:10]
            seen.append((shop.mchid, shop.openid, prepay_id.removeprefix(head)))
    assert seen[0] == seen[1] != seen[2]


@pytest.mark.parametrize(
    ("kind", "status", "signed"),
    [("system_error", 500, True), ("http_5xx", 502, False), ("sign_error", 401, False)],
)
def test_answer_faults(shop, kind, status, signed):
    number, _ = shop.prepay()
    shop.fault(kind, times=2, match={"out_trade_no": number})
    for _ in range(2):
        answer = shop.query(number)
        assert answer.status_code == status
        assert ("Wechatpay-Signature" in answer.headers) is signed
    assert shop.query(number).status_code == 200


def test_faults_hit_only_what_they_match(shop):
    number, _ = shop.prepay()
    shop.fault("system_error", match={"method": "POST"})
    assert shop.query(number).status_code == 200
    assert shop.close(number).status_code == 500
    fault = shop.fault("system_error", match={"path_prefix": "/v3/refund"})
    assert shop.query(number).status_code == 200
    shop.ctl("DELETE", f"/_ctl/faults/{fault['id']}")
    assert shop.query_refund("R1").status_code == 404


def test_connection_faults(shop):
    number, _ = shop.prepay()
    shop.fault("drop")
    with pytest.raises(requests.ConnectionError):
        shop.close(number)
    # The request was worked; only its answer was lost.
    assert shop.query(number).json()["trade_state"] == "CLOSED"
    shop.fault("timeout", seconds=0.4)
    started = time.time()
    with pytest.raises(requests.ConnectionError):
        shop.query(number)
    assert time.time() - started >= 0.4
    shop.fault("slow", seconds=0.4)
    started = time.time()
    assert shop.query(number).status_code == 200
    assert time.time() - started >= 0.4


def test_wrong_response_signature(shop):
    number, _ = shop.prepay()
    shop.fault("wrong_response_signature")
    answer = shop.query(number)
    assert answer.status_code == 200
    assert not shop.genuine(answer.headers, answer.content)
    answer = shop.query(number)
    assert shop.genuine(answer.headers, answer.content)


def test_bad_faults_are_refused(shop):
    for body in (
        {"kind": "x"},
        {"kind": "slow", "times": 0},
        {"kind": "slow", "match": {"x": 1}},
        {"kind": "slow", "extra": 1},
    ):
        shop.ctl("POST", "/_ctl/faults", body, status=400)


def test_request_log_shows_decoded_bodies(shop):
    number, prepay_id = shop.prepay()
    entry = shop.ctl("GET", "/_ctl/log?path_prefix=/v3/pay&limit=1")["requests"][0]
    assert entry["request"]["out_trade_no"] == number
    assert entry["response"] == {"prepay_id": prepay_id}


def test_command_line(tmp_path):
    process = subprocess.Popen(
        [
            *(sys.executable, "-m", "wxsim", "--port", "0"),
            *("--db", str(tmp_path / "cli.sqlite"), "--latency", "0"),
        ],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
    )
    try:
        line = process.stdout.readline()
        url = line.split()[1]
        assert requests.get(url + "/_ctl/state").json()["seed"] == 1
    finally:
        process.terminate()
        assert process.wait(15) == 0
        process.stdout.close()
