from odoo import api, fields, models
from odoo.exceptions import AccessError

FIELDS = (
    "wx_journal_basic_id",
    "wx_journal_operation_id",
    "wx_journal_fees_id",
    "wx_misc_journal_id",
    "wx_outstanding_account_id",
    "wx_advance_account_id",
    "wx_fee_account_id",
    "wx_opening_account_id",
)


class WxPayAccountingSetup(models.TransientModel):
    """Journals and accounts of a merchant: shows what would be made, lets people choose
    what exists instead."""

    _name = "wx.pay.accounting.setup"
    _description = "WeChat Pay Accounting Set-Up"
    _check_company_auto = True

    provider_id = fields.Many2one(
        "payment.provider",
        "Merchant",
        required=True,
        domain="[('code', '=', 'wechatpay')]",
    )
    company_id = fields.Many2one(related="provider_id.company_id")
    wx_journal_basic_id = fields.Many2one(
        "account.journal",
        "Basic Account Journal",
        compute="_compute_present",
        precompute=True,
        store=True,
        readonly=False,
        check_company=True,
        domain="[('type', '=', 'bank')]",
    )
    use_operation = fields.Boolean(
        "Operation Account",
        compute="_compute_present",
        precompute=True,
        store=True,
        readonly=False,
        help="For transfers to shoppers and red packets.",
    )
    wx_journal_operation_id = fields.Many2one(
        "account.journal",
        "Operation Account Journal",
        compute="_compute_present",
        precompute=True,
        store=True,
        readonly=False,
        check_company=True,
        domain="[('type', '=', 'bank')]",
    )
    use_fees = fields.Boolean(
        "Fee Account",
        compute="_compute_present",
        precompute=True,
        store=True,
        readonly=False,
        help="When fees are taken from an account of their own.",
    )
    wx_journal_fees_id = fields.Many2one(
        "account.journal",
        "Fee Account Journal",
        compute="_compute_present",
        precompute=True,
        store=True,
        readonly=False,
        check_company=True,
        domain="[('type', '=', 'bank')]",
    )
    wx_misc_journal_id = fields.Many2one(
        "account.journal",
        "Advance Journal",
        compute="_compute_present",
        precompute=True,
        store=True,
        readonly=False,
        check_company=True,
        domain="[('type', '=', 'general')]",
    )
    wx_outstanding_account_id = fields.Many2one(
        "account.account",
        "Money in Transit",
        compute="_compute_present",
        precompute=True,
        store=True,
        readonly=False,
        check_company=True,
        domain="[('account_type', '=', 'asset_current'), ('reconcile', '=', True)]",
    )
    wx_advance_account_id = fields.Many2one(
        "account.account",
        "Advances from Buyers",
        compute="_compute_present",
        precompute=True,
        store=True,
        readonly=False,
        check_company=True,
        domain="[('account_type', '=', 'liability_current'), ('reconcile', '=', True)]",
    )
    wx_fee_account_id = fields.Many2one(
        "account.account",
        "WeChat Fees",
        compute="_compute_present",
        precompute=True,
        store=True,
        readonly=False,
        check_company=True,
        domain="[('account_type', 'in', ('expense', 'expense_direct_cost'))]",
    )
    wx_opening_account_id = fields.Many2one(
        "account.account",
        "Opening Balance Counterpart",
        compute="_compute_present",
        precompute=True,
        store=True,
        readonly=False,
        check_company=True,
    )
    fee_rate = fields.Float(
        "Fee Rate (%)",
        digits=(6, 4),
        compute="_compute_present",
        precompute=True,
        store=True,
        readonly=False,
    )
    refund_fee_rule = fields.Selection(
        selection=lambda self: (
            self.env["payment.provider"]._fields["wx_refund_fee_rule"].selection
        ),
        string="Fee of Refunds",
        compute="_compute_present",
        precompute=True,
        store=True,
        readonly=False,
        required=True,
    )
    bill_start = fields.Date(
        "Bills from",
        compute="_compute_present",
        precompute=True,
        store=True,
        readonly=False,
        required=True,
        help="First Beijing day whose bills are fetched, matched and posted.",
    )
    proposal = fields.Text("Will Be Made", compute="_compute_proposal")

    @api.depends("provider_id")
    def _compute_present(self):
        for wizard in self:
            provider = wizard.provider_id
            for name in FIELDS:
                wizard[name] = provider[name]
            new = not provider.wx_journal_basic_id
            wizard.use_operation = new or bool(provider.wx_journal_operation_id)
            wizard.use_fees = new or bool(provider.wx_journal_fees_id)
            wizard.fee_rate = provider.wx_fee_rate
            wizard.refund_fee_rule = provider.wx_refund_fee_rule or "last_takes_rest"
            wizard.bill_start = (
                provider.wx_bill_start or self.env["wx.bill.day"]._beijing_now().date()
            )

    @api.depends("provider_id", "use_operation", "use_fees", *FIELDS)
    def _compute_proposal(self):
        for wizard in self:
            wizard.proposal = "\n".join(wizard._proposal_lines())

    def _proposal_lines(self):
        """One line per journal or account that does not exist and is not chosen."""
        if not self.provider_id:
            return
        unused = {
            "wx_journal_operation_id": not self.use_operation,
            "wx_journal_fees_id": not self.use_fees,
        }
        # sudo: the wizard is its group's; it reads journals, no key
        proposal = self.provider_id.sudo()._wx_propose_accounting()
        for name, (record_id, label, code) in proposal.items():
            if record_id or self[name] or unused.get(name):
                continue
            kind = (
                self.env._("journal with account")
                if "journal" in name
                else self.env._("account")
            )
            yield f"{code} {label} ({kind})"

    def action_apply(self):
        """Make what is missing and write the mapping."""
        self.ensure_one()
        user = self.env.user
        if not (user.has_group("account.group_account_manager") or user._is_system()):
            raise AccessError(
                self.env._("Only an accounting administrator may set up the accounts.")
            )
        mapping = {name: self[name].id for name in FIELDS if self[name]}
        if not self.use_operation:
            mapping["wx_journal_operation_id"] = False
        if not self.use_fees:
            mapping["wx_journal_fees_id"] = False
        # sudo: the wizard is its group's; it reads journals, no key
        provider = self.provider_id.sudo()
        provider._wx_setup_accounting(mapping)
        provider.write(
            {
                "wx_fee_rate": self.fee_rate,
                "wx_refund_fee_rule": self.refund_fee_rule,
                "wx_bill_start": self.bill_start,
            }
        )
        return {"type": "ir.actions.act_window_close"}
