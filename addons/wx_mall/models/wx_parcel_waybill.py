from odoo import api, fields, models
from odoo.exceptions import AccessError, UserError

from odoo.addons.wx_base.fields import WxEncrypted


class WxParcel(models.Model):
    """The electronic waybill of a parcel."""

    _inherit = "wx.parcel"

    waybill_state = fields.Selection(
        [
            ("none", "None"),
            ("asked", "Asked for"),
            ("made", "Made"),
            ("failed", "Refused"),
            ("cancelled", "Cancelled"),
        ],
        "Waybill",
        default="none",
        required=True,
        readonly=True,
        copy=False,
        index=True,
    )
    waybill_error = fields.Text(readonly=True, copy=False)
    waybill_order_no = fields.Char(
        readonly=True, copy=False, help="Our number of this waybill at WeChat."
    )
    waybill_count = fields.Integer(readonly=True, copy=False)
    waybill_account_id = fields.Many2one(
        "wx.express.account", "Contract", readonly=True, copy=False
    )
    # labels show receivers in clear, so they are encrypted
    waybill_label = WxEncrypted("Label", mask="text", readonly=True, copy=False)
    waybill_data = WxEncrypted("Sorting data", mask="text", readonly=True, copy=False)
    waybill_printed_at = fields.Datetime("Printed", readonly=True, copy=False)

    _waybill_uniq = models.UniqueIndex(
        "(app_id, waybill_order_no) WHERE waybill_order_no IS NOT NULL",
        "This waybill number is used already.",
    )

    def _begin_waybill(self, account):
        """Notes that a waybill is asked for, before WeChat hears of it."""
        self.ensure_one()
        count = self.waybill_count + 1
        self.write(
            {
                "waybill_state": "asked",
                "waybill_error": False,
                "waybill_count": count,
                "waybill_order_no": f"{self.order_id.name}-{self.id}-{count}",
                "waybill_account_id": account.id,
            }
        )

    def action_request_waybill(self):
        """Button: asks the express assistant for a waybill now."""
        self.check_access("write")
        for parcel in self:
            self.env["wx.waybill.service"]._request(parcel)
            if parcel.waybill_state != "made":
                return parcel.order_id._notify("danger", parcel.waybill_error)
        return True

    def action_cancel_waybill(self):
        """Button: gives the waybill back."""
        self.check_access("write")
        for parcel in self:
            self.env["wx.waybill.service"]._cancel(parcel)

    def action_print_waybill(self):
        """Button: the carrier's label, or the shop's own slip when there is none."""
        self.ensure_one()
        if self.waybill_state == "made":
            return {
                "type": "ir.actions.act_url",
                "url": f"/wx/parcels/{self.id}/label",
                "target": "new",
            }
        if not self.picking_id:
            raise UserError(self.env._("There is no delivery to print a slip of."))
        return self.env.ref("stock.action_report_delivery").report_action(
            self.picking_id
        )

    @api.model
    def _wx_may_send(self) -> bool:
        """Whether the user packs and sends parcels, and so sees where they go."""
        return self.env.su or self.env.user.has_group("stock.group_stock_user")

    def _label_html(self):
        """The label in clear, for those who pack and send; logged.

        :raises AccessError: for others, who may read the parcel only
        """
        self.ensure_one()
        self.check_access("read")
        if not self._wx_may_send():
            raise AccessError(self.env._("Labels are printed by those who send."))
        # sudo: warehouse staff prints without the right to look people up
        parcel = self.sudo()
        parcel.waybill_printed_at = fields.Datetime.now()
        return parcel._wx_reveal(
            "waybill_label",
            self.env._("Label of parcel %(name)s printed", name=self.display_name),
        )
