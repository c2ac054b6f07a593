from markupsafe import Markup

from odoo import api, fields, models

from ..wxclient_pay import (
    WxPayBusinessError,
    WxPayDecryptError,
    WxPayError,
    WxPayKeyError,
    WxPayNetworkError,
    WxPaySignatureError,
    certificate_serial,
    check_apiv3_key,
    check_merchant_certificate,
    check_public_key_id,
    load_certificate,
    load_private_key,
    load_public_key,
)

_ICONS = {"ok": "fa-check text-success", "bad": "fa-times text-danger"}


class PaymentProvider(models.Model):
    """The "test connection" button: which key is wrong, and in what way."""

    _inherit = "payment.provider"

    wx_certificate = fields.Text(
        "Merchant Certificate",
        copy=False,
        help="Content of apiclient_cert.pem. Not needed, but with it the serial number "
        "is filled in and key and certificate are compared.",
    )
    wx_check_result = fields.Html("Last Test", readonly=True, copy=False)
    wx_check_state = fields.Selection(
        [("ok", "Connected"), ("bad", "Not connected")],
        "Connection",
        readonly=True,
        copy=False,
    )
    wx_check_at = fields.Datetime("Tested At", readonly=True, copy=False)

    @api.onchange("wx_certificate")
    def _onchange_wx_certificate(self):
        if self.wx_certificate:
            try:
                certificate = load_certificate(self.wx_certificate)
            except WxPayKeyError:
                return  # said when saving
            self.wx_serial = certificate_serial(certificate)

    def action_wx_test_connection(self):
        """Button: check every key here, then talk to WeChat with them."""
        self.ensure_one()
        self.check_access("write")
        findings = self._wx_check_keys()
        if all(state != "bad" for state, _text in findings):
            findings += self._wx_check_calls()
        bad = any(state == "bad" for state, _text in findings)
        # sudo: the right was checked above; the fields are nobody's
        self.sudo().write(
            {
                "wx_check_result": Markup("").join(
                    Markup('<p><i class="fa %s"></i> %s</p>')
                    % (_ICONS.get(state, "fa-info-circle text-muted"), text)
                    for state, text in findings
                ),
                "wx_check_state": "bad" if bad else "ok",
                "wx_check_at": fields.Datetime.now(),
            }
        )
        return {
            "type": "ir.actions.client",
            "tag": "display_notification",
            "params": {
                "type": "danger" if bad else "success",
                "sticky": bad,
                "title": self.env._("WeChat Pay"),
                "message": next(
                    (text for state, text in findings if state == "bad"),
                    self.env._("The connection works."),
                ),
                "next": {"type": "ir.actions.client", "tag": "soft_reload"},
            },
        }

    # -- without the network -----------------------------------------------------

    def _wx_check_keys(self):
        """:return: list of (``ok``/``bad``/``info``, text)"""
        provider = self.sudo()
        findings = []
        checks = [
            (self.env._("API private key"), load_private_key, "wx_private_key", True),
            (self.env._("APIv3 key"), check_apiv3_key, "wx_apiv3_key", True),
        ]
        if self.wx_trust_mode == "public_key":
            checks.append(
                (
                    self.env._("WeChat Pay public key"),
                    load_public_key,
                    "wx_public_key",
                    False,
                )
            )
        for title, load, name, secret in checks:
            text = provider._wx_secret(name) if secret else provider[name]
            try:
                load(text)
                findings.append(("ok", self.env._("%(key)s: can be read.", key=title)))
            except WxPayKeyError as error:
                findings.append(("bad", self._wx_key_message(error)))
        try:
            if self.wx_trust_mode == "public_key":
                check_public_key_id(self.wx_public_key_id)
            if self.wx_certificate:
                own = load_certificate(self.wx_certificate)
                check_merchant_certificate(own, self.wx_mchid)
        except WxPayKeyError as error:
            findings.append(("bad", self._wx_key_message(error)))
        if not self.wx_mchid or not self.wx_serial:
            findings.append(
                (
                    "bad",
                    self.env._("Merchant number and serial number must be filled in."),
                )
            )
        if not self.wx_app_ids:
            findings.append(("info", self.env._("No mini-program is bound yet.")))
        return findings

    # -- with WeChat -------------------------------------------------------------

    def _wx_check_calls(self):
        client = self._wx_client()
        number = f"{self.wx_prefix}CONNECTIONTEST"
        results = {}
        with self.env["wx.pay.service"]._no_transaction():
            for name, call in (
                ("certificates", client.certificates),
                ("query", lambda: client.query(number)),
            ):
                try:
                    results[name] = call()
                except WxPayError as error:
                    results[name] = error
        findings = [self._wx_judge_apiv3(results["certificates"])]
        if isinstance(results["certificates"], list):
            self._wx_keep_certificates(results["certificates"])
        findings.append(self._wx_judge_query(results["query"]))
        return findings

    def _wx_keep_certificates(self, rows):
        """In certificate mode the first test brings the certificates."""
        if self.wx_trust_mode == "certificate":
            # sudo: certificates are kept by the system only
            self.env["wx.platform.certificate"].sudo()._keep(self, rows)

    def _wx_judge_apiv3(self, result):
        if isinstance(result, list):
            return "ok", self.env._("APIv3 key: WeChat's certificates open with it.")
        if isinstance(result, WxPayDecryptError):
            return "bad", self.env._(
                "APIv3 key: it is not the one set in WeChat's merchant platform."
            )
        if self.wx_trust_mode == "certificate":
            return "bad", self._wx_call_text(result)
        return "info", self.env._(
            "APIv3 key: merchants with a public key have no certificates to try it on; "
            "the first notification shows whether it is right."
        )

    def _wx_judge_query(self, result):
        if isinstance(result, dict) or (
            isinstance(result, WxPayBusinessError) and result.unknown_order
        ):
            return "ok", self.env._(
                "Merchant number, private key and serial number: accepted by WeChat; "
                "its answer is signed with the expected key."
            )
        if (
            self.wx_trust_mode == "certificate"
            and isinstance(result, WxPaySignatureError)
            and result.reason == "serial_unknown"
            and self.wx_certificate_ids
        ):
            return "info", self.env._("The certificates are here now; test once more.")
        return "bad", self._wx_call_text(result)

    def _wx_call_text(self, error):
        """What a failed call says about which setting."""
        if isinstance(error, WxPayNetworkError):
            return self.env._("WeChat cannot be reached: %(error)s", error=error)
        if isinstance(error, WxPaySignatureError):
            return self._wx_signature_text(error)
        code = getattr(error, "code", "")
        if code == "SIGN_ERROR":
            return self.env._(
                "WeChat refuses our signature: private key, serial number and merchant "
                "number do not belong together, or this machine's clock is wrong."
            )
        if code in ("MCH_NOT_EXISTS", "PARAM_ERROR"):
            return self.env._("WeChat does not know this merchant number.")
        if code == "NO_AUTH":
            return self.env._(
                "The merchant has no permission for this product at WeChat."
            )
        return self.env._("WeChat answered: %(error)s", error=error)

    def _wx_signature_text(self, error):
        texts = {
            "serial_unknown": self.env._(
                "WeChat signs with another key than the one entered: check "
                "verification mode and public key ID."
            ),
            "signature": self.env._(
                "The public key does not belong to the public key ID: WeChat's answer "
                "does not verify with it."
            ),
            "stale": self.env._("This machine's clock is five minutes or more off."),
            "missing_header": self.env._(
                "The answer is not signed: the API address is not WeChat's."
            ),
        }
        return texts.get(error.reason) or self.env._(
            "WeChat's answer is wrongly signed."
        )
