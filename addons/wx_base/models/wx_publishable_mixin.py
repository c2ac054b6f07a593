from odoo import api, fields, models
from odoo.exceptions import UserError


class WxPublishableMixin(models.AbstractModel):
    """What buyers see has versions: draft → in review → approved → withdrawn.

    A model says with ``_wx_version_fields`` which texts and media belong to a version;
    price and stock flow live and are not among them. ``published_version_id`` is what
    readers use; editing the record changes nothing for buyers until the next version
    passes ``_wx_audit``. Nothing is published by being created or installed.
    """

    _name = "wx.publishable.mixin"
    _description = "Publishable"

    _wx_version_fields: tuple = ()

    publish_state = fields.Selection(
        [
            ("draft", "Draft"),
            ("in_review", "In review"),
            ("published", "Published"),
            ("rejected", "Rejected"),
            ("withdrawn", "Withdrawn"),
        ],
        default="draft",
        required=True,
        readonly=True,
        copy=False,
        index=True,
    )
    published_version_id = fields.Many2one(
        "wx.publishable.version",
        readonly=True,
        copy=False,
        ondelete="restrict",
    )
    pending_version_id = fields.Many2one(
        "wx.publishable.version",
        "Version in Review",
        readonly=True,
        copy=False,
        ondelete="set null",
    )
    publish_dirty = fields.Boolean(
        "Unpublished Changes", readonly=True, copy=False, default=False
    )
    publish_reason = fields.Char("Reviewer's Reason", readonly=True, copy=False)

    # hooks ----------------------------------------------------------------------
    def _wx_audit(self, version):
        """Hook: verdict on a version: ``(state, reason)``, state one of "approved",
        "in_review" (a person decides later, ``_wx_decide``) and "rejected".

        Default: approved. Overriding modules call super() and may only be stricter.
        """
        return "approved", ""

    def _wx_version_payload(self):
        """Hook: the JSON content of a version, from ``_wx_version_fields``.

        Relations become lists of ids, dates ISO strings.
        """
        self.ensure_one()
        payload = {}
        for name in self._wx_version_fields:
            field, value = self._fields[name], self[name]
            if field.relational:
                payload[name] = value.ids
            elif field.type in ("date", "datetime"):
                payload[name] = value.isoformat() if value else None
            else:
                payload[name] = value or None
        return payload

    def _wx_on_published(self):
        """Hook: the published version of these records changed (new, or none)."""

    # moves ----------------------------------------------------------------------
    def _wx_submit(self):
        """Hands the present content in; approved at once when the audit says so."""
        published = self.browse()
        for record in self:
            version = record._wx_new_version()
            state, reason = record._wx_audit(version)
            if state == "in_review":
                record.write(
                    {
                        "publish_state": "in_review",
                        "pending_version_id": version.id,
                        "publish_dirty": False,
                        "publish_reason": reason,
                    }
                )
                continue
            record._wx_apply_verdict(version, state, reason)
            if state == "approved":
                published |= record
        if published:
            published._wx_on_published()

    def _wx_new_version(self):
        # sudo: versions are history, written by the system only
        versions = self.env["wx.publishable.version"].sudo()
        last = versions.search(
            [("res_model", "=", self._name), ("res_id", "=", self.id)], limit=1
        )
        # sudo: versions are history, written by the system only
        if self.sudo().pending_version_id.state == "in_review":
            self.sudo().pending_version_id.state = "superseded"
        return versions.create(
            {
                "res_model": self._name,
                "res_id": self.id,
                "number": (last.number or 0) + 1,
                "payload": self._wx_version_payload(),
                "author_id": self.env.uid,
                "submitted_at": fields.Datetime.now(),
                "company_id": self.company_id.id if "company_id" in self else False,
            }
        )

    def _wx_apply_verdict(self, version, state, reason, approver=None):
        # sudo: versions are history, written by the system only
        version = version.sudo()
        values = {
            "state": state,
            "reason": reason or False,
            "decided_at": fields.Datetime.now(),
            "approver_id": approver.id if approver else False,
        }
        mine = {"pending_version_id": False, "publish_reason": reason or False}
        if state == "approved":
            # sudo: versions are history, written by the system only
            if self.sudo().published_version_id:
                self.sudo().published_version_id.state = "superseded"
            mine.update(
                publish_state="published",
                published_version_id=version.id,
                publish_dirty=False,
            )
        else:
            # the version that buyers see stays
            mine.update(publish_state="rejected", publish_dirty=True)
        version.write(values)
        self.write(mine)

    def _wx_decide(self, approved, reason=""):
        """A reviewer's verdict on the version in review.

        :raises UserError: nothing is in review, or a rejection without a reason
        """
        self.ensure_one()
        version = self.pending_version_id
        # sudo: who may edit the record need not read versions
        if not version or version.sudo().state != "in_review":
            raise UserError(self.env._("Nothing is in review here."))
        if not approved and not (reason or "").strip():
            raise UserError(self.env._("A rejection needs a reason."))
        state = "approved" if approved else "rejected"
        self._wx_apply_verdict(version, state, reason, approver=self.env.user)
        if approved:
            self._wx_on_published()

    def _wx_withdraw(self, reason=""):
        """Takes the records from sale at once; versions stay as history."""
        for record in self:
            # sudo: versions are history, written by the system only
            shown = record.sudo().published_version_id
            pending = record.sudo().pending_version_id
            (shown | pending).write({"state": "withdrawn", "reason": reason or False})
            record.write(
                {
                    "publish_state": "withdrawn",
                    "published_version_id": False,
                    "pending_version_id": False,
                    "publish_dirty": True,
                    "publish_reason": reason or False,
                }
            )
        self._wx_on_published()

    def write(self, vals):
        touched = set(self._wx_version_fields) & set(vals)
        if touched and "publish_dirty" not in vals and "publish_state" not in vals:
            vals = {**vals, "publish_dirty": True}
        return super().write(vals)

    # buttons --------------------------------------------------------------------
    def action_wx_submit(self):
        self.check_access("write")
        self._wx_submit()

    def action_wx_withdraw(self):
        self.check_access("write")
        self._wx_withdraw()

    @api.ondelete(at_uninstall=False)
    def _unlink_except_published(self):
        if self.filtered("published_version_id"):
            raise UserError(
                self.env._("Withdraw from the mini-program before deleting.")
            )
