"""Mall orders that the supplier sends or makes (dropship, make to order).

Runs inside Odoo on a database with ``stock_dropshipping`` (``ops.erp_suite``), because
the suite does not depend on that module and must work with it.
"""

from datetime import timedelta

from freezegun import freeze_time

from odoo import fields
from odoo.exceptions import UserError
from odoo.tests import tagged

from odoo.addons.wx_mall.tests.parcel_common import ParcelCase


@tagged("post_install", "-at_install", "wx")
class TestDropship(ParcelCase):
    """From the paid order to the supplier's parcel, report, invoice and refund."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.app.transit_days = 3
        cls.warehouse.wx_handling_days = 1
        cls.supplier = cls.env["res.partner"].create({"name": "鲁中轴承厂"})
        cls.dropship = cls.env.ref("stock_dropshipping.route_drop_shipping")
        cls.mto = cls.warehouse.mto_pull_id.route_id
        cls.mto.active = True
        cls.buy = cls.warehouse.buy_pull_id.route_id

    def supplied(self, name, routes, delay=5, stock=0, price=30.00):
        """A listed SKU of the supplier, on these routes."""
        sku = self.make_sku(name, price, stock)
        sku.write(
            {
                "route_ids": [(6, 0, routes.ids)],
                "invoice_policy": "delivery",
                "seller_ids": [
                    (0, 0, {"partner_id": self.supplier.id, "delay": delay, "price": 4})
                ],
            }
        )
        self.env.flush_all()
        return sku

    def told(self, sku):
        answer = self.api("GET", f"/skus/{sku.id}/availability", self.token)
        self.assertEqual(answer.status_code, 200, answer.text)
        return answer.json()

    def bought(self, sku):
        return self.env["purchase.order.line"].search([("product_id", "=", sku.id)])

    def day(self, days):
        moment = fields.Datetime.now() + timedelta(days=days, hours=8)
        return moment.date().isoformat()

    def send(self, picking, **values):
        """The supplier's parcel has left."""
        if values:
            picking.write(values)
        for move in picking.move_ids:
            move.quantity = move.product_uom_qty
            move.picked = True
        picking.with_context(skip_backorder=True).button_validate()
        self.env.flush_all()

    # dropship ---------------------------------------------------------------------
    def test_supplier_sends_the_order(self):
        sku = self.supplied("代发轴承", self.dropship)
        told = self.told(sku)
        self.assertEqual(
            (told["policy"], told["state"], told["sellable"]),
            ("order", "to_order", None),
        )
        days = self.env.company.days_to_purchase + 5 + 1 + 3
        self.assertEqual(told["promised_date"], self.day(days))
        order = self.paid_order((sku, 2))
        self.assertFalse(order.hold_ids, "what nobody stocks is not held")
        self.assertEqual(self.stock_of(sku), (0, 0))
        line = self.bought(sku)
        self.assertEqual((line.product_qty, line.partner_id), (2, self.supplier))
        self.assertEqual(order.state, "to_ship")
        promised = order.promised_at + timedelta(hours=8)
        self.assertEqual(promised.date().isoformat(), self.day(days))
        detail = self.api("GET", f"/orders/{order.id}", self.token).json()
        self.assertEqual(detail["promised_at"][:10], self.day(days))
        self.assertTrue(order.ship_promised_at, "the deadline waits for the supplier")
        line.order_id.button_confirm()
        picking = line.order_id.picking_ids
        self.assertTrue(picking.is_dropship)
        self.assertEqual(picking.wx_order_id, order)
        self.send(picking, carrier_id=self.zto.id, carrier_tracking_ref="79001")
        self.assertEqual(order.state, "shipped")
        self.assertEqual(self.stock_of(sku), (0, 0))
        self.check_reported(order, "79001")
        self.check_invoiced(order)

    def check_reported(self, order, number):
        self.assertEqual(order.parcel_ids.tracking_no, number)
        self.report(order)
        self.assertEqual(order.shipping_state, "done", order.shipping_error)
        theirs = self.theirs(order)
        self.assertEqual(theirs["order_state"], 2)
        parcel = theirs["shipping"]["shipping_list"][0]
        self.assertEqual(
            (parcel["tracking_no"], parcel["express_company"]), (number, "ZTO")
        )

    def check_invoiced(self, order):
        self.post_all()
        self.assertEqual(order.posting_state, "done", order.posting_error)
        invoice = order.invoice_ids
        self.assertEqual(invoice.state, "posted")
        self.assertEqual(invoice.amount_total, order.amount_total)

    def test_stock_of_others_is_not_touched(self):
        sku = self.supplied("代发和现货", self.dropship, stock=5)
        self.paid_order((sku, 2))
        self.assertEqual(self.stock_of(sku), (5, 0))
        self.assertEqual(self.bought(sku).product_qty, 2)
        self.env["wx.stock.oversell"]._detect()
        found = self.env["wx.stock.reconcile"]._reconcile(repair=False)
        self.assertFalse(found.filtered(lambda r: r.product_id == sku))

    def test_supplier_and_warehouse_send_one_order(self):
        sku = self.supplied("代发件", self.dropship)
        order = self.paid_order((sku, 1), (self.sku_a, 2))
        self.assertEqual(order.hold_ids.product_id, self.sku_a)
        line = self.bought(sku)
        line.order_id.button_confirm()
        dropped = line.order_id.picking_ids
        own = order.picking_ids.filtered(lambda p: not p.is_dropship)
        self.assertEqual(own.state, "assigned")
        self.send(own, carrier_id=self.zto.id, carrier_tracking_ref="79010")
        self.assertEqual(order.state, "partially_shipped")
        self.report(order)
        self.assertEqual(order.shipping_state, "done", order.shipping_error)
        self.assertFalse(self.theirs(order)["shipping"]["finish_shipping"])
        self.send(dropped, carrier_id=self.sf.id, carrier_tracking_ref="SF79011")
        self.assertEqual(order.state, "shipped")
        self.report(order)
        theirs = self.theirs(order)
        self.assertEqual(theirs["order_state"], 2, order.shipping_error)
        self.assertEqual(
            {row["tracking_no"] for row in theirs["shipping"]["shipping_list"]},
            {"79010", "SF79011"},
        )
        self.check_invoiced_in_parts(order)

    def check_invoiced_in_parts(self, order):
        self.post_all()
        invoices = order.invoice_ids
        self.assertEqual(set(invoices.mapped("state")), {"posted"})
        self.assertEqual(sum(invoices.mapped("amount_total")), order.amount_total)

    def test_policy_from_stock_only_still_holds(self):
        """A shop that sells a dropship product from stock only says so itself."""
        sku = self.supplied("只卖现货", self.dropship, stock=1)
        sku.product_tmpl_id.wx_listing_ids.wx_sell_policy = "stock"
        self.env.flush_all()
        self.assertEqual(self.told(sku)["sellable"], 1)
        answer = self.place(self.token, self.address_id, (sku, 2))
        self.assertProblem(answer, 409, "stock.sold_out")

    def test_refunded_elsewhere_stops_the_supplier(self):
        sku = self.supplied("停发件", self.dropship)
        order = self.paid_order((sku, 1))
        line = self.bought(sku)
        line.order_id.button_confirm()
        order._wx_exception("refunded_outside", "refunded in the merchant platform")
        with self.assertRaisesRegex(UserError, "refunded in the merchant platform"):
            self.send(line.order_id.picking_ids)
        self.assertEqual(order.state, "to_ship")

    def test_late_supplier_is_an_exception(self):
        sku = self.supplied("迟发件", self.dropship, delay=2)
        order = self.paid_order((sku, 1))
        for hours, expected in ((49, 0), (24 * 9, 1)):
            with (
                freeze_time(order.paid_at + timedelta(hours=hours)),
                self.enter_registry_test_mode(),
            ):
                self.env.ref("wx_mall.ir_cron_watch_shipping").method_direct_trigger()
            self.env.invalidate_all()
            self.assertEqual(order.open_exception_count, expected)

    # make to order ----------------------------------------------------------------
    def test_made_to_order_is_bought_received_and_sent(self):
        sku = self.supplied("订制轴承", self.mto | self.buy)
        self.assertEqual(self.told(sku)["policy"], "order")
        order = self.paid_order((sku, 3))
        self.assertFalse(order.hold_ids)
        line = self.bought(sku)
        self.assertEqual((line.product_qty, line.partner_id), (3, self.supplier))
        line.order_id.button_confirm()
        receipt = line.order_id.picking_ids
        self.assertEqual(receipt.picking_type_code, "incoming")
        self.assertFalse(order.picking_ids.filtered(lambda p: p.state == "assigned"))
        self.send(receipt)
        self.assertEqual(order.picking_ids.state, "assigned")
        self.assertEqual(self.stock_of(sku), (0, 0), "kept for this order")
        self.send(
            order.picking_ids, carrier_id=self.zto.id, carrier_tracking_ref="79020"
        )
        self.assertEqual(order.state, "shipped")
        self.check_reported(order, "79020")
        self.check_invoiced(order)

    # reordering and goods on their way -----------------------------------------------
    def test_reordering_rule_sees_what_the_mall_holds(self):
        sku = self.supplied("补货件", self.buy, stock=5)
        point = self.env["stock.warehouse.orderpoint"].create(
            {
                "product_id": sku.id,
                "location_id": self.warehouse.lot_stock_id.id,
                "product_min_qty": 4,
                "product_max_qty": 10,
            }
        )
        order = self.order_of(self.place(self.token, self.address_id, (sku, 3)))
        point.invalidate_recordset()
        point._compute_qty_to_order_computed()
        self.assertEqual((point.wx_held, point.qty_to_order), (3, 8))
        # the nightly scheduler, before the order is paid
        point._procure_orderpoint_confirm(company_id=point.company_id)
        line = self.bought(sku)
        self.assertEqual(line.product_qty, 8)
        self.pay(self.token, order, self.person)
        self.post_all()
        point.invalidate_recordset()
        point._compute_qty_to_order_computed()
        self.assertEqual((point.wx_held, point.qty_to_order), (0, 0), "bought once")
        line.order_id.button_confirm()
        self.env.flush_all()
        told = self.told(sku)
        self.assertEqual((told["sellable"], told["incoming"]["qty"]), (2, 8))
