"""The filled demo shop as a fixture: database and simulator state, kept by the hash of
the sources that made them. A copy takes seconds, filling takes a minute. What tests
find out about the shop is never kept.
"""

import hashlib
import shutil
import sqlite3

from . import db, paths, pg, shop
from .sim import Sim
from .system import as_account, own, run
from .ui import phase


def digest() -> str:
    """Hash of everything that the filled shop depends on."""
    found = hashlib.sha256(db.suite_digest().encode())
    sources = [paths.ROOT / "ops" / "shop.py"]
    for pattern in ("*.py", "*.sql"):
        sources += sorted((paths.ROOT / "wxsim").rglob(pattern))
    for path in sources:
        found.update(str(path.relative_to(paths.ROOT)).encode())
        found.update(path.read_bytes())
    return found.hexdigest()[:12]


def start(stack) -> None:
    """The simulator of ``stack`` running, and its database filled."""
    name = f"filled_{digest()}"
    kept = paths.FIXTURES / f"{name}.db"
    if pg.exists(name) and kept.exists():
        with phase("shop", "The filled shop"):
            pg.clone(name, stack.database)
            run([*as_account(), "cp", kept, stack.sim_db])
            stack.start_sim()
            _point_here(stack)
        return
    shop.fresh(stack.database)
    stack.start_sim()
    shop.ensure(stack)
    _keep(stack, name, kept)


def _keep(stack, name, kept):
    own(paths.FIXTURES)
    for old in pg.sql("postgres", "SELECT datname FROM pg_database").split():
        if old.startswith("filled_"):
            pg.drop(old)
    for old in paths.FIXTURES.glob("filled_*.db"):
        old.unlink()
    pg.clone(stack.database, name)
    # the simulator runs: SQLite's own copy is whole, a file copy might not be
    target = kept.with_suffix(".new")
    with sqlite3.connect(stack.sim_db) as source, sqlite3.connect(target) as copy:
        source.backup(copy)
    source.close()
    copy.close()
    target.chmod(0o644)
    shutil.move(target, kept)


def _point_here(stack):
    """The kept shop was filled on other ports."""
    pg.sql(
        stack.database,
        f"""
        UPDATE wx_app SET api_base = '{stack.sim_url}';
        UPDATE payment_provider SET wx_api_base = '{stack.sim_url}'
         WHERE code = 'wechatpay' AND wx_mchid IS NOT NULL;
        UPDATE ir_config_parameter SET value = '{stack.api_url}'
         WHERE key = 'web.base.url'
        """,
    )
    Sim(stack.sim_url).ctl(
        "POST",
        "/_ctl/apps",
        {"appid": shop.APPID, "push_url": f"{stack.api_url}/wx/push/{shop.APPID}"},
    )
