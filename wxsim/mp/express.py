"""Express assistant: electronic waybills and tracks, ``/cgi-bin/express/business``."""

import base64
import json

from . import express_rules as rules
from . import push
from .errors import MpError
from .gateway import endpoint, ok

_ROOT = "/cgi-bin/express/business/"


# -- accounts ---------------------------------------------------------------------
@endpoint(
    "POST",
    _ROOT + "account/bind",
    fields=("type", "biz_id", "delivery_id", "password", "remark_content"),
)
def bind(call):
    """Bind or unbind a contract with a carrier."""
    biz_id = call.text("biz_id", 9300531)
    delivery_id = call.text("delivery_id", 9300503)
    if delivery_id not in rules.CARRIERS:
        raise MpError(9300503)
    kind = call.body.get("type")
    where = (call.appid, delivery_id, biz_id)
    if kind == "unbind":
        gone = call.db.execute(
            "DELETE FROM mp_express_accounts "
            "WHERE appid=? AND delivery_id=? AND biz_id=?",
            where,
        ).rowcount
        if not gone:
            raise MpError(9300525)
        return ok()
    if kind != "bind":
        raise MpError(47001)
    if call.body.get("password") == "wrong":
        raise MpError(9300531)
    call.db.execute(
        "INSERT INTO mp_express_accounts (appid, delivery_id, biz_id, "
        "remark_content, created_at, updated_at) VALUES (?,?,?,?,?,?) "
        "ON CONFLICT DO UPDATE SET updated_at=excluded.updated_at, status_code=0",
        (*where, str(call.body.get("remark_content") or ""), call.now, call.now),
    )
    return ok()


@endpoint("GET", _ROOT + "account/getall")
def accounts(call):
    """The app's contracts."""
    rows = call.db.execute(
        "SELECT * FROM mp_express_accounts WHERE appid=? ORDER BY created_at, biz_id",
        (call.appid,),
    ).fetchall()
    found = [
        {
            "biz_id": row["biz_id"],
            "delivery_id": row["delivery_id"],
            "create_time": row["created_at"],
            "update_time": row["updated_at"],
            "status_code": row["status_code"],
            "alias": "",
            "remark_wrong_msg": "",
            "remark_content": row["remark_content"],
            "quota_num": row["quota_num"],
            "quota_update_time": row["updated_at"],
            "service_type": rules.service_list(row["delivery_id"]),
        }
        for row in rows
    ]
    return {"count": len(found), "list": found}


@endpoint("GET", _ROOT + "delivery/getall")
def deliveries(call):
    """The carriers of the assistant."""
    data = [
        {
            "delivery_id": key,
            "delivery_name": name,
            "can_use_cash": int(bool(cash)),
            "can_get_quota": 1,
            "cash_biz_id": cash,
            "service_type": rules.service_list(key),
        }
        for key, (name, _services, cash) in rules.CARRIERS.items()
    ]
    return {"count": len(data), "data": data}


def _account(call, delivery_id, biz_id):
    """The bound account; cash and test accounts need no binding."""
    if delivery_id not in rules.CARRIERS:
        raise MpError(9300503)
    if delivery_id == "TEST" and biz_id == rules.TEST_BIZ:
        return None
    if biz_id and biz_id == rules.CARRIERS[delivery_id][2]:
        return None
    row = call.db.execute(
        "SELECT * FROM mp_express_accounts WHERE appid=? AND delivery_id=? "
        "AND biz_id=? AND status_code=0",
        (call.appid, delivery_id, biz_id),
    ).fetchone()
    if row is None:
        raise MpError(9300525)
    return row


@endpoint("POST", _ROOT + "quota/get", fields=("delivery_id", "biz_id"))
def quota(call):
    """Waybills left on a contract."""
    row = _account(call, call.text("delivery_id", 9300503), call.text("biz_id"))
    return {"quota_num": row["quota_num"] if row else 0}


# -- waybills ---------------------------------------------------------------------
def _refusal(call):
    """What a test planted for the next order/add; used up by it."""
    row = call.db.execute(
        "DELETE FROM mp_express_refusals WHERE id=(SELECT min(id) FROM "
        "mp_express_refusals WHERE appid=?) RETURNING *",
        (call.appid,),
    ).fetchone()
    if row is None:
        return None

    def answer():
        # the refusal stays used up although the call fails
        raise MpError(
            row["errcode"],
            delivery_resultcode=row["resultcode"],
            delivery_resultmsg=row["resultmsg"],
        )

    return answer


@endpoint("POST", _ROOT + "order/add", fields=rules.ADD_FIELDS)
def add(call):
    """Make a waybill."""
    body = call.body
    rules.check_add(body)
    if body["add_source"] == 0:
        call.user(call.text("openid", 40003))
    account = _account(call, body["delivery_id"], str(body.get("biz_id") or ""))
    known = _find(call, body["order_id"])
    if known and not known["cancelled"]:
        choice = call.unsure("express_repeated_order")
        if choice != "same":
            raise MpError(choice)
        return _added(known)
    refused = _refusal(call)
    if refused:
        return refused
    if account is not None:
        call.db.execute(
            "UPDATE mp_express_accounts SET quota_num=quota_num-1 "
            "WHERE appid=? AND delivery_id=? AND biz_id=?",
            (call.appid, account["delivery_id"], account["biz_id"]),
        )
    waybill_id = body["delivery_id"] + call.sim.ids.digits(call.db, "waybill", 13)
    call.db.execute(
        "INSERT OR REPLACE INTO mp_express_orders VALUES (?,?,?,?,?,?,0,?,?)",
        (
            call.appid,
            body["order_id"],
            str(body.get("openid") or ""),
            body["delivery_id"],
            str(body.get("biz_id") or ""),
            waybill_id,
            json.dumps(body, ensure_ascii=False),
            call.now,
        ),
    )
    return _added(_find(call, body["order_id"]))


def _added(row):
    body = json.loads(row["body"])
    return {
        "order_id": row["order_id"],
        "waybill_id": row["waybill_id"],
        "waybill_data": rules.waybill_data(
            row["delivery_id"], row["waybill_id"], body["receiver"]
        ),
    }


def _find(call, order_id):
    return call.db.execute(
        "SELECT * FROM mp_express_orders WHERE appid=? AND order_id=?",
        (call.appid, order_id),
    ).fetchone()


def _named(call, body):
    """The waybill that a body names; raises when it is not the app's."""
    row = _find(call, str(body.get("order_id") or ""))
    wrong = (
        row is None
        or row["delivery_id"] != body.get("delivery_id")
        or (body.get("waybill_id") and row["waybill_id"] != body["waybill_id"])
    )
    if wrong:
        raise MpError(call.unsure("express_unknown_order"))
    if body.get("openid") and row["openid"] != body["openid"]:
        raise MpError(9300534)
    return row


def _document(row, parts):
    body = json.loads(row["body"])
    html = rules.label(body, row["waybill_id"], parts)
    return {
        "print_html": base64.b64encode(html.encode()).decode(),
        "waybill_data": rules.waybill_data(
            row["delivery_id"], row["waybill_id"], body["receiver"]
        ),
        "order_id": row["order_id"],
        "delivery_id": row["delivery_id"],
        "waybill_id": row["waybill_id"],
        "order_status": row["cancelled"],
    }


@endpoint(
    "POST",
    _ROOT + "order/get",
    fields=("order_id", "openid", "delivery_id", "waybill_id", "print_type"),
)
def get(call):
    """One waybill with its label."""
    row = _named(call, call.body)
    return _document(row, 1 if call.body.get("print_type") == 1 else 2)


@endpoint("POST", _ROOT + "order/batchget", fields=("order_list",))
def batchget(call):
    """Up to 100 waybills; each row says for itself whether it was found."""
    wanted = call.body.get("order_list")
    if not isinstance(wanted, list) or not 1 <= len(wanted) <= rules.MAX_BATCH:
        raise MpError(9300526)
    rows = []
    for one in wanted:
        try:
            row = _named(call, one if isinstance(one, dict) else {})
            rows.append(ok(**_document(row, 2)))
        except MpError as error:
            rows.append({"errcode": error.errcode, "errmsg": error.errmsg})
    return {"order_list": rows}


@endpoint(
    "POST",
    _ROOT + "order/cancel",
    fields=("order_id", "openid", "delivery_id", "waybill_id"),
)
def cancel(call):
    """Cancel a waybill; a carrier that has the parcel says no."""
    row = _named(call, call.body)
    track = tracks(call.db, row["waybill_id"])
    if any(item["action_type"] in (100001, 200001, 300002, 300003) for item in track):
        raise MpError(9300501, delivery_resultcode=1, delivery_resultmsg="快件已揽收")
    call.db.execute(
        "UPDATE mp_express_orders SET cancelled=1 WHERE appid=? AND order_id=?",
        (call.appid, row["order_id"]),
    )
    return ok(delivery_resultcode=0, delivery_resultmsg="")


# -- tracks -----------------------------------------------------------------------
def tracks(db, waybill_id):
    """Scans of a parcel, oldest first."""
    rows = db.execute(
        "SELECT * FROM mp_express_tracks WHERE waybill_id=? ORDER BY action_time, id",
        (waybill_id,),
    ).fetchall()
    return [
        {name: row[name] for name in ("action_time", "action_type", "action_msg")}
        for row in rows
    ]


@endpoint(
    "POST",
    _ROOT + "path/get",
    fields=("order_id", "openid", "delivery_id", "waybill_id"),
)
def path(call):
    """The track of a waybill of the assistant."""
    row = _named(call, call.body)
    found = tracks(call.db, row["waybill_id"])
    return {
        "openid": row["openid"],
        "delivery_id": row["delivery_id"],
        "waybill_id": row["waybill_id"],
        "path_item_num": len(found),
        "path_item_list": found,
    }


def scan(sim, db, waybill_id, action_type, action_msg, action_time):
    """A parcel is scanned; its app hears of it (``add_express_path``).

    Waybills made elsewhere get a track too, but no event. Returns the delivery's id.
    """
    db.execute(
        "INSERT INTO mp_express_tracks (waybill_id, action_time, action_type, "
        "action_msg) VALUES (?,?,?,?)",
        (waybill_id, action_time, action_type, action_msg),
    )
    row = db.execute(
        "SELECT * FROM mp_express_orders WHERE waybill_id=? AND cancelled=0",
        (waybill_id,),
    ).fetchone()
    if row is None:
        return None
    found = tracks(db, waybill_id)
    fields = {
        "FromUserName": row["openid"],
        "MsgType": "event",
        "Event": "add_express_path",
        "DeliveryID": row["delivery_id"],
        "WayBillId": waybill_id,
        "OrderId": row["order_id"],
        "Version": len(found),
        "Count": len(found),
        "Actions": [
            {
                "ActionTime": item["action_time"],
                "ActionType": item["action_type"],
                "ActionMsg": item["action_msg"],
            }
            for item in found
        ],
    }
    return push.queue_push(sim, db, row["appid"], fields)


@endpoint(
    "POST",
    _ROOT + "test_update_order",
    fields=(
        "biz_id",
        "order_id",
        "delivery_id",
        "waybill_id",
        "action_time",
        "action_type",
        "action_msg",
    ),
)
def test_update_order(call):
    """Move a parcel of the test carrier, which triggers the event."""
    body = call.body
    if body.get("biz_id") != rules.TEST_BIZ or body.get("delivery_id") != "TEST":
        raise MpError(9300503)
    row = _named(call, body)
    if body.get("action_type") not in rules.ACTIONS:
        raise MpError(47001)
    if not isinstance(body.get("action_time"), int):
        raise MpError(47001)
    scan(
        call.sim,
        call.db,
        row["waybill_id"],
        body["action_type"],
        str(body.get("action_msg") or rules.ACTIONS[body["action_type"]]),
        body["action_time"],
    )
    return ok()


# -- printers ---------------------------------------------------------------------
@endpoint(
    "POST", _ROOT + "printer/update", fields=("openid", "update_type", "tagid_list")
)
def printer_update(call):
    """Let a person print, or not."""
    call.user(call.text("openid", 40003))
    if call.body.get("update_type") not in ("bind", "unbind"):
        raise MpError(47001)
    return ok()


@endpoint("GET", _ROOT + "printer/getall")
def printer_list(call):
    """People who may print: nobody, printing is not simulated."""
    return {"count": 0, "openid": [], "tagid_list": []}
