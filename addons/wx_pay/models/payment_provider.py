import hashlib
import re
from dataclasses import dataclass
from urllib.parse import urlsplit

from odoo import api, fields, models, tools
from odoo.exceptions import UserError, ValidationError

from odoo.addons.wx_base.fields import WxEncrypted
from odoo.addons.wx_base.tools import wechat_session

from .. import const
from ..wxclient_pay import (
    PlatformKeys,
    WxPayKeyError,
    WxPayV3,
    check_apiv3_key,
    clean_serial,
    load_certificate,
    load_private_key,
    load_public_key,
)

# Whatever the cached configuration is built from.
_CONFIG_FIELDS = {
    "code",
    "wx_mchid",
    "wx_serial",
    "wx_apiv3_key",
    "wx_private_key",
    "wx_trust_mode",
    "wx_public_key_id",
    "wx_public_key",
    "wx_api_base",
    "wx_next_certificate",
    "wx_next_private_key",
}


@dataclass(frozen=True)
class PayConfig:
    """One provider's connection in this process: loaded keys and an HTTP session."""

    provider_id: int
    company_id: int
    mchid: str
    apiv3_key: bytes
    keys: PlatformKeys
    client: WxPayV3


class PaymentProvider(models.Model):
    _inherit = "payment.provider"

    code = fields.Selection(
        selection_add=[(const.CODE, "WeChat Pay")],
        ondelete={const.CODE: "set default"},
    )
    wx_mchid = fields.Char(
        "Merchant Number", required_if_provider=const.CODE, copy=False
    )
    wx_serial = fields.Char(
        "Certificate Serial Number",
        required_if_provider=const.CODE,
        copy=False,
        help="Serial number of the merchant's API certificate (apiclient_cert.pem).",
    )
    wx_private_key = WxEncrypted(
        "API Private Key",
        mask="secret",
        required_if_provider=const.CODE,
        groups="base.group_system",
        help="Content of apiclient_key.pem.",
    )
    wx_apiv3_key = WxEncrypted(
        "APIv3 Key",
        mask="secret",
        required_if_provider=const.CODE,
        groups="base.group_system",
        help="32 characters, set in WeChat's merchant platform.",
    )
    wx_trust_mode = fields.Selection(
        [
            ("public_key", "WeChat Pay public key"),
            ("certificate", "Platform certificates"),
        ],
        "Verification",
        default="public_key",
        help="What WeChat signs with. New merchants have a public key.",
    )
    wx_public_key_id = fields.Char("Public Key ID", copy=False)
    wx_public_key = fields.Text("Public Key", copy=False)
    wx_certificate_ids = fields.One2many(
        "wx.platform.certificate", "provider_id", "Platform Certificates"
    )
    wx_api_base = fields.Char(
        "API Address",
        default=const.OFFICIAL_HOSTS[0],
        groups="base.group_system",
        help="WeChat's own address; another one (a simulator) only in test mode.",
    )
    wx_notify_base = fields.Char(
        "Notification Address",
        groups="base.group_system",
        help="Public address of this server for WeChat; empty: the web address.",
    )
    wx_app_ids = fields.Many2many(
        "wx.app",
        "wx_app_payment_provider_rel",
        "provider_id",
        "app_id",
        string="Mini-Programs",
        help="Mini-programs bound to this merchant number.",
    )
    wx_prefix = fields.Char(
        "Number Prefix",
        copy=False,
        default=lambda self: self._wx_default_prefix(),
        help="Every payment number starts with it. Two systems with the same merchant "
        "number must not share it.",
    )

    _wx_mchid_uniq = models.Constraint(
        "UNIQUE(wx_mchid)", "There is a provider with this merchant number already."
    )

    # -- core's hooks ------------------------------------------------------------

    def _compute_feature_support_fields(self):
        result = super()._compute_feature_support_fields()
        self.filtered(lambda p: p.code == const.CODE).support_refund = "partial"
        return result

    def _get_supported_currencies(self):
        currencies = super()._get_supported_currencies()
        if self.code == const.CODE:
            currencies = currencies.filtered(lambda c: c.name == "CNY")
        return currencies

    def _get_default_payment_method_codes(self):
        self.ensure_one()
        if self.code != const.CODE:
            return super()._get_default_payment_method_codes()
        return const.DEFAULT_PAYMENT_METHOD_CODES

    def _get_reset_values(self):
        if self.code != const.CODE:
            return super()._get_reset_values()
        return {
            "wx_mchid": False,
            "wx_serial": False,
            "wx_private_key": False,
            "wx_apiv3_key": False,
            "wx_public_key_id": False,
            "wx_public_key": False,
            "wx_certificate": False,
        }

    # -- values ------------------------------------------------------------------

    @api.model
    def _wx_default_prefix(self):
        """Four letters and digits that differ between databases."""
        # sudo: parameters are the administrator's; only a digest leaves
        uuid = self.env["ir.config_parameter"].sudo().get_param("database.uuid") or ""
        digest = hashlib.sha256(uuid.encode()).hexdigest().upper()
        return f"W{digest[:3]}"

    @api.constrains("wx_prefix", "code")
    def _check_wx_prefix(self):
        for provider in self:
            if provider.code == const.CODE and not re.fullmatch(
                r"[0-9A-Za-z]{2,6}", provider.wx_prefix or ""
            ):
                raise ValidationError(
                    self.env._("The number prefix has 2 to 6 letters or digits.")
                )

    @api.constrains("wx_mchid")
    def _check_wx_mchid(self):
        for provider in self:
            if provider.wx_mchid and not re.fullmatch(
                r"[0-9]{8,10}", provider.wx_mchid
            ):
                raise ValidationError(
                    self.env._("A merchant number has 8 to 10 digits.")
                )

    @api.constrains("wx_api_base", "wx_notify_base", "state", "code")
    def _check_wx_addresses(self):
        # sudo: the rule reads keys that whoever saves may not
        for provider in self.sudo().filtered(lambda p: p.code == const.CODE):
            for address in (provider.wx_api_base, provider.wx_notify_base):
                parts = urlsplit(address or "")
                if address and (
                    parts.scheme not in ("http", "https")
                    or not parts.hostname
                    or parts.query
                    or parts.path not in ("", "/")
                ):
                    raise ValidationError(
                        self.env._(
                            "“%(address)s” is no web address without path and query.",
                            address=address,
                        )
                    )
            base = (provider.wx_api_base or "").rstrip("/")
            if provider.state == "enabled" and base not in const.OFFICIAL_HOSTS:
                raise ValidationError(
                    self.env._(
                        "An enabled provider may call only %(host)s; another address "
                        "is for test mode.",
                        host=const.OFFICIAL_HOSTS[0],
                    )
                )

    # -- writes ------------------------------------------------------------------

    @api.model_create_multi
    def create(self, vals_list):
        return super().create([self._wx_cleaned(vals) for vals in vals_list])

    def write(self, vals):
        result = super().write(self._wx_cleaned(vals))
        if _CONFIG_FIELDS & set(vals):
            self.env.registry.clear_cache()
        return result

    @api.model
    def _wx_cleaned(self, vals):
        """Serial and public key id without what pasting brings along."""
        names = {"wx_serial", "wx_public_key_id"} & set(vals)
        return {**vals, **{n: clean_serial(vals[n]) or False for n in names}}

    @api.ondelete(at_uninstall=False)
    def _unlink_except_wx_facts(self):
        if (
            self.env["wx.pay.fact"]
            # sudo: whether there is a fact, never what it says
            .sudo()
            .search_count([("provider_id", "in", self.ids)], limit=1)
        ):
            raise UserError(
                self.env._(
                    "This provider has payment facts; switch it off instead of "
                    "deleting it."
                )
            )

    # -- connection --------------------------------------------------------------

    @api.model
    @tools.ormcache("provider_id")
    def _wx_config(self, provider_id):
        """The provider's loaded configuration, kept per process until it changes.

        :return: :class:`PayConfig`, or None when there is no such WeChat provider
        :raise WxPayKeyError: a key cannot be loaded
        """
        # sudo: loaded keys serve callers who may not read them
        provider = self.browse(provider_id).sudo().exists()
        if not provider or provider.code != const.CODE or not provider.wx_mchid:
            return None
        keys = dict(provider._wx_platform_keys())
        apiv3 = check_apiv3_key(provider._wx_secret("wx_apiv3_key"))
        by_key = provider.wx_trust_mode == "public_key"
        client = WxPayV3(
            mchid=provider.wx_mchid,
            serial_no=provider.wx_serial,
            private_key=load_private_key(provider._wx_secret("wx_private_key")),
            apiv3_key=apiv3,
            platform_keys=PlatformKeys(keys),
            public_key_id=provider.wx_public_key_id if by_key else None,
            base_url=provider.wx_api_base or const.OFFICIAL_HOSTS[0],
            transport=wechat_session(),
            spare=provider._wx_next_pair(),
        )
        return PayConfig(
            provider_id=provider.id,
            company_id=provider.company_id.id,
            mchid=provider.wx_mchid,
            apiv3_key=apiv3,
            keys=client.platform_keys,
            client=client,
        )

    def _wx_platform_keys(self):
        """(serial, public key) pairs of everything WeChat may sign with.

        Both kinds count whatever the mode: while a merchant changes over, WeChat signs
        notifications with either (wechat-pay-v3.md §1.4).
        """
        self.ensure_one()
        if self.wx_public_key_id and self.wx_public_key:
            yield self.wx_public_key_id, load_public_key(self.wx_public_key)
        for certificate in self.wx_certificate_ids:
            if certificate._is_valid():
                yield (
                    certificate.serial_no,
                    load_certificate(certificate.pem).public_key(),
                )

    def _wx_client(self):
        """The :class:`WxPayV3` client of this provider.

        :raise UserError: credentials are missing or cannot be loaded
        """
        self.ensure_one()
        try:
            config = self._wx_config(self.id)
        except WxPayKeyError as error:
            raise UserError(self._wx_key_message(error)) from error
        if config is None:
            raise UserError(
                self.env._("%(name)s: no WeChat Pay credentials.", name=self.name)
            )
        return config.client

    def _wx_notify_url(self, kind):
        """Where WeChat sends notifications.

        :param kind: ``payment`` or ``refund``
        """
        self.ensure_one()
        # sudo: an address that WeChat is told anyway
        base = (self.sudo().wx_notify_base or self.get_base_url()).rstrip("/")
        return f"{base}{const.NOTIFY_PATH}/{kind}/{self.id}"
