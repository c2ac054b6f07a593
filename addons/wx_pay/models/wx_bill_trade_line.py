from odoo import fields, models

from ..bigint import BigInt


class WxBillTradeLine(models.Model):
    """A cleaned row of a trade bill (wechat-pay-v3.md §4.5). Loaded with COPY, never
    written through the ORM; money in fen, times in UTC."""

    _name = "wx.bill.trade.line"
    _description = "WeChat Trade Bill Line"
    _log_access = False
    _order = "bill_id desc, line_no"
    _rec_name = "transaction_id"

    bill_id = fields.Many2one(
        "wx.bill", required=True, ondelete="cascade", readonly=True
    )
    line_no = fields.Integer("Row", required=True, readonly=True)
    company_id = fields.Many2one(related="bill_id.company_id")
    currency_id = fields.Many2one(related="bill_id.currency_id")
    trade_time = fields.Datetime(readonly=True)
    appid = fields.Char("App ID", readonly=True)
    mchid = fields.Char("Merchant", readonly=True)
    sub_mchid = fields.Char("Sub-merchant", readonly=True)
    device = fields.Char(readonly=True)
    transaction_id = fields.Char("WeChat Number", readonly=True)
    out_trade_no = fields.Char("Our Number", readonly=True)
    openid = fields.Char("Payer", readonly=True)
    trade_type = fields.Char("Type", readonly=True)
    trade_state = fields.Char("State", readonly=True)
    bank = fields.Char(readonly=True)
    currency = fields.Char("Currency Code", readonly=True)
    settle_fen = BigInt("Settled (fen)", readonly=True)
    coupon_fen = BigInt("Coupon (fen)", readonly=True)
    refund_id = fields.Char("WeChat Refund Number", readonly=True)
    out_refund_no = fields.Char("Our Refund Number", readonly=True)
    refund_fen = BigInt("Refunded (fen)", readonly=True)
    coupon_refund_fen = BigInt("Coupon Refunded (fen)", readonly=True)
    refund_type = fields.Char("Refund Way", readonly=True)
    refund_state = fields.Char(readonly=True)
    product_name = fields.Char(readonly=True)
    attach = fields.Char("Merchant Data", readonly=True)
    fee_fen = BigInt("Fee (fen)", readonly=True)
    rate_ppm = fields.Integer("Fee Rate (millionths)", readonly=True)
    order_fen = BigInt("Order (fen)", readonly=True)
    applied_refund_fen = BigInt("Refund Applied For (fen)", readonly=True)
    rate_note = fields.Char(readonly=True)
    refund_apply_time = fields.Datetime(readonly=True)
    refund_success_time = fields.Datetime(readonly=True)
    extra = fields.Json(
        "Unknown Columns", readonly=True, help="Cells of columns not known yet."
    )
    amount = fields.Monetary(compute="_compute_amounts")
    fee = fields.Monetary(compute="_compute_amounts")
    tx_id = fields.Many2one(
        "payment.transaction", compute="_compute_tx_id", string="Transaction"
    )

    _line_uniq = models.UniqueIndex("(bill_id, line_no)")
    # One look-up number per line: each further index costs as much as the whole COPY.
    _transaction_idx = models.Index("(transaction_id)")
    _refund_idx = models.Index("(refund_id) WHERE refund_id IS NOT NULL")

    def _compute_amounts(self):
        for line in self:
            refund = line.refund_id or line.out_refund_no
            fen = -line.applied_refund_fen if refund else line.order_fen
            line.amount = fen / 100
            line.fee = line.fee_fen / 100

    def _compute_tx_id(self):
        found = self.env["wx.pay.matching"]._transactions_of(
            "wx_bill_trade_line", self.ids
        )
        for line in self:
            line.tx_id = found.get(line.id, False)
