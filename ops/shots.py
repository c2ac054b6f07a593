"""Takes the README's pictures from a running ``./run`` (in the virtual environment):

.local/venv/bin/python -m ops.shots
"""

import sys

from . import paths
from .browser import Browser
from .services import HOST

OUT = paths.ROOT / "docs" / "images"
OFFICE = f"http://{HOST}:{paths.OFFICE_PORT}"
#: login, name, address in the web client, what must be there
SCREENS = (
    ("admin", "overview", "/odoo/mall", ".o_action_manager > *"),
    ("operator", "orders", "/odoo/mall-orders", ".o_data_row"),
    (
        "operator",
        "listings",
        "/odoo/wx-listings",
        ".o_kanban_record",
    ),
    (
        "finance",
        "bill-days",
        "/odoo/wx-bill-days",
        ".o_view_controller",
    ),
    (
        "finance",
        "breaks",
        "/odoo/wx-breaks",
        ".o_view_controller",
    ),
)


def main() -> int:
    OUT.mkdir(parents=True, exist_ok=True)
    with Browser(1360, 820) as browser:
        current = None
        for login, name, path, css in SCREENS:
            if login != current:
                browser.send("Network.clearBrowserCookies")
                browser.login(OFFICE, login, login)
                current = login
            browser.open(OFFICE + path)
            browser.wait(css)
            browser.screenshot(OUT / f"{name}.png", settle=2.5)
        for name, url in (
            ("phone", f"http://{HOST}:{paths.SIM_PORT}/phone"),
            ("api-docs", f"http://{HOST}:{paths.API_PORT}/wx/api/docs"),
        ):
            browser.open(url)
            browser.screenshot(OUT / f"{name}.png", settle=2)
        for error in browser.errors:
            print(error, file=sys.stderr)
        return 1 if browser.errors else 0


if __name__ == "__main__":
    sys.exit(main())
