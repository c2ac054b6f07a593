"""Control of combined payments, which the simulated pay platform does not take."""

from ..core.app import route
from ..core.messages import json_response
from ..mp import combined
from . import ControlError, body_of


@route("POST", "/_ctl/orders/combine", area="control")
def combine(sim, request):
    """Payments made in one go {transaction_ids, combine_out_trade_no} -> their combined
    order {transaction_id, mchid, combine_out_trade_no}."""
    body = body_of(request, ("transaction_ids", "combine_out_trade_no"))
    numbers = body.get("transaction_ids")
    if not isinstance(numbers, list) or not 2 <= len(set(numbers)) == len(numbers):
        raise ControlError("transaction_ids: at least two different payments")
    with sim.store.write() as db:
        marks = ",".join("?" * len(numbers))
        rows = db.execute(
            "SELECT DISTINCT appid, openid FROM trades WHERE state='SUCCESS' "
            f"AND transaction_id IN ({marks})",
            numbers,
        ).fetchall()
        found = db.execute(
            f"SELECT count(*) AS n, min(mchid) AS mchid FROM trades WHERE "
            f"state='SUCCESS' AND transaction_id IN ({marks})",
            numbers,
        ).fetchone()
        if found["n"] != len(numbers) or len(rows) != 1:
            raise ControlError("paid by one person in one app")
        trade_no = str(body.get("combine_out_trade_no") or f"C{numbers[0]}")
        main = "43" + sim.ids.digits(db, "combined", 26)
        combined.combine(
            db, rows[0]["appid"], main, (found["mchid"], trade_no), numbers
        )
    return json_response(
        {
            "transaction_id": main,
            "mchid": found["mchid"],
            "combine_out_trade_no": trade_no,
        }
    )
