"""Makes the pure-Python packages importable without Odoo.

``wxsim`` from the project's root; ``wxclient``, ``wxclient_pay`` and the like from
the addon folders: importing ``wx_base.wxclient`` would run the addon's ``__init__``.
"""

import sys
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
if str(ROOT) not in sys.path:
    sys.path.insert(0, str(ROOT))
# Last: an addon's http.py must not hide the standard library's.
for folder in sorted((ROOT / "addons").glob("wx_*")):
    if str(folder) not in sys.path:
        sys.path.append(str(folder))
