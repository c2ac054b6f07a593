"""Notifications, forgeries and tampering."""

from ..core.app import route
from ..core.delivery import send
from ..core.messages import json_response
from ..pay import forge, tamper
from . import ControlError, body_of

_STATES = ("pending", "delivered", "failed")
_COLUMNS = (
    "id, channel, kind, url, attempts, state, mchid, appid, out_trade_no, "
    "out_refund_no, due, note"
)


@route("GET", "/_ctl/notifications", area="control")
def list_notifications(sim, request):
    """Queued and sent messages, oldest first, with their attempts."""
    where, values = ["1=1"], []
    for name in ("state", "out_trade_no", "out_refund_no", "mchid", "channel"):
        if request.query.get(name):
            where.append(f"{name}=?")
            values.append(request.query[name])
    if request.query.get("state", _STATES[0]) not in _STATES:
        raise ControlError(f"state: {', '.join(_STATES)}")
    limit = request.query.get("limit", "1000")
    values.append(int(limit) if limit.isdigit() else 1000)
    with sim.store.read() as db:
        rows = db.execute(
            f"SELECT {_COLUMNS} FROM deliveries WHERE {' AND '.join(where)} "
            "ORDER BY seq DESC LIMIT ?",
            values,
        ).fetchall()
    return json_response({"notifications": [dict(row) for row in reversed(rows)]})


@route("POST", "/_ctl/notifications/flush", area="control")
def flush(sim, request):
    """Send every pending message now, whatever the ladder says."""
    return json_response(sim.delivery.flush())


@route("GET", "/_ctl/notifications/{delivery_id}", area="control")
def get_notification(sim, request, delivery_id):
    """One message with its attempts."""
    delivery = _delivery(sim, delivery_id)
    with sim.store.read() as db:
        rows = db.execute(
            "SELECT n, kind, at, status, answer FROM delivery_attempts "
            "WHERE delivery_id=? ORDER BY rowid",
            (delivery_id,),
        ).fetchall()
    return json_response({**delivery, "log": [dict(row) for row in rows]})


@route("POST", "/_ctl/notifications/{delivery_id}/take", area="control")
def take(sim, request, delivery_id):
    """The freshly signed message for a test to post itself."""
    outgoing = sim.delivery.build(_delivery(sim, delivery_id))
    sim.delivery.mark(delivery_id, "delivered", "taken")
    return json_response(forge.as_document(outgoing))


def _delivery(sim, delivery_id):
    delivery = sim.delivery.get(delivery_id)
    if delivery is None:
        raise ControlError("no such notification", 404)
    return delivery


@route("POST", "/_ctl/notifications/forge", area="control")
def forge_notification(sim, request):
    """Make (and with ``deliver`` send) a notification that must be refused."""
    body = body_of(request, ("mchid", "url", "kind", "out_trade_no", "deliver"))
    try:
        outgoing = forge.forge(
            sim,
            body.get("mchid", ""),
            body.get("kind"),
            body.get("out_trade_no"),
            body.get("url"),
        )
    except forge.ForgeError as error:
        raise ControlError(str(error)) from error
    out = forge.as_document(outgoing)
    if body.get("deliver"):
        out["answer_status"], answer = send(outgoing, 10.0)
        out["answer_body"] = answer.decode("utf-8", "replace")
    return json_response(out)


@route("POST", "/_ctl/tamper", area="control")
def do_tamper(sim, request):
    """Plant a break in the bookings; see ``pay/tamper.py``."""
    names = ("out_trade_no", "out_refund_no", "amount_fen", "bill_date")
    body = body_of(request, ("mchid", "kind", *names))
    wanted = {name: body[name] for name in names if body.get(name) is not None}
    amount = wanted.get("amount_fen", 1)
    if isinstance(amount, bool) or not isinstance(amount, int) or amount < 1:
        raise ControlError("amount_fen must be a whole number above 0")
    try:
        return json_response(
            tamper.tamper(sim, body.get("mchid", ""), body.get("kind"), wanted)
        )
    except ValueError as error:
        raise ControlError(str(error), 409) from error


@route("GET", "/_ctl/tamper", area="control")
def tamper_log(sim, request):
    """What was tampered with."""
    with sim.store.read() as db:
        entries = tamper.log(db, request.query.get("mchid"))
    return json_response({"tampered": entries})
