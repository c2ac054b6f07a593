"""Mistakes of other systems (``reference/peers.md`` §2.7, §3, §6) that need a test of
their own. The others are named by the test that already covers them."""

import re
from contextlib import contextmanager
from unittest.mock import patch

from odoo.exceptions import AccessError
from odoo.sql_db import Cursor
from odoo.tests import new_test_user, tagged

from odoo.addons.wx_base.http import ROUTES

from .refund_common import RefundCase

#: what reading leaves behind: who saw clear text, when a session was used, prepared
#: rows that were out of date
TRACES = {"wx_reveal_log", "wx_session", "wx_sku_price", "wx_catalogue_state"}
WRITES = re.compile(
    r"\b(?:INSERT INTO|UPDATE(?! OF| SKIP)|DELETE FROM)\s+\"?(?P<table>[a-z_]+)",
    re.IGNORECASE,
)


@contextmanager
def written_tables():
    """Names of the tables that statements inside write to."""
    found = set()
    execute = Cursor.execute

    def spy(cr, query, params=None, log_exceptions=True):
        text = query.code if hasattr(query, "code") else query
        if isinstance(text, bytes):
            text = text.decode()
        found.update(match["table"].lower() for match in WRITES.finditer(text))
        return execute(cr, query, params, log_exceptions)

    with patch.object(Cursor, "execute", spy):
        yield found


@tagged("post_install", "-at_install", "wx")
class TestOrderPeers(RefundCase):
    def paths(self, order):
        """Every GET of the mall with ids of this shopper's own things."""
        after_sale = order.after_sale_ids[:1]
        ids = {
            "order_id": order.id,
            "parcel_id": order.parcel_ids[:1].id,
            "after_sale_id": after_sale.id,
            "photo_id": after_sale.photo_ids[:1].id,
            "sku_id": self.sku_a.id,
            "address_id": self.address_id,
            "listing_id": order.line_ids[:1].listing_id.id,
        }
        for route in ROUTES:
            if route.module not in ("wx_mall", "wx_base") or route.methods != ("GET",):
                continue
            yield re.sub(r"<int:(\w+)>", lambda m: str(ids.get(m[1], 1)), route.path)

    def test_no_get_writes_or_tells_a_secret(self):
        """§3 no. 6: state-changing GETs; no. 1 and 5: AppSecret and session_key over
        the API."""
        order = self.shipped_order((self.sku_a, 2))
        self.ask_refund(order)
        self.env.invalidate_all()
        secrets = [
            self.app._wx_secret("secret"),
            self.provider._wx_secret("wx_apiv3_key"),
        ]
        self.assertTrue(all(secrets))
        answered = 0
        for path in self.paths(order):
            with self.subTest(path=path), written_tables() as tables:
                answer = self.api("GET", path, self.token)
                self.assertIn(answer.status_code, (200, 404, 409), answer.text)
                answered += answer.status_code == 200
                mine = {name for name in tables if name.startswith("wx_")}
                self.assertFalse(mine - TRACES, "a GET wrote")
                for secret in secrets:
                    self.assertNotIn(secret, answer.text)
                self.assertNotIn("session_key", answer.text)
        self.assertGreater(answered, 10)
        with written_tables() as tables:
            self.api("POST", f"/orders/{order.id}/receive", self.token)
        self.assertIn("wx_order", tables, "the spy sees what is written")

    def test_no_dialog_or_record_is_everybodys(self):
        """§3 no. 8: a wizard for everyone ran any method of any model."""
        everybody = self.env.ref("base.group_user") | self.env.ref("base.group_portal")
        everybody |= self.env.ref("base.group_public")
        rows = self.env["ir.model.access"].search([("model_id.model", "=like", "wx.%")])
        self.assertTrue(rows)
        for row in rows.filtered(lambda r: not r.group_id or r.group_id in everybody):
            with self.subTest(row=row.name):
                self.assertTrue(row.group_id, "for everybody, even the public")
                self.assertEqual(row.group_id, self.env.ref("base.group_user"))
                self.assertFalse(row.perm_write | row.perm_create | row.perm_unlink)
                self.assertFalse(row.model_id.transient, "a dialog for everybody")

    def test_no_order_disappears(self):
        """§2.7: a payment was booked on an order that somebody had deleted."""
        order = self.order_of(self.place(self.token, self.address_id, (self.sku_a, 1)))
        for role in ("operator", "service", "finance", "manager"):
            user = new_test_user(self.env, f"pe_{role}", f"wx_base.group_wx_{role}")
            with self.assertRaises(AccessError):
                order.with_user(user).unlink()
        self.assertTrue(order.exists())
