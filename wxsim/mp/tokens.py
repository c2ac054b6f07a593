"""Access tokens: two families for each app that do not affect each other.

Classic: every call issues a new token; the one before stays good for five minutes.
Stable: the same token until five minutes before its end, then a new one with both
good; ``force_refresh`` kills the old one at once, at most 20 times a day and 30 s
apart (a call that comes sooner gets the existing token).
"""

import json
import re
import string

from ..core.clock import day_start, to_day
from ..core.identity import get_app
from .errors import TEXTS, MpError

LIFETIME = 7200
OVERLAP = 300
FORCE_GAP = 30
FORCE_DAILY = 20
_ALPHABET = string.ascii_letters + string.digits + "-_"
_FORM = re.compile(r"[A-Za-z0-9_\-]{16,512}\Z")


def issue(db, ids, appid, family, now):
    """Insert a fresh token; returns ``(token, expires_in)``."""
    head = {"classic": "81_", "stable": "82_"}[family]
    parts = [ids.text(db, "token", 64, _ALPHABET) for _ in range(2)]
    token = head + parts[0] + parts[1] + "AAAAA"
    db.execute(
        "INSERT INTO mp_tokens (token, appid, family, issued_at, expires_at) "
        "VALUES (?,?,?,?,?)",
        (token, appid, family, now, now + LIFETIME),
    )
    return token, LIFETIME


def issue_classic(db, ids, appid, now):
    """A new classic token; its predecessors are replaced from now on."""
    db.execute(
        "UPDATE mp_tokens SET replaced_at=? "
        "WHERE appid=? AND family='classic' AND replaced_at IS NULL",
        (now, appid),
    )
    return issue(db, ids, appid, "classic", now)


def _newest_stable(db, appid, now):
    return db.execute(
        "SELECT token, expires_at FROM mp_tokens WHERE appid=? AND family='stable' "
        "AND killed=0 AND expires_at>? ORDER BY issued_at DESC, rowid DESC LIMIT 1",
        (appid, now),
    ).fetchone()


def issue_stable(db, ids, appid, now, force):
    """The stable token by the rules above; ``(token, remaining seconds)``."""
    current = _newest_stable(db, appid, now)
    if force and (current is None or _may_force(db, appid, now)):
        db.execute("INSERT INTO mp_token_forces VALUES (?,?)", (appid, now))
        db.execute(
            "UPDATE mp_tokens SET killed=1 WHERE appid=? AND family='stable'",
            (appid,),
        )
        return issue(db, ids, appid, "stable", now)
    if current and current["expires_at"] - now > OVERLAP:
        # The clock may have been moved back: never more than a full life.
        return current["token"], min(current["expires_at"] - now, LIFETIME)
    return issue(db, ids, appid, "stable", now)


def _may_force(db, appid, now):
    today = day_start(to_day(now))
    row = db.execute(
        "SELECT max(at) AS last, sum(at>=?) AS today FROM mp_token_forces "
        "WHERE appid=? AND at<=?",
        (today, appid, now),
    ).fetchone()
    if row["last"] is None:
        return True
    return now - row["last"] >= FORCE_GAP and (row["today"] or 0) < FORCE_DAILY


def check(call):
    """The app behind the call's access_token.

    41001 missing, 40014 malformed, 40001 (or by switch 40014) unknown, replaced or
    killed, 42001 expired.
    """
    token = call.query.get("access_token", "")
    if not token:
        raise MpError(41001)
    if not _FORM.match(token):
        raise MpError(40014)
    row = call.db.execute("SELECT * FROM mp_tokens WHERE token=?", (token,)).fetchone()
    if row is None:
        raise MpError(call.unsure("unknown_token_code"))
    if row["killed"]:
        raise MpError(40001)
    if row["expires_at"] <= call.now:
        raise MpError(42001)
    replaced = row["replaced_at"]
    if replaced is not None and call.now >= replaced + OVERLAP:
        raise MpError(40001)
    return get_app(call.db, row["appid"])


def check_ip(allowed_json, client_ip):
    """40164 when the app has an allow-list and the caller is not on it."""
    allowed = json.loads(allowed_json)
    if allowed and client_ip not in allowed:
        raise MpError(40164, TEXTS[40164].format(ip=client_ip))
