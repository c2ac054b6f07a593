from odoo import api, fields, models
from odoo.exceptions import UserError


class WxRevealLog(models.Model):
    """Who saw which encrypted datum in clear, when and why. Odoo's own logs do not
    know about reads; rows cannot be changed or deleted by users."""

    _name = "wx.reveal.log"
    _description = "Clear Text Access"
    _order = "id desc"
    _log_access = False
    _rec_name = "res_id"

    user_id = fields.Many2one("res.users", required=True, index=True, readonly=True)
    date = fields.Datetime(required=True, readonly=True)
    model = fields.Char(required=True, readonly=True)
    res_id = fields.Many2oneReference(
        "Record", model_field="model", required=True, readonly=True
    )
    field_name = fields.Char("Field", required=True, readonly=True)
    reason = fields.Char(required=True, readonly=True)
    company_id = fields.Many2one("res.company", readonly=True)

    _record_idx = models.Index("(model, res_id)")

    def _record(self, records, name, reason):
        """One row per record; ``records`` may be of any model."""
        now = fields.Datetime.now()
        with_company = "company_id" in records._fields
        # sudo: appended for whoever reads; nobody writes it directly
        return self.sudo().create(
            [
                {
                    "user_id": self.env.uid,
                    "date": now,
                    "model": record._name,
                    "res_id": record.id,
                    "field_name": name,
                    "reason": reason.strip()[:500],
                    "company_id": (
                        # sudo: the company of the log, whoever reads the record
                        record.sudo().company_id.id if with_company else False
                    )
                    or self.env.company.id,
                }
                for record in records
            ]
        )

    def write(self, vals):
        if vals:
            raise UserError(self.env._("The access log cannot be changed."))
        return super().write(vals)

    @api.ondelete(at_uninstall=False)
    def _unlink_never(self):
        raise UserError(self.env._("The access log cannot be changed."))
