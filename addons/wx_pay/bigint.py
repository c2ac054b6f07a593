"""A 64-bit integer field: Odoo's ``Integer`` holds 21.4 million yuan in fen, a balance
or a daily total holds more."""

from odoo import fields


class BigInt(fields.Integer):
    """``Integer`` on an ``int8`` column."""

    _column_type = ("int8", "int8")
