from odoo import api, fields, models

from odoo.addons.wx_base.fields import WxEncrypted


class WxOrderAddress(models.Model):
    """The receiver as given with the order, encrypted; waybills print from here.

    It is not a partner: personal data of buyers must not spread over the ERP's address
    book (``design.md``, Personal data). Province, city and district stay readable.
    """

    _name = "wx.order.address"
    _description = "Receiver of a mall order"
    _log_access = False
    _rec_name = "order_id"

    order_id = fields.Many2one("wx.order", required=True, ondelete="cascade")
    company_id = fields.Many2one(related="order_id.company_id")
    province = fields.Char(readonly=True)
    city = fields.Char(readonly=True)
    district = fields.Char(readonly=True)
    name = WxEncrypted("Receiver", mask="name")
    phone = WxEncrypted("Phone", digest="phone_digest", mask="phone")
    detail = WxEncrypted("Address", mask="address")
    region = fields.Char(compute="_compute_region")

    _order_uniq = models.Constraint("UNIQUE(order_id)", "One receiver per order.")

    @api.depends("province", "city", "district")
    def _compute_region(self):
        for address in self:
            parts = (address.province, address.city, address.district)
            address.region = " ".join(filter(None, parts))

    def _wx_clear(self, reason):
        """Clear text for a waybill or a person: {name, phone, address}; logged."""
        self.ensure_one()
        return {
            "name": self._wx_reveal("name", reason),
            "phone": self._wx_reveal("phone", reason),
            "address": " ".join(
                filter(None, [self.region, self._wx_reveal("detail", reason) or ""])
            ),
        }
