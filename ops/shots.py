"""Takes the README's pictures from a running ``./run`` (in the virtual environment):

.local/venv/bin/python -m ops.shots [NAME…]
"""

import io
import json
import sys
from collections.abc import Callable
from dataclasses import dataclass

from PIL import Image

from . import apiclient, paths
from .browser import Browser
from .rpc import Office
from .services import HOST
from .shop import APPID
from .sim import Sim

OUT = paths.ROOT / "docs" / "images"
OFFICE = f"http://{HOST}:{paths.OFFICE_PORT}"
API = f"http://{HOST}:{paths.API_PORT}"
SIM = f"http://{HOST}:{paths.SIM_PORT}"
WIDE, TALL, PHONE = (1440, 860), (1440, 1080), (390, 760)
#: bytes of one picture in the repository
LIMIT = 150_000


@dataclass(frozen=True)
class Shot:
    """One picture: who looks, at which address, and what must be there by then.

    ``record``: model and domain of the record that fills ``%s`` in the address;
    ``script()``: JavaScript that runs before; ``ready``: what must be there after it.
    """

    login: str
    name: str
    path: str
    css: str
    record: tuple = ()
    script: Callable[[], str] | None = None
    ready: str = ""
    size: tuple = WIDE


def _waiting_pickup() -> str:
    """Types the code of an order that lies ready, as its shopper shows it."""
    office = Office(OFFICE, paths.DB_NAME, "admin", "admin")
    [pickup] = office.search_read(
        "wx.pickup", [("state", "=", "ready")], ["order_id", "point_id"], limit=1
    )
    order_id, point_id = pickup["order_id"][0], pickup["point_id"][0]
    [order] = office.search_read("wx.order", [("id", "=", order_id)], ["user_id"])
    [user] = office.search_read(
        "wx.user", [("id", "=", order["user_id"][0])], ["openid"]
    )
    sim = Sim(SIM)
    people = sim.ctl("GET", "/_ctl/users?limit=100000")["users"]
    uid = next(row["uid"] for row in people if user["openid"] in json.dumps(row))
    code = sim.ctl("POST", f"/_ctl/users/{uid}/login_code", {"appid": APPID})["code"]
    client = apiclient.load(apiclient.fetch(API))(API)
    client.login({"appid": APPID, "code": code})
    shown = client.get_pickup_code(order_id)["code"]
    return f"""(() => {{
        const point = document.querySelector("#wx_pickup_point");
        point.value = "{point_id}";
        point.dispatchEvent(new Event("change"));
        const input = document.querySelector("#wx_pickup_code");
        input.value = "{shown}";
        input.dispatchEvent(new Event("input"));
        setTimeout(() => document.querySelector(".o_wx_find").click(), 500);
    }})()"""


def _page(name) -> Callable[[], str]:
    """Opens a page of a form's notebook."""
    return lambda: f"document.querySelector('.nav-link[name={name}]').click()"


SHOTS = (
    Shot("admin", "overview", "/odoo/mall", ".o_action_manager > *"),
    Shot("operator", "orders", "/odoo/mall-orders", ".o_data_row"),
    Shot("operator", "listings", "/odoo/wx-listings", ".o_kanban_record"),
    Shot("finance", "bill-days", "/odoo/wx-bill-days", ".o_view_controller"),
    Shot("finance", "breaks", "/odoo/wx-breaks", ".o_view_controller"),
    Shot(
        "service",
        "after-sales-list",
        "/odoo/mall-after-sales?view_type=list",
        ".o_data_row",
    ),
    Shot(
        "operator",
        "after-sale",
        "/odoo/mall-after-sales/%s",
        ".o_form_view",
        record=(
            "wx.after.sale",
            [("kind", "=", "return_refund"), ("state", "=", "done")],
        ),
        size=TALL,
    ),
    Shot(
        "operator",
        "order",
        "/odoo/mall-orders/%s",
        ".o_form_view",
        record=(
            "wx.order",
            [
                ("after_sale_ids.kind", "=", "return_refund"),
                ("after_sale_ids.state", "=", "done"),
            ],
        ),
        script=_page("log"),
        ready=".o_field_widget[name=log_ids] .o_data_row",
        size=TALL,
    ),
    Shot("operator", "exceptions", "/odoo/mall-exceptions", ".o_view_controller"),
    Shot("operator", "parcels", "/odoo/mall-parcels", ".o_data_row"),
    Shot(
        "admin",
        "code-pools",
        "/odoo/action-wx_mall.action_wx_virtual_code_pool",
        ".o_view_controller",
    ),
    Shot(
        "operator",
        "work-phone",
        "/odoo/mall-work",
        ".o_kanban_record",
        size=PHONE,
    ),
    Shot(
        "operator",
        "pickup-desk",
        "/odoo/mall-pickup-desk",
        "#wx_pickup_code",
        script=_waiting_pickup,
        ready=".o_wx_hand_over",
        size=PHONE,
    ),
)


def _take(browser, shot, office):
    width, height = shot.size
    phone = shot.size == PHONE
    browser.send(
        "Emulation.setDeviceMetricsOverride",
        width=width,
        height=height,
        deviceScaleFactor=2 if phone else 1,
        mobile=phone,
    )
    browser.send("Emulation.setTouchEmulationEnabled", enabled=phone)
    path = shot.path
    if shot.record:
        model, domain = shot.record
        found = office.search_read(model, domain, ["id"], limit=1, order="id desc")
        if not found:
            raise LookupError(f"{shot.name}: no {model} with {domain}")
        path %= found[0]["id"]
    browser.open("about:blank")
    browser.open(OFFICE + path)
    browser.wait(shot.css)
    if shot.script:
        browser.run(shot.script())
        browser.wait(shot.ready)
    target = OUT / f"{shot.name}.png"
    browser.screenshot(target, settle=2.5)
    _shrink(target)


def _shrink(target):
    """At most 256 colours; fewer until the file is small enough."""
    image = Image.open(io.BytesIO(target.read_bytes())).convert("RGB")
    for colours in (256, 128, 64, 32):
        image.quantize(colours, dither=Image.Dither.NONE).save(target, optimize=True)
        if target.stat().st_size <= LIMIT:
            return


def main(names) -> int:
    OUT.mkdir(parents=True, exist_ok=True)
    wanted = [shot for shot in SHOTS if not names or shot.name in names]
    with Browser(*WIDE) as browser:
        current = None
        for shot in sorted(wanted, key=lambda shot: shot.login):
            if shot.login != current:
                browser.send("Network.clearBrowserCookies")
                browser.login(OFFICE, shot.login, shot.login)
                current = shot.login
            office = Office(OFFICE, paths.DB_NAME, current, current)
            _take(browser, shot, office)
        browser.send("Emulation.clearDeviceMetricsOverride")
        for name, url in (
            ("phone", f"{SIM}/phone"),
            ("api-docs", f"{API}/wx/api/docs"),
        ):
            if not names or name in names:
                browser.open(url)
                browser.screenshot(OUT / f"{name}.png", settle=2)
                _shrink(OUT / f"{name}.png")
        for error in browser.errors:
            print(error, file=sys.stderr)
        return 1 if browser.errors else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
