"""What is sent when somebody else pays an order; pure Python."""

from pydantic import Field

from odoo.addons.wx_base.schemas.base import WxOut


class PayLink(WxOut):
    """A link to share: whoever opens it in the mini-program can pay the order."""

    token: str
    expires_at: str = Field(description="End of the order's time to pay")


class FriendPayItem(WxOut):
    """A thing in the order, as the friend sees it."""

    title: str
    image: str | None
    qty: int


class FriendPay(WxOut):
    """An order seen through its link: what it is and costs, nothing of the receiver."""

    from_nickname: str | None
    items: list[FriendPayItem]
    amount_fen: int
    state: str = Field(description="payable, paid or closed")
    mine: bool = Field(description="Whether the reader is who ordered")
    expires_at: str
