import base64
import io

import openpyxl

from odoo.exceptions import AccessError, UserError
from odoo.tests import new_test_user, tagged

from ..shipping import sheet
from .parcel_common import ParcelCase


@tagged("post_install", "-at_install", "wx")
class TestShipBatch(ParcelCase):
    def setUp(self):
        super().setUp()
        self.sku_a.default_code = "CUP"
        self.sku_b.default_code = "TEA"

    def batch(self, *rows, name="ship.xlsx", data=None):
        """A checked sheet with rows (order, carrier, tracking, sku, qty)."""
        data = data or sheet.write([(*row, "", "")[:5] for row in rows])
        batch = self.env["wx.ship.batch"].create(
            {"file": base64.b64encode(data), "file_name": name}
        )
        batch.action_check()
        return batch

    def run_batch(self, batch):
        batch.action_ship()
        batch.chain_id._run_now()
        self.env.invalidate_all()

    def test_orders_are_shipped(self):
        first = self.paid_order((self.sku_a, 1))
        second = self.paid_order((self.sku_b, 2))
        batch = self.batch(
            (first.name, "ZTO Express", "7801"), (second.name, "sf", "SF02")
        )
        self.assertEqual((batch.ready_count, batch.error_count), (2, 0))
        self.run_batch(batch)
        self.assertEqual((batch.state, batch.done_count), ("done", 2))
        self.assertEqual(first.state, "shipped")
        self.assertEqual(first.parcel_ids.tracking_no, "7801")
        self.assertEqual(second.parcel_ids.express_code, "SF")
        self.report(first)
        self.assertEqual(first.shipping_state, "done", first.shipping_error)
        # run twice: by the batch, by another one with the same rows
        self.env["wx.ship.batch.service"]._chunk(batch.chain_id, {"batch": batch.id})
        with self.assertRaises(UserError):
            batch.action_ship()
        self.assertEqual(len(first.parcel_ids), 1)
        with self.assertRaises(UserError):
            batch.unlink()

    def test_one_order_in_parts_and_parcels(self):
        order = self.paid_order((self.sku_a, 2), (self.sku_b, 3))
        batch = self.batch(
            (order.name, "ZTO", "7811", "CUP", 1),
            (order.name, "SF", "SF12", "TEA", 3),
        )
        self.run_batch(batch)
        self.assertEqual(batch.done_count, 2, batch.line_ids.mapped("error"))
        self.assertEqual(order.state, "partially_shipped")
        parcels = {p.tracking_no: p for p in order.parcel_ids}
        self.assertEqual(parcels["7811"].goods, "保温杯*1")
        self.assertEqual(parcels["SF12"].goods, "Tea*3")
        self.assertEqual(parcels["SF12"].carrier_id, self.sf)
        rest = self.batch((order.name, "ZTO", "7813"))
        self.run_batch(rest)
        self.assertEqual(order.state, "shipped")
        self.assertEqual(len(order.parcel_ids), 3)

    def test_errors_stand_on_their_rows(self):
        order = self.paid_order((self.sku_a, 2))
        unpaid = self.order_of(self.place(self.token, self.address_id, (self.sku_b, 1)))
        good = (order.name, "ZTO", "7821", "CUP", 1)
        batch = self.batch(
            good,
            good,
            ("nope", "ZTO", "1"),
            (unpaid.name, "ZTO", "1"),
            (order.name, "Pigeon", "1"),
            (order.name, "ZTO", ""),
            (order.name, "ZTO", "单号"),
            (order.name, "ZTO", "2", "TEA", 1),
            (order.name, "ZTO", "3", "CUP", 3),
            (order.name, "ZTO", "4", "", 1),
        )
        states = batch.line_ids.sorted("row").mapped("state")
        self.assertEqual(states, ["ready"] + ["error"] * 9)
        self.assertEqual(len(set(batch.line_ids.mapped("error")) - {False}), 9)
        self.run_batch(batch)
        self.assertEqual((batch.done_count, batch.error_count), (1, 9))
        self.assertEqual(order.parcel_ids.qty_total, 1)

    def test_more_than_is_there_fails_alone(self):
        order = self.paid_order((self.sku_a, 2))
        other = self.paid_order((self.sku_b, 1))
        batch = self.batch(
            (order.name, "ZTO", "7831", "CUP", 2),
            (order.name, "ZTO", "7832", "CUP", 2),
            (other.name, "ZTO", "7833"),
        )
        self.run_batch(batch)
        self.assertEqual((batch.done_count, batch.error_count), (1, 2))
        self.assertEqual(order.state, "to_ship", "nothing half done")
        self.assertEqual(other.state, "shipped")

    def test_files(self):
        order = self.paid_order((self.sku_a, 1))
        text = f"订单号,快递公司,运单号\r\n{order.name},ZTO,0078\r\n\r\n"
        for encoding in ("utf-8-sig", "gb18030"):
            batch = self.batch(name="a.csv", data=text.encode(encoding))
            self.assertEqual(batch.line_ids.tracking_no, "0078")
        for name, data in (
            ("a.xlsx", b"no zip"),
            ("a.csv", b"\xff\xff\x00"),
            ("a.csv", "订单号,运单号\nx,1\n".encode()),
            ("a.csv", "订单号,快递公司,运单号\n".encode()),
        ):
            with self.subTest(data=data), self.assertRaises(UserError):
                self.batch(name=name, data=data)

    def test_export_is_the_template_filled(self):
        order = self.paid_order((self.sku_a, 1), (self.sku_b, 2))
        for login, group in (("sheet_op", "operator"), ("sheet_fin", "finance")):
            new_test_user(
                self.env,
                login,
                password=login,
                groups=f"wx_base.group_wx_{group}",
                company_id=self.env.company.id,
            )
        self.authenticate("sheet_op", "sheet_op")
        answer = self.url_open("/wx/ship/orders.xlsx")
        self.assertEqual(answer.status_code, 200)
        book = openpyxl.load_workbook(io.BytesIO(answer.content))
        rows = list(book.active.iter_rows(values_only=True))
        self.assertEqual(rows[0][:3], ("订单号", "快递公司", "运单号"))
        mine = sorted(row[3:] for row in rows if row[0] == order.name)
        self.assertEqual(mine, [("CUP", 1), ("TEA", 2)])
        self.assertNotIn("王小明", answer.content.decode("latin-1"))
        template = self.url_open("/wx/ship/template.xlsx")
        self.assertEqual(template.status_code, 200)
        self.authenticate("sheet_fin", "sheet_fin")
        self.assertEqual(self.url_open("/wx/ship/orders.xlsx").status_code, 403)
        finance = self.env["res.users"].search([("login", "=", "sheet_fin")])
        with self.assertRaises(AccessError):
            self.env["wx.ship.batch"].with_user(finance).create({})

    def test_picking_list_adds_up(self):
        first = self.paid_order((self.sku_a, 1), (self.sku_b, 2))
        second = self.paid_order((self.sku_a, 3))
        pickings = first.picking_ids | second.picking_ids
        rows = pickings._wx_picking_rows()
        found = {row["product"]: (row["qty"], len(row["orders"])) for row in rows}
        self.assertEqual(found, {self.sku_a: (4.0, 2), self.sku_b: (2.0, 1)})
        html = self.env["ir.actions.report"]._render_qweb_html(
            "wx_mall.report_picking_list", pickings.ids
        )[0]
        self.assertIn("CUP", html.decode())
        self.ship(first)
        self.assertEqual(len(pickings._wx_picking_rows()), 1)
