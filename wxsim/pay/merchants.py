"""Merchants, their keys and what they trust.

Each merchant has an API key pair with a certificate (signs its requests), a
platform certificate (more after a rotation) and a public-key pair with a
``PUB_KEY_ID_…``; the trust mode says which of the two the platform signs with.
"""

import json
import re

from ..core.clock import to_day
from . import crypto

TRUST_MODES = ("public_key", "certificate", "both")
_RATE = re.compile(r"(\d{1,2})\.(\d{2})%")
_ROOT = "root"


def rate_millionths(text):
    """``"0.60%"`` -> 6000 (parts in a million); ``ValueError``."""
    match = _RATE.fullmatch(text)
    if not match:
        raise ValueError('fee_rate must look like "0.60%"')
    return (int(match.group(1)) * 100 + int(match.group(2))) * 100


def get(db, mchid):
    """The merchant's row or None."""
    return db.execute("SELECT * FROM merchants WHERE mchid=?", (mchid,)).fetchone()


def keys(db, mchid, owner):
    """Keys of one owner, oldest first."""
    return db.execute(
        "SELECT * FROM pay_keys WHERE mchid=? AND owner=? ORDER BY effective, rowid",
        (mchid, owner),
    ).fetchall()


def has_app(db, mchid, appid):
    """Whether the app is bound to the merchant."""
    row = db.execute(
        "SELECT 1 FROM merchant_apps WHERE mchid=? AND appid=?", (mchid, appid)
    ).fetchone()
    return row is not None


def generate_keys(count):
    """Private keys made ahead: outside of any transaction, it takes long."""
    return [crypto.new_private_pem() for _ in range(count)]


def _insert_key(db, mchid, owner, serial, private, public, effective, sign_from=None):
    db.execute(
        "INSERT INTO pay_keys VALUES (?,?,?,?,?,?,?,?)",
        (
            serial,
            mchid,
            owner,
            private,
            public,
            effective,
            effective if sign_from is None else sign_from,
            effective + crypto.lifetime(),
        ),
    )


def _root(db, spare):
    row = db.execute("SELECT * FROM pay_keys WHERE owner=?", (_ROOT,)).fetchone()
    if row:
        return row["private_pem"]
    _insert_key(db, "", _ROOT, _ROOT, spare, crypto.public_pem(spare), 0)
    return spare


def create(sim, db, values, pems):
    """Insert a merchant; ``pems``: four fresh private keys."""
    mchid = values.get("mchid") or "16" + sim.ids.digits(db, "mchid", 8)
    rate = values.get("fee_rate", "0.60%")
    db.execute(
        "INSERT INTO merchants (mchid, name, apiv3_key, fee_rate, fee_millionths, "
        "trust_mode) VALUES (?,?,?,?,?,?)",
        (
            mchid,
            values.get("name") or f"商户{mchid}",
            sim.ids.text(db, "apiv3", 32),
            rate,
            rate_millionths(rate),
            values.get("trust_mode", "public_key"),
        ),
    )
    root = _root(db, pems[0])
    # A client checks validity against real time, whatever the business clock.
    start = min(sim.clock.real(), sim.clock.now()) - 86400
    serial, pem = crypto.certificate(root, pems[1], mchid, "微信商户系统", start)
    _insert_key(db, mchid, "merchant", serial, pems[1], pem, start)
    serial, pem = crypto.certificate(
        root, pems[2], "Tenpay.com sign", "Tenpay.com", start
    )
    _insert_key(db, mchid, "platform", serial, pems[2], pem, start)
    day = to_day(sim.clock.now()).replace("-", "")
    key_id = f"PUB_KEY_ID_0{mchid}{day}" + sim.ids.digits(db, "pubkey", 11)
    _insert_key(
        db, mchid, "public_key", key_id, pems[3], crypto.public_pem(pems[3]), start
    )
    return mchid


def update(db, mchid, values):
    """Set the given columns (and bound apps) of a merchant."""
    columns = ("name", "trust_mode", "fee_account", "refund_notify_url", "apiv3_key")
    for name in columns:
        if name in values:
            db.execute(
                f"UPDATE merchants SET {name}=? WHERE mchid=?", (values[name], mchid)
            )
    if "fee_rate" in values:
        db.execute(
            "UPDATE merchants SET fee_rate=?, fee_millionths=? WHERE mchid=?",
            (values["fee_rate"], rate_millionths(values["fee_rate"]), mchid),
        )
    if "products" in values:
        db.execute(
            "UPDATE merchants SET products=? WHERE mchid=?",
            (json.dumps(values["products"]), mchid),
        )
    if "appids" in values:
        db.execute("DELETE FROM merchant_apps WHERE mchid=?", (mchid,))
        for appid in dict.fromkeys(values["appids"]):
            db.execute("INSERT INTO merchant_apps VALUES (?,?)", (mchid, appid))


def rotate(sim, db, mchid, pem, sign_in=0.0, expire_old=False):
    """Add a platform certificate; it signs ``sign_in`` seconds from now.

    ``expire_old`` ends the older ones. Returns the new serial.
    """
    start = min(sim.clock.real(), sim.clock.now()) - 3600
    if expire_old:
        db.execute(
            "UPDATE pay_keys SET expires=? WHERE mchid=? AND owner='platform'",
            (sim.clock.now(), mchid),
        )
    serial, public = crypto.certificate(
        _root(db, pem), pem, "Tenpay.com sign", "Tenpay.com", start
    )
    _insert_key(
        db, mchid, "platform", serial, pem, public, start, sim.clock.now() + sign_in
    )
    return serial


def renew(sim, db, mchid, pem, void_old=False):
    """A second API certificate of the merchant itself; ``void_old`` ends the older
    ones, whose signatures are refused from then on. Returns the new serial."""
    start = min(sim.clock.real(), sim.clock.now()) - 3600
    if void_old:
        void(sim, db, mchid)
    serial, public = crypto.certificate(
        _root(db, pem), pem, mchid, "微信商户系统", start
    )
    _insert_key(db, mchid, "merchant", serial, pem, public, start)
    return serial


def void(sim, db, mchid, serial=None):
    """End the merchant's API certificates, or one of them."""
    db.execute(
        "UPDATE pay_keys SET expires=? WHERE mchid=? AND owner='merchant'"
        " AND (? IS NULL OR serial=?)",
        (sim.clock.now(), mchid, serial, serial),
    )


def valid_certificates(db, mchid, now):
    """Platform certificates that have not expired, oldest first."""
    return [row for row in keys(db, mchid, "platform") if row["expires"] > now]


def as_document(db, mchid):
    """What the control API tells about a merchant, keys included."""
    row = get(db, mchid)
    own = keys(db, mchid, "merchant")[-1]
    public = keys(db, mchid, "public_key")[-1]
    apps = db.execute(
        "SELECT appid FROM merchant_apps WHERE mchid=? ORDER BY rowid", (mchid,)
    ).fetchall()
    return {
        "mchid": mchid,
        "name": row["name"],
        "appids": [app["appid"] for app in apps],
        "fee_rate": row["fee_rate"],
        "fee_account": row["fee_account"],
        "products": json.loads(row["products"]),
        "trust_mode": row["trust_mode"],
        "refund_notify_url": row["refund_notify_url"],
        "apiv3_key": row["apiv3_key"],
        "merchant_serial": own["serial"],
        "merchant_private_key": own["private_pem"],
        "merchant_certificate": own["public_pem"],
        "public_key_id": public["serial"],
        "public_key": public["public_pem"],
        "platform_certificates": [
            {"serial_no": key["serial"], "certificate": key["public_pem"]}
            for key in keys(db, mchid, "platform")
        ],
    }
