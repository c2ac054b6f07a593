import os
import tempfile
from pathlib import Path
from unittest.mock import patch

from odoo.exceptions import AccessError, UserError, ValidationError
from odoo.tests import Form, TransactionCase, new_test_user, tagged
from odoo.tools import SQL, mute_logger

from .. import keys

PHONE = "13912345678"
SECRET = "0123456789abcdef0123456789abcdef"


def rows_containing(cr, needle):
    """[(table, count)] of rows of the whole database whose text contains ``needle``."""
    cr.execute(
        "SELECT relname FROM pg_class WHERE relkind IN ('r', 'p', 'm')"
        " AND relnamespace = 'public'::regnamespace"
    )
    found = []
    for (table,) in cr.fetchall():
        cr.execute(
            SQL(
                "SELECT count(*) FROM %s AS t WHERE t::text LIKE %s",
                SQL.identifier(table),
                f"%{needle}%",
            )
        )
        count = cr.fetchone()[0]
        if count:
            found.append((table, count))
    return found


@tagged("post_install", "-at_install", "wx")
class TestEncrypted(TransactionCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.app = cls.env["wx.app"].create(
            {"name": "Tea", "appid": "wx00000000000000aa", "secret": SECRET}
        )
        cls.user = cls.env["wx.user"].create(
            {"app_id": cls.app.id, "openid": "oTest00001", "phone": PHONE}
        )
        cls.service = new_test_user(
            cls.env, "wx_service", groups="wx_base.group_wx_service"
        )
        cls.operator = new_test_user(
            cls.env, "wx_operator", groups="wx_base.group_wx_operator"
        )

    def stored(self, record, column):
        record.flush_recordset()
        self.env.cr.execute(
            SQL(
                "SELECT %s FROM %s WHERE id = %s",
                SQL.identifier(column),
                SQL.identifier(record._table),
                record.id,
            )
        )
        return self.env.cr.fetchone()[0]

    def test_reads_as_mask_everywhere(self):
        self.assertEqual(self.user.phone, "139****5678")
        self.user.invalidate_recordset()
        self.assertEqual(self.user.phone, "139****5678")
        self.assertEqual(self.user.read(["phone"])[0]["phone"], "139****5678")
        self.assertEqual(self.user.export_data(["phone"])["datas"][0][0], "139****5678")
        web = self.user.web_read({"phone": {}})
        self.assertEqual(web[0]["phone"], "139****5678")
        self.assertEqual(self.app.secret, "********")
        self.assertTrue(self.stored(self.user, "phone").startswith("w1."))

    def test_mask_written_back_changes_nothing(self):
        before = self.stored(self.user, "phone")
        self.user.write({"phone": "139****5678", "nickname": "a"})
        self.assertEqual(self.stored(self.user, "phone"), before)
        with self.assertRaises(UserError):
            self.user.write({"phone": "138****5678"})
        with self.assertRaises(UserError):
            self.env["wx.user"].create(
                {"app_id": self.app.id, "openid": "o2", "phone": "139****5678"}
            )

    def test_form_keeps_and_changes_the_value(self):
        before = self.stored(self.app, "secret")
        with Form(self.app) as form:
            self.assertEqual(form.secret, "********")
            form.name = "Tea House"
        self.assertEqual(self.stored(self.app, "secret"), before)
        with Form(self.app) as form:
            form.secret = SECRET[::-1]
        self.assertEqual(self.app._wx_secret("secret"), SECRET[::-1])

    def test_look_up_by_full_value_only(self):
        Users = self.env["wx.user"]
        self.assertEqual(Users.search([("phone", "=", "+86 139-1234-5678")]), self.user)
        self.assertNotIn(self.user, Users.search([("phone", "!=", PHONE)]))
        self.assertFalse(Users.search([("phone", "=", "13912345679")]))
        self.assertIn(self.user, Users.search([("phone", "!=", False)]))
        self.assertNotIn(self.user, Users.search([("phone", "=", False)]))
        self.assertEqual(self.user.filtered_domain([("phone", "=", PHONE)]), self.user)
        for domain in (
            [("phone", "ilike", "139")],
            [("phone", ">", "1")],
            [("phone", "=like", "139%")],
        ):
            with self.assertRaises(UserError):
                Users.search(domain)
        with self.assertRaises(UserError):
            Users._read_group([], ["phone"], ["__count"])
        with self.assertRaises(UserError):
            Users._read_group([], [], ["phone:array_agg"])
        with self.assertRaises(UserError):
            Users.search([], order="phone")
        with self.assertRaises(UserError):
            self.env["wx.app"].search([("secret", "=", SECRET)])
        description = Users.fields_get(["phone"])["phone"]
        self.assertFalse(description["groupable"] or description["sortable"])

    def test_digest_follows_the_value(self):
        digest = self.stored(self.user, "phone_digest")
        self.assertRegex(digest, r"^\d+\.[0-9a-f]{40}$")
        self.assertEqual(digest, self.env["wx.crypto"]._digest(PHONE))
        self.user.phone = "13700000000"
        self.assertNotEqual(self.stored(self.user, "phone_digest"), digest)
        self.user.phone = False
        self.assertFalse(self.stored(self.user, "phone_digest"))
        self.assertIsNone(self.stored(self.user, "phone"))

    def test_batch_create_is_one_insert(self):
        values = [
            {"app_id": self.app.id, "openid": f"oBatch{n}", "phone": f"1500000{n:04}"}
            for n in range(50)
        ]
        self.env.flush_all()
        queries = self.env.cr.sql_log_count
        users = self.env["wx.user"].create(values)
        self.env.flush_all()
        self.assertLess(self.env.cr.sql_log_count - queries, 12)
        self.assertEqual(users[7].phone, "150****0007")

    def test_copies_do_not_carry_secrets(self):
        copy = self.app.copy({"appid": "wx00000000000000ab"})
        self.assertFalse(copy.secret)

    def test_reveal_is_logged_and_needs_a_role(self):
        log = self.env["wx.reveal.log"]
        user = self.user.with_user(self.service)
        self.assertEqual(user._wx_reveal("phone", "call about parcel"), PHONE)
        entry = log.search([], limit=1)
        self.assertEqual(
            (entry.user_id, entry.model, entry.res_id, entry.field_name),
            (self.service, "wx.user", self.user.id, "phone"),
        )
        with self.assertRaises(UserError):
            user._wx_reveal("phone", "  ")
        with self.assertRaises(AccessError):
            self.user.with_user(self.operator)._wx_reveal("phone", "curious")
        with self.assertRaises(UserError):
            entry.unlink()
        with self.assertRaises(UserError):
            entry.reason = "x"

    def test_secret_is_not_a_way_around_the_log(self):
        self.assertEqual(self.app._wx_secret("secret"), SECRET)
        with self.assertRaises(ValueError):
            self.user._wx_secret("phone")
        with self.assertRaises(AccessError):
            self.app.with_user(self.operator).read(["secret"])

    def test_sql_writers_share_the_format(self):
        crypto = self.env["wx.crypto"]
        sealed = crypto._encrypt("wx.user", "phone", "13600000000")
        self.env.cr.execute(
            "UPDATE wx_user SET phone = %s, phone_digest = %s WHERE id = %s",
            (sealed, crypto._digest("13600000000"), self.user.id),
        )
        self.user.invalidate_recordset()
        self.assertEqual(self.user.phone, "136****0000")
        self.assertEqual(crypto._decrypt("wx.user", "phone", sealed), "13600000000")

    def test_value_moved_from_another_column_does_not_open(self):
        foreign = self.env["wx.crypto"]._encrypt("wx.app", "secret", PHONE)
        self.env.cr.execute(
            "UPDATE wx_user SET phone = %s WHERE id = %s", (foreign, self.user.id)
        )
        self.user.invalidate_recordset()
        with mute_logger("odoo.addons.wx_base.fields"):
            self.assertEqual(self.user.phone, "********")
        with self.assertRaises(keys.WxKeyError):
            self.user._wx_reveal("phone", "test")

    def test_nothing_in_clear_in_the_whole_database(self):
        self.user.write({"phone": "13987651234"})
        self.user.with_user(self.service)._wx_reveal("phone", "dump test")
        self.env.flush_all()
        for needle in (PHONE, "13987651234", SECRET):
            self.assertEqual(rows_containing(self.env.cr, needle), [])
        self.assertTrue(rows_containing(self.env.cr, "oTest00001"))

    def test_live_app_calls_only_wechat(self):
        self.app.api_base = "http://127.0.0.1:8090/"
        with self.assertRaises(ValidationError):
            self.app.state = "live"
        self.app.api_base = "https://api.weixin.qq.com.evil.example/"
        with self.assertRaises(ValidationError):
            self.app.state = "live"
        self.app.api_base = "https://api.weixin.qq.com/"
        self.app.state = "live"
        with self.assertRaises(ValidationError):
            self.app.appid = "wx123"


@tagged("post_install", "-at_install", "wx")
class TestRotation(TransactionCase):
    """A ring of its own: version 2 is added, later version 1 is removed."""

    def setUp(self):
        super().setUp()
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.ring_file = os.path.join(folder.name, "ring")
        lines = Path(keys.key_file()).read_text(encoding="ascii").splitlines()
        self.old = next(x for x in lines if x.strip() and not x.startswith("#")) + "\n"
        self.addCleanup(keys.reset)
        environment = patch.dict(os.environ, WX_KEY_FILE=self.ring_file)
        environment.start()
        self.addCleanup(environment.stop)
        self.use(self.old)
        self.version = int(self.old.split()[0])
        self.app = self.env["wx.app"].create(
            {"name": "Tea", "appid": "wx00000000000000aa", "secret": SECRET}
        )
        self.users = self.env["wx.user"].create(
            [
                {
                    "app_id": self.app.id,
                    "openid": f"oRot{n}",
                    "phone": f"1390000{n:04}",
                }
                for n in range(30)
            ]
        )
        self.env.flush_all()

    def use(self, text):
        Path(self.ring_file).write_text(text, encoding="ascii")
        keys.reset()

    def test_rotate_then_remove_the_old_key(self):
        new = f"{self.version + 1} {'Tk5O' * 10}TjM=\n"
        self.use(self.old + new)
        crypto = self.env["wx.crypto"]
        self.assertTrue(crypto._check_keys())
        self.users.invalidate_recordset()
        # found before rotation, although new digests are made with the new key
        self.assertEqual(
            self.env["wx.user"].search([("phone", "=", "13900000003")]), self.users[3]
        )
        chain = crypto._rotate()
        self.assertEqual(crypto._rotate(), chain, "one rotation at a time")
        chain._run_now()
        self.assertEqual(chain.state, "done")
        self.assertGreaterEqual(chain.done, 31)
        self.assertEqual(set(crypto._usage()), {self.version + 1})
        self.use(new)
        self.env.invalidate_all()
        self.assertEqual(self.users[3].phone, "139****0003")
        self.assertEqual(self.app._wx_secret("secret"), SECRET)
        self.assertEqual(
            self.env["wx.user"].search([("phone", "=", "13900000003")]), self.users[3]
        )

    def test_missing_and_foreign_files_are_named(self):
        crypto = self.env["wx.crypto"]
        self.assertTrue(crypto._check_keys())
        self.use(f"{self.version} {'Tk5O' * 10}TjM=\n")
        with self.assertLogs("odoo.addons.wx_base.models.wx_crypto", "CRITICAL") as log:
            self.assertFalse(crypto._check_keys())
        self.assertIn("same key file on every node", log.output[0])
        os.remove(self.ring_file)
        keys.reset()
        with self.assertLogs("odoo.addons.wx_base.models.wx_crypto", "CRITICAL") as log:
            self.assertFalse(crypto._check_keys())
        self.assertIn(self.ring_file, log.output[0])
        with self.assertRaises(keys.WxKeyError):
            self.app.secret = "x" * 32
