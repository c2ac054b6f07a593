from odoo import api, fields, models

from odoo.addons.wx_base.fields import WxEncrypted

#: encrypted parts, and the whole list of what a shopper may write
PERSONAL = ("name", "phone", "detail")
PUBLIC = ("province", "city", "district", "is_default")


class WxAddress(models.Model):
    """Address book of one shopper in one mini-program.

    Not ``res.partner``: receivers are personal data of people who may never buy, and
    the ERP's address book is readable by every employee. Name, phone and street are
    encrypted; an order keeps a snapshot of its own.
    """

    _name = "wx.address"
    _description = "Shopper's address"
    _inherit = "wx.owned.mixin"
    _order = "user_id, is_default desc, id desc"
    _rec_name = "name"

    active = fields.Boolean(default=True)
    name = WxEncrypted("Receiver", mask="name", required=True)
    phone = WxEncrypted("Phone", digest="phone_digest", mask="phone", required=True)
    detail = WxEncrypted("Street", mask="address", required=True)
    province = fields.Char(required=True)
    city = fields.Char(required=True)
    district = fields.Char()
    is_default = fields.Boolean("Default")

    _one_default = models.UniqueIndex(
        "(user_id) WHERE is_default AND active", "A shopper has one default address."
    )

    @api.model
    def _of_shopper(self, ctx):
        """Addresses of the calling shopper, the default one first."""
        return self._wx_mine(ctx, order="is_default desc, id desc")

    def _wx_serialize_many(self, reason) -> list:
        """Clear text for the shopper who owns them; one log line per part."""
        parts = {part: self._wx_reveal_many(part, reason) for part in PERSONAL}
        return [
            {
                "id": address.id,
                **{part: parts[part][address.id] for part in PERSONAL},
                "province": address.province,
                "city": address.city,
                "district": address.district or "",
                "is_default": address.is_default,
            }
            for address in self
        ]
