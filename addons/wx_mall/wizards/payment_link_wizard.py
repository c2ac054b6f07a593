from odoo import api, models
from odoo.exceptions import UserError

DOCUMENTS = ("sale.order", "account.move")


class PaymentLinkWizard(models.TransientModel):
    """No payment link leads past the mini-program (requirement 2.2)."""

    _inherit = "payment.link.wizard"

    @api.model
    def default_get(self, fields):
        self._wx_check_document(
            self.env.context.get("active_model"), self.env.context.get("active_id")
        )
        return super().default_get(fields)

    @api.model_create_multi
    def create(self, vals_list):
        for vals in vals_list:
            self._wx_check_document(vals.get("res_model"), vals.get("res_id"))
        return super().create(vals_list)

    @api.model
    def _wx_check_document(self, model, record_id):
        """:raises UserError: the document belongs to a mall order"""
        if model not in DOCUMENTS or not record_id:
            return
        # sudo: the mall order behind it may be another department's
        document = self.env[model].sudo().browse(record_id).exists()
        order = (
            document.wx_order_id
            if model == "sale.order"
            else (document._wx_mall_order())
        )
        if order:
            raise UserError(
                self.env._(
                    "%(order)s is an order of a mini-program: it is paid there with "
                    "WeChat Pay only, so there is no payment link.",
                    order=order[0].name,
                )
            )
