from odoo import api, fields, models

BATCH = 5000
# A multi-row statement: attempts whose state moved on since the last look, each with
# the steps it took meanwhile. Times come from the attempt, so a late look tells the
# truth; the marker is moved in the same statement, so each step is told once.
_FUNNEL = """
WITH due AS (
    SELECT t.id, t.wx_funnel_state AS told, t.wx_attempt_state AS state, t.wx_prepay_at,
           COALESCE(t.wx_success_time, t.last_state_change, t.write_date) AS moved_at,
           t.wx_amount_fen, t.wx_trade_type, t.wx_payable_model, t.wx_payable_id,
           t.wx_error_code, t.wx_app_id, t.company_id, u.id AS user_id
      FROM payment_transaction t
      LEFT JOIN wx_user u ON u.app_id = t.wx_app_id AND u.openid = t.wx_openid
     WHERE t.wx_funnel_state IS DISTINCT FROM t.wx_attempt_state
       AND t.wx_attempt_state IN %(told_states)s AND t.wx_app_id IS NOT NULL
     ORDER BY t.id LIMIT %(batch)s
       FOR NO KEY UPDATE OF t SKIP LOCKED
), marked AS (
    UPDATE payment_transaction t SET wx_funnel_state = due.state
      FROM due WHERE t.id = due.id
), steps AS (
    SELECT due.*, 'pay.prepay' AS kind, wx_prepay_at AS at
      FROM due WHERE told IS NULL AND wx_prepay_at IS NOT NULL
     UNION ALL
    SELECT due.*,
           CASE WHEN state IN %(paid)s THEN 'pay.paid'
                WHEN state = 'refused' THEN 'pay.failed'
                ELSE 'pay.abandoned' END,
           moved_at
      FROM due
     WHERE state IN %(paid)s OR state = 'refused'
        OR (state = 'closed' AND wx_prepay_at IS NOT NULL)
)
INSERT INTO wx_event (kind, app_id, company_id, user_id, occurred_at, received_at, key,
                      data)
SELECT kind, wx_app_id, company_id, user_id, at, %(now)s, kind || ':' || id,
       jsonb_strip_nulls(jsonb_build_object(
           'payment', id, 'amount_fen', wx_amount_fen, 'way', wx_trade_type,
           'document', wx_payable_model, 'document_id', wx_payable_id,
           'state', state, 'code', wx_error_code,
           'seconds', CASE WHEN kind = 'pay.prepay' THEN NULL
                      ELSE round(extract(epoch FROM at - wx_prepay_at)) END))
  FROM steps
    ON CONFLICT DO NOTHING
"""
PAID = ("paid", "paid_late", "paid_twice")


class PaymentTransaction(models.Model):
    """The payment funnel as events (prepay asked, paid, refused, abandoned): told once
    a minute by one statement, so that neither prepay nor notification does more work.
    """

    _inherit = "payment.transaction"

    wx_funnel_state = fields.Char(
        "Told to the Funnel", readonly=True, copy=False, groups="base.group_system"
    )

    _wx_funnel_idx = models.Index(
        "(id) WHERE wx_attempt_state IS NOT NULL"
        " AND wx_funnel_state IS DISTINCT FROM wx_attempt_state"
    )

    @api.model
    def _wx_tell_funnel(self):
        """Record the steps that attempts took since the last look.

        :return: number of events
        """
        self.flush_model()
        self.env.cr.execute(
            _FUNNEL,
            {
                "told_states": ("open", "refused", "closed", *PAID),
                "paid": PAID,
                "batch": BATCH,
                "now": fields.Datetime.now(),
            },
        )
        count = self.env.cr.rowcount
        self.invalidate_model(["wx_funnel_state"])
        return count

    @api.model
    def _cron_wx_funnel(self):
        """Every minute; a full batch is followed by another one."""
        while self._wx_tell_funnel() >= BATCH:
            if not self.env["ir.cron"]._commit_progress(BATCH):
                break
