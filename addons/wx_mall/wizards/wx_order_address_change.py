from odoo import api, fields, models

from odoo.addons.wx_base.fields import WxEncrypted
from odoo.addons.wx_base.money import to_yuan

_TYPED = ("name", "phone", "detail")


class WxOrderAddressChange(models.TransientModel):
    """Staff correct the receiver of an order. What they type is encrypted here too."""

    _name = "wx.order.address.change"
    _description = "Change address of a mall order"

    order_id = fields.Many2one(
        "wx.order", required=True, readonly=True, ondelete="cascade"
    )
    name = WxEncrypted("Receiver", mask="name")
    phone = WxEncrypted("Phone", mask="phone")
    detail = WxEncrypted("Street", mask="address")
    province = fields.Char(compute="_compute_place", store=True, readonly=False)
    city = fields.Char(compute="_compute_place", store=True, readonly=False)
    district = fields.Char(compute="_compute_place", store=True, readonly=False)
    reason = fields.Char(required=True)
    freight_text = fields.Text("Freight", compute="_compute_freight_text")

    @api.depends("order_id")
    def _compute_place(self):
        # stored fields are computed as superuser
        self.order_id.sudo(False).check_access("read")
        for wizard in self:
            address = wizard.order_id.sudo().address_ids[:1]
            wizard.province, wizard.city = address.province, address.city
            wizard.district = address.district

    @api.depends("order_id", "province", "city", "district")
    def _compute_freight_text(self):
        service = self.env["wx.freight.service"]
        for wizard in self:
            order = wizard.order_id
            if not order or not wizard.province:
                wizard.freight_text = False
                continue
            result = order._wx_freight_to(
                wizard.province, wizard.city or "", wizard.district or ""
            )
            texts = [text for _entry, text in service._explained(result.explanation)]
            texts.append(
                self.env._(
                    "Freight ¥%(new).2f, until now ¥%(old).2f",
                    new=to_yuan(result.fen),
                    old=to_yuan(order._wx_full_fen()[1]),
                )
            )
            wizard.freight_text = "\n".join(texts)

    def action_change(self):
        """Replaces the receiver; empty parts stay as they are."""
        self.ensure_one()
        parts = {part: self[part] for part in ("province", "city", "district")}
        crypto = self.env["wx.crypto"]
        for part in _TYPED:
            stored = self._fields[part].stored(self)
            parts[part] = stored and crypto._decrypt(self._name, part, stored)
        order = self.order_id
        text = self.env["wx.order.staff"]._change_address(order, parts, self.reason)
        self.unlink()
        return order._notify("success", text)
