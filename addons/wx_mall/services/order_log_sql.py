"""Every change of an order's state leaves a line in ``wx_order_log``, by trigger.

Intake, payment and closing write the state in plain SQL, everything after payment by a
computed field; one trigger sees them all in the statement that changes the state, and
costs one narrow INSERT. It also refuses moves that ``states.order`` does not know. Who
and why come from the transaction (``because``) when the caller knows better than the
defaults: a new order is the shopper's, a payment WeChat's, a change by a user staff's,
the rest the system's.
"""

from contextlib import contextmanager

from ..states.order import MOVES

_PAIRS = ", ".join(
    f"('{before}', '{after}')"
    for before, targets in MOVES.items()
    for after in sorted(targets)
)
FUNCTION = f"""
CREATE OR REPLACE FUNCTION wx_order_log_state() RETURNS trigger AS $body$
DECLARE
    before varchar := NULL;
BEGIN
    IF TG_OP = 'UPDATE' THEN
        before := OLD.state;
    END IF;
    IF before IS NOT NULL AND (before, NEW.state) NOT IN ({_PAIRS}) THEN
        RAISE EXCEPTION 'wx_order %: % may not become %', NEW.id, before, NEW.state;
    END IF;
    INSERT INTO wx_order_log
           (order_id, kind, who, user_id, from_state, to_state, reason, created_at)
    VALUES (NEW.id, 'state',
            COALESCE(
                NULLIF(current_setting('wx.log_who', true), ''),
                CASE WHEN before IS NULL THEN 'shopper'
                     WHEN before = 'unpaid' AND NEW.state = 'paid' THEN 'wechat'
                     WHEN NEW.write_uid > 1 THEN 'staff'
                     ELSE 'system' END),
            CASE WHEN NEW.write_uid > 1 THEN NEW.write_uid END,
            before, NEW.state,
            COALESCE(
                NULLIF(current_setting('wx.log_reason', true), ''),
                CASE WHEN NEW.state = 'closed' THEN NEW.close_reason END),
            now() AT TIME ZONE 'UTC');
    RETURN NULL;
END
$body$ LANGUAGE plpgsql
"""

TRIGGERS = """
DROP TRIGGER IF EXISTS wx_order_log_new ON wx_order;
CREATE TRIGGER wx_order_log_new AFTER INSERT ON wx_order
    FOR EACH ROW WHEN (NEW.state IS NOT NULL)
    EXECUTE FUNCTION wx_order_log_state();
DROP TRIGGER IF EXISTS wx_order_log_change ON wx_order;
CREATE TRIGGER wx_order_log_change AFTER UPDATE OF state ON wx_order
    FOR EACH ROW WHEN (OLD.state IS DISTINCT FROM NEW.state)
    EXECUTE FUNCTION wx_order_log_state();
"""


def install(cr):
    """Creates the triggers; the table ``wx_order_log`` must be there."""
    cr.execute(FUNCTION)
    cr.execute(TRIGGERS)


def uninstall(cr):
    """Removes triggers and function."""
    cr.execute("DROP TRIGGER IF EXISTS wx_order_log_new ON wx_order")
    cr.execute("DROP TRIGGER IF EXISTS wx_order_log_change ON wx_order")
    cr.execute("DROP FUNCTION IF EXISTS wx_order_log_state()")


def _set(cr, who, reason):
    cr.execute(
        "SELECT set_config('wx.log_who', %s, true),"
        " set_config('wx.log_reason', %s, true)",
        [who or "", reason or ""],
    )


@contextmanager
def because(cr, who, reason=None, flush=None):
    """State changes written inside carry this ``who`` and ``reason``.

    :param cr: cursor of the transaction that changes the state
    :param flush: called before the end, so that computed states are written inside
    """
    _set(cr, who, reason)
    yield
    if flush:
        flush()
    _set(cr, None, None)
