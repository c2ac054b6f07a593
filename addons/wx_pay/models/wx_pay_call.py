from odoo import api, fields, models
from odoo.exceptions import AccessError

CALLS = [
    ("prepay", "Order placed"),
    ("query", "Payment asked for"),
    ("close", "Close asked for"),
    ("refund", "Refund asked for"),
    ("refund_query", "Refund state asked for"),
]


class WxPayCall(models.Model):
    """What was asked of WeChat about one payment or refund, and in short what came:
    the half of its story that is no fact (an answer "not paid yet" says nothing that
    could be applied). Written by SQL after each call; rows only ever grow older.
    """

    _name = "wx.pay.call"
    _description = "WeChat Pay Call"
    _order = "id desc"
    _rec_name = "call"
    _log_access = False

    transaction_id = fields.Many2one(
        "payment.transaction", required=True, readonly=True, index=True
    )
    company_id = fields.Many2one(related="transaction_id.company_id")
    at = fields.Datetime("When", required=True, readonly=True, index=True)
    call = fields.Selection(CALLS, required=True, readonly=True)
    code = fields.Char(
        "Refusal", readonly=True, help="WeChat's error code; empty: answered."
    )
    milliseconds = fields.Integer(readonly=True)

    # pylint: disable=method-required-super
    def write(self, vals):
        raise AccessError(self.env._("Calls to WeChat are a record; it stays."))

    @api.model
    def _note(self, tx, call, failure, milliseconds):
        """One more row.

        :param tx: payment.transaction
        :param failure: the :class:`WxPayError`, or None when WeChat answered
        """
        code = None
        if failure is not None:
            code = getattr(failure, "code", None) or getattr(failure, "reason", None)
            code = code or type(failure).__name__
        self.env.cr.execute(
            "INSERT INTO wx_pay_call (transaction_id, at, call, code, milliseconds)"
            " VALUES (%s, now() AT TIME ZONE 'UTC', %s, %s, %s)",
            (tx.id, call, code, milliseconds),
        )
