"""What both bills share: lines, header, cells, summary."""

import gzip
import hashlib
import io
import zlib
from types import MappingProxyType

from . import cells
from .cells import CellError
from .errors import BillFormatError

BOM = b"\xef\xbb\xbf"
MARK = "`"
SEPARATOR = ",`"


def converters():
    """Fresh converters of one file (name → callable; ``None``: text)."""
    return {
        "text": None,
        "required": cells.required,
        "number": cells.number,
        "fen": cells.Fen().__getitem__,
        "rate": cells.Rate().__getitem__,
        "utc": cells.Utc().__getitem__,
        "optional_utc": cells.OptionalUtc().__getitem__,
        "sign": cells.Sign().__getitem__,
    }


def open_bill(source):
    """A binary stream of the uncompressed file.

    ``source``: bytes or a binary file object, plain or gzip (recognised by its magic
    number, as the download may be either).
    """
    if isinstance(source, bytes | bytearray | memoryview):
        source = io.BytesIO(source)
    # A spooled temporary file can seek but has no seekable() before Python 3.11.
    seekable = getattr(source, "seekable", None)
    if seekable is None or seekable():
        start = source.tell()
        magic = source.read(2)
        source.seek(start)
    else:
        source = io.BufferedReader(source)
        magic = source.peek(2)[:2]
    if magic == b"\x1f\x8b":
        return io.BufferedReader(gzip.GzipFile(fileobj=source), 1 << 16)
    return source


class BillReader:
    """Base of the two readers: iterate over it once; results are valid afterwards.

    After the last row: ``count`` (detail lines), ``sha1`` (hexadecimal digest of the
    uncompressed bytes, what WeChat calls ``hash_value``), ``totals`` (column → fen).
    Raises :class:`BillFormatError` at the first line that cannot be trusted, and when
    the summary contradicts the lines. Cleaned rows are tuples in ``columns`` order.
    """

    columns = ()
    headings = MappingProxyType({})

    def __init__(self, source, mchid=None):
        self._stream = open_bill(source)
        self._hash = hashlib.sha1(usedforsecurity=False)
        self._mchid = mchid
        self._converters = converters()
        self.line = 0
        self.count = 0
        self.sha1 = ""
        self.totals = {}
        self.header = ()

    # --- lines -----------------------------------------------------------------------
    def _lines(self):
        update = self._hash.update
        try:
            for raw in self._stream:
                self.line += 1
                update(raw)
                if self.line == 1 and raw.startswith(BOM):
                    raw = raw[3:]
                try:
                    yield raw.decode().rstrip("\r\n")
                except UnicodeDecodeError:
                    raise BillFormatError("encoding", self.line) from None
        except (EOFError, zlib.error, gzip.BadGzipFile) as error:
            raise BillFormatError("gzip", self.line, detail=error) from None

    def __iter__(self):
        lines = self._lines()
        self._read_header(next(lines, ""))
        width = len(self.header)
        for text in lines:
            if text[:1] != MARK:
                break
            row = text[1:].split(SEPARATOR)
            if len(row) != width:
                raise BillFormatError(
                    "cell_count", self.line, detail=len(row), expected=width
                )
            yield self._row(row)
        else:
            raise BillFormatError("truncated", self.line)
        summary = next(lines, "")
        if not summary.startswith(MARK):
            raise BillFormatError("truncated", self.line, detail=summary)
        self._read_summary(text.split(","), summary[1:].split(SEPARATOR))
        for text in lines:
            if text:
                raise BillFormatError("trailing", self.line, detail=text)
        self.sha1 = self._hash.hexdigest()

    # --- header ----------------------------------------------------------------------
    def _read_header(self, text):
        if not text:
            raise BillFormatError("empty")
        self.header = tuple(part.strip() for part in text.split(","))
        self._check_header()
        seen = set()
        for heading in self.header:
            if heading in seen:
                raise BillFormatError("double_column", 1, heading)
            seen.add(heading)
        place = {heading: index for index, heading in enumerate(self.header)}
        # (cell index, converter, heading) in the order of self.columns
        self._program = [
            (place.get(heading), self._converters[kind], heading, kind)
            for heading, (_column, kind) in self.headings.items()
        ]
        self._prepare()

    def _need(self, headings):
        for heading in headings:
            if heading not in self.header:
                raise BillFormatError("missing_column", 1, heading)

    def _check_header(self):
        raise NotImplementedError

    def _prepare(self):
        """Hook: called once the header is known."""

    # --- cells -----------------------------------------------------------------------
    def _row(self, row):
        raise NotImplementedError

    def _blame(self, row):
        """Raise the error of the first cell of ``row`` that does not convert."""
        for index, convert, heading, _kind in self._program:
            if index is None or convert is None:
                continue
            try:
                convert(row[index])
            except CellError as error:
                raise BillFormatError(
                    error.code, self.line, heading, row[index]
                ) from None
        raise BillFormatError("bad_line", self.line)

    # --- summary ---------------------------------------------------------------------
    def _read_summary(self, names, values):
        raise NotImplementedError

    def _summary_cells(self, names, values, needed):
        """Heading → integer (counts in hundredths, money in fen)."""
        names = [name.strip() for name in names]
        if len(names) != len(values):
            raise BillFormatError(
                "cell_count", self.line, detail=len(values), expected=len(names)
            )
        for heading in needed:
            if heading not in names:
                raise BillFormatError("missing_column", self.line - 1, heading)
        result = {}
        for name, value in zip(names, values, strict=True):
            try:
                result[name] = self._converters["fen"](value)
            except CellError as error:
                raise BillFormatError(error.code, self.line, name, value) from None
        return result

    def _compare(self, found, heading, value, code="summary_total"):
        if heading in found and found[heading] != value:
            raise BillFormatError(
                code,
                self.line,
                heading,
                detail=_yuan(found[heading]),
                expected=_yuan(value),
            )


def _yuan(fen):
    return f"{'-' if fen < 0 else ''}{abs(fen) // 100}.{abs(fen) % 100:02d}"
