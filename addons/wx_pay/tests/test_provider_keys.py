"""Keys on entry, their rotation, and the change from certificates to the public key."""

from datetime import timedelta

from cryptography.hazmat.primitives import serialization as ser
from cryptography.hazmat.primitives.asymmetric import ec, rsa
from freezegun import freeze_time

from odoo import fields
from odoo.exceptions import UserError, ValidationError
from odoo.tests import HttpCase, TransactionCase, tagged
from odoo.tools import mute_logger

from .common import WxPayMixin

NOTIFY = "odoo.addons.wx_pay.controllers.notify"
SERVICE = "odoo.addons.wx_pay.services.wx_pay_service"


def pem(key, form=ser.PrivateFormat.PKCS8, password=None):
    cipher = ser.NoEncryption()
    if password:
        cipher = ser.BestAvailableEncryption(password)
    return key.private_bytes(ser.Encoding.PEM, form, cipher).decode()


@tagged("post_install", "-at_install", "wx")
class TestKeysOnEntry(WxPayMixin, TransactionCase):
    def setUp(self):
        super().setUp()
        self.own = self.merchant["merchant_private_key"]
        self.certificate = self.merchant["merchant_certificate"]

    def assertRefused(self, text, **values):
        with self.assertRaises(ValidationError) as refusal, self.cr.savepoint():
            self.provider.write(values)
        self.assertIn(text, str(refusal.exception))
        return str(refusal.exception)

    def test_each_wrong_key_has_its_own_message(self):
        key = ser.load_pem_private_key(self.own.encode(), None)
        old_form = ser.PrivateFormat.TraditionalOpenSSL
        public = self.merchant["public_key"]
        cases = (
            ({"wx_private_key": "apiclient_key.pem"}, "not PEM text"),
            ({"wx_private_key": self.own[:600]}, "damaged or cut off"),
            ({"wx_private_key": pem(key, password=b"x")}, "password"),
            ({"wx_private_key": pem(key, old_form, b"x")}, "password"),
            ({"wx_private_key": self.certificate}, "in apiclient_key.pem"),
            ({"wx_private_key": public}, "a public key"),
            ({"wx_private_key": pem(ec.generate_private_key(ec.SECP256R1()))}, "RSA"),
            ({"wx_private_key": pem(rsa.generate_private_key(65537, 1024))}, "2048"),
            ({"wx_apiv3_key": "k" * 31}, "32 characters"),
            ({"wx_apiv3_key": "密" * 32}, "letters and digits"),
            ({"wx_public_key": self.certificate}, "pub_key.pem"),
            ({"wx_public_key": self.own}, "a private key"),
            ({"wx_public_key_id": "AB" * 20}, "PUB_KEY_ID_"),
            ({"wx_public_key_id": "PUB_KEY_ID_x"}, "PUB_KEY_ID_"),
            ({"wx_serial": self.merchant["public_key_id"]}, "id of WeChat's public"),
            ({"wx_serial": self.mchid}, "40 hexadecimal digits"),
        )
        said = set()
        for values, text in cases:
            with self.subTest(text, values=list(values)):
                said.add(self.assertRefused(text, **values))
        # the same mistake with the same key reads the same, nothing else does
        self.assertEqual(len(said), len(cases) - 1)

    def test_keys_against_each_other(self):
        other = self.sim.ctl("POST", "/_ctl/merchants", {"appids": []})
        platform = other["platform_certificates"][0]["certificate"]
        self.assertRefused(
            f"another merchant number ({other['mchid']})",
            wx_certificate=other["merchant_certificate"],
        )
        self.assertRefused("WeChat's own certificate", wx_certificate=platform)
        self.assertRefused(
            "does not belong to the certificate",
            wx_certificate=self.certificate,
            wx_private_key=other["merchant_private_key"],
        )
        self.assertRefused(
            "not the certificate's serial number",
            wx_certificate=self.certificate,
            wx_serial="AB" * 20,
        )
        self.assertRefused(
            "merchant's own key",
            wx_public_key=ser.load_pem_private_key(self.own.encode(), None)
            .public_key()
            .public_bytes(ser.Encoding.PEM, ser.PublicFormat.SubjectPublicKeyInfo)
            .decode(),
        )
        with freeze_time("2099-01-01"):
            self.assertRefused("it expired on", wx_certificate=self.certificate)
        with freeze_time("2001-01-01"):
            self.assertRefused("valid from", wx_certificate=self.certificate)

    def test_every_form_that_works(self):
        key = ser.load_pem_private_key(self.own.encode(), None)
        pkcs1 = pem(key, ser.PrivateFormat.TraditionalOpenSSL)
        for text in (
            pkcs1,
            self.own.replace("\n", "\r\n"),
            "\ufeff" + pkcs1.replace("\n", "\r\n"),
            "".join(self.own.strip().split("\n")[1:-1]),
            self.own.replace("\n", "\\n"),
        ):
            self.provider.write({"wx_private_key": text})
            _tx, params = self.prepay(self.make_payable())
            self.assertTrue(params["paySign"])

    def test_pasted_serial_is_cleaned(self):
        serial = self.merchant["merchant_serial"]
        pairs = ":".join(serial[i : i + 2] for i in range(0, 40, 2)).lower()
        self.provider.wx_serial = f" serial={pairs}\n"
        self.assertEqual(self.provider.wx_serial, serial)


@tagged("post_install", "-at_install", "wx")
class TestRotation(WxPayMixin, HttpCase):
    def setUp(self):
        super().setUp()
        # what is voided at the simulator stays voided: a merchant for each test
        cls = type(self)
        cls.merchant = self.sim.ctl(
            "POST", "/_ctl/merchants", {"appids": [self.app.appid]}
        )
        cls.mchid = self.merchant["mchid"]
        cls.make_provider()

    def renew(self, **body):
        return self.sim.ctl("POST", f"/_ctl/merchants/{self.mchid}/renew", body)

    def prepare(self, made):
        self.provider.write(
            {
                "wx_next_certificate": made["merchant_certificate"],
                "wx_next_private_key": made["merchant_private_key"],
            }
        )

    def test_merchant_certificate_changes_mid_day_without_a_lost_call(self):
        old = self.provider.wx_serial
        self.prepare(self.renew())
        tx, params = self.prepay(self.make_payable())
        # WeChat voids the old one: the very next call goes through all the same
        self.sim.ctl("POST", f"/_ctl/merchants/{self.mchid}/renew", {"void": old})
        self.assertEqual(self.service._query(tx), "unpaid")
        again, params = self.prepay(self.make_payable())
        self.pay(params)
        self.assertEqual(self.service._query(again), "paid")
        # the cron makes it the one in use
        self.run_cron("ir_cron_switch_keys")
        self.assertNotEqual(self.provider.wx_serial, old)
        self.assertFalse(self.provider.wx_next_certificate)
        self.assertFalse(self.provider.sudo()._wx_secret("wx_next_private_key"))
        self.prepay(self.make_payable())

    @mute_logger(SERVICE)
    def test_without_a_next_pair_the_call_says_why(self):
        self.renew(void_old=True)
        tx = self.service._create_attempt(self.make_payable(), self.provider)
        self.assertEqual(self.service._query(tx), "unknown")
        self.provider.action_wx_test_connection()
        self.assertEqual(self.provider.wx_check_state, "bad")
        self.assertIn("refuses our signature", self.provider.wx_check_result)

    def test_next_pair_is_checked_on_entry_and_used_when_accepted(self):
        with self.assertRaisesRegex(UserError, "Enter the next certificate"):
            self.provider.action_wx_switch_key()
        other = self.sim.ctl("POST", "/_ctl/merchants", {"appids": []})
        with self.assertRaisesRegex(ValidationError, "Next pair: Certificate"):
            self.prepare(other)
        made = self.renew()
        with self.assertRaisesRegex(ValidationError, "does not belong"):
            self.prepare(
                {**made, "merchant_private_key": other["merchant_private_key"]}
            )
        self.prepare(made)
        self.provider.action_wx_switch_key()
        self.assertEqual(self.provider.wx_serial, made["merchant_serial"])

    def test_next_pair_that_wechat_does_not_take_yet(self):
        made = self.renew()
        self.renew(void=made["merchant_serial"])
        self.prepare(made)
        with self.assertRaisesRegex(UserError, "does not accept the next pair yet"):
            self.provider.action_wx_switch_key()
        self.assertEqual(self.provider.wx_serial, self.merchant["merchant_serial"])
        self.prepay(self.make_payable())

    def test_warning_before_the_certificate_ends(self):
        self.provider.wx_certificate = self.merchant["merchant_certificate"]
        self.assertFalse(self.provider.wx_key_warning)
        until = self.provider.wx_certificate_until
        with freeze_time(until.replace(day=1)):
            self.provider.invalidate_recordset()
            self.assertIn("request the next one", self.provider.wx_key_warning)


@tagged("post_install", "-at_install", "wx")
class TestMigration(WxPayMixin, HttpCase):
    trust_mode = "both"

    @classmethod
    def make_provider(cls, **values):
        return super().make_provider(wx_trust_mode="certificate", **values)

    def set_share(self, share):
        self.sim.ctl("POST", "/_ctl/settings", {"notify_public_key_share": share})

    def hear(self, share):
        """A payment whose notification is signed with the public key, or not."""
        self.set_share(share)
        tx, params = self.prepay(self.make_payable())
        self.pay(params)
        self.assertEqual(self.deliver(out_trade_no=tx.reference).status_code, 204)

    def test_from_certificates_to_the_public_key(self):
        self.addCleanup(self.set_share, 1.0)
        provider = self.provider
        self.env["wx.platform.certificate"]._refresh(provider)
        self.hear(0.0)
        # both kinds are here already: a few notifications come with the new one
        self.hear(1.0)
        self.assertEqual(provider._wx_signed_lately(), (1, 1))
        with self.assertRaisesRegex(UserError, "public key and its id"):
            provider.action_wx_end_migration()
        provider.wx_trust_mode = "public_key"
        # answers are signed with what our header names from now on
        self.hear(1.0)
        with self.assertRaisesRegex(UserError, "both are accepted until then"):
            provider.action_wx_end_migration()
        self.hear(0.0)
        # certificates are still refreshed, in case WeChat changes them meanwhile
        self.sim.ctl("POST", f"/_ctl/merchants/{self.mchid}/rotate", {"sign_in": 9})
        self.run_cron("ir_cron_refresh_certificates")
        self.assertEqual(len(provider.wx_certificate_ids), 2)
        with freeze_time(fields.Datetime.now() + timedelta(days=8)):
            # nothing came for a week: that proves nothing
            self.assertEqual(provider._wx_signed_lately(), (0, 0))
            with self.assertRaisesRegex(UserError, "both are accepted until then"):
                provider.action_wx_end_migration()

    def test_end_of_the_migration(self):
        self.addCleanup(self.set_share, 1.0)
        self.env["wx.platform.certificate"]._refresh(self.provider)
        self.provider.wx_trust_mode = "public_key"
        self.hear(1.0)
        self.provider.action_wx_end_migration()
        self.assertFalse(self.provider.wx_certificate_ids)
        self.hear(1.0)
