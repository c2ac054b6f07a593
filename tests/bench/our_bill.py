"""Measured, Odoo shell: read, check and load a bill, keep the file; match the day."""
# ruff: noqa: F821  (``env`` and ``FILES`` are the shell's)

import json
import resource
import time

provider = env["payment.provider"].browse(FILES["provider"])
day = env["wx.bill.day"]._get_or_create(provider, FILES["day"])
bill = env["wx.bill"].create({"day_id": day.id, "kind": "trade"})
env.cr.commit()
idle = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
begun = time.perf_counter()
with open(FILES["bill"], "rb") as source, open(FILES["packed"], "rb") as packed:
    bill._load(source, FILES["sha1"], packed=packed)
env.cr.commit()
loaded = time.perf_counter()
day._set_loaded()
env["wx.pay.matching"]._match_day(day)
env.cr.commit()
matched = time.perf_counter()
found = {
    "load": loaded - begun,
    "match": matched - loaded,
    "mb": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024,
    "idle_mb": idle / 1024,
    "lines": bill.line_count,
    "matched": day.matched_count,
    "breaks": day.break_count,
    "error": bill.error or "",
}
print("found", json.dumps(found))
