"""Writes the configuration files of the local processes from the committed one."""

import configparser
import secrets

from . import paths
from .system import own

EMBEDDED = paths.ROOT / "odoo.conf"


def addons_path() -> str:
    """The suite, and the baselines that figures are measured against."""
    return f"{paths.ADDONS},{paths.ROOT / 'tests' / 'bench' / 'baselines'}"


def write(name: str, database: str, **options) -> object:
    """``.local/conf/<name>.conf``: the embedded default plus local facts; its path."""
    own(paths.CONF)
    own(paths.DATA)
    own(paths.LOGS)
    parser = configparser.ConfigParser(interpolation=None)
    parser.read(EMBEDDED)
    local = {
        "db_name": database,
        "db_host": str(paths.PGSOCK),
        "db_port": str(paths.PG_PORT),
        "db_user": paths.DB_USER,
        "addons_path": addons_path(),
        "data_dir": str(paths.DATA),
        **{key: str(value) for key, value in options.items()},
    }
    for key, value in local.items():
        parser.set("options", key, value)
    if not parser.has_section("wx"):
        parser.add_section("wx")
    parser.set("wx", "key_file", str(ensure_key_file()))
    target = paths.CONF / f"{name}.conf"
    with target.open("w") as handle:
        parser.write(handle)
    own(paths.CONF)
    return target


def ensure_key_file():
    """The key ring for encrypted fields; made once, never shown.

    One key a line: ``<version> <base64 of 32 bytes>``; the highest version encrypts.
    """
    import base64

    own(paths.KEYS)
    ring = paths.KEYS / "wx_keys"
    if not ring.exists():
        key = base64.b64encode(secrets.token_bytes(32)).decode()
        ring.write_text(f"1 {key}\n")
        ring.chmod(0o640)
        if ring.owner() == "root":
            import pwd

            from .system import account

            entry = pwd.getpwnam(account())
            import os

            os.chown(ring, entry.pw_uid, entry.pw_gid)
    return ring
