import logging

import psycopg2

from odoo import models
from odoo.exceptions import UserError

from odoo.addons.wx_base.tools import QUIET

from .. import const

_logger = logging.getLogger(__name__)
BATCH = 200


class PaymentTransaction(models.Model):
    """Posting of WeChat payments in the ledger: batches for mini-program payments,
    core's own way for invoices and sale orders paid in the portal."""

    _inherit = "payment.transaction"

    def _post_process(self):  # pylint: disable=missing-return
        mine = self.filtered(lambda tx: tx._wx_posts_to_advance())
        others = self - mine
        if others:
            super(PaymentTransaction, others)._post_process()
        if mine:
            mine._wx_post_payments()

    def _wx_posts_to_advance(self):
        """Mini-program payments, and portal payments that go straight back: those must
        not be reconciled with the invoice they came too late for."""
        self.ensure_one()
        if self.provider_code != const.CODE:
            return False
        source = self.source_transaction_id or self
        return bool(
            self.wx_payable_id or source.wx_attempt_state in ("paid_late", "paid_twice")
        )

    def _wx_post_payments(self):
        """One posted ``account.payment`` per done payment or refund of a mini-program:
        debit outstanding, credit advance (refunds the reverse), dated by the Beijing
        day of success. Safe to call twice; works on whole batches.

        :return: the created payments
        :raise UserError: the provider's journal or advance account is not set
        """
        done = self.filtered(lambda tx: tx.state == "done" and not tx.payment_id)
        payments = self.env["account.payment"]
        for provider, txs in done.grouped("provider_id").items():
            txs._wx_assign_partners()
            payments |= txs._wx_create_payments(provider)
        (self - done).filtered(
            lambda tx: tx.state == "cancel" and tx.payment_id
        ).payment_id.action_cancel()
        self.is_post_processed = True
        self._wx_reconcile_returned()
        return payments

    def _wx_assign_partners(self):
        """Ask the documents for their partners (a shopper's partner is made at the
        first paid order)."""
        by_model = self.filtered("wx_payable_model").grouped("wx_payable_model")
        for model, txs in by_model.items():
            if model not in self.env:
                continue
            # sudo: posting acts for the shop, whoever caused it
            documents = self.env[model].sudo().browse(set(txs.mapped("wx_payable_id")))
            partners = documents.exists()._wx_payment_partners(txs)
            for tx in txs:
                partner_id = partners.get(tx.id)
                if partner_id and tx.partner_id.id != partner_id:
                    tx.partner_id = partner_id

    def _wx_create_payments(self, provider):
        journal = provider.wx_journal_basic_id or provider.journal_id
        advance = provider.wx_advance_account_id
        if not journal or not advance:
            raise UserError(
                self.env._(
                    "%(provider)s: set up journals and accounts before payments can be "
                    "posted.",
                    provider=provider.display_name,
                )
            )
        lines = journal.inbound_payment_method_line_ids
        line = (
            lines.filtered(lambda item: item.payment_provider_id == provider)
            or lines.filtered(lambda item: item.code == const.CODE)
            or lines
        )[:1]
        quick = self.env["account.analytic.distribution.model"]._wx_quick()
        payments = (
            self.env["account.payment"]
            .with_company(provider.company_id)
            # an entry of two given sides has no taxes or terms for core to work out
            .with_context(**QUIET, **quick, skip_invoice_sync=True)
            .create(
                [
                    {
                        "amount": abs(tx.amount),
                        "payment_type": "inbound" if tx.amount > 0 else "outbound",
                        "partner_type": "customer",
                        "partner_id": tx.partner_id.commercial_partner_id.id,
                        "currency_id": tx.currency_id.id,
                        "company_id": provider.company_id.id,
                        "journal_id": journal.id,
                        "payment_method_line_id": line.id,
                        "destination_account_id": advance.id,
                        "payment_transaction_id": tx.id,
                        "date": tx._wx_payment_date(),
                        "memo": " ".join(
                            filter(None, (tx.reference, tx.provider_reference))
                        ),
                    }
                    for tx in self
                ]
            )
        )
        payments.action_post()
        for tx, payment in zip(self, payments, strict=True):
            tx.payment_id = payment
        return payments

    def _wx_reconcile_returned(self):
        """Payments that went straight back (late, twice) meet their refund on the
        advance account: nothing stays open there."""
        for refund in self.filtered(
            lambda tx: (
                tx.operation == "refund"
                and tx.state == "done"
                and tx.source_transaction_id.wx_attempt_state
                in ("paid_late", "paid_twice")
            )
        ):
            payments = refund.payment_id | refund.source_transaction_id.payment_id
            account = refund.provider_id.wx_advance_account_id
            lines = payments.move_id.line_ids.filtered(
                lambda line, account=account: (
                    line.account_id == account and not line.reconciled
                )
            )
            if account.reconcile and len(payments) == 2 and len(lines) == 2:
                lines.reconcile()

    def _create_payment(self, **extra_create_values):
        """Portal payments keep core's way (receivable, reconciled with the invoice),
        on WeChat's journal and with WeChat's date."""
        self.ensure_one()
        if self.provider_code == const.CODE:
            extra_create_values = {
                "date": self._wx_payment_date(),
                **extra_create_values,
            }
        return super()._create_payment(**extra_create_values)

    def _wx_book_each(self):
        """Books one after the other; a collision leaves the rest to the next run."""
        try:
            for tx in self:
                tx._wx_book_again()
        except psycopg2.OperationalError:
            self.env.cr.rollback()

    def _wx_book_again(self) -> bool:
        """Books one payment or refund; what accounting refuses is reported.

        :return: whether it is booked now (or was already)
        """
        self.ensure_one()
        if self.is_post_processed:
            return True
        try:
            with self.env.cr.savepoint():
                self._post_process()
                self.env.flush_all()
        except psycopg2.OperationalError:
            raise
        except Exception as error:
            self.env.invalidate_all(flush=False)
            _logger.warning("%s is not booked", self.reference, exc_info=True)
            self._wx_booking_refused(str(error.args[0] if error.args else error))
            return False
        return True

    def _wx_booking_refused(self, message):
        """Hook: this payment or refund, done at WeChat, cannot be booked; the next run
        tries again. ``message`` is what accounting says."""

    def _cron_wx_post_payments(self):
        """Every minute: post what the mall's own jobs have not posted yet."""
        cron = self.env["ir.cron"]
        domain = [
            ("provider_code", "=", const.CODE),
            ("wx_payable_id", "!=", False),
            ("is_post_processed", "=", False),
            ("state", "in", ("done", "cancel", "error")),
        ]
        remaining = self.search_count(domain)
        cron._commit_progress(remaining=remaining)
        skip = set()
        while remaining:
            txs = self.search(
                [*domain, ("id", "not in", list(skip))], limit=BATCH, order="id"
            )
            if not txs:
                break
            try:
                txs = txs.try_lock_for_update()
                txs._post_process()
            except psycopg2.OperationalError:
                self.env.cr.rollback()
                break
            except Exception:
                # one payment must not stop the others of its batch, nor the batches
                _logger.exception("WeChat payments %s not posted", txs.ids)
                self.env.cr.rollback()
                txs._wx_book_each()
            skip.update(txs.ids)
            if not txs or not cron._commit_progress(len(txs)):
                break
