"""Schemas of the kernel's own endpoints."""

from .base import WxOut


class Pong(WxOut):
    """Answer of ``GET /ping``."""

    ok: bool
