import re
import secrets
from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError

from odoo.addons.wx_base.money import to_fen
from odoo.addons.wx_base.problems import WxError

from .. import const
from ..wxclient_pay import beijing_date

_FOREIGN = re.compile(r"[^0-9A-Za-z_\-]+")
_ALPHABET = "23456789ABCDEFGHJKLMNPQRSTUVWXYZ"


class PaymentTransaction(models.Model):
    _inherit = "payment.transaction"

    wx_payable_model = fields.Char("Document Model", readonly=True, copy=False)
    wx_payable_id = fields.Many2oneReference(
        "Document", model_field="wx_payable_model", readonly=True, copy=False
    )
    wx_app_id = fields.Many2one(
        "wx.app", "Mini-Program", readonly=True, index="btree_not_null"
    )
    wx_openid = fields.Char("OpenID", readonly=True, groups="base.group_system")
    wx_amount_fen = fields.Integer("Amount (fen)", readonly=True)
    wx_description = fields.Char("Description", readonly=True)
    wx_trade_type = fields.Selection(
        [("JSAPI", "Mini-program"), ("NATIVE", "QR code")], "Way to Pay", readonly=True
    )
    wx_prepay_id = fields.Char("Prepay ID", readonly=True, groups="base.group_system")
    wx_prepay_at = fields.Datetime("Prepaid At", readonly=True)
    wx_code_url = fields.Char("QR Content", readonly=True, groups="base.group_system")
    wx_time_expire = fields.Datetime("Payable Until", readonly=True)
    wx_transaction_id = fields.Char(
        "WeChat Transaction", readonly=True, index="btree_not_null", copy=False
    )
    wx_success_time = fields.Datetime("Succeeded At", readonly=True)
    wx_attempt_state = fields.Selection(
        [
            ("intent", "Noted"),
            ("open", "Payable"),
            ("closing", "Being Closed"),
            ("closed", "Closed"),
            ("refused", "Refused by WeChat"),
            ("paid", "Payment Received"),
            ("paid_late", "Paid after Close"),
            ("paid_twice", "Paid Twice"),
        ],
        "Attempt",
        readonly=True,
        copy=False,
        index="btree_not_null",
    )
    wx_out_refund_no = fields.Char("Refund Number", readonly=True, copy=False)
    wx_refund_id = fields.Char(
        "WeChat Refund", readonly=True, index="btree_not_null", copy=False
    )
    wx_refund_key = fields.Char("Refund Key", readonly=True, copy=False)
    wx_refund_reason = fields.Char("Refund Reason", readonly=True)
    wx_refund_origin = fields.Selection(
        [("here", "Here"), ("platform", "Merchant platform"), ("auto", "Automatic")],
        "Refund Started",
        readonly=True,
    )
    wx_next_sweep = fields.Datetime("Next Check", readonly=True, copy=False)
    wx_sweep_count = fields.Integer("Checks", readonly=True, copy=False)
    wx_error_code = fields.Char("WeChat Error", readonly=True, copy=False)

    # The last word on "one payment per document", whatever two workers do at once.
    _wx_one_paid = models.UniqueIndex(
        "(wx_payable_model, wx_payable_id) WHERE wx_attempt_state = 'paid' "
        "AND wx_payable_id IS NOT NULL"
    )
    _wx_out_refund_no_uniq = models.UniqueIndex(
        "(provider_id, wx_out_refund_no) WHERE wx_out_refund_no IS NOT NULL"
    )
    _wx_refund_key_uniq = models.UniqueIndex(
        "(source_transaction_id, wx_refund_key) WHERE wx_refund_key IS NOT NULL"
    )
    _wx_payable_idx = models.Index(
        "(wx_payable_model, wx_payable_id) WHERE wx_payable_id IS NOT NULL"
    )
    _wx_sweep_idx = models.Index("(wx_next_sweep) WHERE wx_next_sweep IS NOT NULL")
    _wx_unposted_idx = models.Index(
        "(id) WHERE wx_payable_id IS NOT NULL AND is_post_processed IS NOT TRUE "
        "AND state = 'done'"
    )

    # -- creation ----------------------------------------------------------------

    @api.model
    def _get_specific_create_values(self, provider_code, values):
        """Numbers WeChat accepts: reference is the out_trade_no, or the out_refund_no
        of a refund; the amount also in fen."""
        result = super()._get_specific_create_values(provider_code, values)
        if provider_code != const.CODE:
            return result
        provider = self.env["payment.provider"].browse(values["provider_id"])
        result["wx_amount_fen"] = to_fen(values["amount"])
        if values.get("operation") == "refund":
            if not values.get("wx_out_refund_no"):
                result["wx_out_refund_no"] = self._wx_free_number(
                    provider, values["reference"], 60
                )
            if not values.get("wx_next_sweep"):
                result["wx_next_sweep"] = fields.Datetime.now()
            return result
        if not self._wx_is_number(provider, values["reference"]):
            result["reference"] = self._wx_free_number(
                provider, values["reference"], 32
            )
        if not values.get("wx_attempt_state"):
            result["wx_attempt_state"] = "intent"
        if not values.get("wx_next_sweep"):
            result["wx_next_sweep"] = fields.Datetime.now() + timedelta(
                seconds=const.PAYMENT_LADDER[0]
            )
        return result

    @api.model
    def _wx_is_number(self, provider, reference):
        prefix = provider.wx_prefix or ""
        return (
            reference.startswith(prefix)
            and 6 <= len(reference) <= 32
            and not _FOREIGN.search(reference)
        )

    @api.model
    def _wx_free_number(self, provider, reference, limit):
        """A number made of the provider's prefix, the reference and, when it would be
        too long or is taken, random characters.

        :param limit: longest number WeChat accepts here
        """
        clean = _FOREIGN.sub("-", reference).strip("-")
        number = f"{provider.wx_prefix or ''}{clean}"
        # sudo: a number is unique over all companies
        taken = self.sudo().search_count(
            [
                "|",
                ("reference", "=", number),
                "&",
                ("provider_id", "=", provider.id),
                ("wx_out_refund_no", "=", number),
            ],
            limit=1,
        )
        if 6 <= len(number) <= limit and not taken:
            return number
        tail = "".join(secrets.choice(_ALPHABET) for _ in range(8))
        return f"{number[: limit - 9]}-{tail}"

    @api.constrains("provider_id", "wx_payable_model")
    def _check_wx_payable_provider(self):
        """Inside a mini-program only WeChat Pay may be used (requirement 2.2)."""
        for tx in self:
            if tx.wx_payable_model and tx.provider_id.code != const.CODE:
                raise ValidationError(
                    self.env._(
                        "Orders of a mini-program are paid with WeChat Pay only; "
                        "%(provider)s cannot be used.",
                        provider=tx.provider_id.name,
                    )
                )

    # -- helpers -----------------------------------------------------------------

    def _wx_payable(self):
        """The document this payment (or refund) belongs to, as superuser; empty
        recordset of ``wx.payable.mixin`` when there is none."""
        self.ensure_one()
        model, record_id = self.wx_payable_model, self.wx_payable_id
        if not model or not record_id or model not in self.env:
            return self.env["wx.payable.mixin"]
        # sudo: the payment acts for its document, whoever pays
        return self.env[model].sudo().browse(record_id).exists()

    def _wx_payment_date(self):
        """Accounting date: the Beijing day of the success time."""
        self.ensure_one()
        return beijing_date(
            self.wx_success_time or self.last_state_change or fields.Datetime.now()
        )

    def _wx_refunded_fen(self):
        """Fen given back or promised: every refund not cancelled and not failed."""
        self.ensure_one()
        return -sum(
            child.wx_amount_fen
            for child in self.child_transaction_ids
            if child.operation == "refund"
            and child.state != "cancel"
            # refused before WeChat booked anything
            and not (child.state == "error" and not child.wx_refund_id)
        )

    # -- core's engine -----------------------------------------------------------

    def _get_specific_processing_values(self, processing_values):
        """Portal: place a native order and hand the QR code to the payment form."""
        values = super()._get_specific_processing_values(processing_values)
        if self.provider_code != const.CODE or self.operation == "refund":
            return values
        # sudo: whoever pays may not read the provider
        return {**values, **self.env["wx.pay.service"]._portal_values(self.sudo())}

    def _refund(self, amount_to_refund=None):
        """Core's refund buttons keep the rules of our own refunds: never more than what
        is left, never a refund of a refund."""
        if self.provider_code == const.CODE:
            fen = to_fen(amount_to_refund or self.amount)
            try:
                # sudo: core checked the right to refund
                self.env["wx.pay.service"]._check_refund(self.sudo(), fen)
            except WxError as error:
                raise UserError(error.title) from error
        return super()._refund(amount_to_refund=amount_to_refund)

    def _send_refund_request(self):
        """Core's refund buttons: the sweep sends it at once, outside this request."""
        if self.provider_code != const.CODE:
            return super()._send_refund_request()
        self.write(
            {
                "wx_next_sweep": fields.Datetime.now(),
                "wx_refund_origin": self.wx_refund_origin or "here",
                "wx_payable_model": self.source_transaction_id.wx_payable_model,
                "wx_payable_id": self.source_transaction_id.wx_payable_id,
            }
        )
        self.env["wx.pay.service"]._wake_refund_sweep()
        return None

    @api.model
    def _extract_reference(self, provider_code, payment_data):
        if provider_code != const.CODE:
            return super()._extract_reference(provider_code, payment_data)
        return payment_data.get("out_trade_no")

    def _extract_amount_data(self, payment_data):
        if self.provider_code != const.CODE:
            return super()._extract_amount_data(payment_data)
        # wx.pay.service checks fen, currency, payer and merchant before.
        return None

    def _apply_updates(self, payment_data):
        """Not an entry point: facts go through ``wx.pay.service._apply_fact``."""
        if self.provider_code != const.CODE:
            return super()._apply_updates(payment_data)
        raise ValidationError(
            self.env._("WeChat payments are applied by their facts only.")
        )

    # pylint: disable=missing-return
    def _log_message_on_linked_documents(self, message):
        # Mall payments come by the thousand and have no linked core document.
        others = self.filtered(lambda tx: not tx.wx_payable_id)
        if others:
            super(PaymentTransaction, others)._log_message_on_linked_documents(message)

    # -- buttons -----------------------------------------------------------------

    def action_wx_view_document(self):
        """Button: the document this payment belongs to."""
        self.ensure_one()
        self.check_access("read")
        if not self._wx_payable():
            raise UserError(self.env._("The document no longer exists."))
        return {
            "type": "ir.actions.act_window",
            "res_model": self.wx_payable_model,
            "res_id": self.wx_payable_id,
            "view_mode": "form",
        }

    def action_wx_view_facts(self):
        """Button: what WeChat said about this payment."""
        self.ensure_one()
        action = self.env["ir.actions.act_window"]._for_xml_id(
            "wx_pay.action_wx_pay_fact"
        )
        action["domain"] = [("transaction_id", "=", self.id)]
        return action
