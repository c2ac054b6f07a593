import logging
from datetime import timezone

from odoo import api, fields, models
from odoo.exceptions import ValidationError

from ..wxclient_pay import (
    WxPayError,
    WxPayKeyError,
    certificate_serial,
    load_certificate,
    normalise_serial,
)

_logger = logging.getLogger(__name__)


class WxPlatformCertificate(models.Model):
    """A certificate WeChat signs with (certificate trust mode). Several may be valid at
    once while WeChat changes over; Odoo has no place for them."""

    _name = "wx.platform.certificate"
    _description = "WeChat Pay Platform Certificate"
    _order = "expire_at desc, id desc"
    _rec_name = "serial_no"

    provider_id = fields.Many2one(
        "payment.provider", required=True, ondelete="cascade", index=True
    )
    company_id = fields.Many2one(related="provider_id.company_id", store=True)
    serial_no = fields.Char(
        "Serial Number",
        required=True,
        compute="_compute_serial_no",
        store=True,
        precompute=True,
    )
    pem = fields.Text("Certificate", required=True)
    effective_at = fields.Datetime(
        "Valid From", compute="_compute_serial_no", store=True, precompute=True
    )
    expire_at = fields.Datetime(
        "Valid Until", compute="_compute_serial_no", store=True, precompute=True
    )

    _serial_uniq = models.Constraint(
        "UNIQUE(provider_id, serial_no)", "This certificate is already there."
    )

    @api.depends("pem")
    def _compute_serial_no(self):
        for record in self:
            record.serial_no = record.effective_at = record.expire_at = False
            try:
                certificate = load_certificate(record.pem)
            except WxPayKeyError:
                continue  # the constraint below says what is wrong
            record.serial_no = certificate_serial(certificate)
            record.effective_at = certificate.not_valid_before_utc.astimezone(
                timezone.utc
            ).replace(tzinfo=None)
            record.expire_at = certificate.not_valid_after_utc.astimezone(
                timezone.utc
            ).replace(tzinfo=None)

    @api.constrains("pem")
    def _check_pem(self):
        for record in self:
            try:
                load_certificate(record.pem)
            except WxPayKeyError as error:
                raise ValidationError(
                    record.provider_id._wx_key_message(error)
                ) from error

    def _is_valid(self):
        """Whether signatures made with it are accepted now."""
        return bool(self.expire_at) and self.expire_at > fields.Datetime.now()

    # -- keep the providers' cached keys current ---------------------------------

    @api.model_create_multi
    def create(self, vals_list):
        records = super().create(vals_list)
        self.env.registry.clear_cache()
        return records

    def write(self, vals):
        result = super().write(vals)
        self.env.registry.clear_cache()
        return result

    def unlink(self):
        self.env.registry.clear_cache()
        return super().unlink()

    # -- refresh -----------------------------------------------------------------

    @api.model
    def _refresh(self, provider):
        """Fetch the provider's current platform certificates.

        :return: number of new ones
        :raise WxPayError: call refused, network, or wrong APIv3 key
        """
        return self._keep(provider, provider._wx_client().certificates())

    @api.model
    def _keep(self, provider, rows):
        """Store certificates that are not here yet.

        :param rows: as ``WxPayV3.certificates``
        :return: number of new ones
        """
        known = {normalise_serial(c.serial_no) for c in provider.wx_certificate_ids}
        fresh = [row for row in rows if normalise_serial(row["serial_no"]) not in known]
        self.create([{"provider_id": provider.id, "pem": row["pem"]} for row in fresh])
        return len(fresh)

    @api.model
    def _cron_refresh(self):
        """Twice a day: certificates of every provider that uses them.

        WeChat publishes the next one days before it signs with it.
        """
        providers = self.env["payment.provider"].search(
            [
                ("code", "=", "wechatpay"),
                ("state", "!=", "disabled"),
                "|",
                ("wx_trust_mode", "=", "certificate"),
                # a migration to the public key is under way
                ("wx_certificate_ids", "!=", False),
            ]
        )
        for provider in providers:
            try:
                self._refresh(provider)
            except WxPayError as error:
                _logger.warning(
                    "Platform certificates of %s not refreshed: %s",
                    provider.display_name,
                    error,
                )
            self.env["ir.cron"]._commit_progress(1)
