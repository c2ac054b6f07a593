from odoo import api, fields, models
from odoo.exceptions import UserError


class WxReveal(models.TransientModel):
    """Shows one encrypted datum to one person who says why. Opened from a record with
    ``record._wx_reveal_action("phone")``; the clear text is never stored here: it is
    computed for the one answer that shows it."""

    _name = "wx.reveal"
    _description = "Show Clear Text"

    res_model = fields.Char(required=True, readonly=True)
    res_id = fields.Many2oneReference(
        "Record", model_field="res_model", required=True, readonly=True
    )
    field_name = fields.Char(required=True, readonly=True)
    label = fields.Char("Datum", compute="_compute_label")
    masked = fields.Char(compute="_compute_label")
    reason = fields.Char(required=True)
    shown = fields.Boolean(readonly=True)
    clear_text = fields.Char(compute="_compute_clear_text")

    def _target(self):
        if self.res_model not in self.env:
            raise UserError(self.env._("The record does not exist any more."))
        record = self.env[self.res_model].browse(self.res_id).exists()
        if not record:
            raise UserError(self.env._("The record does not exist any more."))
        record._wx_encrypted(self.field_name)
        return record

    @api.depends("res_model", "res_id", "field_name")
    def _compute_label(self):
        for wizard in self:
            record = wizard._target()
            names = self.env["ir.model.fields"].get_field_string(wizard.res_model)
            wizard.label = names.get(wizard.field_name)
            wizard.masked = record[wizard.field_name]

    @api.depends_context("wx_show")
    def _compute_clear_text(self):
        for wizard in self:
            wizard.clear_text = False
            if wizard.env.context.get("wx_show") == wizard.id and wizard.shown:
                wizard.clear_text = wizard._target()._wx_reveal(
                    wizard.field_name, wizard.reason
                )

    def action_show(self):
        """Opens the same dialog with the clear text; the access is logged."""
        self.ensure_one()
        if not (self.reason or "").strip():
            raise UserError(self.env._("Say why the clear text is needed."))
        self.shown = True
        return {
            "type": "ir.actions.act_window",
            "name": self.label,
            "res_model": self._name,
            "res_id": self.id,
            "view_mode": "form",
            "target": "new",
            "context": {"wx_show": self.id},
        }
