"""Fen of the price engine through real orders, deliveries, invoices and refunds."""

import random

from odoo import Command
from odoo.tests import tagged

from odoo.addons.wx_base.money import to_fen

from ..pricing.facts import Fact
from .refund_common import RefundCase

# the tables that core's query for the payments of an invoice joins
ANALYZE = (
    "ANALYZE account_move, account_move_line, account_partial_reconcile,"
    " account_payment"
)
# mixes by seed, a transaction each
MIXES = (range(10), range(20, 30), (10, 11, 17, 30, 31, 33))


@tagged("post_install", "-at_install", "wx")
class TestOrderMoney(RefundCase):
    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.put_stock(cls.sku_a, 500)
        cls.put_stock(cls.sku_b, 500)
        cls.app.freight_template_id = cls.env["wx.freight.template"].create(
            {
                "name": "Money",
                "charge_by": "piece",
                "rule_ids": [
                    Command.create(
                        {"first_qty": 2, "first_fee": 7.07}
                        | {"next_qty": 1, "next_fee": 1.01}
                    )
                ],
            }
        )
        cls.env.flush_all()

    def promotions(self, rng):
        """Discounts that leave amounts which no piece count divides."""
        facts = [
            Fact("m", "member", "percent", "Member", rng.randrange(0, 900)),
            Fact(
                "i",
                "item",
                "unit_price",
                "Flash",
                prices={self.sku_b.id: rng.randrange(1, 501)},
                limit=rng.randrange(1, 4),
            ),
            Fact("o", "order", "amount", "Less", rng.randrange(1, 700)),
            Fact("p", "points", "amount", "Points", rng.randrange(1, 99), cap_bp=3_000),
        ]
        return rng.sample(facts, rng.randrange(1, len(facts) + 1))

    def deliver_some(self, rng, order):
        """Part of what is reserved leaves; the rest becomes a backorder."""
        for picking in order.picking_ids.filtered(lambda p: p.state == "assigned"):
            parts = {
                move: rng.randrange(0, int(move.quantity) + 1)
                for move in picking.move_ids
                if move.state != "cancel"
            }
            if not any(parts.values()):
                continue
            for move, qty in parts.items():
                move.quantity = qty
                move.picked = bool(qty)
            picking._action_done()
        self.post_all()

    def refund_some(self, rng, order):
        """Pieces of a line, or an amount, as far as something is left."""
        left = order._wx_refundable_fen()
        if left < 2:
            return
        if rng.random() < 0.4:
            amount = rng.randrange(1, min(left, 400)) / 100
            self.wizard(order, "amount", amount=amount).action_refund()
        else:
            wizard = self.wizard(order, "lines")
            states = order._wx_refund_lines()
            asked = 0
            for line in wizard.line_ids:
                room = states[line.order_line_id]
                if room.pieces and room.rest_fen:
                    line.qty = rng.randrange(0, min(2, room.pieces) + 1)
                    asked += line.qty
            if not asked or not 0 < to_fen(wizard.amount) <= left:
                return
            wizard.action_refund()
        self.send_refunds()
        self.check_bounds(order)

    def documents(self, order):
        """(fen of posted invoices, fen of posted credit notes)."""
        moves = order._wx_moves().filtered(lambda move: move.state == "posted")
        sums = {"out_invoice": 0, "out_refund": 0}
        for move in moves:
            fen = to_fen(move.amount_total)
            self.assertGreater(fen, 0)
            self.assertEqual(
                fen, sum(to_fen(li.price_total) for li in move.invoice_line_ids)
            )
            sums[move.move_type] += fen
        return sums["out_invoice"], sums["out_refund"]

    def check_bounds(self, order):
        self.assertEqual(order.posting_state, "done", order.posting_error)
        invoiced, credited = self.documents(order)
        self.assertLessEqual(invoiced, order.paid_fen)
        self.assertLessEqual(credited, invoiced)
        self.assertLessEqual(order.refunded_fen, order.paid_fen)
        self.assertLessEqual(credited, order.refunded_fen)

    def play(self, seed):
        rng = random.Random(seed)
        facts = self.promotions(rng)
        hook = type(self.env["wx.price.hook"])
        self.patch(hook, "_facts", lambda hook, cr, ask: facts)
        items = [
            (self.sku_a, rng.randrange(1, 8)),
            (self.sku_b, rng.randrange(1, 10)),
            (self.service, rng.randrange(1, 4)),
        ]
        items = rng.sample(items, rng.randrange(1, 4))
        order = self.paid_order(*items)
        self.assertEqual(order.posting_state, "done", order.posting_error)
        self.assertEqual(
            order.amount_fen,
            sum(order.line_ids.mapped("amount_fen")) + order.freight_fen,
        )
        self.assertEqual(to_fen(order.sale_order_id.amount_total), order.paid_fen)
        for line in order.line_ids:
            self.assertEqual(
                line.amount_fen,
                sum(to_fen(part.price_total) for part in line.sale_line_ids),
            )
            self.assertLessEqual(len(line.sale_line_ids), 2)
        for _step in range(rng.randrange(2, 5)):
            rng.choice([self.deliver_some, self.deliver_some, self.refund_some])(
                rng, order
            )
            self.check_bounds(order)
        self.ship(order)
        self.post_all()
        self.settled(order)
        if order._wx_refundable_fen() and rng.random() < 0.5:
            self.wizard(order, "all").action_refund()
            self.send_refunds()
            self.assertEqual(order.refunded_fen, order.paid_fen)
            self.settled(order)

    def settled(self, order):
        """What was kept of the payment is what invoices say; nothing is open."""
        self.check_bounds(order)
        invoiced, credited = self.documents(order)
        self.assertEqual(invoiced - credited, order.paid_fen - order.refunded_fen)
        self.assertEqual(self.advance_balance(), 0)

    def play_all(self, seeds):
        for seed in seeds:
            # In one long transaction nobody else tells the planner how these tables
            # grew: it would join every row with every row.
            self.env.flush_all()
            self.env.cr.execute(ANALYZE)
            with self.subTest(seed=seed):
                self.play(seed)

    def test_every_fen_arrives_1(self):
        self.play_all(MIXES[0])

    def test_every_fen_arrives_2(self):
        self.play_all(MIXES[1])

    def test_every_fen_arrives_3(self):
        self.play_all(MIXES[2])

    def test_freight_is_invoiced_with_the_first_delivery(self):
        order = self.paid_order((self.sku_a, 3))
        self.assertEqual(order.freight_fen, 808)
        freight = order.sale_order_id.order_line.filtered("is_delivery")
        goods = order.sale_order_id.order_line - freight
        self.assertFalse(freight.wx_line_id)
        self.assertEqual(freight.tax_ids, goods.tax_ids)
        self.assertIn("+8.08", order.price_explanation)
        self.assertEqual(order.sale_order_id.invoice_status, "no")
        picking = order.picking_ids
        picking.move_ids.quantity = 1
        picking.move_ids.picked = True
        picking._action_done()
        self.post_all()
        self.assertEqual(order.state, "partially_shipped")
        first = order.invoice_ids
        self.assertEqual(to_fen(first.amount_total), 1999 + 808)
        self.ship(order)
        self.post_all()
        self.assertEqual(order.state, "shipped")
        rest = order.invoice_ids - first
        self.assertEqual(to_fen(rest.amount_total), 2 * 1999)
        self.settled(order)

    def test_a_line_that_does_not_divide(self):
        """10.00 for three pieces: 3.34 + 3.33 + 3.33, in whatever parts they go."""
        self.app.freight_template_id = False
        self.env.flush_all()
        hook = type(self.env["wx.price.hook"])
        less = Fact("o", "order", "amount", "Less", 3 * 501 - 1000)
        self.patch(hook, "_facts", lambda hook, cr, ask: [less])
        order = self.paid_order((self.sku_b, 3))
        self.assertIn("-5.03", order.price_explanation)
        parts = order.line_ids.sale_line_ids.sorted("sequence")
        self.assertEqual(parts.mapped("product_uom_qty"), [1, 2])
        self.assertEqual(parts.mapped("price_unit"), [3.34, 3.33])
        self.assertEqual(order.state, "to_ship")
        for expected in (334, 667, 1000):
            move = order.picking_ids.filtered(
                lambda p: p.state == "assigned"
            ).move_ids.sorted(lambda m: m.sale_line_id.sequence)[:1]
            picking = move.picking_id
            picking.move_ids.picked = False
            move.quantity = 1
            move.picked = True
            picking._action_done()
            self.post_all()
            self.assertEqual(
                sum(to_fen(m.amount_total) for m in order.invoice_ids), expected
            )
        self.assertEqual(order.state, "shipped")
        self.settled(order)
