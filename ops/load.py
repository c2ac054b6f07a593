"""Load from ``wrk`` (Debian's package): requests come from a prepared file."""

import json
import os
import shutil
import statistics
import time

from . import paths
from .system import apt_install, own, run
from .ui import Stop

SCRIPT = """
local rows = {}
init = function(args)
  for line in io.lines(os.getenv("WX_REQUESTS")) do
    local method, path, head, body = line:match("^(%S+)\\t(%S+)\\t([^\\t]*)\\t(.*)$")
    local headers = {}
    for name, value in head:gmatch("([^:|]+): ([^|]*)") do headers[name] = value end
    if body == "" then body = nil end
    rows[#rows + 1] = wrk.format(method, path, headers, body)
  end
end
local sent = 0
request = function()
  sent = sent + 1
  return rows[(sent - 1) % #rows + 1]
end
done = function(summary, latency, requests)
  local e = summary.errors
  io.write(string.format(
    'WX{"requests":%d,"seconds":%.6f,"status":%d,"broken":%d,"p50":%.3f,"p99":%.3f}\\n',
    summary.requests, summary.duration / 1e6, e.status,
    e.connect + e.read + e.write + e.timeout,
    latency:percentile(50) / 1000, latency:percentile(99) / 1000))
end
"""


def line(method: str, path: str, headers=None, body=None) -> str:
    """One request as a line of the file; ``body`` is JSON or text."""
    head = {"Content-Type": "application/json", **(headers or {})}
    if body is not None and not isinstance(body, str):
        body = json.dumps(body)
    fields = "|".join(f"{key}: {value}" for key, value in head.items())
    return f"{method}\t{path}\t{fields}\t{body or ''}"


def requests_file(name: str, lines) -> object:
    own(paths.FIXTURES)
    target = paths.FIXTURES / f"{name}.requests"
    target.write_text("\n".join(lines) + "\n")
    return target


def wrk(base_url: str, requests, *, connections=16, seconds=6) -> dict:
    """Runs the file's requests round and round: ``{rps, ok, failed, p50, p99}``, ms."""
    if not shutil.which("wrk"):
        apt_install("wrk", why="Figures are measured with wrk")
    script = paths.FIXTURES / "load.lua"
    script.write_text(SCRIPT)
    done = run(
        ["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "--timeout", "30s"]
        + ["-s", str(script), base_url],
        env={**os.environ, "WX_REQUESTS": str(requests)},
    )
    found = [row[2:] for row in done.stdout.splitlines() if row.startswith("WX{")]
    if not found:
        raise Stop(f"wrk gave no result:\n{done.stdout}")
    result = json.loads(found[0])
    failed = result["status"] + result["broken"]
    good = result["requests"] - result["status"]
    return {
        "rps": good / result["seconds"],
        "ok": good,
        "failed": failed,
        "p50": result["p50"],
        "p99": result["p99"],
    }


def ratio(target, baseline, *, rounds=3) -> dict:
    """Measures the two in turn and compares medians.

    ``target`` and ``baseline`` are callables that return what :func:`wrk` returns.
    Null when a tenth or more of either side failed: too little succeeded to count.
    """
    ours, theirs = [], []
    for _round in range(rounds):
        theirs.append(baseline())
        ours.append(target())
    for side in (ours, theirs):
        if sum(r["failed"] for r in side) * 10 >= max(1, sum(r["ok"] for r in side)):
            return {"value": None, "ours": ours, "theirs": theirs}
    a = statistics.median(r["rps"] for r in ours)
    b = statistics.median(r["rps"] for r in theirs)
    return {"value": round(a / b, 3), "ours": ours, "theirs": theirs, "rps": (a, b)}


def burst(base_url: str, lines, *, connections=16) -> dict:
    """Sends each line once over ``connections`` at the same time, standard library.

    ``{rps, ok, failed, by_status}``; an answer below 400 is good, 4xx and 5xx failed.
    """
    import http.client
    import threading
    import urllib.parse
    from collections import Counter
    from concurrent.futures import ThreadPoolExecutor

    address = urllib.parse.urlsplit(base_url).netloc
    local = threading.local()
    gate = threading.Barrier(min(connections, len(lines)))

    def send(entry):
        number, text = entry
        method, path, head, body = text.split("\t", 3)
        headers = dict(pair.split(": ", 1) for pair in head.split("|"))
        if not hasattr(local, "link"):
            local.link = http.client.HTTPConnection(address, timeout=60)
            local.link.connect()
            if number < gate.parties:
                gate.wait(30)
        try:
            local.link.request(method, path, body.encode() or None, headers)
            answer = local.link.getresponse()
            answer.read()
            return answer.status
        except OSError:
            local.link.close()
            return 599

    start = time.monotonic()
    with ThreadPoolExecutor(connections) as pool:
        statuses = Counter(pool.map(send, enumerate(lines)))
    seconds = time.monotonic() - start
    good = sum(count for status, count in statuses.items() if status < 400)
    return {
        "rps": good / seconds,
        "ok": good,
        "failed": len(lines) - good,
        "by_status": dict(statuses),
    }


def volley(base_url: str, lines, *, seconds=60) -> dict:
    """Everybody at once: all connections are open, then all requests leave together.

    One thread over non-blocking sockets, so that the generator takes little of the
    machine. ``{ok, failed, resets, by_status, p50, p99, last}``, milliseconds from the
    common start to each whole answer; ``resets`` counts connections that broke and
    answers of 5xx.
    """
    import selectors
    import socket
    import urllib.parse
    from collections import Counter

    address = urllib.parse.urlsplit(base_url)
    place = (address.hostname, address.port)
    gate, waiting = selectors.DefaultSelector(), {}
    for text in lines:
        link = socket.create_connection(place, timeout=30)
        link.setblocking(False)
        waiting[link] = (_raw(text, address.netloc), bytearray())
        gate.register(link, selectors.EVENT_READ)
    took, statuses = [], Counter()
    begun = time.perf_counter()
    for link, (request, _answer) in waiting.items():
        try:
            sent = link.send(request)
        except OSError:
            sent = 0
        if sent < len(request):  # no room, or thrown out
            statuses[599] += 1
    while waiting and time.perf_counter() - begun < seconds:
        for key, _events in gate.select(1):
            status = _read(key.fileobj, waiting[key.fileobj][1])
            if status is None:
                continue
            took.append(1000 * (time.perf_counter() - begun))
            statuses[status] += 1
            gate.unregister(key.fileobj)
            key.fileobj.close()
            del waiting[key.fileobj]
    statuses[599] += len(waiting)
    for link in waiting:
        link.close()
    took.sort()
    resets = sum(count for status, count in statuses.items() if status >= 500)
    good = sum(count for status, count in statuses.items() if status < 400)
    return {
        "ok": good,
        "failed": len(lines) - good,
        "resets": resets,
        "by_status": {status: count for status, count in statuses.items() if count},
        "p50": took[len(took) // 2] if took else None,
        "p99": took[max(0, -(-99 * len(took) // 100) - 1)] if took else None,
        "last": took[-1] if took else None,
    }


def _raw(text: str, host: str) -> bytes:
    """A request line of the file as the bytes of HTTP/1.1."""
    method, path, head, body = text.split("\t", 3)
    body = body.encode()
    fields = [f"Host: {host}", "Connection: close", f"Content-Length: {len(body)}"]
    fields += head.split("|")
    return "\r\n".join([f"{method} {path} HTTP/1.1", *fields, "", ""]).encode() + body


def _read(link, answer: bytearray):
    """The status when the answer is whole (the server closed), 599 when it broke,
    None when more is to come."""
    try:
        piece = link.recv(65536)
    except BlockingIOError:
        return None
    except OSError:
        return 599
    if piece:
        answer += piece
        head, found, body = bytes(answer).partition(b"\r\n\r\n")
        length = b"content-length: "
        sizes = [
            int(row[len(length) :])
            for row in head.split(b"\r\n")
            if row.lower().startswith(length)
        ]
        if not found or not sizes or len(body) < sizes[0]:
            return None
    return int(answer.split(b" ", 2)[1]) if answer.startswith(b"HTTP/") else 599
