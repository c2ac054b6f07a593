"""Where things are. All that set-up makes lies in the ignored folder ``.local``."""

import os
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
# resolved: git worktrees may share one folder through a link
LOCAL = (ROOT / ".local").resolve()
DOWNLOADS = LOCAL / "downloads"
DIST = LOCAL / "odoo"  # the unpacked packages
VENV = LOCAL / "venv"
PYTHON = VENV / "bin" / "python"
ODOO = VENV / "bin" / "wx-odoo"
#: ``WX_PG_DIR``: another cluster (``ops/kills.py`` kills one of its own)
PGSOCK = Path(os.environ.get("WX_PG_DIR", LOCAL / "pg"))
PGDATA = PGSOCK / "data"
DATA = LOCAL / "data"  # Odoo's data_dir
CONF = LOCAL / "conf"
LOGS = LOCAL / "logs"
HOME = LOCAL / "home"  # of the unprivileged account: browsers want a writable one
REPORTS = LOCAL / "reports"
SIM = LOCAL / "wxsim"
KEYS = LOCAL / "keys"
STAMPS = LOCAL / "stamps"
FIXTURES = LOCAL / "fixtures"

ADDONS = ROOT / "addons"


def odoo_home() -> Path:
    """The folder that holds the ``odoo`` package; ``ODOO_HOME`` overrides."""
    given = os.environ.get("ODOO_HOME")
    return Path(given) if given else DIST / "usr" / "lib" / "python3" / "dist-packages"


def port(name: str, default: int) -> int:
    """A port, overridable by ``WX_<NAME>_PORT``."""
    return int(os.environ.get(f"WX_{name}_PORT", default))


OFFICE_PORT = port("OFFICE", 8069)
API_PORT = port("API", 8070)
SIM_PORT = port("SIM", 8090)
PG_PORT = port("PG", 5477)
DB_NAME = os.environ.get("WX_DB", "mall")
DB_USER = "wx"
