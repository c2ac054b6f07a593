"""State, reset, settings, clock, faults and the request log."""

from ..core.app import route
from ..core.clock import from_iso, to_iso
from ..core.faults import KINDS, MATCH_KEYS
from ..core.messages import json_response
from ..core.settings import unsure_catalogue
from . import ControlError, body_of


@route("GET", "/_ctl/state", area="control")
def state(sim, request):
    """Clock, seed, latency and how many notifications are pending."""
    with sim.store.read() as db:
        row = db.execute(
            "SELECT count(*) AS n FROM deliveries WHERE state='pending'"
        ).fetchone()
    return json_response(
        {
            "now": to_iso(sim.clock.now()),
            "offset_seconds": round(sim.clock.offset, 3),
            "seed": sim.seed,
            "latency": sim.settings.get("latency"),
            "time_scale": sim.settings.get("time_scale"),
            "pending_notifications": row["n"],
        }
    )


@route("POST", "/_ctl/reset", area="control")
def reset(sim, request):
    """Wipe the database, settings, clock, faults and log."""
    sim.reset()
    return json_response({"ok": True})


@route("GET", "/_ctl/settings", area="control")
def get_settings(sim, request):
    """All settings, and what each UNSURE switch means."""
    return json_response(
        {**sim.settings.as_dict(), "unsure_catalogue": unsure_catalogue()}
    )


@route("POST", "/_ctl/settings", area="control")
def set_settings(sim, request):
    """Change settings; unknown names and bad values change nothing."""
    body = dict(request.json())
    unsure = body.pop("unsure", {})
    if not isinstance(unsure, dict):
        raise ControlError("unsure must be an object")
    sim.settings.update(body, unsure)
    sim.delivery.wake()
    return json_response(sim.settings.as_dict())


@route("POST", "/_ctl/clock", area="control")
def set_clock(sim, request):
    """Move the business clock: advance (seconds), set (RFC 3339) or reset."""
    body = body_of(request, ("advance", "set", "reset"))
    if len(body) != 1:
        raise ControlError("exactly one of advance, set, reset")
    try:
        if "advance" in body:
            sim.clock.advance(float(body["advance"]))
        elif "set" in body:
            sim.clock.set_now(from_iso(str(body["set"])))
        else:
            sim.clock.set_offset(0.0)
    except (TypeError, ValueError) as error:
        raise ControlError(f"bad time: {error}") from error
    sim.ticker.tick()
    return json_response(
        {"now": to_iso(sim.clock.now()), "offset_seconds": round(sim.clock.offset, 3)}
    )


@route("POST", "/_ctl/faults", area="control")
def add_fault(sim, request):
    """Plant a fault; see ``core/faults.py`` for the kinds."""
    body = body_of(request, ("kind", "match", "times", "seconds", "errcode"))
    if body.get("kind") not in KINDS:
        raise ControlError(f"kind must be one of {', '.join(KINDS)}")
    match = body.get("match") or {}
    if not isinstance(match, dict) or set(match) - set(MATCH_KEYS):
        raise ControlError(f"match may name {', '.join(MATCH_KEYS)}")
    times = body.get("times", 1)
    seconds = body.get("seconds")
    if isinstance(times, bool) or not isinstance(times, int) or times < 1:
        raise ControlError("times must be a whole number above 0")
    if seconds is not None and not isinstance(seconds, (int, float)):
        raise ControlError("seconds must be a number")
    errcode = body.get("errcode")
    if (body["kind"] == "errcode") != (errcode is not None):
        raise ControlError("errcode goes with the kind errcode, and only with it")
    if errcode is not None and not _code(errcode):
        raise ControlError("errcode must be a whole number other than 0")
    return json_response(sim.faults.add(body["kind"], match, times, seconds, errcode))


def _code(value):
    return isinstance(value, int) and not isinstance(value, bool) and value != 0


@route("GET", "/_ctl/faults", area="control")
def list_faults(sim, request):
    """The live faults."""
    return json_response({"faults": sim.faults.list()})


@route("DELETE", "/_ctl/faults", area="control")
def clear_faults(sim, request):
    """Take all faults away."""
    sim.faults.remove()
    return json_response({"ok": True})


@route("DELETE", "/_ctl/faults/{fault_id}", area="control")
def remove_fault(sim, request, fault_id):
    """Take one fault away."""
    if not fault_id.isdigit() or not sim.faults.get(int(fault_id)):
        raise ControlError("no such fault", 404)
    sim.faults.remove(int(fault_id))
    return json_response({"ok": True})


@route("GET", "/_ctl/log", area="control")
def request_log(sim, request):
    """The newest platform requests with decoded bodies."""
    limit = request.query.get("limit", "100")
    if not limit.isdigit():
        raise ControlError("limit must be a number")
    entries = sim.log.list(request.query.get("path_prefix", ""), int(limit))
    return json_response({"requests": entries})
