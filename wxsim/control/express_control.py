"""Control of parcels: scans on the road, refusals of carriers, waybills made."""

import json

from ..core.app import route
from ..core.messages import json_response
from ..mp import express, express_rules
from . import ControlError, body_of
from .mp_control import the_app


@route("GET", "/_ctl/parcels", area="control")
def parcels(sim, request):
    """Waybills of the express assistant, newest first."""
    with sim.store.read() as db:
        rows = db.execute(
            "SELECT * FROM mp_express_orders ORDER BY created_at DESC, order_id DESC"
        ).fetchall()
        listed = [
            {
                **dict(row),
                "body": json.loads(row["body"]),
                "track": express.tracks(db, row["waybill_id"]),
            }
            for row in rows
        ]
    return json_response({"parcels": listed})


@route("POST", "/_ctl/parcels/{waybill_id}/move", area="control")
def move(sim, request, waybill_id):
    """Scan a parcel {action_type, action_msg?, action_time?} -> {id of the push}.

    ``action_time``: unix seconds, default now by the business clock. Any waybill
    number can be scanned, also one that a carrier gave out elsewhere.
    """
    body = body_of(request, ("action_type", "action_msg", "action_time"))
    kind = body.get("action_type")
    if kind not in express_rules.ACTIONS:
        raise ControlError("unknown action_type")
    moment = body.get("action_time", int(sim.clock.now()))
    if not isinstance(moment, int):
        raise ControlError("action_time is unix seconds")
    text = body.get("action_msg") or express_rules.ACTIONS[kind]
    with sim.store.write() as db:
        pushed = express.scan(sim, db, waybill_id, kind, text, moment)
    return json_response({"id": pushed})


@route("POST", "/_ctl/apps/{appid}/express_refusal", area="control")
def refusal(sim, request, appid):
    """The carrier refuses the next waybill {errcode 9300501|9300502, code, message}."""
    body = body_of(request, ("errcode", "code", "message"))
    if body.get("errcode", 9300501) not in (9300501, 9300502):
        raise ControlError("errcode 9300501 or 9300502")
    with sim.store.write() as db:
        the_app(db, appid)
        db.execute(
            "INSERT INTO mp_express_refusals (appid, errcode, resultcode, resultmsg) "
            "VALUES (?,?,?,?)",
            (
                appid,
                body.get("errcode", 9300501),
                body.get("code", 10002),
                body.get("message", "地址不可达"),
            ),
        )
    return json_response({"planted": True})
