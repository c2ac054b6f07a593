import logging
from datetime import datetime

import psycopg2

from odoo import Command, api, fields, models
from odoo.exceptions import (
    ConcurrencyError,
    LockError,
    RedirectWarning,
    UserError,
)

from odoo.addons.wx_base.money import to_fen, to_yuan
from odoo.addons.wx_base.tools import BEIJING, QUIET

_logger = logging.getLogger(__name__)
BATCH = 50
_AGAIN = (psycopg2.OperationalError, ConcurrencyError, LockError)


class WxOrderInvoicing(models.AbstractModel):
    """Invoices of delivered mall orders and credit notes of refunds, in batches.

    The invoice is dated on the Beijing day of the delivery; the advance paid through
    WeChat is applied to it at once. A credit note follows the refund that succeeded.
    """

    _name = "wx.order.invoicing"
    _description = "Invoicing of mall orders"

    @api.model
    def _run(self, company_id) -> bool:
        """One batch of each; True when more waits."""
        service = self._in_company(self.env["res.company"].browse(company_id))
        orders = service._due_orders(company_id)
        service._each_or_all(orders, service._invoice)
        refunds = service._due_refunds(company_id)
        for refund in refunds:
            service._each_or_all(
                refund.order_id, lambda _o, r=refund: service._credit(r)
            )
        return len(orders) == BATCH or len(refunds) == BATCH

    @api.model
    def _in_company(self, company):
        return self.with_company(company).with_context(
            allowed_company_ids=company.ids,
            lang="zh_CN",
            wx_posting=True,
            **self.env["account.analytic.distribution.model"]._wx_quick(),
            **QUIET,
        )

    @api.model
    def _again(self, orders):
        """Invoices and credits again orders that accounting refused; those that succeed
        are posted (and their exceptions end), the others keep theirs."""
        for order in orders:
            service = self._in_company(order.company_id)
            mine = order.with_env(service.env)
            mine._wx_lock()
            if service._each_or_all(mine, service._invoice_and_credit):
                mine.write({"posting_state": "done", "posting_error": False})

    def _invoice_and_credit(self, order):
        self._invoice(order)
        for refund in order.refund_ids.filtered(
            lambda r: r.state == "done" and r.credited_fen < r.invoiced_fen
        ):
            self._credit(refund)

    @api.model
    def _due_orders(self, company_id):
        self.env.flush_all()
        self.env.cr.execute(
            """
            SELECT o.id FROM wx_order o JOIN sale_order so ON so.id = o.sale_order_id
             WHERE o.company_id = %s AND o.posting_state = 'done'
               AND so.state = 'sale' AND so.invoice_status = 'to invoice'
             ORDER BY o.id LIMIT %s FOR NO KEY UPDATE OF o SKIP LOCKED
            """,
            (company_id, BATCH),
            log_exceptions=False,  # a collision is expected: the queue runs it again
        )
        ids = [row[0] for row in self.env.cr.fetchall()]
        return self.env["wx.order"].sudo().browse(ids)

    @api.model
    def _due_refunds(self, company_id):
        """Paid refunds that a posted invoice still lacks a credit note for."""
        self.env.flush_all()
        self.env.cr.execute(
            """
            SELECT r.id FROM wx_order_refund r JOIN wx_order o ON o.id = r.order_id
             WHERE r.company_id = %s AND r.state = 'done'
               AND r.credited_fen < r.invoiced_fen AND o.posting_state = 'done'
             ORDER BY r.id
            """,
            (company_id,),
        )
        ids = [row[0] for row in self.env.cr.fetchall()]
        # sudo: acts for the shop, whoever caused it
        waiting = self.env["wx.order.refund"].sudo().browse(ids)
        return waiting.filtered(lambda refund: refund._creditable())[:BATCH]

    def _each_or_all(self, orders, work):
        """Runs ``work(orders)``; on failure one by one, exceptions on the order:
        *ledger* where accounting refused with words of its own, else *not posted*.
        True when nothing failed."""
        if not orders:
            return True
        try:
            with self.env.cr.savepoint():
                work(orders)
                self.env.flush_all()
            return True
        except _AGAIN:
            raise
        except Exception as exc:
            self.env.invalidate_all(flush=False)
            _logger.info("%s mall orders: %s", len(orders), exc, exc_info=True)
            if len(orders) == 1:
                _logger.warning("Mall order %s was not invoiced: %s", orders.name, exc)
                self._fail(orders, exc)
                return False
        results = [self._each_or_all(order, work) for order in orders]
        return all(results)

    @api.model
    def _fail(self, order, exc):
        refused = isinstance(exc, (UserError, RedirectWarning))
        order.with_context(
            wx_exception_kind="ledger" if refused else "posting_failed"
        ).write(
            {"posting_state": "exception", "posting_error": exc.args[0] or str(exc)}
        )

    # invoices -------------------------------------------------------------------
    def _invoice(self, orders):
        sales = orders.sale_order_id.filtered(
            lambda sale: any(line.qty_to_invoice > 0 for line in sale.order_line)
        )
        if not sales:
            return
        dates = {sale.id: self._delivery_date(sale) for sale in sales}
        sales = sales.with_context(wx_invoice_dates=dates)
        invoices = sales._create_invoices(grouped=True)
        invoices.action_post()
        self._apply_advance(invoices, orders)

    def _apply_advance(self, moves, orders):
        for provider in orders.transaction_id.provider_id:
            mine = orders.filtered(
                lambda o, p=provider: o.transaction_id.provider_id == p
            )
            provider._wx_apply_advance(
                moves.filtered(lambda m, o=mine: m in o._wx_moves())
            )

    def _delivery_date(self, sale):
        """Beijing day of the last delivery (or of payment, for virtual goods)."""
        done = sale.picking_ids.filtered(lambda p: p.state == "done" and p.date_done)
        moment = max(done.mapped("date_done"), default=None) or sale.wx_order_id.paid_at
        return fields.Datetime.context_timestamp(
            self.with_context(tz="Asia/Shanghai"), moment
        ).date()

    # credit notes ---------------------------------------------------------------
    def _credit(self, refund):
        """Posts the credit notes of one refund, as far as invoices exist already.

        Each refund line is credited on invoice lines of its own goods, with the taxes
        and the account of the line it lowers.
        """
        for invoice, plan in refund._creditable():
            note = self._credit_note(refund, invoice, plan)
            for _line, owner, fen in plan:
                owner.credited_fen += fen
            refund.credit_move_ids = [Command.link(note.id)]
        return refund.credit_move_ids

    def _credit_note(self, refund, invoice, plan):
        part = sum(fen for _line, _owner, fen in plan)
        note = self.env["account.move"].create(
            {
                "move_type": "out_refund",
                "partner_id": invoice.partner_id.id,
                "company_id": invoice.company_id.id,
                "journal_id": invoice.journal_id.id,
                "currency_id": invoice.currency_id.id,
                "fiscal_position_id": invoice.fiscal_position_id.id,
                "reversed_entry_id": invoice.id,
                "invoice_date": datetime.now(BEIJING).date(),
                "invoice_origin": refund.order_id.sale_order_id.name,
                "ref": f"{refund.order_id.name} {refund.reason}",
                "invoice_payment_term_id": False,
                "invoice_line_ids": [
                    Command.create(
                        {
                            "product_id": line.product_id.id,
                            "name": line.name,
                            "quantity": 1,
                            "price_unit": to_yuan(fen),
                            "tax_ids": [Command.set(line.tax_ids.ids)],
                            "account_id": line.account_id.id,
                        }
                    )
                    for line, _owner, fen in plan
                ],
            }
        )
        if to_fen(note.amount_total) != part:
            raise UserError(
                self.env._(
                    "The credit note comes to %(total)s fen instead of %(part)s.",
                    total=to_fen(note.amount_total),
                    part=part,
                )
            )
        note.action_post()
        refund.order_id.transaction_id.provider_id._wx_apply_advance(note)
        return note
