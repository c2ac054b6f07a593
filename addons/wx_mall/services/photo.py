"""Pictures that shoppers send: checked, made smaller, stripped. Needs Pillow only."""

import base64
import binascii
import io

from PIL import Image, ImageOps

MAX_BYTES = 5 * 1024 * 1024
MAX_PIXELS = 40_000_000
SIDE = 1600
FORMATS = ("JPEG", "PNG", "WEBP")


class BadPhoto(ValueError):
    """Not a picture that is taken; ``code`` says why."""

    def __init__(self, code: str):
        super().__init__(code)
        self.code = code


def clean_jpeg(encoded: str) -> bytes:
    """Base64 of a JPEG, PNG or WebP in, JPEG of at most 1600 pixels a side out.

    The pixels are written anew: place, time and device (EXIF) and anything hidden
    behind the picture are gone.

    :raises BadPhoto: ``encoding``, ``too_large`` or ``format``
    """
    if len(encoded) > (MAX_BYTES + 2) // 3 * 4 + 4:
        raise BadPhoto("too_large")
    try:
        raw = base64.b64decode(encoded, validate=True)
    except (binascii.Error, ValueError) as exc:
        raise BadPhoto("encoding") from exc
    if len(raw) > MAX_BYTES:
        raise BadPhoto("too_large")
    Image.init()
    known = [name for name in FORMATS if name in Image.OPEN]  # WebP may be missing
    try:
        with Image.open(io.BytesIO(raw), formats=known) as picture:
            if picture.width * picture.height > MAX_PIXELS:
                raise BadPhoto("too_large")
            upright = ImageOps.exif_transpose(picture).convert("RGB")
    except (OSError, SyntaxError, Image.DecompressionBombError) as exc:
        raise BadPhoto("format") from exc
    upright.thumbnail((SIDE, SIDE))
    clean = Image.new("RGB", upright.size)
    clean.paste(upright)
    out = io.BytesIO()
    clean.save(out, "JPEG", quality=85)
    return out.getvalue()
