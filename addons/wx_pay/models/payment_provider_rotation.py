import logging
from datetime import timedelta, timezone

from odoo import api, fields, models
from odoo.exceptions import UserError, ValidationError

from odoo.addons.wx_base.fields import WxEncrypted

from .. import const
from ..wxclient_pay import (
    WxPayError,
    WxPayKeyError,
    certificate_serial,
    check_merchant_certificate,
    check_pair,
    load_certificate,
    load_private_key,
)

_logger = logging.getLogger(__name__)
WARN_DAYS = 30


class PaymentProvider(models.Model):
    """Change of keys while payments go on.

    *The merchant's certificate*: the next one is entered beforehand. As soon as WeChat
    accepts it, it becomes the one in use; a call that WeChat refuses meanwhile because
    the old one was voided is repeated with the next one, so none is lost.

    *WeChat's keys*: platform certificates and the public key are both accepted while
    both are here; the migration ends when nothing is signed with a certificate any more
    (wechat-pay-v3.md §1.4).
    """

    _inherit = "payment.provider"

    wx_next_certificate = fields.Text("Next Certificate", copy=False)
    wx_next_private_key = WxEncrypted(
        "Next API Private Key", mask="secret", groups="base.group_system", copy=False
    )
    wx_certificate_until = fields.Datetime(
        "Certificate Valid Until", compute="_compute_wx_certificate_until"
    )
    wx_key_warning = fields.Char("Key Warning", compute="_compute_wx_key_warning")

    @api.depends("wx_certificate")
    def _compute_wx_certificate_until(self):
        for provider in self:
            provider.wx_certificate_until = False
            try:
                certificate = load_certificate(provider.wx_certificate)
            except WxPayKeyError:
                continue  # none entered, or refused when it is saved
            provider.wx_certificate_until = (
                certificate.not_valid_after_utc.astimezone(timezone.utc)
            ).replace(tzinfo=None)

    @api.depends(
        "wx_certificate", "wx_next_certificate", "wx_certificate_ids.expire_at"
    )
    def _compute_wx_key_warning(self):
        soon = fields.Datetime.now() + timedelta(days=WARN_DAYS)
        for provider in self:
            until = provider.wx_certificate_until
            text = False
            if until and until < soon and not provider.wx_next_certificate:
                text = self.env._(
                    "The merchant's certificate ends on %(day)s: request the next one "
                    "in the merchant platform and enter it here.",
                    day=until.date(),
                )
            elif provider.wx_trust_mode == "certificate":
                last = max(provider.wx_certificate_ids.mapped("expire_at"), default=0)
                if last and last < soon:
                    text = self.env._(
                        "WeChat's last platform certificate ends on %(day)s and no new "
                        "one was published: change over to WeChat Pay's public key.",
                        day=last.date(),
                    )
            provider.wx_key_warning = text

    # -- the merchant's certificate ----------------------------------------------

    @api.constrains("wx_next_certificate", "wx_next_private_key", "wx_mchid")
    def _check_wx_next_pair(self):
        # sudo: keys are for the system group, the check is for everybody
        for provider in self.sudo().filtered(lambda p: p.code == const.CODE):
            private = provider._wx_secret("wx_next_private_key")
            try:
                if private:
                    private = load_private_key(private)
                if provider.wx_next_certificate:
                    certificate = load_certificate(provider.wx_next_certificate)
                    check_merchant_certificate(certificate, provider.wx_mchid)
                    if private:
                        check_pair(private, certificate)
            except WxPayKeyError as error:
                raise ValidationError(
                    self.env._(
                        "Next pair: %(reason)s", reason=provider._wx_key_message(error)
                    )
                ) from error

    def _wx_next_pair(self):
        """``(serial, private key)`` of the next certificate, or None when it is not
        complete."""
        private = self._wx_secret("wx_next_private_key")
        if not (private and self.wx_next_certificate):
            return None
        certificate = load_certificate(self.wx_next_certificate)
        return certificate_serial(certificate), load_private_key(private)

    def action_wx_switch_key(self):
        """Button: ask WeChat whether it accepts the next pair, and use it."""
        self.ensure_one()
        self.check_access("write")
        # sudo: keys; the button was checked above
        if not self.sudo()._wx_next_pair():
            raise UserError(
                self.env._("Enter the next certificate and its private key first.")
            )
        # sudo: keys; the button was checked above
        error = self.sudo()._wx_try_switch()
        if error:
            raise UserError(
                self.env._(
                    "WeChat does not accept the next pair yet: %(reason)s",
                    reason=self._wx_call_text(error),
                )
            )
        return True

    def _wx_try_switch(self):
        """One call signed with the next pair; accepted, it becomes the one in use.

        :return: None after the switch, else the error of the call
        """
        client = self._wx_client()
        pair, number = self._wx_next_pair(), f"{self.wx_prefix}CONNECTIONTEST"
        failure = None
        with self.env["wx.pay.service"]._no_transaction():
            try:
                client.signed_with(*pair).query(number)
            except WxPayError as error:
                failure = error
        if failure is not None and not getattr(failure, "unknown_order", False):
            return failure
        self.write(
            {
                "wx_serial": pair[0],
                "wx_certificate": self.wx_next_certificate,
                "wx_private_key": self._wx_secret("wx_next_private_key"),
                "wx_next_certificate": False,
                "wx_next_private_key": False,
            }
        )
        _logger.warning("%s signs with %s from now on", self.display_name, pair[0])
        return None

    @api.model
    def _cron_wx_switch_keys(self):
        """Hourly. Until then each process that WeChat refuses tries the next pair."""
        # sudo: the cron acts for the system
        providers = self.sudo().search(
            [
                ("code", "=", const.CODE),
                ("state", "!=", "disabled"),
                ("wx_next_certificate", "!=", False),
            ]
        )
        for provider in providers:
            if provider._wx_next_pair():
                error = provider._wx_try_switch()
                if error:
                    _logger.info("Next key of %s: %s", provider.display_name, error)
            self.env["ir.cron"]._commit_progress(1)

    # -- from certificates to the public key -------------------------------------

    def _wx_signed_lately(self, days=7):
        """How many notifications of the last days came signed with a certificate, and
        how many with the public key.

        :return: (certificate, public key)
        """
        self.env.cr.execute(
            """
            SELECT count(*) FILTER (WHERE raw::json ->> 'serial' NOT LIKE %s),
                   count(*) FILTER (WHERE raw::json ->> 'serial' LIKE %s)
              FROM wx_pay_fact
             WHERE provider_id = %s AND source = 'notification' AND received_at > %s
            """,
            (
                "PUB_KEY_ID_%",
                "PUB_KEY_ID_%",
                self.id,
                fields.Datetime.now() - timedelta(days=days),
            ),
        )
        return self.env.cr.fetchone()

    def action_wx_end_migration(self):
        """Button: forget WeChat's certificates, once they sign nothing any more."""
        self.ensure_one()
        self.check_access("write")
        if self.wx_trust_mode != "public_key" or not self.wx_public_key:
            raise UserError(
                self.env._("Enter WeChat Pay's public key and its id first.")
            )
        old, new = self._wx_signed_lately()
        if old or not new:
            raise UserError(
                self.env._(
                    "Of the notifications of the last 7 days %(old)s were signed with "
                    "a certificate and %(new)s with the public key. WeChat has not "
                    "changed over completely: both are accepted until then.",
                    old=old,
                    new=new,
                )
            )
        # sudo: checked above
        self.sudo().wx_certificate_ids.unlink()
        return True
