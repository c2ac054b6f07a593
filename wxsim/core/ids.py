"""Identifiers drawn from a seed and a counter in the database.

The same seed and the same sequence of calls give the same identifiers; a
restart goes on where the counter stands, so none comes twice.
"""

import hashlib
import string
import uuid

_ALNUM = string.ascii_letters + string.digits


class Ids:
    """Seeded identifiers; every method needs the open write transaction."""

    def __init__(self, seed):
        self.seed = seed

    def number(self, db, kind):
        """The next number of a kind: 1, 2, 3…"""
        row = db.execute(
            "INSERT INTO counters VALUES (?,1) "
            "ON CONFLICT(kind) DO UPDATE SET n=n+1 RETURNING n",
            (kind,),
        ).fetchone()
        return row[0]

    def _digest(self, db, kind):
        text = f"{self.seed}/{kind}/{self.number(db, kind)}"
        return hashlib.sha512(text.encode()).digest()

    def text(self, db, kind, length, alphabet=_ALNUM):
        """``length`` characters of an alphabet."""
        value = int.from_bytes(self._digest(db, kind), "big")
        out = []
        for _ in range(length):
            value, index = divmod(value, len(alphabet))
            out.append(alphabet[index])
        return "".join(out)

    def digits(self, db, kind, length):
        """``length`` decimal digits."""
        return self.text(db, kind, length, string.digits)

    def hex(self, db, kind, length):
        """``length`` lower-case hexadecimal digits (up to 128)."""
        return self._digest(db, kind).hex()[:length]

    def uuid(self, db, kind):
        """A version 4 UUID in its usual text form."""
        return str(uuid.UUID(bytes=self._digest(db, kind)[:16], version=4))
