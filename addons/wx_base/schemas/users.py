"""Sessions and the shopper's own profile."""

from typing import Annotated

from pydantic import Field, StringConstraints

from .base import WxIn, WxOut

AppId = Annotated[str, StringConstraints(pattern=r"^wx[0-9a-f]{16}$")]
Code = Annotated[str, StringConstraints(pattern=r"^[\x21-\x7e]{1,128}$")]
HttpsUrl = Annotated[
    str, StringConstraints(max_length=500, pattern=r"^https://[^\s\"'<>\\]+$")
]


class LoginIn(WxIn):
    """``wx.login`` gave the code; it is good for five minutes and one use."""

    appid: AppId
    code: Code


class RefreshIn(WxIn):
    """The refresh token of the last answer."""

    refresh_token: Annotated[str, StringConstraints(pattern=r"^\d{1,10}\.[\w-]{43}$")]


class Me(WxOut):
    """The caller's own profile; the phone is shown masked."""

    id: int
    nickname: str | None
    avatar_url: str | None
    phone_masked: str | None = Field(description="138****8000")
    has_phone: bool


class Tokens(WxOut):
    """A pair of tokens."""

    access_token: str = Field(description="Send as Authorization: Bearer …")
    token_type: str
    expires_in: int = Field(description="Life of the access token in seconds")
    refresh_token: str = Field(description="Changes with every refresh")


class LoginOut(Tokens):
    """Tokens, and who logged in."""

    user: Me
    created: bool = Field(description="First login of this shopper")


class MePatch(WxIn):
    """What the shopper may change; a field left out stays, null clears it."""

    nickname: Annotated[str, StringConstraints(min_length=1, max_length=32)] | None = (
        None
    )
    avatar_url: HttpsUrl | None = None


class PhoneIn(WxIn):
    """The code of the ``getPhoneNumber`` button (not the login code)."""

    code: Code
