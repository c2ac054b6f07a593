import secrets
from datetime import timedelta

from odoo import api, fields, models
from odoo.exceptions import UserError
from odoo.tools import consteq

from odoo.addons.wx_base.money import to_fen

from .. import const

DAYS = 7


class WxPayCheckout(models.Model):
    """Several documents of one customer paid together by one QR code: a page to send
    or show, one payment, all documents settled. Core's payment link is for one
    document only.
    """

    _name = "wx.pay.checkout"
    _description = "Joint WeChat Payment"
    _order = "id desc"
    _check_company_auto = True

    name = fields.Char("Number", required=True, readonly=True, copy=False, default="/")
    company_id = fields.Many2one(
        "res.company",
        required=True,
        readonly=True,
        index=True,
        default=lambda self: self.env.company,
    )
    currency_id = fields.Many2one(related="company_id.currency_id")
    partner_id = fields.Many2one("res.partner", "Customer", required=True, index=True)
    provider_id = fields.Many2one(
        "payment.provider",
        "Merchant",
        required=True,
        check_company=True,
        domain=[("code", "=", const.CODE), ("state", "!=", "disabled")],
    )
    invoice_ids = fields.Many2many(
        "account.move", "wx_pay_checkout_move_rel", string="Invoices", readonly=True
    )
    amount = fields.Monetary(readonly=True)
    state = fields.Selection(
        [("open", "To Pay"), ("paid", "Paid"), ("closed", "Closed")],
        default="open",
        required=True,
        readonly=True,
        index=True,
        copy=False,
    )
    expires_at = fields.Datetime("Payable Until", required=True, readonly=True)
    transaction_ids = fields.One2many(
        "payment.transaction", "wx_checkout_id", "Attempts", readonly=True
    )
    access_token = fields.Char(readonly=True, copy=False, groups="base.group_system")
    link = fields.Char(compute="_compute_link")

    @api.depends("name")
    def _compute_link(self):
        for checkout in self:
            # sudo: the token is part of the link, nothing people read by itself
            token = checkout.sudo().access_token
            checkout.link = (
                f"{checkout.get_base_url()}/wx/pay/checkout/{checkout.id}/{token}"
            )

    # -- made of documents -------------------------------------------------------

    @api.model
    def _wx_documents(self):
        """Hook: ``{field: f(record) -> amount open}`` of what can be paid together."""
        return {"invoice_ids": lambda invoice: invoice.amount_residual}

    @api.model
    def _make(self, **documents):
        """A joint payment of documents the user may read.

        :param documents: recordsets by field name, see :meth:`_wx_documents`
        :raise UserError: nothing open, several customers, companies or currencies, a
            document that is not to be paid, no merchant
        """
        records = [record for found in documents.values() for record in found]
        companies = {record.company_id for record in records}
        partners = {record.partner_id.commercial_partner_id for record in records}
        if len(companies) != 1 or len(partners) != 1:
            raise UserError(
                self.env._("Choose documents of one customer and one company.")
            )
        company, partner = companies.pop(), partners.pop()
        if any(record.currency_id.name != "CNY" for record in records):
            raise UserError(self.env._("WeChat Pay takes CNY only."))
        for found in documents.values():
            found._wx_check_joint_payment()
        # sudo: who sells or invoices need not read payment providers
        provider = (
            self.env["payment.provider"]
            .sudo()
            .search(
                [
                    ("code", "=", const.CODE),
                    ("state", "!=", "disabled"),
                    ("company_id", "=", company.id),
                ]
            )
            .filtered("wx_app_ids")
            .sorted(lambda p: (p.sequence, p.id))[:1]
        )
        if not provider:
            raise UserError(self.env._("No WeChat Pay merchant is switched on."))
        values = {name: [(6, 0, found.ids)] for name, found in documents.items()}
        checkout = self.create(
            {
                **values,
                "company_id": company.id,
                "partner_id": partner.id,
                "provider_id": provider.id,
                "expires_at": fields.Datetime.now() + timedelta(days=DAYS),
            }
        )
        # sudo: the amount is counted here, never entered
        checkout.sudo().amount = checkout._amount_open()
        return checkout

    @api.model_create_multi
    def create(self, vals_list):
        checkouts = super().create(vals_list)
        for checkout in checkouts:
            # sudo: token and number are not for people to write
            checkout.sudo().write(
                {
                    "name": f"CO{checkout.id:06d}",
                    "access_token": secrets.token_urlsafe(24),
                }
            )
        return checkouts

    def _amount_open(self):
        """What the documents are open for now."""
        return sum(
            amount(record)
            for name, amount in self._wx_documents().items()
            # sudo: the link is open to whoever has it
            for record in self.sudo()[name]
        )

    def _open_form(self):
        return {
            "type": "ir.actions.act_window",
            "res_model": self._name,
            "res_id": self.id,
            "view_mode": "form",
        }

    def action_close(self):
        """Button: nobody can pay it any more; open attempts are closed at WeChat."""
        self.check_access("write")
        # sudo: checked above; attempts are not for people to write
        service = self.env["wx.pay.service"].sudo()
        for checkout in self.sudo().filtered(lambda c: c.state == "open"):
            for tx in checkout.transaction_ids:
                if tx.wx_attempt_state in const.OPEN_ATTEMPTS:
                    service._close(tx)
            checkout.invalidate_recordset(["state"])
            if checkout.state == "open":
                checkout.state = "closed"
        return True

    # -- paid --------------------------------------------------------------------

    def _check_token(self, token):
        self.ensure_one()
        return consteq(self.access_token or "", token or "")

    def _attempt(self):
        """The attempt to offer now (superuser): an open one, or a new one.

        :return: payment.transaction; empty when it cannot be paid (any more)
        """
        self.ensure_one()
        transactions = self.transaction_ids
        if self.state != "open" or fields.Datetime.now() >= self.expires_at:
            return transactions.browse()
        if to_fen(self._amount_open()) != to_fen(self.amount):
            self.action_close()  # one of the documents was paid in another way
            return transactions.browse()
        usable = transactions.filtered(
            lambda tx: (
                tx.wx_attempt_state in ("intent", "open")
                and (
                    not tx.wx_time_expire
                    or tx.wx_time_expire > fields.Datetime.now() + timedelta(minutes=1)
                )
            )
        )
        if usable:
            return usable[-1]
        method = self.provider_id.with_context(active_test=False).payment_method_ids
        return transactions.create(
            {
                "provider_id": self.provider_id.id,
                "payment_method_id": method.filtered(
                    lambda m: m.code in const.DEFAULT_PAYMENT_METHOD_CODES
                )[:1].id,
                "reference": f"{self.name}-{len(transactions) + 1}",
                "amount": self.amount,
                "currency_id": self.currency_id.id,
                "partner_id": self.partner_id.id,
                "operation": "online_direct",
                "wx_checkout_id": self.id,
                **self._transaction_documents(),
            }
        )

    def _transaction_documents(self):
        """Hook: the documents as core's payment engine knows them."""
        return {"invoice_ids": [(6, 0, self.invoice_ids.ids)]}

    def _accepts(self):
        """One payment only, whatever two workers do at once: a guarded update."""
        self.env.cr.execute(
            "UPDATE wx_pay_checkout SET state = 'paid'"
            " WHERE id = %s AND state = 'open'",
            (self.id,),
        )
        self.invalidate_recordset(["state"], flush=False)
        return bool(self.env.cr.rowcount)
