"""Transactions around calls to the outside, and small shared helpers."""

import hashlib
import os
from contextlib import contextmanager
from datetime import timedelta, timezone
from pathlib import Path

from psycopg2.extensions import ISOLATION_LEVEL_READ_COMMITTED

from odoo.http import request
from odoo.modules import module as odoo_module
from odoo.sql_db import Cursor
from odoo.tools import config

from . import steady
from .waiting import Places, WaitingSession

BEIJING = timezone(timedelta(hours=8))
#: context for documents made in batches: no followers, log messages or tracking
QUIET = {
    "tracking_disable": True,
    "mail_create_nolog": True,
    "mail_create_nosubscribe": True,
    "mail_notrack": True,
    "mail_auto_subscribe_no_notify": True,
}


@contextmanager
def outside_transaction(env):
    """Commit what the request did so far, run the block with no open transaction.

    For calls to WeChat that the shopper waits for: the intent is committed, the block
    calls, the answer is applied in a new transaction. A crash in between leaves the
    intent, which a sweep heals. The block must not touch ``env``.

    Inside a test's own transaction (no test cursor of its own) only a flush happens.
    """
    env.flush_all()
    cr = env.cr
    if not (isinstance(cr, Cursor) and odoo_module.current_test):
        # the intent must be there before WeChat is called
        cr.commit()  # pylint: disable=invalid-commit
        if request:
            # The stored claim of an Idempotency-Key is visible from now on.
            request.wx_commits = getattr(request, "wx_commits", 0) + 1
    yield


@contextmanager
def rc_cursor(env):
    """A cursor of its own in READ COMMITTED; commits at the end, rolls back on error.

    For short guarded updates of hot rows: they never fail with a serialization error
    and see what others committed. The caller must hold no lock on the same rows. On a
    test's cursor it is a savepoint (isolation is then not exercised).
    """
    if odoo_module.current_test and isinstance(env.cr, Cursor):
        # A test method's own transaction: a second connection would not see its data.
        with env.cr.savepoint():
            yield env.cr
        return
    if odoo_module.current_test:
        cr = env.registry.cursor()  # which a test may have replaced
    else:
        cr = steady.cursor(env.registry.db_name)
    try:
        if isinstance(cr, Cursor):
            # Fresh from the pool, nothing executed yet: changing the level is safe.
            cr.connection.set_isolation_level(ISOLATION_LEVEL_READ_COMMITTED)
        yield cr
        cr.commit()  # pylint: disable=invalid-commit
    finally:
        cr.close()


_places = {}


def _waiting_places():
    """The places of this server's workers while one answers a request, else None."""
    workers = config["workers"]
    if not request or workers < 2:
        return None
    folder = Path(config["data_dir"]) / f"wx_waiting-{config['http_port']}"
    key = (os.getpid(), folder)
    if key not in _places:
        # after the fork: a lock belongs to the open file, which a child would share
        _places.clear()
        _places[key] = Places(folder, workers)
    return _places[key]


def wechat_session():
    """A ``requests.Session`` for calls to WeChat that a shopper may wait for: never do
    all workers of a server hang in them (``waiting``)."""
    return WaitingSession(_waiting_places)


def iso8601(value):
    """A naive UTC datetime as Beijing time with offset; ``None`` for empty."""
    if not value:
        return None
    return (
        value.replace(tzinfo=timezone.utc, microsecond=0)
        .astimezone(BEIJING)
        .isoformat()
    )


def etag_of(raw: bytes) -> str:
    """A strong ETag of exactly these bytes."""
    return f'"{hashlib.blake2b(raw, digest_size=12).hexdigest()}"'
