from odoo import Command, models
from odoo.exceptions import UserError

from odoo.addons.wx_base.tools import QUIET


class PaymentProvider(models.Model):
    """Advances set off against invoices and credit notes."""

    _inherit = "payment.provider"

    def _wx_apply_advance(self, moves, amounts=None):
        """Pay posted invoices (or credit notes) out of the buyers' advances.

        Per document one entry: debit advance, credit receivable (credit notes the other
        way round), dated as the document, reconciled with the document's receivable
        lines. Works on many documents at once; a document without residual is skipped,
        so calling twice changes nothing.

        :param moves: posted ``account.move`` of type out_invoice or out_refund, of this
            provider's company
        :param amounts: dict move id → fen at most to take from the advance (default:
            all that is open)
        :return: the entries, in the order of the documents that got one
        :raise UserError: accounts not set up, or a document not posted
        """
        self.ensure_one()
        # sudo: posting acts for the shop, whoever caused it
        provider = self.sudo().with_company(self.company_id)
        moves = moves.sudo().with_company(self.company_id)
        provider._wx_check_advance(moves)
        vals, receivables = [], []
        for move in moves:
            lines = move.line_ids.filtered(
                lambda line: (
                    line.account_id.account_type == "asset_receivable"
                    and not line.reconciled
                )
            )
            part = provider._wx_advance_vals(move, lines, amounts)
            if part:
                vals.append(part)
                receivables.append(lines)
        # an entry of two given sides has no taxes or terms for core to work out
        no_rules = self.env["account.analytic.distribution.model"]._wx_quick()
        quick = self.env["account.move"].with_context(
            **QUIET, **no_rules, skip_invoice_sync=True
        )
        entries = quick.sudo().create(vals)
        entries._post(soft=False)
        plan = []
        for entry, lines in zip(entries, receivables, strict=True):
            counterpart = entry.line_ids.filtered(
                lambda line, account=lines.account_id[:1]: line.account_id == account
            )
            plan.append(lines | counterpart)
        if plan:
            # sudo: posting acts for the shop, whoever caused it
            self.env["account.move.line"].sudo()._reconcile_plan(plan)
        return entries

    def _wx_check_advance(self, moves):
        """Accounts are set up and every document can be paid out of an advance.

        :raise UserError: says what is missing or which documents cannot
        """
        provider = self
        if not provider.wx_advance_account_id or not provider.wx_misc_journal_id:
            raise UserError(
                self.env._(
                    "Set up the journals and accounts of %s first.", self.display_name
                )
            )
        wrong = moves.filtered(
            lambda move: (
                move.state != "posted"
                or move.move_type not in ("out_invoice", "out_refund")
                or move.company_id != provider.company_id
            )
        )
        if wrong:
            raise UserError(
                self.env._(
                    "%s cannot be paid out of an advance.",
                    ", ".join(wrong.mapped("display_name")[:5]),
                )
            )

    def _wx_advance_vals(self, move, lines, amounts):
        """Values of the entry for one document; None when nothing is open."""
        currency = move.company_id.currency_id
        account = lines.account_id[:1]
        lines = lines.filtered(lambda line: line.account_id == account)
        open_amount = sum(lines.mapped("amount_residual"))
        if amounts is not None:
            limit = amounts.get(move.id, 0) / 100
            open_amount = max(-limit, min(limit, open_amount))
        if currency.is_zero(open_amount):
            return None
        debit, credit = max(open_amount, 0.0), max(-open_amount, 0.0)
        partner = move.commercial_partner_id.id
        label = move.name
        return {
            "move_type": "entry",
            "journal_id": self.wx_misc_journal_id.id,
            "company_id": move.company_id.id,
            "date": move.date,
            "ref": label,
            "line_ids": [
                Command.create(
                    {
                        "name": label,
                        "account_id": self.wx_advance_account_id.id,
                        "partner_id": partner,
                        "debit": debit,
                        "credit": credit,
                    }
                ),
                Command.create(
                    {
                        "name": label,
                        "account_id": account.id,
                        "partner_id": partner,
                        "debit": credit,
                        "credit": debit,
                    }
                ),
            ],
        }
