"""Rows → the text form of PostgreSQL's COPY, as a file object."""

_ESCAPES = str.maketrans({"\\": "\\\\", "\t": "\\t", "\n": "\\n", "\r": "\\r"})


def copy_line(values):
    """One line of COPY text without its end, for ``WITH (NULL '')``."""
    line = "\t".join(
        [v if type(v) is str else "" if v is None else str(v) for v in values]
    )
    if (
        "\\" in line
        or "\r" in line
        or "\n" in line
        or line.count("\t") != len(values) - 1
    ):
        return "\t".join(
            ["" if v is None else str(v).translate(_ESCAPES) for v in values]
        )
    return line


class CopyStream:
    """What ``cursor.copy_expert`` reads from: encodes rows on the way.

    ``rows``: iterable of lists; ``prefix``: numbers put before each row, followed by
    the row's number from 1. Holds at most one block in memory. The COPY command needs
    ``WITH (NULL '')``.
    """

    def __init__(self, rows, prefix=()):
        self._rows = iter(rows)
        self._prefix = "".join(f"{value}\t" for value in prefix)
        self._buffer = b""
        self.count = 0
        self.error = None

    # no model: there is nothing to call
    # pylint: disable=method-required-super
    def read(self, size=8192):
        """At most ``size`` bytes; empty at the end. What the rows raise is also kept in
        ``error``, as a database driver wraps it."""
        if len(self._buffer) < size:
            try:
                self._fill(max(size, 1 << 16))
            except Exception as error:
                self.error = error
                raise
        block, self._buffer = self._buffer[:size], self._buffer[size:]
        return block

    def _fill(self, size):
        parts = []
        length = 0
        prefix, number = self._prefix, self.count
        for row in self._rows:
            number += 1
            line = f"{prefix}{number}\t{copy_line(row)}\n"
            parts.append(line)
            length += len(line)
            if length >= size:
                break
        self.count = number
        self._buffer += "".join(parts).encode()
