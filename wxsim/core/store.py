"""SQLite store: WAL, many readers, one writer at a time.

Each part keeps its tables in its own ``schema.sql`` and names it with
``register_schema``; all statements there are ``CREATE … IF NOT EXISTS``.
"""

import contextlib
import json
import queue
import sqlite3
import threading

_SCHEMAS = []


def register_schema(path):
    """Add a ``schema.sql`` file to what every store creates."""
    if path not in _SCHEMAS:
        _SCHEMAS.append(path)


class Store:
    """The database of one simulator.

    ``with store.write() as db`` opens (or joins) the one write transaction;
    it commits at the end and rolls back on an exception. ``with store.read()
    as db`` lends a read-only connection. Rows are ``sqlite3.Row``.
    """

    def __init__(self, path):
        self.path = str(path)
        self._lock = threading.RLock()
        self._depth = 0
        self._after = []
        self._readers = queue.LifoQueue()
        self._writer = self._connect()
        self._closed = False
        self._create()

    def _connect(self):
        db = sqlite3.connect(
            self.path, timeout=30, isolation_level=None, check_same_thread=False
        )
        db.row_factory = sqlite3.Row
        db.execute("PRAGMA journal_mode=WAL")
        db.execute("PRAGMA synchronous=NORMAL")
        db.execute("PRAGMA foreign_keys=OFF")
        return db

    def _create(self):
        with self._lock:
            self._writer.executescript(
                "CREATE TABLE IF NOT EXISTS kv (name TEXT PRIMARY KEY, value TEXT);"
                "CREATE TABLE IF NOT EXISTS counters (kind TEXT PRIMARY KEY, n INTEGER)"
            )
            for path in _SCHEMAS:
                self._writer.executescript(path.read_text(encoding="utf-8"))

    @contextlib.contextmanager
    def write(self):
        """The write transaction; a nested call joins the outer one."""
        with self._lock:
            outer = self._depth == 0
            if outer:
                self._writer.execute("BEGIN IMMEDIATE")
                self._after = []
            self._depth += 1
            try:
                yield self._writer
            except BaseException:
                self._depth -= 1
                if outer:
                    self._writer.execute("ROLLBACK")
                raise
            self._depth -= 1
            after = []
            if outer:
                self._writer.execute("COMMIT")
                after, self._after = self._after, []
        for call in after:
            call()

    def on_commit(self, call):
        """Run ``call()`` once the current write transaction is committed."""
        if call not in self._after:
            self._after.append(call)

    @contextlib.contextmanager
    def read(self, snapshot=False):
        """A read-only connection, returned to the pool afterwards.

        ``snapshot``: all statements see the same state of the database.
        """
        try:
            db = self._readers.get_nowait()
        except queue.Empty:
            db = self._connect()
            db.execute("PRAGMA query_only=ON")
        try:
            if snapshot:
                db.execute("BEGIN")
            yield db
        finally:
            if snapshot:
                db.execute("ROLLBACK")
            if self._closed:
                db.close()
            else:
                self._readers.put(db)

    def get_value(self, name, default=None):
        """A value of the key-value table (JSON inside)."""
        with self.read() as db:
            row = db.execute("SELECT value FROM kv WHERE name=?", (name,)).fetchone()
        return default if row is None else json.loads(row["value"])

    def set_value(self, name, value):
        """Keep a JSON value under a name."""
        with self.write() as db:
            db.execute(
                "INSERT INTO kv VALUES (?,?) "
                "ON CONFLICT(name) DO UPDATE SET value=excluded.value",
                (name, json.dumps(value)),
            )

    def wipe(self):
        """Empty every table."""
        with self.write() as db:
            names = db.execute(
                "SELECT name FROM sqlite_master WHERE type='table' "
                "AND name NOT LIKE 'sqlite_%'"
            ).fetchall()
            for row in names:
                db.execute(f'DELETE FROM "{row["name"]}"')

    def close(self):
        """Close all connections that are not lent out."""
        self._closed = True
        with self._lock:
            self._writer.close()
        while True:
            try:
                self._readers.get_nowait().close()
            except queue.Empty:
                return
