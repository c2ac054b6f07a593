"""Apps, people and their openids: shared by both platforms.

Every function takes a connection; those that create need the open write
transaction.
"""

import string

_LOWER = string.ascii_lowercase + string.digits
_OPENID = string.ascii_letters + string.digits + "-_"


def get_app(db, appid):
    """The app's row or None."""
    return db.execute("SELECT * FROM apps WHERE appid=?", (appid,)).fetchone()


def create_app(db, ids, appid=None, name=""):
    """Make an app with a secret; returns its row."""
    appid = appid or "wx" + ids.hex(db, "appid", 16)
    db.execute(
        "INSERT INTO apps (appid, secret, name) VALUES (?,?,?)",
        (appid, ids.hex(db, "appsecret", 32), name),
    )
    return get_app(db, appid)


def get_user(db, uid):
    """The person's row or None."""
    return db.execute("SELECT * FROM users WHERE uid=?", (uid,)).fetchone()


def create_user(db, ids, nickname=None, phone=None):
    """Make a person; nickname and phone are generated when not given."""
    number = ids.number(db, "user")
    unionid = "o6_" + ids.text(db, "unionid", 25, _OPENID)
    if phone is None:
        phone = "1" + str(3 + number % 7) + ids.digits(db, "phone", 9)
    cursor = db.execute(
        "INSERT INTO users (unionid, nickname, phone) VALUES (?,?,?)",
        (unionid, nickname or f"微信用户{number}", phone),
    )
    return get_user(db, cursor.lastrowid)


def openid_of(db, ids, appid, uid):
    """The person's openid under an app, made at first need."""
    row = db.execute(
        "SELECT openid FROM openids WHERE appid=? AND uid=?", (appid, uid)
    ).fetchone()
    if row:
        return row["openid"]
    openid = "o" + ids.text(db, "openid", 27, _OPENID)
    db.execute("INSERT INTO openids VALUES (?,?,?)", (openid, appid, uid))
    return openid


def uid_of(db, appid, openid):
    """Who an openid is under this app; None when it is not one of the app."""
    row = db.execute(
        "SELECT uid FROM openids WHERE openid=? AND appid=?", (openid, appid)
    ).fetchone()
    return row["uid"] if row else None
