"""Connections that keep what PostgreSQL prepared on them, and statements prepared once.

Odoo's pool sends ``DISCARD ALL`` whenever a connection is borrowed. That throws away
every plan of the session: those of prepared statements, and those behind foreign keys
and triggers, which an order then pays for again (measured: 3 of the 5 ms that
PostgreSQL spends on one). The short READ COMMITTED transactions of ``tools.rc_cursor``
leave nothing in a session that has to be discarded (settings are ``SET LOCAL`` there),
so they borrow from a pool of their own that does not.
"""

import hashlib
import os
import re
import select
import time

from odoo.sql_db import MAX_IDLE_TIMEOUT, ConnectionPool, Cursor, connection_info_for
from odoo.tools import config
from odoo.tools.func import locked

_PARAMETER = re.compile(r"%\((\w+)\)s(?:::[a-z]+(?:\[\])?)?")
_pools = {}


class SteadyPool(ConnectionPool):
    """Connections to one database, lent out again as they were given back.

    ``wx_prepared`` of a connection: names of the statements prepared on it.
    """

    def borrow(self, connection_info):
        cnx = self._idle()
        if cnx is None:
            cnx = super().borrow(connection_info)  # new, or reset
            cnx.wx_prepared = set()
        return cnx

    @locked
    def _idle(self):
        oldest = time.time() - MAX_IDLE_TIMEOUT
        for cnx in self._connections:
            if (
                not cnx._pool_in_use
                and not cnx.closed
                and cnx._pool_last_used > oldest
                and not _has_news(cnx)
            ):
                cnx._pool_in_use = True
                return cnx
        return None


def _has_news(cnx) -> bool:
    """The server said something unasked: most likely that it went away."""
    poll = select.poll()
    poll.register(cnx.fileno(), select.POLLIN)
    return bool(poll.poll(0))


def cursor(dbname: str) -> Cursor:
    """A cursor on a steady connection of this process; close it."""
    key = (os.getpid(), dbname)
    pool = _pools.get(key)
    if pool is None:
        # after a fork: the parent's connections are not ours
        for other in [other for other in _pools if other[0] != key[0]]:
            del _pools[other]
        pool = _pools.setdefault(key, SteadyPool(config["db_maxconn"]))
    return Cursor(pool, *connection_info_for(dbname))


class Prepared:
    """A statement with named parameters that a steady connection plans once.

    On other connections (tests, requests' own transactions) it runs as plain SQL.

    :param sql: with ``%(name)s`` for each parameter; a cast that follows is dropped,
        because the type is declared
    :param types: ``{parameter: PostgreSQL type}``
    """

    def __init__(self, name: str, sql: str, types: dict[str, str]):
        places = {}

        def place(match):
            number = places.setdefault(match[1], len(places) + 1)
            return f"${number}"

        body = _PARAMETER.sub(place, sql).replace("%%", "%")
        declared = ", ".join(types[known] for known in places)
        values = ", ".join(f"%({known})s::{types[known]}" for known in places)
        # another text is another statement: code may be newer than a connection
        digest = hashlib.sha256(f"{declared}{body}".encode()).hexdigest()[:8]
        self.plain = sql
        self.name = f"{name}_{digest}"
        self.prepare = f"PREPARE {self.name} ({declared}) AS {body}"
        self.call = f"EXECUTE {self.name} ({values})"

    def execute(self, cr, params: dict, **kwargs) -> None:
        """Runs the statement on ``cr``; what it found is fetched from there."""
        execute(cr, [self], params, **kwargs)


def execute(cr, statements, params: dict, **kwargs) -> None:
    """Runs prepared statements one after the other in one round trip.

    What the last one found is fetched from ``cr``.

    :param params: the parameters of all of them
    """
    prepared = getattr(cr.connection, "wx_prepared", None)
    if prepared is None:
        texts = [statement.plain for statement in statements]
    else:
        for statement in statements:
            if statement.name not in prepared:
                cr.execute(statement.prepare)
                prepared.add(statement.name)
        texts = [statement.call for statement in statements]
    cr.execute(";".join(texts), params, **kwargs)
