from odoo import fields, models
from odoo.exceptions import UserError


class WxLinkProposal(models.Model):
    """A shopper whose verified phone is that of a known contact.

    Equal numbers are a hint, not a proof (numbers are reissued, families share them):
    staff confirm before prices, points and history of the contact become theirs.
    """

    _name = "wx.link.proposal"
    _description = "Proposed link of a shopper to a contact"
    _order = "state, id desc"
    _rec_name = "user_id"
    _check_company_auto = True

    user_id = fields.Many2one(
        "wx.user", "Shopper", required=True, index=True, ondelete="cascade"
    )
    partner_id = fields.Many2one(
        "res.partner",
        "Contact",
        required=True,
        index=True,
        ondelete="cascade",
        check_company=True,
    )
    company_id = fields.Many2one(
        "res.company", related="user_id.company_id", store=True, index=True
    )
    app_id = fields.Many2one(
        "wx.app", "Mini-program", related="user_id.app_id", store=True
    )
    user_phone = fields.Char("Verified phone", compute="_compute_user_phone")
    state = fields.Selection(
        [
            ("proposed", "To decide"),
            ("confirmed", "Confirmed"),
            ("refused", "Refused"),
        ],
        default="proposed",
        required=True,
        index=True,
        copy=False,
        readonly=True,
    )
    decided_by_id = fields.Many2one("res.users", "Decided by", readonly=True)
    decided_at = fields.Datetime("Decided on", readonly=True)

    _pair_uniq = models.Constraint(
        "UNIQUE(user_id, partner_id)", "This link has been proposed already."
    )

    def _compute_user_phone(self):
        for proposal in self:
            proposal.user_phone = proposal.user_id.phone

    def _decide(self, state):
        self.write(
            {
                "state": state,
                "decided_by_id": self.env.uid,
                "decided_at": fields.Datetime.now(),
            }
        )

    def action_confirm(self):
        """Button: the shopper is this contact; other proposals are refused."""
        self.check_access("write")
        for proposal in self:
            if proposal.state != "proposed":
                raise UserError(self.env._("This proposal has been decided already."))
            # sudo: the right was checked above; the link is nobody's
            proposal.user_id.sudo().partner_id = proposal.partner_id
            proposal._decide("confirmed")
            others = proposal.user_id.link_proposal_ids - proposal
            others.filtered(lambda p: p.state == "proposed")._decide("refused")

    def action_refuse(self):
        """Button: not the same person."""
        self.check_access("write")
        for proposal in self:
            if proposal.state != "proposed":
                raise UserError(self.env._("This proposal has been decided already."))
            proposal._decide("refused")
