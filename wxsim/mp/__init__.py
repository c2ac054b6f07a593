"""The open platform: tokens, login, messages, codes, shipping, message push."""

import pathlib

from ..core.store import register_schema

# Before the modules below: they register their routes at import.
register_schema(pathlib.Path(__file__).parent / "schema.sql")

from . import (
    codes,
    combined,
    custom,
    express,
    express_msg,
    login,
    newtmpl,
    quota,
    security,
    shipping,
    subscribe,
    token_api,
)
