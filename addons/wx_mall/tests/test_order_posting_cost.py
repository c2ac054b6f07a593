from odoo.tests import tagged

from .order_common import BuyerCase

#: a small and a larger batch: their difference is what one more order costs
FEW, MANY = 2, 8
#: statements that one more order of two lines may cost
MOST = {"orders": 42, "payments": 18, "deliveries": 13, "invoices": 20}


@tagged("post_install", "-at_install", "wx")
class TestOrderPostingCost(BuyerCase):
    """What a batch of paid orders asks of the database."""

    def paid(self, number):
        orders = self.env["wx.order"]
        for _number in range(number):
            token, address_id, person = self.shopper()
            items = ((self.sku_a, 1), (self.sku_b, 2))
            order = self.order_of(self.place(token, address_id, *items))
            self.pay(token, order, person)
            orders |= order
        return orders

    def steps(self, orders):
        """What the jobs, and whoever ticks the deliveries, do one after another."""
        post = self.env["wx.order.posting"]._job_post
        company = self.env.company.id
        yield "orders", lambda: post(company)
        yield "payments", orders.transaction_id._post_process
        yield "deliveries", lambda: orders.picking_ids.button_validate()
        yield "invoices", lambda: post(company)

    def run_steps(self, orders):
        """``{step: statements}``"""
        result = {}
        for name, work in self.steps(orders):
            self.env.flush_all()
            self.env.invalidate_all()
            before = self.env.cr.sql_log_count
            work()
            self.env.flush_all()
            result[name] = self.env.cr.sql_log_count - before
        self.assertEqual(
            set(orders.sale_order_id.mapped("invoice_status")), {"invoiced"}
        )
        self.assertTrue(all(orders.transaction_id.mapped("is_post_processed")))
        return result

    def test_statements_per_order(self):
        for sku in self.sku_a | self.sku_b:
            self.put_stock(sku, 40)
        self.refresh_catalogue()
        self.run_steps(self.paid(1))  # what a process loads once
        few, many = (self.run_steps(self.paid(count)) for count in (FEW, MANY))
        each = {name: (many[name] - few[name]) / (MANY - FEW) for name in MOST}
        over = {name: n for name, n in each.items() if n > MOST[name]}
        self.assertFalse(over, each)

    def test_a_rule_for_one_product_is_not_overlooked(self):
        """The batch looks once which goods have reordering rules."""
        point = self.env["stock.warehouse.orderpoint"].create(
            {
                "product_id": self.sku_a.id,
                "warehouse_id": self.warehouse.id,
                "location_id": self.warehouse.lot_stock_id.id,
                "product_min_qty": 10,
                "product_max_qty": 20,
                "trigger": "auto",
            }
        )
        self.env["product.supplierinfo"].create(
            {
                "product_tmpl_id": self.sku_a.product_tmpl_id.id,
                "partner_id": self.env["res.partner"].create({"name": "Maker"}).id,
            }
        )
        buy = self.env.ref("purchase_stock.route_warehouse0_buy")
        self.sku_a.product_tmpl_id.route_ids = [(4, buy.id)]
        self.assertEqual(point.qty_to_order, 0)
        orders = self.paid(2)
        self.post_all()
        self.assertEqual(set(orders.mapped("posting_state")), {"done"})
        bought = self.env["purchase.order.line"].search(
            [("product_id", "=", self.sku_a.id)]
        )
        self.assertTrue(bought)
        self.assertEqual(bought.orderpoint_id, point)

    def test_distribution_rules_apply_when_there_are_some(self):
        plan = self.env["account.analytic.plan"].create({"name": "Channels"})
        account = self.env["account.analytic.account"].create(
            {"name": "Mall", "plan_id": plan.id, "company_id": False}
        )
        self.env["account.analytic.distribution.model"].create(
            {
                "product_id": self.sku_a.id,
                "company_id": self.env.company.id,
                "analytic_distribution": {str(account.id): 100},
            }
        )
        orders = self.paid(1)
        for _name, work in self.steps(orders):
            work()
        lines = orders.sale_order_id.order_line
        mine = lines.filtered(lambda line: line.product_id == self.sku_a)
        self.assertEqual(mine.analytic_distribution, {str(account.id): 100})
        self.assertFalse((lines - mine)[:1].analytic_distribution)
        invoiced = mine.invoice_lines
        self.assertEqual(invoiced.analytic_distribution, {str(account.id): 100})
