"""Transactions around calls to the outside, on real connections."""

from contextlib import closing
from datetime import datetime

from psycopg2.extensions import ISOLATION_LEVEL_READ_COMMITTED

from odoo import api
from odoo.modules import module as odoo_module
from odoo.tests import TransactionCase, tagged
from odoo.tools import file_open

from odoo.addons.wx_base import steady, tools

TYPES = {"n": "int", "texts": "text[]"}


@tagged("post_install", "-at_install", "wx")
class TestTools(TransactionCase):
    def test_in_a_test_transaction_nothing_is_committed(self):
        partner = self.env["res.partner"].create({"name": "Not committed"})
        with tools.outside_transaction(self.env):
            pass
        with tools.rc_cursor(self.env) as cr:
            cr.execute("SELECT name FROM res_partner WHERE id = %s", [partner.id])
            self.assertEqual(cr.fetchone()[0], "Not committed")

    def test_rc_cursor_on_real_connections(self):
        """READ COMMITTED, commits on success, rolls back on error."""
        registry = self.env.registry
        test, odoo_module.current_test = odoo_module.current_test, None
        try:
            with registry.cursor() as cr:
                env = api.Environment(cr, 1, {})
                cr.execute("SELECT 1")
                with tools.rc_cursor(env) as own:
                    self.assertEqual(
                        own.connection.isolation_level, ISOLATION_LEVEL_READ_COMMITTED
                    )
                    own.execute("SHOW transaction_isolation")
                    self.assertEqual(own.fetchone()[0], "read committed")
                    own.execute("CREATE TABLE wx_tools_probe (n int)")
                cr.rollback()
                with self.assertRaises(ZeroDivisionError), tools.rc_cursor(env) as own:
                    own.execute("INSERT INTO wx_tools_probe VALUES (1)")
                    raise ZeroDivisionError
                cr.execute("SELECT count(*) FROM wx_tools_probe")
                self.assertEqual(cr.fetchone()[0], 0)
                cr.execute("INSERT INTO wx_tools_probe VALUES (2)")
                with tools.outside_transaction(env):
                    with tools.rc_cursor(env) as own:
                        own.execute("SELECT n FROM wx_tools_probe")
                        self.assertEqual(own.fetchall(), [(2,)])
                    status = cr.connection.get_transaction_status()
                    self.assertEqual(status, 0, "a transaction stayed open")
                with registry.cursor() as again:
                    again.execute("SHOW transaction_isolation")
                    self.assertEqual(again.fetchone()[0], "repeatable read")
        finally:
            odoo_module.current_test = test
            with registry.cursor() as cr:
                cr.execute("DROP TABLE IF EXISTS wx_tools_probe")
                cr.commit()  # pylint: disable=invalid-commit

    def test_steady_connections_keep_their_plans(self):
        """The same connection comes back with what was prepared on it, in no
        transaction; one that the server closed is replaced unnoticed."""
        statement = steady.Prepared(
            "wx_tools_probe", "SELECT %(n)s::int + 1, %(texts)s", TYPES
        )
        name = self.env.registry.db_name
        pids = []
        for number in (1, 2, 3):
            with closing(steady.cursor(name)) as cr:
                before = cr.sql_log_count
                statement.execute(cr, {"n": number, "texts": [None, "a%b"]})
                self.assertEqual(cr.fetchone(), (number + 1, [None, "a%b"]))
                self.assertEqual(cr.sql_log_count - before, 2 if number == 1 else 1)
                pids.append(cr.connection.get_backend_pid())
                cr.execute("SHOW transaction_isolation")
                self.assertEqual(cr.fetchone()[0], "repeatable read")
        self.assertEqual(len(set(pids)), 1)
        with closing(self.env.registry.cursor()) as other:
            other.execute("SELECT pg_terminate_backend(%s, 5000)", [pids[0]])
        with closing(steady.cursor(name)) as cr:
            statement.execute(cr, {"n": 4, "texts": []})
            self.assertEqual(cr.fetchone(), (5, []))
            self.assertNotEqual(cr.connection.get_backend_pid(), pids[0])

    def test_prepared_statements_on_other_connections(self):
        """In a request's own transaction they run as plain SQL; several in a row are
        one round trip and answer with the last."""
        one = steady.Prepared("wx_tools_one", "SELECT %(n)s::int", TYPES)
        two = steady.Prepared("wx_tools_two", "SELECT %(n)s::int * 2", TYPES)
        with self.assertQueryCount(1):
            steady.execute(self.env.cr, [one, two], {"n": 3})
        self.assertEqual(self.env.cr.fetchall(), [(6,)])

    def test_iso8601(self):
        value = datetime(2026, 1, 31, 16, 0, 5, 999)
        self.assertEqual(tools.iso8601(value), "2026-02-01T00:00:05+08:00")
        self.assertIsNone(tools.iso8601(False))

    def test_no_address_of_others_in_the_page(self):
        with file_open("wx_base/static/apidocs/index.html") as handle:
            self.assertNotIn("//", handle.read().replace("</", ""))
