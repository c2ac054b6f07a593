"""Draws mini-program codes: a QR code in round dots with a badge in its middle.

The platform's own flower-like code is not public; these can be read by any
scanner and carry the mini-program's plain-text link.
"""

import io

import qrcode
from PIL import Image, ImageDraw

_SCALE = 3
_QUIET = 4


def _finder(draw, left, top, size, colour, ground):
    for inset, fill in ((0, colour), (1, ground), (2, colour)):
        box = [
            left + inset * size,
            top + inset * size,
            left + (7 - inset) * size - 1,
            top + (7 - inset) * size - 1,
        ]
        draw.rounded_rectangle(box, radius=int((2 - inset * 0.6) * size), fill=fill)


def _in_finder(row, column, count):
    near = (row < 7, column < 7, row >= count - 7, column >= count - 7)
    return (near[0] and (near[1] or near[3])) or (near[2] and near[1])


def _badge(draw, middle, size, colour, ground):
    """A filled disc with two arcs: no letters, so no font is needed."""
    ring = [middle - size, middle - size, middle + size, middle + size]
    draw.ellipse(ring, fill=ground)
    inner = size * 0.82
    draw.ellipse(
        [middle - inner, middle - inner, middle + inner, middle + inner], colour
    )
    arc = size * 0.42
    wide = max(2, int(size * 0.14))
    box = [middle - arc, middle - arc, middle + arc, middle + arc]
    draw.arc(box, 200, 20, fill=ground, width=wide)
    draw.arc(box, 20 + 60, 200 - 20, fill=ground, width=wide)


def draw_code(content, width, colour, clear, form, name="", square=False):
    """Return the bytes of a picture.

    ``width``: pixels of each side; ``colour``: (r, g, b); ``clear``: transparent
    ground (PNG only); ``form``: png or jpeg; ``square``: plain squares, no badge.
    ``name`` colours the badge, so that two apps' codes differ at a glance.
    """
    code = qrcode.QRCode(error_correction=qrcode.constants.ERROR_CORRECT_H, border=0)
    code.add_data(content)
    code.make(fit=True)
    matrix = code.get_matrix()
    count = len(matrix)
    full = count + 2 * _QUIET
    unit = max(2, round(width * _SCALE / full))
    ground = (255, 255, 255, 0 if clear else 255)
    ink = (*colour, 255)
    image = Image.new("RGBA", (unit * full, unit * full), ground)
    draw = ImageDraw.Draw(image)
    start = _QUIET * unit
    for row, line in enumerate(matrix):
        for column, dark in enumerate(line):
            if not dark or (not square and _in_finder(row, column, count)):
                continue
            left, top = start + column * unit, start + row * unit
            box = [left, top, left + unit - 1, top + unit - 1]
            if square:
                draw.rectangle(box, fill=ink)
            else:
                draw.ellipse(box, fill=ink)
    if not square:
        for row, column in ((0, 0), (0, count - 7), (count - 7, 0)):
            _finder(draw, start + column * unit, start + row * unit, unit, ink, ground)
        tint = sum(name.encode()) % 3
        badge = ((7, 193, 96, 255), (16, 174, 255, 255), (250, 157, 59, 255))[tint]
        _badge(draw, image.width / 2, unit * count * 0.11, badge, (255, 255, 255, 255))
    image = image.resize((width, width), Image.Resampling.LANCZOS)
    out = io.BytesIO()
    if not clear:
        image = image.convert("RGB")
    if form == "jpeg":
        image.save(out, "JPEG", quality=92)
    else:
        image.save(out, "PNG")
    return out.getvalue()
