"""Reads a sheet of shipments (xlsx or csv) and writes its template. Pure Python.

Columns by name, Chinese or English, in any order: order, carrier, tracking number and,
for a part of an order, SKU and quantity.
"""

import csv
import io

import openpyxl

COLUMNS = ("order", "carrier", "tracking", "sku", "qty")
HEADERS = {
    "order": ("订单号", "order", "order number"),
    "carrier": ("快递公司", "carrier"),
    "tracking": ("运单号", "tracking number", "tracking"),
    "sku": ("商品编码", "sku"),
    "qty": ("数量", "quantity", "qty"),
}
MAX_ROWS = 10_000
MAX_BYTES = 10_000_000


class SheetError(Exception):
    """The file cannot be read; ``reason``: ``format``, ``size``, ``rows``, ``columns``
    or ``empty``."""

    def __init__(self, reason, detail=""):
        super().__init__(f"{reason} {detail}".strip())
        self.reason = reason
        self.detail = detail


def read(name, data):
    """Rows of a file as dicts of COLUMNS plus ``row`` (its number in the file); cells
    are stripped text. Empty rows are left out.

    :param name: file name; its ending decides the format
    :raises SheetError: see there
    """
    if len(data) > MAX_BYTES:
        raise SheetError("size")
    raw = _xlsx(data) if name.lower().endswith(".xlsx") else _csv(data)
    header, rows = None, []
    for number, cells in enumerate(raw, 1):
        cells = [_text(cell) for cell in cells]
        if not any(cells):
            continue
        if header is None:
            header = _header(cells)
            continue
        found = {
            key: cells[place] if place < len(cells) else ""
            for key, place in header.items()
        }
        rows.append({**dict.fromkeys(COLUMNS, ""), **found, "row": number})
        if len(rows) > MAX_ROWS:
            raise SheetError("rows")
    if not rows:
        raise SheetError("empty")
    return rows


def _header(cells):
    places = {}
    for place, cell in enumerate(cells):
        for key, names in HEADERS.items():
            if cell.lower() in names:
                places.setdefault(key, place)
    missing = [HEADERS[key][0] for key in COLUMNS[:3] if key not in places]
    if missing:
        raise SheetError("columns", "、".join(missing))
    return places


def _text(cell):
    """Numbers that a spreadsheet made of digits lose their ``.0``."""
    if cell is None:
        return ""
    if isinstance(cell, float) and cell.is_integer():
        cell = int(cell)
    return str(cell).strip().lstrip("'\ufeff")


def _xlsx(data):
    try:
        book = openpyxl.load_workbook(io.BytesIO(data), read_only=True, data_only=True)
        yield from book.worksheets[0].iter_rows(values_only=True)
    except SheetError:
        raise
    except Exception as error:  # the library raises whatever a broken zip brings
        raise SheetError("format") from error


def _csv(data):
    for encoding in ("utf-8-sig", "gb18030"):
        try:
            text = data.decode(encoding)
            break
        except UnicodeDecodeError:
            continue
    else:
        raise SheetError("format")
    if "\x00" in text:
        raise SheetError("format")
    yield from csv.reader(io.StringIO(text, newline=""))


def write(rows):
    """An xlsx file with the template's columns; ``rows``: tuples of COLUMNS. Text
    cells, so that long numbers keep their digits and no cell is a formula."""
    book = openpyxl.Workbook()
    sheet = book.active
    sheet.append([HEADERS[key][0] for key in COLUMNS])
    for number, row in enumerate(rows, 2):
        for place, value in enumerate(row, 1):
            cell = sheet.cell(number, place, value if value != "" else None)
            if isinstance(value, str):
                cell.data_type = "s"
                cell.number_format = "@"
    for letter, width in zip("ABCDE", (22, 16, 24, 18, 8), strict=True):
        sheet.column_dimensions[letter].width = width
    out = io.BytesIO()
    book.save(out)
    return out.getvalue()
