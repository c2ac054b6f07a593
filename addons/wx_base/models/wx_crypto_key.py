from odoo import api, fields, models


class WxCryptoKey(models.Model):
    """Key versions this database has met: only a fingerprint, so that a node with
    another key file is noticed at start. The keys themselves are never stored here."""

    _name = "wx.crypto.key"
    _description = "Encryption Key"
    _order = "version desc"
    _rec_name = "version"
    _log_access = False

    version = fields.Integer(required=True, readonly=True)
    fingerprint = fields.Char(required=True, readonly=True)
    usage = fields.Integer("Stored Values", compute="_compute_usage")
    state = fields.Selection(
        [
            ("current", "In use"),
            ("old", "Old, still needed"),
            ("removable", "Old, may be removed"),
            ("gone", "Not in the key file"),
        ],
        compute="_compute_usage",
    )

    _version_uniq = models.Constraint("UNIQUE(version)", "Key version exists already.")

    @api.depends_context("uid")
    def _compute_usage(self):
        crypto = self.env["wx.crypto"]
        usage = crypto._usage()
        versions = crypto._ring().versions
        for key in self:
            key.usage = usage.get(key.version, 0)
            if key.version not in versions:
                key.state = "gone"
            elif key.version == versions[0]:
                key.state = "current"
            else:
                key.state = "old" if key.usage else "removable"

    def action_rotate(self):
        """Re-encrypts everything that is not under the current key (system only)."""
        chain = self.env["wx.crypto"]._rotate()
        return chain.action_open()
