"""The shopper's address book; pure Python."""

from typing import Annotated

from pydantic import Field, StringConstraints

from odoo.addons.wx_base.schemas.base import WxIn, WxOut

Name = Annotated[str, StringConstraints(min_length=1, max_length=50)]
#: mainland mobile, or a fixed line with area code and optional extension
Phone = Annotated[
    str, StringConstraints(pattern=r"^(1[3-9]\d{9}|0\d{2,3}-?\d{7,8}(-\d{1,6})?)$")
]
Region = Annotated[str, StringConstraints(min_length=1, max_length=32)]
Street = Annotated[str, StringConstraints(min_length=1, max_length=200)]


class AddressIn(WxIn):
    """A new address, in the parts that ``wx.chooseAddress`` gives."""

    name: Name
    phone: Phone
    province: Region
    city: Region
    district: Annotated[str, StringConstraints(max_length=32)] = ""
    detail: Street = Field(description="Street, house number, room")
    is_default: bool = False


class AddressPatch(WxIn):
    """What changes; left out means unchanged."""

    name: Name = None
    phone: Phone = None
    province: Region = None
    city: Region = None
    district: Annotated[str, StringConstraints(max_length=32)] = None
    detail: Street = None
    is_default: bool = Field(
        default=None,
        description="true moves the default here; it cannot be switched off",
    )


class Address(WxOut):
    """An address as its owner sees it."""

    id: int
    name: str
    phone: str
    province: str
    city: str
    district: str
    detail: str
    is_default: bool


class AddressList(WxOut):
    """All addresses, the default one first; never more than one page."""

    items: list[Address]
    next_cursor: str | None
