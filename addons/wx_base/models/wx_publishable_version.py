from odoo import fields, models


class WxPublishableVersion(models.Model):
    """One version of something buyers see: what its author handed in, who let it pass.
    Odoo's records have one state only; buyers need the last approved one while the next
    is being written or reviewed. Rows are never changed except for their verdict."""

    _name = "wx.publishable.version"
    _description = "Published Version"
    _order = "id desc"
    _rec_name = "number"

    res_model = fields.Char(required=True, readonly=True)
    res_id = fields.Many2oneReference(
        "Record", model_field="res_model", required=True, readonly=True
    )
    number = fields.Integer("Version", required=True, readonly=True)
    payload = fields.Json("Content", readonly=True)
    state = fields.Selection(
        [
            ("in_review", "In review"),
            ("approved", "Approved"),
            ("rejected", "Rejected"),
            ("superseded", "Superseded"),
            ("withdrawn", "Withdrawn"),
        ],
        required=True,
        readonly=True,
        default="in_review",
    )
    author_id = fields.Many2one("res.users", required=True, readonly=True)
    approver_id = fields.Many2one("res.users", readonly=True)
    submitted_at = fields.Datetime(required=True, readonly=True)
    decided_at = fields.Datetime(readonly=True)
    reason = fields.Char("Reason of the Verdict", readonly=True)
    company_id = fields.Many2one("res.company", readonly=True)

    _number_uniq = models.Constraint(
        "UNIQUE(res_model, res_id, number)", "This version number exists already."
    )

    def _record(self):
        """The record this is a version of (empty when deleted)."""
        self.ensure_one()
        return self.env[self.res_model].browse(self.res_id).exists()
