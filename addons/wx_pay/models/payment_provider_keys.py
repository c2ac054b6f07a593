from odoo import api, models
from odoo.exceptions import ValidationError

from .. import const
from ..wxclient_pay import (
    WxPayKeyError,
    check_apiv3_key,
    check_merchant_certificate,
    check_pair,
    check_platform_key,
    check_public_key_id,
    check_serial,
    load_certificate,
    load_private_key,
    load_public_key,
)


class PaymentProvider(models.Model):
    """Keys on entry: what can never work is refused, with which key and why."""

    _inherit = "payment.provider"

    @api.constrains(
        "wx_private_key",
        "wx_apiv3_key",
        "wx_public_key",
        "wx_public_key_id",
        "wx_serial",
        "wx_certificate",
        "wx_mchid",
    )
    def _check_wx_keys(self):
        # sudo: the rule reads keys that whoever saves may not
        for provider in self.sudo().filtered(lambda p: p.code == const.CODE):
            try:
                provider._wx_load_keys()
            except WxPayKeyError as error:
                raise ValidationError(provider._wx_key_message(error)) from error

    def _wx_load_keys(self):
        """Load each key that is there, alone and against the others.

        :raise WxPayKeyError: the first thing that cannot work
        """
        private = self._wx_secret("wx_private_key")
        apiv3 = self._wx_secret("wx_apiv3_key")
        if private:
            private = load_private_key(private)
        if apiv3:
            check_apiv3_key(apiv3)
        if self.wx_serial:
            check_serial(self.wx_serial)
        if self.wx_public_key_id:
            check_public_key_id(self.wx_public_key_id)
        if self.wx_public_key:
            public = load_public_key(self.wx_public_key)
            if private:
                check_platform_key(public, private)
        if self.wx_certificate:
            certificate = load_certificate(self.wx_certificate)
            check_merchant_certificate(certificate, self.wx_mchid)
            if private:
                check_pair(private, certificate, self.wx_serial)

    # -- texts -------------------------------------------------------------------

    def _wx_key_message(self, error):
        """A key error in the user's language.

        :param error: :class:`WxPayKeyError`
        """
        subject = self._wx_key_subjects()[error.subject]
        reasons = self._wx_key_reasons(error.detail)
        reason = reasons.get((error.subject, error.code)) or reasons[error.code]
        return f"{subject}: {reason}"

    def _wx_key_subjects(self):
        return {
            "private_key": self.env._("API private key"),
            "public_key": self.env._("WeChat Pay public key"),
            "public_key_id": self.env._("Public key ID"),
            "certificate": self.env._("Certificate"),
            "apiv3_key": self.env._("APIv3 key"),
            "serial_no": self.env._("Certificate serial number"),
        }

    def _wx_key_reasons(self, detail):
        """Sentences by code, or by (subject, code) where the remedy differs."""
        return {
            "empty": self.env._("nothing was entered."),
            "not_pem": self.env._("this is not PEM text (-----BEGIN …-----)."),
            "broken": self.env._("damaged or cut off; paste the whole file."),
            "encrypted": self.env._("protected by a password; remove it first."),
            "not_rsa": self.env._("not an RSA key."),
            "too_short": self.env._("the RSA key is shorter than 2048 bits."),
            "is_public": self.env._("this is a public key."),
            "is_private": self.env._("this is a private key."),
            ("private_key", "is_certificate"): self.env._(
                "this is a certificate (apiclient_cert.pem); the private key is in "
                "apiclient_key.pem."
            ),
            "is_certificate": self.env._(
                "this is a certificate; WeChat Pay's public key is downloaded as a "
                "file of its own (pub_key.pem)."
            ),
            "is_platform": self.env._(
                "this is WeChat's own certificate; the merchant's is in "
                "apiclient_cert.pem."
            ),
            "own": self.env._(
                "this is the merchant's own key; WeChat Pay's public key is downloaded "
                "in the merchant platform."
            ),
            "mismatch": self.env._("it does not belong to the certificate."),
            "owner": self.env._(
                "it was made for another merchant number (%(number)s).", number=detail
            ),
            "expired": self.env._("it expired on %(day)s.", day=detail),
            "not_yet": self.env._("it is valid from %(day)s only.", day=detail),
            "length": self.env._("exactly 32 characters are needed."),
            "charset": self.env._("only letters and digits are allowed."),
            "serial": self.env._("it is not the certificate's serial number."),
            "is_public_key_id": self.env._(
                "this is the id of WeChat's public key; the serial number is shown "
                "beside the merchant's API certificate."
            ),
            "is_serial": self.env._(
                "this is a certificate's serial number; the id starts with PUB_KEY_ID_."
            ),
            ("serial_no", "format"): self.env._(
                "it has 40 hexadecimal digits (0-9, A-F)."
            ),
            "format": self.env._("it starts with PUB_KEY_ID_ and digits."),
        }
