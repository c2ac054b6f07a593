from odoo import fields, models

from odoo.addons.wx_base.money import to_yuan

_FEES = """
SELECT o.id, COALESCE(sum(l.fee_fen), 0)
  FROM wx_order o
  JOIN payment_transaction t ON t.id = o.transaction_id
  JOIN wx_bill_trade_line l ON l.transaction_id = t.wx_transaction_id
 WHERE o.id = ANY(%s) GROUP BY o.id
"""
_LEDGER = """
SELECT o.id, COALESCE(sum(CASE WHEN t.operation = 'refund' THEN -abs(t.wx_amount_fen)
                               ELSE t.wx_amount_fen END), 0)
  FROM wx_order o
  JOIN payment_transaction t
    ON t.id = o.transaction_id OR t.source_transaction_id = o.transaction_id
 WHERE o.id = ANY(%s) AND t.state = 'done' AND t.is_post_processed
 GROUP BY o.id
"""


class WxOrder(models.Model):
    """The money of an order at a glance: each figure from where it is kept."""

    _inherit = "wx.order"

    amount_fee = fields.Monetary(
        "WeChat's fee",
        compute="_compute_money_box",
        help="From the trade bills that have arrived; zero until then.",
    )
    amount_invoiced = fields.Monetary(
        "Invoiced",
        compute="_compute_money_box",
        help="Posted invoices less credit notes.",
    )
    amount_ledger = fields.Monetary(
        "In the ledger",
        compute="_compute_money_box",
        help="Payment less refunds that are posted in the books.",
    )
    amount_open = fields.Monetary(
        "On advance",
        compute="_compute_money_box",
        help="In the ledger but not invoiced yet.",
    )

    def _compute_money_box(self):
        # Staff of the mall see the sums without the right to read bills and entries;
        # only figures of orders that they may read.
        self.env.flush_all()
        fees = self._figures(_FEES)
        ledger = self._figures(_LEDGER)
        for order in self:
            # sudo: sums only, shown to whoever may read the order
            moves = order.sudo()._wx_moves().filtered(lambda m: m.state == "posted")
            order.amount_invoiced = sum(moves.mapped("amount_total_signed"))
            order.amount_fee = to_yuan(fees.get(order.id, 0))
            order.amount_ledger = to_yuan(ledger.get(order.id, 0))
            order.amount_open = order.amount_ledger - order.amount_invoiced

    def _figures(self, query):
        self.env.cr.execute(query, (self.ids,))
        return {order_id: int(fen) for order_id, fen in self.env.cr.fetchall()}
