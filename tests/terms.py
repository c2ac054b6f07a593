"""Odoo shell script: user-facing terms without a Chinese text, one a line.

Names of fields, keys and formats (AppID, SHA-1, wx_bill_day_id) stay as they are.
"""
# ruff: noqa: F821  (``env`` is the shell's)

import io
import re

import polib

from odoo.tools.translate import trans_export

WORDS = re.compile(r"[A-Za-z]{2,} [A-Za-z]{2,}|^[A-Z][a-z]{2,}$")
NO_WORDS = re.compile(r"^-----BEGIN |^<span")

for name in MODULES:
    out = io.BytesIO()
    trans_export("zh_CN", [name], out, "po", env)
    for entry in polib.pofile(out.getvalue().decode()):
        text = entry.msgid
        if not entry.msgstr and WORDS.search(text) and not NO_WORDS.search(text):
            print(f"TERM {name}: {text!r}")  # pylint: disable=print-used
