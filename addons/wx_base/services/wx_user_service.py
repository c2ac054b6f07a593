from odoo import api, models

from ..tools import outside_transaction
from ..wxclient import WxClientError
from .wx_session_service import wechat_error

PHONES_PER_HOUR = 10


class WxUserService(models.AbstractModel):
    """The shopper's own profile."""

    _name = "wx.user.service"
    _description = "Shopper profile"

    @api.model
    def _me(self, ctx):
        """The calling shopper's record."""
        return ctx.env["wx.user"].browse(ctx.user_id)

    @api.model
    def _update(self, ctx, body) -> dict:
        """Change what was sent (PATCH semantics)."""
        user = self._me(ctx)
        values = body.model_dump(exclude_unset=True)
        if values:
            user.write({name: value or False for name, value in values.items()})
        return user._wx_serialize()

    @api.model
    def _bind_phone(self, ctx, body) -> dict:
        """Verify and store the phone behind a ``getPhoneNumber`` code.

        A contact with the same number becomes a proposal for staff, never a link.

        :raises WxError: 422 ``phone.code_invalid``, 429, 503 ``wechat.unavailable``
        """
        env = ctx.env
        limits = env["wx.request.limit"]
        limits._hit("phone", ctx.user_id, limits._limit("phone", PHONES_PER_HOUR), 3600)
        user = self._me(ctx)
        # sudo: the client needs the app's secret
        client = user.app_id.sudo()._wx_client()

        def ask():
            with outside_transaction(env):
                return client.phone_number(body.code)

        try:
            answer = ctx.once("phone_number", ask)
        except WxClientError as exc:
            raise wechat_error(exc, "phone.code_invalid", 422) from exc
        user._set_phone(self._full_number(answer))
        return user._wx_serialize()

    @api.model
    def _full_number(self, answer) -> str:
        """China's numbers bare, others as ``+<country><number>``.

        ``countryCode`` is a string, in older samples a number
        (mini-program-platform.md §1.5).
        """
        country = str(answer.get("countryCode") or "86").lstrip("+")
        number = str(answer["purePhoneNumber"])
        return number if country == "86" else f"+{country}{number}"
