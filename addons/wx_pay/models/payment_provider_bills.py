from odoo import fields, models


class PaymentProvider(models.Model):
    """Which bills of a merchant are fetched every day."""

    _inherit = "payment.provider"

    wx_bill_success = fields.Boolean(
        "Check the Payments-Only Bill",
        help="Fetch the trade bill of payments only as well and compare it with the "
        "trade bill line by line.",
    )
    wx_bill_refund = fields.Boolean(
        "Check the Refunds-Only Bill",
        help="Fetch the trade bill of refunds only as well, compare it with the trade "
        "bill, and take from it when each refund succeeded.",
    )
    wx_bill_operation = fields.Boolean(
        "Operation Account without Journal",
        help="Fetch the fund-flow bill of the operation account although it has no "
        "journal: its movements are matched but not booked.",
    )
    wx_bill_fees = fields.Boolean(
        "Fee Account without Journal",
        help="Fetch the fund-flow bill of the fee account although it has no journal: "
        "its movements are matched but not booked.",
    )

    def _wx_bill_kinds(self):
        """``(kind, account type or False)`` of every bill that is fetched: the trade
        bill, the fund-flow bill of the basic account and of those with a journal, and
        what is switched on besides."""
        self.ensure_one()
        accounts = self._wx_account_types()
        for account, wanted in (
            ("OPERATION", self.wx_bill_operation),
            ("FEES", self.wx_bill_fees),
        ):
            if wanted and account not in accounts:
                accounts.append(account)
        kinds = [("trade", False)]
        kinds += [("fundflow", account) for account in accounts]
        kinds += [("success", False)] * self.wx_bill_success
        kinds += [("refund", False)] * self.wx_bill_refund
        return kinds
