from odoo import fields, models


class AccountBankStatementLine(models.Model):
    _inherit = "account.bank.statement.line"

    wx_bill_day_id = fields.Many2one(
        "wx.bill.day",
        "WeChat Bill Day",
        index="btree_not_null",
        readonly=True,
        copy=False,
        ondelete="restrict",
    )
    wx_fund_line_id = fields.Many2one(
        "wx.bill.fund.line",
        "WeChat Movement",
        index="btree_not_null",
        readonly=True,
        copy=False,
        ondelete="restrict",
    )
    wx_tx_id = fields.Many2one(
        "payment.transaction",
        "WeChat Transaction",
        index="btree_not_null",
        readonly=True,
        copy=False,
    )
    wx_role = fields.Selection(
        [
            ("opening", "Opening balance"),
            ("main", "Payment or refund"),
            ("fee", "Fee"),
            ("rule", "Other movement"),
            ("open", "Unknown"),
        ],
        "WeChat Movement Kind",
        readonly=True,
        copy=False,
    )
