"""Batches of events from the mini-program."""

from typing import Annotated

from pydantic import AwareDatetime, Field, StringConstraints

from .base import WxIn, WxOut

Kind = Annotated[
    str, StringConstraints(max_length=64, pattern=r"^[a-z][a-z0-9_]*(\.[a-z0-9_]+)+$")
]
EventKey = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{8,36}$")]
Name = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,31}$")]
Scalar = Annotated[str, StringConstraints(max_length=500)] | bool | int | float | None
Value = Scalar | Annotated[list[Scalar], Field(max_length=50)]


class EventIn(WxIn):
    """One thing that happened on the phone."""

    kind: Kind = Field(description="A registered kind, e.g. page.view")
    at: AwareDatetime = Field(description="When, by the phone's clock, with offset")
    key: EventKey | None = Field(
        default=None, description="Unique per event: a repeated batch counts once"
    )
    data: Annotated[dict[Name, Value], Field(max_length=20)] = Field(
        default_factory=dict
    )


class EventsIn(WxIn):
    """Up to 50 events; collect them and send every few seconds."""

    events: Annotated[list[EventIn], Field(min_length=1, max_length=50)]


class EventsOut(WxOut):
    """How many were stored; the others were repetitions."""

    accepted: int
    duplicates: int
