from odoo import api, models

from odoo.addons.wx_base.http import WxError

MAX_ADDRESSES = 30
REASON = "The shopper reads their own addresses"


class WxAddressService(models.AbstractModel):
    """Use cases of the address book: one method, one transaction."""

    _name = "wx.address.service"
    _description = "Address book"

    @api.model
    def _list(self, ctx) -> dict:
        addresses = ctx.env["wx.address"]._of_shopper(ctx)
        items = addresses._wx_serialize_many(REASON) if addresses else []
        return {"items": items, "next_cursor": None}

    @api.model
    def _get(self, ctx, address_id) -> dict:
        address = ctx.env["wx.address"]._wx_owned(ctx, address_id)
        return address._wx_serialize_many(REASON)[0]

    @api.model
    def _create(self, ctx, body) -> dict:
        """:raises WxError: 409 ``address.limit``"""
        self._lock(ctx)
        addresses = ctx.env["wx.address"]._of_shopper(ctx)
        if len(addresses) >= MAX_ADDRESSES:
            raise WxError(
                "address.limit",
                self.env._("At most %s addresses can be kept", MAX_ADDRESSES),
                409,
            )
        vals = body.model_dump()
        vals["is_default"] = vals["is_default"] or not addresses
        if vals["is_default"]:
            self._clear_default(addresses)
        address = addresses.create({**vals, "user_id": ctx.user_id})
        return address._wx_serialize_many(REASON)[0]

    @api.model
    def _update(self, ctx, address_id, body) -> dict:
        """Changes only what was sent. Switching the default off is not possible:
        another address takes it."""
        address = ctx.env["wx.address"]._wx_owned(ctx, address_id)
        self._lock(ctx)
        vals = body.model_dump(exclude_unset=True)
        wanted = vals.pop("is_default", False)
        if wanted and not address.is_default:
            self._clear_default(address._of_shopper(ctx))
            vals["is_default"] = True
        if vals:
            address.write(vals)
        return address._wx_serialize_many(REASON)[0]

    @api.model
    def _delete(self, ctx, address_id) -> None:
        """Forgets an address for good; the newest other one becomes the default."""
        address = ctx.env["wx.address"]._wx_owned(ctx, address_id)
        self._lock(ctx)
        was_default = address.is_default
        address.unlink()
        if was_default:
            ctx.env["wx.address"]._of_shopper(ctx)[:1].is_default = True

    def _lock(self, ctx):
        """Two requests of one shopper follow each other (one default, the limit).

        Taken by updating the row: a mere lock would leave an old snapshot.
        """
        ctx.env.cr.execute(
            "UPDATE wx_user SET write_date = now() AT TIME ZONE 'UTC' WHERE id = %s",
            [ctx.user_id],
        )

    def _clear_default(self, addresses):
        addresses.filtered("is_default").is_default = False
        addresses.flush_recordset(["is_default"])
