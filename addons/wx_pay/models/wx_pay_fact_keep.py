from odoo import models

# What WeChat said and when it arrived; the rest of the row says what became of it.
SAID = (
    "provider_id",
    "company_id",
    "kind",
    "source",
    "dedup_key",
    "wechat_state",
    "out_trade_no",
    "wechat_transaction",
    "out_refund_no",
    "refund_id",
    "appid",
    "mchid",
    "amount_fen",
    "currency_code",
    "success_time",
    "payload",
    "raw",
    "received_at",
)
_TRIGGERS = f"""
CREATE OR REPLACE FUNCTION wx_pay_fact_keep() RETURNS trigger AS $$
BEGIN
    IF TG_OP <> 'UPDATE' THEN
        RAISE EXCEPTION 'payment facts are never deleted'
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    IF ({", ".join(f"NEW.{name}" for name in SAID)})
       IS DISTINCT FROM
       ({", ".join(f"OLD.{name}" for name in SAID)})
       OR NEW.seen < OLD.seen THEN
        RAISE EXCEPTION 'what WeChat said is never changed'
            USING ERRCODE = 'integrity_constraint_violation';
    END IF;
    RETURN NEW;
END $$ LANGUAGE plpgsql;
CREATE OR REPLACE TRIGGER wx_pay_fact_said
    BEFORE UPDATE OF {", ".join(SAID)}, seen ON wx_pay_fact
    FOR EACH ROW EXECUTE FUNCTION wx_pay_fact_keep();
CREATE OR REPLACE TRIGGER wx_pay_fact_deleted
    BEFORE DELETE ON wx_pay_fact
    FOR EACH ROW EXECUTE FUNCTION wx_pay_fact_keep();
CREATE OR REPLACE TRIGGER wx_pay_fact_truncated
    BEFORE TRUNCATE ON wx_pay_fact
    FOR EACH STATEMENT EXECUTE FUNCTION wx_pay_fact_keep();
"""


class WxPayFact(models.Model):
    """Append-only, whoever writes: PostgreSQL itself refuses to change what was said
    and to delete. The trigger names its columns, so the hot path's update of the state
    does not even fire it."""

    _inherit = "wx.pay.fact"

    def init(self):
        self.env.cr.execute(_TRIGGERS)
