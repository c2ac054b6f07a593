from odoo import fields, models


class WxPayFundRule(models.Model):
    """To which account a movement goes that is neither payment nor refund (withdrawal,
    top-up, transfer): by WeChat's business type. Types without a rule stay on the
    suspense account and are shown as breaks."""

    _name = "wx.pay.fund.rule"
    _description = "WeChat Fund Movement Rule"
    _order = "provider_id, business_type"
    _rec_name = "business_type"
    _check_company_auto = True

    provider_id = fields.Many2one(
        "payment.provider", required=True, index=True, ondelete="cascade"
    )
    company_id = fields.Many2one(
        "res.company", related="provider_id.company_id", store=True
    )
    business_type = fields.Char(
        required=True, help="As WeChat's fund-flow bill prints it (业务类型)."
    )
    account_id = fields.Many2one(
        "account.account", required=True, check_company=True, ondelete="restrict"
    )

    _type_uniq = models.Constraint(
        "UNIQUE(provider_id, business_type)",
        "There is a rule for this business type already.",
    )
