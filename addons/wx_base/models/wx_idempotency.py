from datetime import timedelta

from odoo import api, fields, models
from odoo.http import Response
from odoo.tools import LazyTranslate

from ..fields import WxEncrypted
from ..problems import WxError

_lt = LazyTranslate(__name__)

KEEP_HOURS = 24
TAKE_OVER_SECONDS = 150
"""An unfinished row older than the request time limit belongs to a dead worker."""

CONFLICT = _lt("This Idempotency-Key was used for another request")
IN_PROGRESS = _lt("The same request is still being worked on")


class WxIdempotency(models.Model):
    """What a creating request answered, so that its repetition gets the same answer.

    One row per shopper, route and Idempotency-Key, written in the transaction of the
    request itself: an error leaves no row and may be repeated with the same key.
    """

    _name = "wx.idempotency"
    _description = "Answer stored for an Idempotency-Key"
    _log_access = False

    user_id = fields.Many2one("wx.user", "Shopper", required=True, ondelete="cascade")
    route = fields.Char(required=True)
    key = fields.Char(required=True)
    request_hash = fields.Char(required=True)
    status = fields.Integer(help="HTTP status; empty while the request runs.")
    # an answer may hold an address or a name
    body = WxEncrypted(mask="text", groups=fields.NO_ACCESS)
    created_at = fields.Datetime(required=True, index=True)

    _key_uniq = models.Constraint(
        "UNIQUE(user_id, route, key)", "This key has been used."
    )

    @api.model
    def _run(self, ctx, handler, respond):
        """Run ``handler`` once per key; answer a repetition from the stored row.

        :param respond: ``f(result, spec)`` → Response
        :raises WxError: 409 ``idempotency.conflict`` (other body),
            409 ``idempotency.in_progress``
        """
        route = f"{ctx.spec.methods[0]} {ctx.spec.path}"
        stored = self._claim(ctx, route)
        if stored is not None:
            return stored
        try:
            response = respond(handler(), ctx.spec)
        except Exception:
            if getattr(ctx.request, "wx_commits", 0):
                self._forget(ctx, route)
            raise
        self.env.cr.execute(
            """UPDATE wx_idempotency SET status = %s, body = %s
                WHERE user_id = %s AND route = %s AND key = %s""",
            (
                response.status_code,
                self.env["wx.crypto"]._encrypt(
                    self._name, "body", response.get_data(as_text=True)
                ),
                ctx.user_id,
                route,
                ctx.idempotency_key,
            ),
        )
        return response

    def _claim(self, ctx, route):
        """``None`` when the key is now ours, else the response to repeat."""
        cr = self.env.cr
        ours = (ctx.user_id, route, ctx.idempotency_key)
        cr.execute(
            """
            INSERT INTO wx_idempotency (user_id, route, key, request_hash, created_at)
            VALUES (%s, %s, %s, %s, now() AT TIME ZONE 'UTC')
            ON CONFLICT (user_id, route, key) DO UPDATE
               SET created_at = EXCLUDED.created_at,
                   request_hash = EXCLUDED.request_hash
             WHERE wx_idempotency.status IS NULL
               AND wx_idempotency.created_at
                   < EXCLUDED.created_at - make_interval(secs => %s)
            RETURNING id
            """,
            (*ours, ctx.request_hash, TAKE_OVER_SECONDS),
        )
        if cr.fetchone():
            ctx.request.wx_claim = ours
            return None
        cr.execute(
            """SELECT request_hash, status, body FROM wx_idempotency
                WHERE user_id = %s AND route = %s AND key = %s""",
            ours,
        )
        request_hash, status, body = cr.fetchone()
        if request_hash != ctx.request_hash:
            raise WxError("idempotency.conflict", CONFLICT, 409)
        if status is None and getattr(ctx.request, "wx_claim", None) == ours:
            return None  # claimed by an earlier try of this very request
        if status is None:
            headers = [("Retry-After", "2")]
            raise WxError("idempotency.in_progress", IN_PROGRESS, 409, headers=headers)
        headers = [("Idempotency-Replayed", "true")]
        if body:
            headers.append(("Content-Type", "application/json; charset=utf-8"))
            body = self.env["wx.crypto"]._decrypt(self._name, "body", body)
        return Response(body, status=status, headers=headers)

    def _forget(self, ctx, route):
        """The claim was committed before a call to the outside and then it failed."""
        cr = self.env.cr
        cr.rollback()
        cr.execute(
            """DELETE FROM wx_idempotency
                WHERE user_id = %s AND route = %s AND key = %s AND status IS NULL""",
            (ctx.user_id, route, ctx.idempotency_key),
        )
        # the request failed and was rolled back; only its claim is taken away
        cr.commit()  # pylint: disable=invalid-commit

    @api.autovacuum
    def _gc_keys(self):
        """Keys are remembered for a day."""
        limit = fields.Datetime.now() - timedelta(hours=KEEP_HOURS)
        self.env.cr.execute(
            """DELETE FROM wx_idempotency WHERE id IN (
                 SELECT id FROM wx_idempotency WHERE created_at < %s LIMIT 20000)""",
            (limit,),
        )
        return self.env.cr.rowcount, self.env.cr.rowcount == 20000
