from odoo import Command, api, fields, models
from odoo.exceptions import UserError

from .. import const

# wechat-pay-v3.md §4.9: sales proceeds, transfers and red packets, postpaid fees
ACCOUNTS = ("BASIC", "OPERATION", "FEES")
JOURNALS = tuple(f"wx_journal_{kind.lower()}_id" for kind in ACCOUNTS)


class PaymentProvider(models.Model):
    """Journals and accounts of a WeChat merchant.

    All accounts are fields that people can change; codes are only proposals computed
    from the company's chart, because the two Chinese charts number differently.
    """

    _inherit = "payment.provider"

    wx_journal_basic_id = fields.Many2one(
        "account.journal",
        "Basic Account Journal",
        domain="[('type', '=', 'bank')]",
        check_company=True,
        copy=False,
        help="Journal of WeChat's basic account (基本账户), where sales money arrives.",
    )
    wx_journal_operation_id = fields.Many2one(
        "account.journal",
        "Operation Account Journal",
        domain="[('type', '=', 'bank')]",
        check_company=True,
        copy=False,
        help="Journal of WeChat's operation account (运营账户): transfers.",
    )
    wx_journal_fees_id = fields.Many2one(
        "account.journal",
        "Fee Account Journal",
        domain="[('type', '=', 'bank')]",
        check_company=True,
        copy=False,
        help="Journal of WeChat's fee account (手续费账户), when fees are prepaid.",
    )
    wx_misc_journal_id = fields.Many2one(
        "account.journal",
        "Advance Journal",
        domain="[('type', '=', 'general')]",
        check_company=True,
        copy=False,
        help="Where advances are set off against invoices.",
    )
    wx_outstanding_account_id = fields.Many2one(
        "account.account",
        "Money in Transit",
        check_company=True,
        copy=False,
        domain="[('account_type', '=', 'asset_current'), ('reconcile', '=', True)]",
        help="Paid by the buyer, not yet seen in WeChat's fund-flow bill.",
    )
    wx_advance_account_id = fields.Many2one(
        "account.account",
        "Advances from Buyers",
        check_company=True,
        copy=False,
        domain="[('account_type', '=', 'liability_current'), ('reconcile', '=', True)]",
        help="Money received before the goods leave.",
    )
    wx_fee_account_id = fields.Many2one(
        "account.account",
        "WeChat Fees",
        check_company=True,
        copy=False,
        domain="[('account_type', 'in', ('expense', 'expense_direct_cost'))]",
    )
    wx_opening_account_id = fields.Many2one(
        "account.account",
        "Opening Balance Counterpart",
        check_company=True,
        copy=False,
        help="Counterpart of the balance that stood at WeChat before the first bill.",
    )
    wx_fund_rule_ids = fields.One2many(
        "wx.pay.fund.rule", "provider_id", "Other Movements", copy=False
    )
    wx_fee_rate = fields.Float(
        "Fee Rate (%)",
        digits=(6, 4),
        default=0.6,
        help="As agreed with WeChat Pay; fees in the bill are checked against it.",
    )
    wx_refund_fee_rule = fields.Selection(
        [
            ("last_takes_rest", "In proportion, the last refund takes the rest"),
            ("per_refund", "In proportion, each refund by itself"),
            ("none", "Not given back"),
        ],
        "Fee of Refunds",
        default="last_takes_rest",
        required=True,
        help="How WeChat gives the fee back on refunds.",
    )
    wx_bill_start = fields.Date(
        "Bills from",
        copy=False,
        help="First Beijing day whose bills are fetched, matched and posted.",
    )
    wx_accounting_ready = fields.Boolean(compute="_compute_wx_accounting_ready")

    @api.depends(
        "wx_journal_basic_id",
        "wx_outstanding_account_id",
        "wx_advance_account_id",
        "wx_fee_account_id",
    )
    def _compute_wx_accounting_ready(self):
        for provider in self:
            provider.wx_accounting_ready = bool(
                provider.wx_journal_basic_id
                and provider.wx_outstanding_account_id
                and provider.wx_advance_account_id
                and provider.wx_fee_account_id
            )

    # --- look-ups --------------------------------------------------------------------
    def _wx_journal(self, account_type):
        """The bank journal of one of WeChat's accounts; may be empty."""
        self.ensure_one()
        return self[f"wx_journal_{(account_type or 'BASIC').lower()}_id"]

    def _wx_account_types(self):
        """The WeChat accounts whose fund-flow bills are fetched."""
        self.ensure_one()
        return [kind for kind in ACCOUNTS if kind == "BASIC" or self._wx_journal(kind)]

    # --- set-up ----------------------------------------------------------------------
    def _wx_propose_accounting(self):
        """What :meth:`_wx_setup_accounting` would use or make.

        :return: dict field → (id of an existing record or False, name, code) where a
            false id means "make this account or journal"
        """
        self.ensure_one()
        company = self.company_id
        if company.currency_id.name != "CNY":
            raise UserError(
                self.env._(
                    "WeChat Pay settles in CNY; the company %s keeps its books in "
                    "another currency.",
                    company.name,
                )
            )
        used = set()
        labels = self._wx_labels()
        cash = self._wx_parent_code("cash")
        proposal = {}
        for field in JOURNALS:
            journal = self[field]
            code = journal.default_account_id.code or self._wx_code(cash, used)
            proposal[field] = (journal.id, labels[field], code)
        misc = self.wx_misc_journal_id or self._wx_general_journal()
        proposal["wx_misc_journal_id"] = (misc.id, misc.name or "", "")
        for field, prefix in (
            ("wx_outstanding_account_id", cash),
            ("wx_advance_account_id", self._wx_parent_code("advance")),
            ("wx_fee_account_id", self._wx_parent_code("fee")),
        ):
            account = self[field]
            code = account.code or self._wx_code(prefix, used)
            proposal[field] = (account.id, labels[field], code)
        opening = self.wx_opening_account_id or company.transfer_account_id
        proposal["wx_opening_account_id"] = (opening.id, opening.name or "", "")
        return proposal

    def _wx_labels(self):
        """Names of what the set-up makes, in the language of the context."""
        name = self.name or self.env._("WeChat Pay")
        return {
            "wx_journal_basic_id": self.env._("%s basic account", name),
            "wx_journal_operation_id": self.env._("%s operation account", name),
            "wx_journal_fees_id": self.env._("%s fee account", name),
            "wx_outstanding_account_id": self.env._("%s in transit", name),
            "wx_advance_account_id": self.env._("Advances through %s", name),
            "wx_fee_account_id": self.env._("%s fees", name),
        }

    def _wx_name_in_all_languages(self, field, records):
        for lang, _label in self.env["res.lang"].get_installed():
            label = self.with_context(lang=lang)._wx_labels()[field]
            for record in records:
                record.with_context(lang=lang).name = label

    def _wx_general_journal(self):
        return self.env["account.journal"].search(
            [
                *self.env["account.journal"]._check_company_domain(self.company_id),
                ("type", "=", "general"),
            ],
            limit=1,
        )

    def _wx_parent_code(self, purpose):
        """Code of the chart's account that a new sub-account should stand under: the
        standard's own account for the purpose, found by its template, its name, or at
        least its type."""
        company = self.company_id
        chart = self.env["account.chart.template"].with_company(company)
        templates, names, types = {
            # Payment platforms' balances are 其他货币资金.
            "cash": (
                ("l10n_cn_common_account_1012",),
                ("Other Monetary Funds",),
                ("asset_cash", "asset_current"),
            ),
            # Companies of the large standard keep advances on 合同负债 since 2018.
            "advance": (
                ("l10n_cn_large_bis_account_2204", "l10n_cn_common_account_2203"),
                ("Contract Liabilities", "Advance From Customers"),
                ("liability_current",),
            ),
            "fee": (
                ("l10n_cn_large_bis_account_6603", "l10n_cn_account_5603"),
                ("Financial Expenses",),
                ("expense",),
            ),
        }[purpose]
        for template in templates:
            account = chart.ref(template, raise_if_not_found=False)
            if account:
                return account.with_company(company).code
        Account = self.env["account.account"].with_company(company)
        domain = [
            *Account._check_company_domain(company),
            ("account_type", "in", types),
        ]
        for label in names:
            account = Account.with_context(lang="en_US").search(
                [*domain, ("name", "=ilike", label)], limit=1
            )
            if account:
                return account.code
        return Account.search(domain, order="code", limit=1).code or ""

    def _wx_code(self, prefix, used):
        """A free account code after ``prefix`` (the chart pads its own codes with
        zeros); ``used`` collects those given out."""
        Account = self.env["account.account"].with_company(self.company_id)
        start = prefix.ljust(self._wx_code_width(), "0")
        code = Account._search_new_account_code(start, used | {start})
        used.add(code)
        return code

    def _wx_code_width(self):
        """Digits of the chart's detail accounts, read off its suspense account."""
        suspense = self.company_id.account_journal_suspense_account_id
        return len(suspense.with_company(self.company_id).code or "") or 6

    def _wx_setup_accounting(self, mapping=None):
        """Make (or take over) the journals and accounts of this merchant.

        :param mapping: dict field → id of an existing record to use instead of the
            proposal; a journal field may be False to do without that WeChat account
            (BASIC is always made)
        Safe to call again: what exists is kept.
        """
        for provider in self:
            # sudo: callers check the right; journals are made by the system
            provider = provider.sudo().with_company(provider.company_id)
            chosen = dict(mapping or {})
            proposal = provider._wx_propose_accounting()
            for field in (
                "wx_outstanding_account_id",
                "wx_advance_account_id",
                "wx_fee_account_id",
            ):
                record_id, label, code = proposal[field]
                provider[field] = (
                    chosen.get(field)
                    or record_id
                    or provider._wx_make_account(field, label, code)
                )
            provider.wx_opening_account_id = (
                chosen.get("wx_opening_account_id")
                or proposal["wx_opening_account_id"][0]
            )
            provider.wx_misc_journal_id = (
                chosen.get("wx_misc_journal_id") or proposal["wx_misc_journal_id"][0]
            )
            if not provider.wx_bill_start:
                today = self.env["wx.bill.day"]._beijing_now().date()
                provider.wx_bill_start = today
            provider._wx_setup_journals(proposal, chosen)
            provider._wx_setup_rules()

    def _wx_setup_journals(self, proposal, chosen):
        for field in JOURNALS:
            record_id, label, code = proposal[field]
            if field != JOURNALS[0] and field in chosen and not chosen[field]:
                self[field] = False
                continue
            self[field] = (
                chosen.get(field)
                or record_id
                or self._wx_make_journal(field, label, code)
            )
        if self.journal_id != self.wx_journal_basic_id:
            self.journal_id = self.wx_journal_basic_id
        self._ensure_payment_method_line()
        lines = self.env["account.payment.method.line"].search(
            [("journal_id", "=", self.wx_journal_basic_id.id)]
        )
        lines.payment_account_id = self.wx_outstanding_account_id

    def _wx_make_account(self, field, label, code):
        kind = {
            "wx_outstanding_account_id": ("asset_current", True),
            "wx_advance_account_id": ("liability_current", True),
            "wx_fee_account_id": ("expense", False),
        }[field]
        account = self.env["account.account"].create(
            {
                "name": label,
                "code": code,
                "account_type": kind[0],
                "reconcile": kind[1],
                "company_ids": [Command.link(self.company_id.id)],
            }
        )
        self._wx_name_in_all_languages(field, [account])
        return account

    def _wx_make_journal(self, field, label, code):
        account = self.env["account.account"].create(
            {
                "name": label,
                "code": code,
                "account_type": "asset_cash",
                "company_ids": [Command.link(self.company_id.id)],
            }
        )
        journal = self.env["account.journal"].create(
            {
                "name": label,
                "type": "bank",
                "code": self.env["account.journal"]._get_next_journal_default_code(
                    "bank", self.company_id
                ),
                "company_id": self.company_id.id,
                "default_account_id": account.id,
            }
        )
        self._wx_name_in_all_languages(field, [account, journal])
        return journal

    def _wx_setup_rules(self):
        """Rules for the movements every merchant has: withdrawals to the bank and
        top-ups go over the company's liquidity transfer account."""
        transfer = self.company_id.transfer_account_id
        known = set(self.wx_fund_rule_ids.mapped("business_type"))
        if not transfer:
            return
        self.env["wx.pay.fund.rule"].create(
            [
                {
                    "provider_id": self.id,
                    "business_type": business_type,
                    "account_id": transfer.id,
                }
                for business_type in ("提现", "充值")
                if business_type not in known
            ]
        )

    def action_wx_accounting(self):
        """The set-up wizard."""
        self.ensure_one()
        if self.code != const.CODE:
            return False
        return {
            "type": "ir.actions.act_window",
            "name": self.env._("Journals and Accounts"),
            "res_model": "wx.pay.accounting.setup",
            "view_mode": "form",
            "target": "new",
            "context": {"default_provider_id": self.id},
        }
