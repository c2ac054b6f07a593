"""Everything up to a database server with the ERP template in it."""

from . import db, odoo_dist, paths, pg, system, venv
from .ui import phase


def ensure() -> None:
    """Idempotent; resumes after an interruption; a second call takes seconds."""
    system.check_disk()
    for folder in (paths.STAMPS, paths.DOWNLOADS):
        folder.mkdir(parents=True, exist_ok=True)
    system.account()
    with phase("odoo", "Odoo 19 (Debian's package, unpacked privately)"):
        odoo_dist.ensure()
    with phase("venv", "Python environment"):
        venv.ensure()
    with phase("postgres", "PostgreSQL cluster"):
        pg.start()


def ensure_core() -> str:
    with phase("core", "ERP template database"):
        return db.ensure_core()
