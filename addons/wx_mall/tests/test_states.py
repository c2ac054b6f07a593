"""One list of states each for orders and after-sales: model, schema and moves agree."""

from typing import get_args

from odoo.tests import TransactionCase, tagged

from ..schemas import after_sale as after_sale_schema
from ..schemas import order as order_schema
from ..states import after_sale, order


@tagged("post_install", "-at_install", "wx")
class TestStates(TransactionCase):
    def check(self, model, field, keys):
        selection = self.env[model]._fields[field].selection
        self.assertEqual([key for key, _label in selection], list(keys))
        # stored labels are what translations hang on
        rows = self.env["ir.model.fields.selection"].search(
            [("field_id.model", "=", model), ("field_id.name", "=", field)]
        )
        self.assertEqual(set(rows.mapped("value")), set(keys))
        self.assertTrue(rows._fields["name"].translate)
        english = rows.with_context(lang="en_US")
        self.assertEqual({row.value: row.name for row in english}, dict(selection))

    def test_models(self):
        self.check("wx.order", "state", order.STATES)
        self.check("wx.after.sale", "state", after_sale.STATES)
        self.check("wx.after.sale", "kind", after_sale.KINDS)

    def test_schemas(self):
        self.assertEqual(get_args(order_schema.OrderState), order.STATES)
        self.assertEqual(get_args(after_sale_schema.State), after_sale.STATES)
        self.assertEqual(get_args(after_sale_schema.Kind), after_sale.KINDS)

    def test_moves_know_every_state(self):
        self.assertEqual(set(order.MOVES), set(order.STATES))
        self.assertEqual(set(after_sale.MOVES), set(after_sale.STATES))
