import json

from odoo import api, fields, models

from ..fields import WxEncrypted
from ..wxclient.push import message_key

KEEP_DAYS = 90


class WxPushMessage(models.Model):
    """A message or event that WeChat pushed, as received. Stored before anything acts
    on it, once, however often WeChat repeats it; handled by a job. The content may hold
    what shoppers write, so it is encrypted."""

    _name = "wx.push.message"
    _description = "Pushed Message"
    _inherit = ("wx.job.mixin",)
    _log_access = False
    _order = "id desc"
    _rec_name = "kind"

    app_id = fields.Many2one(
        "wx.app", required=True, readonly=True, ondelete="cascade", index=True
    )
    company_id = fields.Many2one(related="app_id.company_id", store=True)
    received_at = fields.Datetime(required=True, readonly=True, index=True)
    kind = fields.Char(
        required=True, readonly=True, index=True, help="Event, or type of message."
    )
    openid = fields.Char("OpenID", readonly=True)
    key = fields.Char(required=True, readonly=True)
    content = WxEncrypted(mask="text", readonly=True)
    state = fields.Selection(
        [
            ("received", "Received"),
            ("done", "Done"),
            ("ignored", "Nobody asked for it"),
            ("failed", "Failed"),
        ],
        default="received",
        required=True,
        readonly=True,
        index=True,
    )
    repeats = fields.Integer(readonly=True, help="How often WeChat sent it again.")
    error = fields.Text(readonly=True)

    _key_uniq = models.Constraint("UNIQUE(app_id, key)", "This message came already.")

    @api.model
    def _receive(self, app, message):
        """Stores a verified message and queues its handling; the record, or an empty
        one for a repetition.

        :param message: dict of the fields as WeChat names them
        """
        is_event = message.get("MsgType") in (None, "event") and message.get("Event")
        kind = str(message["Event"] if is_event else message.get("MsgType") or "?")
        content = json.dumps(message, ensure_ascii=False)
        self.env.cr.execute(
            "INSERT INTO wx_push_message AS m (app_id, company_id, received_at, kind,"
            " openid, key, content, state, repeats) VALUES (%s, %s,"
            " clock_timestamp() AT TIME ZONE 'UTC', %s, %s, %s, %s, 'received', 0)"
            " ON CONFLICT (app_id, key) DO UPDATE SET repeats = m.repeats + 1"
            " RETURNING id, repeats",
            (
                app.id,
                app.company_id.id,
                kind[:100],
                str(message.get("FromUserName") or "")[:64],
                message_key(message),
                self.env["wx.crypto"]._encrypt(self._name, "content", content),
            ),
        )
        row_id, repeats = self.env.cr.fetchone()
        if repeats:
            return self.browse()
        record = self.browse(row_id)
        record._wx_enqueue("_job_process", key=f"wx.push.message.{row_id}")
        return record

    def _fields_received(self):
        """The message's fields as a dict."""
        self.ensure_one()
        field = self._wx_encrypted("content")
        return json.loads(field.decrypt(field.stored(self)))

    def _job_process(self):
        """Job: handles one stored message; does nothing when that was done."""
        self.ensure_one()
        if self.state in ("received", "failed"):
            handled = self.env["wx.push.service"]._dispatch(self)
            self.write({"state": "done" if handled else "ignored", "error": False})

    def _job_process_failed(self, **failure):
        """queue_job's on-fail hook."""
        self.write(
            {
                "state": "failed",
                "error": failure.get("exc_message") or failure.get("exc_name"),
            }
        )

    def action_retry(self):
        """Handles failed or ignored messages again (a handler was installed since)."""
        self.check_access("write")
        for message in self.filtered(lambda m: m.state in ("failed", "ignored")):
            # sudo: the right was checked above; the field is nobody's
            message.sudo().state = "received"
            message._wx_enqueue("_job_process", key=f"wx.push.message.{message.id}")

    @api.autovacuum
    def _gc_messages(self):
        """Handled messages go after KEEP_DAYS: they hold what people wrote."""
        limit = fields.Datetime.subtract(fields.Datetime.now(), days=KEEP_DAYS)
        # sudo: cleaning acts for the system
        old = self.sudo().search(
            [("received_at", "<", limit), ("state", "!=", "failed")], limit=5000
        )
        old.unlink()
        return len(old), 1 if len(old) == 5000 else 0
