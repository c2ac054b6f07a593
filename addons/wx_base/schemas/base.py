"""Building blocks of request and response schemas; pure Python, no odoo.

``WxIn`` is what a client may send: unknown keys are refused, numbers must be numbers,
every string has an upper bound. ``WxOut`` is what we answer. The same ``WxIn`` class
reads a JSON body and a query string (pydantic's "strings" mode).
"""

from typing import Annotated, Any

from pydantic import BaseModel, ConfigDict, Field, StringConstraints

MAX_INT = 2**31 - 1
"""Largest value of a PostgreSQL ``integer``; ids and fen of one order stay below."""

MAX_STR = 2000
"""Upper bound, in characters, of a string field that names no bound of its own."""


class WxIn(BaseModel):
    """Base of everything read from a client."""

    model_config = ConfigDict(
        extra="forbid",
        strict=True,
        frozen=True,
        str_max_length=MAX_STR,
        str_strip_whitespace=True,
        allow_inf_nan=False,
    )


class WxOut(BaseModel):
    """Base of everything answered; unknown keys are refused so that nothing leaks."""

    model_config = ConfigDict(extra="forbid")


Id = Annotated[int, Field(ge=1, le=MAX_INT)]
"""A database id."""

Fen = Annotated[int, Field(ge=0, le=MAX_INT)]
"""Money in integer fen (0.01 yuan), never negative."""

Quantity = Annotated[int, Field(ge=1, le=9999)]
"""Whole pieces in one line."""

Limit = Annotated[int, Field(ge=1, le=50)]
"""Page size of list endpoints."""

Cursor = Annotated[str, StringConstraints(max_length=200, pattern=r"^[A-Za-z0-9_-]+$")]
"""Opaque ``next_cursor`` of the page before."""

ShortText = Annotated[str, StringConstraints(min_length=1, max_length=64)]


def owned_id(kind: str, scope: str = "user") -> Any:
    """Type of an id field that must belong to the caller.

    :param kind: key of the factory that the generated ownership test uses
    :param scope: ``user`` (one shopper's) or ``app`` (anything of the mini-program)
    """
    extra = {"x-wx-owner": kind, "x-wx-scope": scope}
    return Annotated[int, Field(ge=1, le=MAX_INT, json_schema_extra=extra)]


class PageQuery(WxIn):
    """Query of a list: ``?cursor=…&limit=…``."""

    cursor: Cursor | None = None
    limit: Limit = 20


class Problem(WxOut):
    """RFC 9457 problem details."""

    model_config = ConfigDict(extra="allow")

    type: str = Field(description="Relative address of the code's explanation")
    title: str = Field(description="What went wrong, in the shopper's language")
    status: int = Field(description="HTTP status, repeated")
    code: str = Field(description="Stable machine-readable code, e.g. stock.sold_out")
    detail: str | None = Field(default=None, description="More about this occurrence")
    errors: list[dict[str, Any]] | None = Field(
        default=None, description="Per field: {field, message, type} (422)"
    )
