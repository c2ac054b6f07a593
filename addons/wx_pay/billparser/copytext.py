"""Blocks of bytes → a file object for PostgreSQL's COPY."""


class CopyStream:
    """What ``cursor.copy_expert`` reads from; holds one block at a time.

    ``blocks``: iterable of bytes in COPY's text form (see ``BillReader.copy_blocks``);
    the COPY command needs ``WITH (NULL '')``.
    """

    def __init__(self, blocks):
        self._blocks = iter(blocks)
        self._view = memoryview(b"")
        self.error = None

    # no model: there is nothing to call
    # pylint: disable=method-required-super
    def read(self, size=8192):
        """At most ``size`` bytes; empty at the end. What the blocks raise is also kept
        in ``error``, as a database driver wraps it."""
        while not self._view:
            try:
                block = next(self._blocks, None)
            except Exception as error:
                self.error = error
                raise
            if block is None:
                return b""
            self._view = memoryview(block)
        part, self._view = self._view[:size], self._view[size:]
        return bytes(part)
