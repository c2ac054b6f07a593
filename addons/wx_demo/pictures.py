"""Draws the demo shop's product pictures: plain shapes on a soft background.

Pure Python (Pillow), no ``odoo``; the same arguments give the same bytes.
"""

import colorsys
import io
import random

from PIL import Image, ImageDraw, ImageFilter

SIZE = 640  # pixels, square
SCALE = 2  # drawn larger, then reduced: smooth edges

WHITE = (250, 248, 244)
DARK = (58, 52, 48)
WOOD = (186, 140, 96)
STEEL = (168, 172, 178)
LEAF = (92, 138, 84)


def shade(colour, factor):
    """Lighter (> 1) or darker (< 1)."""
    if factor <= 1:
        return tuple(int(part * factor) for part in colour)
    return tuple(int(255 - (255 - part) * (2 - factor)) for part in colour)


def _background(colour, seed):
    """A vertical gradient in a pale tone of the product's colour, and a table edge."""
    hue, _light, _saturation = colorsys.rgb_to_hls(*(part / 255 for part in colour))
    rng = random.Random(seed)
    hue = (hue + 0.5 + rng.uniform(-0.08, 0.08)) % 1
    top = tuple(int(255 * c) for c in colorsys.hls_to_rgb(hue, 0.93, 0.35))
    low = tuple(int(255 * c) for c in colorsys.hls_to_rgb(hue, 0.80, 0.30))
    side = SIZE * SCALE
    strip = Image.new("RGB", (1, 256))
    for y in range(256):
        part = y / 255
        strip.putpixel(
            (0, y),
            tuple(int(a + (b - a) * part) for a, b in zip(top, low, strict=True)),
        )
    image = strip.resize((side, side), Image.Resampling.BICUBIC)
    draw = ImageDraw.Draw(image)
    table = tuple(int(255 * c) for c in colorsys.hls_to_rgb(hue, 0.88, 0.22))
    draw.rectangle((0, int(side * 0.74), side, side), fill=table)
    return image


class Pen:
    """Draws in a 100 × 100 grid, whatever the picture's size."""

    def __init__(self, layer):
        self.draw = ImageDraw.Draw(layer)
        self.unit = layer.width / 100

    def _box(self, x0, y0, x1, y1):
        return tuple(value * self.unit for value in (x0, y0, x1, y1))

    def rect(self, x0, y0, x1, y1, fill, radius=0):
        self.draw.rounded_rectangle(
            self._box(x0, y0, x1, y1), radius=radius * self.unit, fill=fill
        )

    def oval(self, x0, y0, x1, y1, fill):
        self.draw.ellipse(self._box(x0, y0, x1, y1), fill=fill)

    def ring(self, x0, y0, x1, y1, colour, width):
        self.draw.ellipse(
            self._box(x0, y0, x1, y1), outline=colour, width=int(width * self.unit)
        )

    def arc(self, x0, y0, x1, y1, start, end, colour, width):
        self.draw.arc(
            self._box(x0, y0, x1, y1), start, end, colour, int(width * self.unit)
        )

    def shape(self, points, fill):
        self.draw.polygon(
            [(x * self.unit, y * self.unit) for x, y in points], fill=fill
        )

    def line(self, points, colour, width):
        self.draw.line(
            [(x * self.unit, y * self.unit) for x, y in points],
            fill=colour,
            width=int(width * self.unit),
            joint="curve",
        )


def mug(pen, c):
    pen.ring(60, 42, 82, 66, shade(c, 0.85), 4)
    pen.rect(28, 34, 68, 76, c, 6)
    pen.oval(28, 29, 68, 40, shade(c, 1.35))
    pen.oval(31, 31, 65, 38, (92, 62, 44))
    pen.rect(32, 42, 36, 70, shade(c, 1.3), 2)


def teapot(pen, c):
    pen.arc(64, 34, 90, 66, 250, 110, shade(c, 0.8), 4)
    pen.shape([(30, 48), (10, 38), (14, 34), (34, 60)], shade(c, 0.9))
    pen.oval(24, 34, 76, 78, c)
    pen.rect(34, 74, 66, 78, shade(c, 0.8), 2)
    pen.oval(36, 30, 64, 40, shade(c, 1.2))
    pen.oval(46, 24, 54, 32, shade(c, 0.75))
    pen.oval(34, 42, 42, 58, shade(c, 1.3))


def bowl(pen, c):
    pen.shape([(18, 46), (82, 46), (68, 74), (32, 74)], c)
    pen.oval(18, 38, 82, 54, shade(c, 1.3))
    pen.oval(22, 40, 78, 52, shade(c, 0.7))
    pen.rect(38, 72, 62, 77, shade(c, 0.8), 2)


def plate(pen, c):
    pen.oval(14, 44, 86, 78, shade(c, 0.85))
    pen.oval(14, 42, 86, 75, c)
    pen.oval(26, 48, 74, 69, shade(c, 1.3))


def lamp(pen, c):
    pen.rect(48, 44, 52, 74, STEEL)
    pen.rect(34, 73, 66, 78, shade(STEEL, 0.8), 2)
    pen.shape([(38, 20), (62, 20), (76, 48), (24, 48)], c)
    pen.shape([(40, 22), (46, 22), (36, 46), (28, 46)], shade(c, 1.4))


def chair(pen, c):
    for x in (30, 66):
        pen.rect(x, 56, x + 4, 80, WOOD)
    pen.rect(30, 20, 34, 58, WOOD)
    pen.rect(66, 20, 70, 58, WOOD)
    pen.rect(30, 20, 70, 42, c, 4)
    pen.rect(26, 52, 74, 60, shade(c, 0.85), 3)


def plant(pen, c):
    for x, y in ((34, 20), (50, 12), (66, 22), (28, 36), (72, 38), (44, 30), (58, 32)):
        pen.oval(x - 9, y - 4, x + 9, y + 26, shade(LEAF, 0.8 + (x % 5) / 8))
    pen.shape([(34, 52), (66, 52), (61, 78), (39, 78)], c)
    pen.rect(31, 49, 69, 56, shade(c, 1.2), 2)


def bottle(pen, c):
    pen.rect(42, 16, 58, 26, shade(c, 0.6), 2)
    pen.rect(44, 24, 56, 34, shade(c, 0.9))
    pen.rect(36, 32, 64, 78, c, 7)
    pen.rect(40, 38, 44, 72, shade(c, 1.35), 2)
    pen.rect(36, 50, 64, 62, WHITE)


def backpack(pen, c):
    pen.arc(40, 12, 60, 34, 180, 360, shade(c, 0.7), 3)
    pen.rect(26, 22, 74, 78, c, 14)
    pen.rect(32, 50, 68, 74, shade(c, 0.85), 5)
    pen.rect(32, 48, 68, 52, shade(c, 0.65), 1)
    pen.rect(22, 40, 28, 70, shade(c, 0.75), 3)
    pen.rect(72, 40, 78, 70, shade(c, 0.75), 3)
    pen.oval(47, 56, 53, 62, shade(c, 1.4))


def tee(pen, c):
    pen.shape(
        [(34, 22), (66, 22), (88, 36), (78, 50), (70, 44), (70, 78), (30, 78)]
        + [(30, 44), (22, 50), (12, 36)],
        c,
    )
    pen.oval(40, 17, 60, 30, shade(c, 0.75))
    pen.line([(32, 46), (32, 76)], shade(c, 0.85), 1)
    pen.line([(68, 46), (68, 76)], shade(c, 0.85), 1)


def hoodie(pen, c):
    tee(pen, c)
    pen.oval(36, 12, 64, 34, shade(c, 0.85))
    pen.oval(41, 17, 59, 32, shade(c, 0.55))
    pen.shape([(38, 58), (62, 58), (66, 72), (34, 72)], shade(c, 0.85))
    pen.line([(46, 30), (45, 42)], WHITE, 1)
    pen.line([(54, 30), (55, 42)], WHITE, 1)


def trousers(pen, c):
    pen.shape([(34, 16), (66, 16), (72, 80), (56, 80), (50, 38), (44, 80), (28, 80)], c)
    pen.rect(34, 16, 66, 22, shade(c, 0.75))
    pen.line([(50, 22), (50, 38)], shade(c, 0.7), 1)


def cap(pen, c):
    pen.draw.pieslice(pen._box(24, 30, 76, 86), 180, 360, fill=c)
    pen.shape([(60, 54), (94, 60), (92, 66), (50, 62)], shade(c, 0.75))
    pen.rect(24, 55, 76, 60, shade(c, 0.85), 1)
    pen.oval(47, 27, 53, 33, shade(c, 0.7))


def shoe(pen, c):
    pen.shape([(14, 42), (36, 40), (52, 56), (84, 62), (88, 72), (14, 72)], c)
    pen.rect(12, 70, 90, 77, WHITE, 3)
    for step in range(3):
        pen.line(
            [(40 + 5 * step, 46 + 5 * step), (48 + 5 * step, 42 + 5 * step)], WHITE, 1.5
        )
    pen.rect(14, 42, 20, 60, shade(c, 0.75), 2)


def notebook(pen, c):
    pen.rect(30, 20, 74, 80, shade(c, 0.7), 3)
    pen.rect(28, 18, 72, 78, c, 3)
    pen.rect(28, 18, 34, 78, shade(c, 0.8), 2)
    pen.rect(42, 32, 64, 44, WHITE, 1)
    pen.rect(64, 18, 67, 84, (196, 74, 62))


def pen_set(pen, c):
    for step, tone in enumerate((1.0, 0.7, 1.3)):
        x = 32 + 14 * step
        pen.rect(x, 24, x + 8, 70, shade(c, tone), 2)
        pen.shape([(x, 70), (x + 8, 70), (x + 4, 80)], DARK)
        pen.rect(x, 20, x + 8, 28, STEEL, 2)


def candle(pen, c):
    pen.line([(50, 26), (50, 34)], DARK, 1)
    pen.oval(46, 14, 54, 30, (250, 190, 80))
    pen.oval(48, 20, 52, 29, (255, 236, 170))
    pen.rect(32, 34, 68, 78, c, 4)
    pen.oval(32, 31, 68, 40, shade(c, 1.3))
    pen.rect(32, 50, 68, 66, WHITE)


def cushion(pen, c):
    pen.shape(
        [
            (18, 24),
            (50, 30),
            (82, 24),
            (77, 50),
            (82, 78),
            (50, 73),
            (18, 78),
            (23, 50),
        ],
        c,
    )
    for x in (34, 50, 66):
        pen.line([(x, 32), (x, 72)], shade(c, 1.3), 2)


def towel(pen, c):
    for step in range(4):
        y = 66 - 11 * step
        pen.rect(22, y, 78, y + 12, shade(c, 1 - 0.08 * (step % 2)), 5)
        pen.rect(68, y + 2, 71, y + 10, WHITE)


def jar(pen, c):
    pen.rect(32, 22, 68, 32, WOOD, 3)
    pen.rect(28, 31, 72, 78, shade(c, 1.2), 8)
    pen.rect(31, 40, 69, 75, c, 6)
    pen.rect(34, 48, 66, 66, WHITE, 2)
    pen.line([(40, 54), (60, 54)], shade(c, 0.7), 1.5)
    pen.line([(44, 60), (56, 60)], shade(c, 0.7), 1.5)


def tin(pen, c):
    pen.rect(30, 28, 70, 78, c, 4)
    pen.oval(30, 23, 70, 34, shade(c, 1.3))
    pen.rect(30, 36, 70, 39, shade(c, 0.75))
    pen.oval(40, 46, 60, 68, WHITE)
    pen.oval(45, 49, 55, 65, LEAF)


def box(pen, c):
    pen.shape([(22, 38), (50, 28), (78, 38), (50, 48)], shade(c, 1.3))
    pen.shape([(22, 38), (50, 48), (50, 82), (22, 70)], c)
    pen.shape([(78, 38), (50, 48), (50, 82), (78, 70)], shade(c, 0.8))
    pen.shape(
        [(44, 30), (50, 28), (56, 30), (56, 46), (50, 48), (44, 46)], (196, 74, 62)
    )


def headphones(pen, c):
    pen.arc(24, 18, 76, 78, 180, 360, shade(c, 0.7), 5)
    pen.rect(20, 44, 36, 74, c, 7)
    pen.rect(64, 44, 80, 74, c, 7)
    pen.rect(33, 47, 38, 71, DARK, 3)
    pen.rect(62, 47, 67, 71, DARK, 3)


def speaker(pen, c):
    pen.rect(30, 18, 70, 80, c, 8)
    pen.oval(36, 44, 64, 72, DARK)
    pen.oval(43, 51, 57, 65, shade(c, 0.6))
    pen.oval(43, 25, 57, 39, DARK)


def keyboard(pen, c):
    pen.shape([(12, 44), (88, 44), (94, 74), (6, 74)], c)
    for row in range(4):
        for column in range(11 - row % 2):
            x = 15 + column * 6.5 + row % 2 * 3 - row * 1.0
            pen.rect(x, 47 + row * 6.5, x + 5, 52 + row * 6.5, shade(c, 1.45), 1)


def watch(pen, c):
    pen.rect(40, 10, 60, 90, shade(c, 0.75), 5)
    pen.oval(28, 28, 72, 72, STEEL)
    pen.oval(32, 32, 68, 68, WHITE)
    pen.line([(50, 50), (50, 37)], DARK, 2)
    pen.line([(50, 50), (60, 54)], DARK, 2)


def umbrella(pen, c):
    pen.line([(50, 20), (50, 74)], WOOD, 2.5)
    pen.arc(50, 66, 62, 80, 0, 180, WOOD, 2.5)
    pen.draw.pieslice(pen._box(14, 18, 86, 86), 180, 360, fill=c)
    for x in (26, 50, 74):
        pen.draw.pieslice(
            pen._box(x - 12, 46, x + 12, 58), 180, 360, fill=shade(c, 0.8)
        )


def soap(pen, c):
    pen.rect(20, 54, 80, 72, WOOD, 4)
    pen.rect(28, 38, 72, 60, c, 9)
    pen.rect(36, 44, 64, 52, shade(c, 1.3), 4)


def fruit(pen, c):
    for x, y in ((49, 42), (34, 60), (64, 60)):
        pen.oval(x - 17, y - 15, x + 17, y + 17, c)
        pen.oval(x - 11, y - 10, x - 3, y - 1, shade(c, 1.4))
    pen.line([(49, 27), (54, 17)], WOOD, 2)
    pen.shape([(54, 18), (72, 12), (66, 26)], LEAF)


def voucher(pen, c):
    pen.rect(12, 30, 88, 74, c, 5)
    pen.rect(16, 34, 84, 70, shade(c, 1.25), 3)
    for y in range(36, 70, 6):
        pen.rect(62, y, 64, y + 3, c)
    pen.oval(8, 47, 18, 57, WHITE)
    pen.oval(82, 47, 92, 57, WHITE)
    pen.oval(26, 42, 48, 64, WHITE)
    pen.oval(31, 46, 43, 60, c)
    pen.line([(68, 44), (80, 44)], c, 2)
    pen.line([(68, 52), (80, 52)], c, 2)
    pen.line([(68, 60), (76, 60)], c, 2)


SHAPES = {
    shape.__name__: shape
    for shape in (
        mug, teapot, bowl, plate, lamp, chair, plant, bottle, backpack, tee, hoodie,
        trousers, cap, shoe, notebook, pen_set, candle, cushion, towel, jar, tin, box,
        headphones, speaker, keyboard, watch, umbrella, soap, fruit, voucher,
    )
}  # fmt: skip


def picture(kind: str, colour, seed: int = 0) -> bytes:
    """A JPEG of ``SIZE`` × ``SIZE`` pixels.

    :param kind: a key of ``SHAPES``
    :param colour: RGB triple, 0–255
    """
    image = _background(colour, seed)
    layer = Image.new("RGBA", image.size, (0, 0, 0, 0))
    SHAPES[kind](Pen(layer), tuple(colour))
    alpha = layer.getchannel("A")
    shadow = Image.new("RGBA", image.size, (40, 36, 34, 0))
    shadow.putalpha(alpha.point(lambda value: value * 2 // 5))
    small = shadow.resize((200, 200)).filter(ImageFilter.GaussianBlur(5))
    shadow = small.resize(image.size)
    image.paste(shadow, (int(image.width * 0.012), int(image.width * 0.025)), shadow)
    image.paste(layer, (0, 0), layer)
    image = image.resize((SIZE, SIZE), Image.Resampling.LANCZOS)
    out = io.BytesIO()
    image.save(out, "JPEG", quality=86, optimize=True)
    return out.getvalue()
