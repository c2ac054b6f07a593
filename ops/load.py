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
