"""Outgoing requests: a queue in the database, a retry ladder, worker threads.

A channel says how to build one attempt, when an answer counts as accepted and
how long to wait before each further attempt; the waits are divided by the
setting ``time_scale``. Due times are real time. Rows survive a restart, so what
was pending goes on. Faults: ``lost_notification`` (never sent, state ``failed``,
note ``lost``), ``double_notification`` (the same message twice),
``delay_notification`` (``seconds`` later), ``reorder_notifications`` (held until a
later message of the channel was sent, at most ``seconds``).
"""

import concurrent.futures
import dataclasses
import http.client
import json
import logging
import sqlite3
import ssl
import threading
from collections.abc import Callable
from urllib.parse import urlsplit

from .faults import DELIVERY_KINDS

_logger = logging.getLogger(__name__)
_CHANNELS = {}
_WORKERS = 16
_BATCH = 64
_POLL = 0.2
_DEFAULT_DELAY = 2.0
_REFS = ("mchid", "appid", "out_trade_no", "out_refund_no")


@dataclasses.dataclass
class Outgoing:
    """One HTTP request to a merchant."""

    method: str
    url: str
    headers: dict
    body: bytes


@dataclasses.dataclass
class Channel:
    """How one kind of message is delivered.

    ``ladder``: seconds before attempts 2, 3, … (its length + 1 is the number of
    attempts). ``build(sim, delivery) -> Outgoing``. ``accepted(status, body)``.
    ``probe(sim, delivery) -> Outgoing | None``: sent before the genuine message.
    ``timeout``: seconds to wait for the answer.
    """

    name: str
    ladder: tuple
    build: Callable
    accepted: Callable
    timeout: float = 5.0
    probe: Callable | None = None


def register_channel(channel):
    """Make a channel known to every simulator."""
    _CHANNELS[channel.name] = channel
    return channel


def send(outgoing, timeout):
    """Send one request; returns ``(status, body)``, status 0 on no answer."""
    parts = urlsplit(outgoing.url)
    target = parts.path or "/"
    if parts.query:
        target += "?" + parts.query
    if parts.scheme == "https":
        connection = http.client.HTTPSConnection(
            parts.hostname,
            parts.port or 443,
            timeout=timeout,
            context=ssl.create_default_context(),
        )
    else:
        connection = http.client.HTTPConnection(
            parts.hostname, parts.port or 80, timeout=timeout
        )
    try:
        connection.request(
            outgoing.method, target, body=outgoing.body, headers=outgoing.headers
        )
        answer = connection.getresponse()
        return answer.status, answer.read(65536)
    except (OSError, http.client.HTTPException, ValueError) as error:
        return 0, repr(error).encode()
    finally:
        connection.close()


class Delivery:
    """The queue of one simulator."""

    def __init__(self, sim):
        self.sim = sim
        self._wake = threading.Event()
        self._flying = set()
        self._lock = threading.Lock()
        self._thread = None
        self._pool = None

    # -- life -----------------------------------------------------------------
    def start(self):
        """Start the dispatcher; pending rows of an earlier run go on."""
        self._pool = concurrent.futures.ThreadPoolExecutor(
            _WORKERS, thread_name_prefix="wxsim-delivery"
        )
        self._thread = threading.Thread(
            target=self._run, name="wxsim-dispatch", daemon=True
        )
        self._thread.start()

    def stop(self):
        """Stop sending; what is in flight is finished."""
        self._wake.set()
        if self._thread:
            self._thread.join(10)
        if self._pool:
            self._pool.shutdown(wait=True, cancel_futures=True)

    def wake(self):
        """Look for due rows now."""
        self._wake.set()

    # -- queue ----------------------------------------------------------------
    def enqueue(
        self, db, channel, url, payload, kind, delay=0.0, note="", new_id=None, **refs
    ):
        """Queue a message; needs the open write transaction; returns its id.

        ``payload``: a JSON-able dict for the channel's ``build``. ``delay``:
        seconds before the first attempt (scaled). ``new_id``: from ``new_id(db)``
        when the payload needs it. ``refs``: mchid, appid, out_trade_no,
        out_refund_no, for look-up and faults.
        """
        delivery_id = new_id or self.new_id(db)
        now = self.sim.clock.real()
        db.execute(
            "INSERT INTO deliveries (id, seq, channel, kind, url, payload, mchid, "
            "appid, out_trade_no, out_refund_no, due, note, created) "
            "VALUES (?,?,?,?,?,?,?,?,?,?,?,?,?)",
            (
                delivery_id,
                self.sim.ids.number(db, "delivery_seq"),
                channel,
                kind,
                url,
                json.dumps(payload, ensure_ascii=False),
                *(refs.get(name) or "" for name in _REFS),
                now + self._scaled(delay),
                note,
                now,
            ),
        )
        self.sim.store.on_commit(self._wake.set)
        return delivery_id

    def new_id(self, db):
        """An id for a message about to be queued."""
        return self.sim.ids.uuid(db, "delivery")

    def get(self, delivery_id):
        """The row of a message as a dict with its decoded payload, or None."""
        with self.sim.store.read() as db:
            row = db.execute(
                "SELECT * FROM deliveries WHERE id=?", (delivery_id,)
            ).fetchone()
        return _as_dict(row) if row else None

    def mark(self, delivery_id, state, note=""):
        """Set a message's state by hand (pending, delivered, failed)."""
        with self.sim.store.write() as db:
            db.execute(
                "UPDATE deliveries SET state=?, note=? WHERE id=?",
                (state, note, delivery_id),
            )

    def build(self, delivery):
        """A fresh attempt of a message."""
        return _CHANNELS[delivery["channel"]].build(self.sim, delivery)

    def flush(self):
        """Send every pending message once, now; counts of what came of it."""
        with self.sim.store.read() as db:
            rows = db.execute(
                "SELECT * FROM deliveries WHERE state='pending' ORDER BY seq"
            ).fetchall()
        rows = [row for row in rows if self._claim(row["id"])]
        done = list(self._pool.map(self._work, map(_as_dict, rows)))
        return {"delivered": done.count(True), "failed": done.count(False)}

    # -- dispatcher -----------------------------------------------------------
    def _run(self):
        while not self.sim.stopping.is_set():
            # Due rows are found by polling too: a row may become due by itself.
            self._wake.wait(_POLL)
            self._wake.clear()
            if self.sim.stopping.is_set():
                return
            try:
                self._dispatch()
            except sqlite3.Error:
                _logger.exception("the delivery queue cannot be read")

    def _dispatch(self):
        if not self.sim.settings.get("auto_deliver"):
            return
        with self.sim.store.read() as db:
            rows = db.execute(
                "SELECT * FROM deliveries WHERE state='pending' AND due<=? "
                "ORDER BY due, seq LIMIT ?",
                (self.sim.clock.real(), _BATCH),
            ).fetchall()
        for row in rows:
            if self._claim(row["id"]):
                self._pool.submit(self._work, _as_dict(row))

    def _claim(self, delivery_id):
        """Take a message for this thread or its worker; False: another has it."""
        with self._lock:
            if delivery_id in self._flying:
                return False
            self._flying.add(delivery_id)
            return True

    def _work(self, delivery):
        """Send a claimed message: True delivered, False not, None: was done."""
        try:
            # It may have been sent between reading the row and claiming it.
            fresh = self.get(delivery["id"])
            if not fresh or fresh["state"] != "pending":
                return None
            if fresh["attempts"] != delivery["attempts"]:
                return None
            return self._send(fresh)
        except Exception:
            _logger.exception("delivery %s", delivery["id"])
            return False
        finally:
            with self._lock:
                self._flying.discard(delivery["id"])
            self._wake.set()

    def _send(self, delivery):
        channel = _CHANNELS[delivery["channel"]]
        fault = self.sim.faults.take(DELIVERY_KINDS, delivery, "POST", delivery["url"])
        kind = fault["kind"] if fault else None
        if kind == "lost_notification":
            self.mark(delivery["id"], "failed", "lost")
            return False
        if kind in ("delay_notification", "reorder_notifications"):
            seconds = fault["seconds"] or _DEFAULT_DELAY
            self._postpone(delivery["id"], seconds, kind == "reorder_notifications")
            return False
        probe = channel.probe(self.sim, delivery) if channel.probe else None
        if probe:
            self._attempt(delivery, probe, channel, "probe")
        ok = self._attempt(delivery, channel.build(self.sim, delivery), channel)
        if kind == "double_notification":
            again = channel.build(self.sim, delivery)
            self._attempt(delivery, again, channel, "double")
        self._settle(delivery, channel, ok)
        return ok

    def _attempt(self, delivery, outgoing, channel, kind="genuine"):
        status, body = send(outgoing, channel.timeout)
        with self.sim.store.write() as db:
            db.execute(
                "INSERT INTO delivery_attempts VALUES (?,?,?,?,?,?)",
                (
                    delivery["id"],
                    delivery["attempts"] + 1,
                    kind,
                    self.sim.clock.real(),
                    status,
                    body.decode("utf-8", "replace")[:2000],
                ),
            )
        return channel.accepted(status, body)

    def _settle(self, delivery, channel, ok):
        done = delivery["attempts"] + 1
        now = self.sim.clock.real()
        state, due = "delivered", now
        if not ok and done <= len(channel.ladder):
            state, due = "pending", now + self._scaled(channel.ladder[done - 1])
        elif not ok:
            state = "failed"
        with self.sim.store.write() as db:
            db.execute(
                "UPDATE deliveries SET state=?, attempts=?, due=?, held=0 WHERE id=?",
                (state, done, due, delivery["id"]),
            )
            # What a reorder fault holds back may go once a later one is out.
            db.execute(
                "UPDATE deliveries SET due=?, held=0 "
                "WHERE held=1 AND channel=? AND seq<? AND state='pending'",
                (now, delivery["channel"], delivery["seq"]),
            )

    def _postpone(self, delivery_id, seconds, held):
        with self.sim.store.write() as db:
            db.execute(
                "UPDATE deliveries SET due=?, held=? WHERE id=?",
                (self.sim.clock.real() + seconds, int(held), delivery_id),
            )

    def _scaled(self, seconds):
        return seconds / self.sim.settings.get("time_scale")


def _as_dict(row):
    delivery = dict(row)
    delivery["payload"] = json.loads(delivery["payload"])
    return delivery
