"""Planted faults: which request or delivery they hit and how often.

Kinds that ``core/app.py`` plays itself: ``http_5xx`` (a gateway's 502 page),
``slow`` (``seconds`` more), ``timeout`` (the request is worked, its answer
held for ``seconds`` and never sent), ``drop`` (worked, connection closed).
``system_error``, ``sign_error``, ``wrong_response_signature`` and ``errcode`` are
handed to the area; ``errcode`` is for the open platform only: its endpoint answers
with that number and does nothing. The ``*_notification(s)`` kinds belong to
``core/delivery.py``.
"""

import json
import threading

REQUEST_KINDS = (
    "http_5xx",
    "timeout",
    "drop",
    "slow",
    "sign_error",
    "system_error",
    "wrong_response_signature",
    "errcode",
)
DELIVERY_KINDS = (
    "lost_notification",
    "double_notification",
    "delay_notification",
    "reorder_notifications",
)
KINDS = REQUEST_KINDS + DELIVERY_KINDS
MATCH_KEYS = ("method", "path_prefix", "out_trade_no", "out_refund_no", "appid")


class Faults:
    """The planted faults, kept in the table ``faults``."""

    def __init__(self, store):
        self._store = store
        self._lock = threading.Lock()
        self._live = []
        self.reload()

    def reload(self):
        """Read the live faults again (after a reset)."""
        with self._store.read() as db:
            rows = db.execute(
                "SELECT f.*, c.errcode FROM faults f LEFT JOIN fault_codes c "
                "ON c.fault_id=f.id WHERE f.times>0 ORDER BY f.id"
            )
            live = [
                {**dict(row), "match": json.loads(row["match"])}
                for row in rows.fetchall()
            ]
        with self._lock:
            self._live = live

    def add(self, kind, match, times, seconds, errcode=None):
        """Plant a fault; returns it with its id."""
        with self._store.write() as db:
            cursor = db.execute(
                "INSERT INTO faults (kind, match, times, seconds) VALUES (?,?,?,?)",
                (kind, json.dumps(match), times, seconds),
            )
            fault_id = cursor.lastrowid
            if errcode is not None:
                db.execute(
                    "INSERT OR REPLACE INTO fault_codes VALUES (?,?)",
                    (fault_id, errcode),
                )
        self.reload()
        return self.get(fault_id)

    def get(self, fault_id):
        """One live fault or None."""
        with self._lock:
            return next((dict(f) for f in self._live if f["id"] == fault_id), None)

    def list(self):
        """The live faults."""
        with self._lock:
            return [dict(fault) for fault in self._live]

    def remove(self, fault_id=None):
        """Take away one fault or, without an id, all."""
        with self._store.write() as db:
            if fault_id is None:
                db.execute("DELETE FROM faults")
            else:
                db.execute("DELETE FROM faults WHERE id=?", (fault_id,))
        self.reload()

    def take(self, kinds, facts, method=None, path=None):
        """Use up one fault of these kinds that fits; None when there is none."""
        if not self._live:
            return None
        with self._lock:
            for fault in self._live:
                if fault["kind"] in kinds and _fits(fault, facts, method, path):
                    fault["times"] -= 1
                    hit = dict(fault)
                    break
            else:
                return None
            self._live = [fault for fault in self._live if fault["times"] > 0]
        with self._store.write() as db:
            db.execute("UPDATE faults SET times=times-1 WHERE id=?", (hit["id"],))
        return hit


def _fits(fault, facts, method, path):
    for key, wanted in fault["match"].items():
        if key == "method":
            if (method or "").upper() != str(wanted).upper():
                return False
        elif key == "path_prefix":
            if not (path or "").startswith(wanted):
                return False
        elif str(facts.get(key, "")) != str(wanted):
            return False
    return True
