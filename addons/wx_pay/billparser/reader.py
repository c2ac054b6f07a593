"""What both bills share: lines, header, cells, summary.

The file is read in blocks of whole lines, and a block is turned column by column with
``split``, ``zip`` and ``map``: a million lines take seconds, not a minute. Only when a
block does not convert is it looked through cell by cell, to name line and column.
"""

import gzip
import hashlib
import io
import itertools
import json
import re
import zlib
from types import MappingProxyType

from . import cells
from .cells import CellError
from .errors import BillFormatError

BOM = b"\xef\xbb\xbf"
MARK = b"`"
SEPARATOR = b",`"
BLOCK = 1 << 18  # bytes read at once
LONGEST_LINE = 1 << 20
LONGEST_NUMBER = 128  # reference §4.8; also what fits an index
_ESCAPES = ((b"\\", b"\\\\"), (b"\t", b"\\t"), (b"\r", b"\\r"))
_FORMULA = (b"=", b"+", b"@")
_TEXTS = ("text", "required", "number")
# a detail line whose back-ticks are gone
_A_TIME = re.compile(rb"[\"'=]{0,2}\d{4}[-/]\d{1,2}[-/]\d{1,2} ")


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
        return io.BufferedReader(gzip.GzipFile(fileobj=source), BLOCK)
    return source


class BillReader:
    """Base of the two readers: read it once, by iterating over it (rows as lists in
    ``columns`` order) or by :meth:`copy_blocks`; results are valid afterwards.

    After the last row: ``count`` (detail lines), ``sha1`` (hexadecimal digest of the
    uncompressed bytes, what WeChat calls ``hash_value``), ``totals`` (column → fen),
    ``extra`` (headings that this version does not know). Raises
    :class:`BillFormatError` at the first line that cannot be trusted, and when the
    summary contradicts the lines.

    :param mchid: refuse rows of another merchant
    :param day: Beijing day (date or ``yyyy-MM-dd``); refuse rows of another day
    :param sha1: announced digest; refuse other bytes
    """

    columns = ()
    headings = MappingProxyType({})

    def __init__(self, source, mchid=None, day=None, sha1=None):
        self._stream = open_bill(source)
        self._hash = hashlib.sha1(usedforsecurity=False)
        self._mchid = mchid.encode() if mchid else None
        self._day = day
        self._announced = sha1
        self._whole = True  # the last line read had its end
        self.line = 0
        self.count = 0
        self.sha1 = ""
        self.totals = {}
        self.header = ()
        self.extra = ()

    # --- output ----------------------------------------------------------------------
    def copy_blocks(self, prefix):
        """Blocks for ``COPY (…prefix, line number, columns, extra) … (NULL '')``.

        :param prefix: number put before each row, followed by the row's number from 1
        :return: iterator of bytes; ``extra`` is a JSON object of unknown columns
        """
        lead = b"%d\t" % prefix
        for first, out, extra in self._blocks():
            numbers = map(b"%d".__mod__, range(first, first + len(out[0])))
            lines = map(b"\t".join, zip(numbers, *self._texts(out), extra, strict=True))
            yield lead + (b"\n" + lead).join(lines) + b"\n"

    def __iter__(self):
        clear = [_CLEAR.get(kind, _clear) for _h, _c, kind in self._plan()]
        for _first, out, _extra in self._blocks():
            for row in zip(*out, strict=True):
                yield [show(cell) for show, cell in zip(clear, row, strict=True)]

    def _texts(self, out):
        for (_heading, _column, kind), cells_ in zip(self._plan(), out, strict=True):
            yield map(b"%d".__mod__, cells_) if kind in ("fen", "sign") else cells_

    def _plan(self):
        return [(h, column, kind) for h, (column, kind) in self.headings.items()]

    # --- blocks ----------------------------------------------------------------------
    def _chunks(self):
        """Whole lines, a quarter of a megabyte at a time."""
        update, rest = self._hash.update, b""
        try:
            while chunk := self._stream.read(BLOCK):
                update(chunk)
                data = rest + chunk if rest else chunk
                cut = data.rfind(b"\n") + 1
                rest = data[cut:]
                if len(rest) > LONGEST_LINE:
                    raise BillFormatError("bad_line", self.line + 1)
                if cut:
                    yield data[:cut]
        except (EOFError, zlib.error, gzip.BadGzipFile) as error:
            raise BillFormatError("gzip", self.line, detail=error) from None
        if rest:
            self._whole = False
            yield rest + b"\n"

    def _blocks(self):
        """(number of the first row, converted columns, extra column) per block."""
        try:
            yield from self._read_blocks()
        except BillFormatError:
            # Other bytes than announced explain whatever is wrong with them.
            self._check_hash(drain=True)
            raise

    def _check_hash(self, drain=False):
        if drain and self._announced:
            try:
                while chunk := self._stream.read(BLOCK):
                    self._hash.update(chunk)
            except (EOFError, zlib.error, OSError):
                return  # a damaged gzip stream has its own error
        self.sha1 = self._hash.hexdigest()
        if self._announced and self.sha1 != self._announced.lower():
            raise BillFormatError(
                "wrong_hash", detail=self.sha1, expected=self._announced
            )

    def _read_blocks(self):
        chunks = self._chunks()
        data = self._read_header(next(chunks, b""))
        for chunk in itertools.chain((data,), chunks):
            data = self._clean(chunk)
            details, rest = _details(data)
            if details:
                rows = [row.split(SEPARATOR) for row in details]
                self._check_cut(rows, rest)
                first = self.count + 1
                out = self._convert(rows)
                yield first, out, self._extra_column(rows)
                self.line += len(rows)
                self.count += len(rows)
            if rest:
                self._end(rest, chunks)
                return
        raise BillFormatError("no_summary" if self._whole else "truncated", self.line)

    def _check_cut(self, rows, rest):
        """A last line without its end is half a line, unless it is the summary."""
        if not self._whole and not rest and len(rows[-1]) != len(self.header):
            raise BillFormatError("truncated", self.line + len(rows))

    def _clean(self, chunk):
        """One kind of line end, characters checked, text as COPY wants it."""
        try:
            chunk.decode()
        except UnicodeDecodeError as error:
            line = self.line + 1 + chunk.count(b"\n", 0, error.start)
            raise BillFormatError("encoding", line) from None
        if b"\0" in chunk:
            line = self.line + 1 + chunk.count(b"\n", 0, chunk.index(b"\0"))
            raise BillFormatError("bad_char", line)
        chunk = chunk.replace(b"\r\n", b"\n")
        for bad, good in _ESCAPES:
            if bad in chunk:
                chunk = chunk.replace(bad, good)
        self._formulas = any(MARK + start in chunk for start in _FORMULA)
        return chunk

    # --- cells -----------------------------------------------------------------------
    def _convert(self, rows):
        """Columns of a block, converted; each of the rows is a list of cells."""
        width = len(self.header)
        try:
            raw = list(zip(*rows, strict=True))
            if len(raw) != width:
                raise ValueError
        except ValueError:
            raw = list(zip(*self._mended(rows), strict=True))
        try:
            out = [
                self._column(raw[index], kind, len(rows))
                if index is not None
                else self._absent(kind, len(rows))
                for index, kind in self._program
            ]
            self._check_block(out, raw)
        except CellError as error:
            self._blame(rows, error)
        return out

    @staticmethod
    def _absent(kind, length):
        return (0 if kind == "fen" else b"",) * length

    def _column(self, column, kind, length):
        convert = self._converters.get(kind)
        if column.count(column[0]) == length:
            # the same in every row: most money of a payment, merchant, currency …
            if kind == "required" and not column[0]:
                raise CellError("missing_value")
            self._check_text(kind, column[:1])
            if kind == "number":
                return cells.number(column[:1]) * length
            return (convert(column[0]),) * length if convert else column
        if kind == "required" and b"" in column:
            raise CellError("missing_value")
        self._check_text(kind, column)
        if kind == "number":
            return cells.number(column) if b"0" in column else column
        return list(map(convert, column)) if convert else column

    def _check_text(self, kind, column):
        if kind not in _TEXTS:
            return
        if max(map(len, column)) > LONGEST_NUMBER:
            raise CellError("too_long")
        if self._formulas and any(cell.startswith(_FORMULA) for cell in column):
            raise CellError("formula")

    def _check_block(self, out, raw):
        """Hook: what only the whole row can tell; updates the totals."""

    def _mended(self, rows):
        """``rows``, all of the header's width; raises at the first that cannot be."""
        width = len(self.header)
        for number, row in enumerate(rows):
            if len(row) != width:
                try:
                    rows[number] = self._mend(row, width, self.line + 1 + number)
                except BillFormatError:
                    if number:
                        self._convert(rows[:number])  # an earlier line comes first
                    raise
        return rows

    def _mend(self, row, width, line):
        """A row whose goods name or merchant data contains the separator."""
        place = self._free_place
        surplus = len(row) - width
        refusal = BillFormatError("cell_count", line, detail=len(row), expected=width)
        if place is not None and surplus > 0:
            joined = SEPARATOR.join(row[place : place + surplus + 1])
            mended = [*row[:place], joined, *row[place + surplus + 1 :]]
            try:
                for index, kind in self._program:
                    if index is not None:
                        self._column((mended[index],), kind, 1)
                return mended
            except CellError as error:
                # not that: the line is reported as it stands
                raise refusal from error
        raise refusal

    def _blame(self, rows, error):
        """Raise the error of the first cell of ``rows`` that does not convert."""
        headings = list(self.headings)
        for number, row in enumerate(rows):
            line = self.line + 1 + number
            for (index, kind), heading in zip(self._program, headings, strict=True):
                if index is None:
                    continue
                try:
                    self._column((row[index],), kind, 1)
                except CellError as found:
                    code = found.code
                    if row[index].startswith(_FORMULA):
                        code = "formula"
                    raise BillFormatError(
                        code, line, heading, _shown(row[index])
                    ) from None
            self._blame_row(row, line)
        raise BillFormatError(error.code, self.line + 1)

    def _blame_row(self, row, line):
        """Hook: raise the error of a row whose cells are right one by one."""

    def _extra_column(self, rows):
        if not self.extra:
            return itertools.repeat(b"", len(rows))
        return [
            json.dumps(
                {name: _clear(row[index]) or "" for name, index in self._extra_places},
                ensure_ascii=False,
            )
            .encode()
            .replace(b"\\", b"\\\\")
            for row in rows
        ]

    # --- header ----------------------------------------------------------------------
    def _read_header(self, chunk):
        """Check the first line; the rest of the chunk."""
        chunk = chunk.removeprefix(BOM)
        if not chunk.strip():
            raise BillFormatError("empty")
        raw, _end, rest = chunk.partition(b"\n")
        self.line = 1
        try:
            text = raw.decode()
        except UnicodeDecodeError:
            raise BillFormatError(_encoding_of(raw), 1) from None
        self.header = tuple(part.strip(" \r`") for part in text.split(","))
        try:
            self._check_header()
        except BillFormatError as error:
            if error.code == "unknown_header":
                error = _foreign_file(chunk) or error
            raise error from None
        seen = set()
        for heading in self.header:
            if heading in seen:
                raise BillFormatError("double_column", 1, heading)
            seen.add(heading)
        place = {heading: index for index, heading in enumerate(self.header)}
        # (cell index, kind) in the order of self.columns
        self._program = [
            (place.get(heading), kind)
            for heading, (_column, kind) in self.headings.items()
        ]
        self.extra = tuple(h for h in self.header if h not in self.headings)
        self._extra_places = [(heading, place[heading]) for heading in self.extra]
        self._free_place = next(
            (i for i, h in enumerate(self.header) if h in ("商品名称", "备注")), None
        )
        self._converters = {
            "fen": cells.Fen().__getitem__,
            "rate": cells.Rate().__getitem__,
            "utc": cells.Utc(self._day).__getitem__,
            "any_utc": cells.Utc().__getitem__,
            "optional_utc": cells.OptionalUtc().__getitem__,
            "sign": cells.Sign().__getitem__,
        }
        self._prepare()
        return rest

    def _need(self, headings):
        for heading in headings:
            if heading not in self.header:
                raise BillFormatError("missing_column", 1, heading)

    def _check_header(self):
        raise NotImplementedError

    def _prepare(self):
        """Hook: called once the header is known."""

    # --- summary ---------------------------------------------------------------------
    def _end(self, rest, chunks):
        """What follows the last detail line: two summary lines and nothing else."""
        rest += b"".join(map(self._clean, chunks))
        lines = rest.split(b"\n")
        names, values = lines[0], lines[1] if len(lines) > 1 else b""
        if _A_TIME.match(names):
            raise BillFormatError("spreadsheet", self.line + 1)
        self.line += 1
        if not values.startswith(MARK):
            if self._summary_heading not in names.decode().split(","):
                raise BillFormatError("bad_line", self.line, detail=_shown(names))
            raise BillFormatError("no_summary", self.line, detail=_shown(values))
        self.line += 1
        self._read_summary(
            names.decode().split(","), values[len(MARK) :].split(SEPARATOR)
        )
        for number, text in enumerate(lines[2:], self.line + 1):
            if text:
                raise BillFormatError("trailing", number, detail=_shown(text))
        self._check_hash()

    _summary_heading = ""

    def _read_summary(self, names, values):
        raise NotImplementedError

    def _summary_cells(self, names, values, needed):
        """Heading → integer (counts in hundredths, money in fen)."""
        names = [name.strip() for name in names]
        if len(names) != len(values):
            code = "cell_count" if self._whole else "truncated"
            raise BillFormatError(
                code, self.line, detail=len(values), expected=len(names)
            )
        for heading in needed:
            if heading not in names:
                raise BillFormatError("missing_column", self.line - 1, heading)
        result = {}
        for name, value in zip(names, values, strict=True):
            try:
                result[name] = self._converters["fen"](value)
            except CellError as error:
                raise BillFormatError(
                    error.code, self.line, name, _shown(value)
                ) from None
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


def _details(data):
    """(cells-to-be of the detail lines at the start of ``data``, what follows them)."""
    if not data.startswith(MARK):
        return [], data
    if data.count(b"\n" + MARK) + 1 == data.count(b"\n"):
        return data[1:-1].split(b"\n" + MARK), b""
    position = 0
    while data.startswith(MARK, position):
        position = data.index(b"\n", position) + 1
    return data[1 : position - 1].split(b"\n" + MARK), data[position:]


def _clear(cell):
    """COPY's text form → text; an empty cell → ``None``."""
    if not cell:
        return None
    for bad, good in reversed(_ESCAPES):
        if b"\\" in cell and good != b"\\\\":
            # a doubled backslash before the letter is not an escape of the letter
            cell = b"\\\\".join(p.replace(good, bad) for p in cell.split(b"\\\\"))
    return cell.replace(b"\\\\", b"\\").decode()


_CLEAR = {
    "fen": int,
    "sign": int,
    "rate": lambda cell: int(cell) if cell else None,
}


def _shown(cell):
    return _clear(cell) or ""


def _encoding_of(raw):
    try:
        text = raw.decode("gb18030")
    except UnicodeDecodeError:
        return "encoding"
    return "gbk" if "交易时间" in text or "记账时间" in text else "encoding"


def _foreign_file(chunk):
    """The error of a file that is something else entirely, if one can say what."""
    start = chunk.lstrip()[:512].lower()
    if start.startswith((b"<!doctype", b"<html", b"<?xml", b"<head", b"<body")):
        return BillFormatError("html", 1)
    if start.startswith((b"pk\x03\x04", b"\xd0\xcf\x11\xe0")):
        return BillFormatError("spreadsheet", 1)
    first = chunk.split(b"\n", 1)[0].decode(errors="replace")
    if any(mark in first for mark in ("交易时间", "记账时间")):
        return BillFormatError("spreadsheet", 1)
    return None


def _yuan(fen):
    return f"{'-' if fen < 0 else ''}{abs(fen) // 100}.{abs(fen) % 100:02d}"
