from odoo import fields, models

from ..bigint import BigInt


class WxBillFundLine(models.Model):
    """A cleaned row of a fund-flow bill (wechat-pay-v3.md §4.8): a movement of one
    account. Loaded with COPY, never written through the ORM."""

    _name = "wx.bill.fund.line"
    _description = "WeChat Fund-Flow Line"
    _log_access = False
    _order = "bill_id desc, line_no"
    _rec_name = "flow_no"

    bill_id = fields.Many2one(
        "wx.bill", required=True, ondelete="cascade", readonly=True
    )
    line_no = fields.Integer("Row", required=True, readonly=True)
    company_id = fields.Many2one(related="bill_id.company_id")
    currency_id = fields.Many2one(related="bill_id.currency_id")
    booked_at = fields.Datetime(readonly=True)
    business_no = fields.Char("Business Number", readonly=True)
    flow_no = fields.Char("Flow Number", readonly=True)
    business_name = fields.Char(readonly=True)
    business_type = fields.Char(readonly=True)
    sign = fields.Integer(readonly=True, help="1: income, -1: expense.")
    amount_fen = BigInt("Amount (fen)", readonly=True)
    balance_fen = BigInt("Balance (fen)", readonly=True)
    applicant = fields.Char(readonly=True)
    remark = fields.Char(readonly=True)
    voucher_no = fields.Char("Voucher", readonly=True)
    extra = fields.Json(
        "Unknown Columns", readonly=True, help="Cells of columns not known yet."
    )
    amount = fields.Monetary(compute="_compute_amounts")
    balance = fields.Monetary(compute="_compute_amounts")
    tx_id = fields.Many2one(
        "payment.transaction", compute="_compute_tx_id", string="Transaction"
    )

    _line_uniq = models.UniqueIndex("(bill_id, line_no)")
    _business_idx = models.Index("(business_no)")

    def _compute_amounts(self):
        for line in self:
            line.amount = line.sign * line.amount_fen / 100
            line.balance = line.balance_fen / 100

    def _compute_tx_id(self):
        found = self.env["wx.pay.matching"]._transactions_of(
            "wx_bill_fund_line", self.ids
        )
        for line in self:
            line.tx_id = found.get(line.id, False)
