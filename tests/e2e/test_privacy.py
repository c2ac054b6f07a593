"""What a stolen dump or log would tell: planted names, phones and streets are nowhere.

``design.md``, Personal data: a test greps a database dump for planted names and phones.
"""

import os
import subprocess

import pytest

from ops import paths, pg
from tests.stack import OfficeError, until

PLANTED = {
    "name": "欧阳植物园",
    "phone": "13712345867",
    "detail": "不存在路 4711 弄 8 号",
}


@pytest.fixture(scope="module")
def shipped(shop):
    """An order to a planted receiver, paid, posted and shipped."""
    buyer = shop.buyer()
    buyer.address_id = buyer.api.create_address(
        {**PLANTED, "province": "上海市", "city": "上海市", "is_default": True}
    )["id"]
    order = buyer.buy(shop.sku(3))
    assert shop.posted(order) == "done"
    office = shop.office("operator")
    [picking] = office.search_read(
        "stock.picking", [("sale_id.wx_order_id", "=", order["id"])], ["id"]
    )
    office.call(
        "stock.picking", "write", [picking["id"]], {"carrier_tracking_ref": "ZT77"}
    )
    office.button("stock.picking", "button_validate", [picking["id"]])
    assert until(lambda: buyer.state(order) == "shipped", 20)
    return buyer, order


def test_dump(shop, shipped):
    """``pg_dump`` of the whole database, as a thief would read it."""
    process = subprocess.Popen(
        [str(pg.bindir() / "pg_dump"), os.environ["WX_PG_DSN"]], stdout=subprocess.PIPE
    )
    words = [value.encode() for value in PLANTED.values()]
    found, lines = set(), 0
    for line in process.stdout:
        lines += 1
        found.update(word.decode() for word in words if word in line)
    assert process.wait() == 0 and lines > 10_000
    assert not found


def test_logs(shop, shipped):
    """Neither personal data nor tokens stand in the processes' logs."""
    buyer, _order = shipped
    secrets = [*PLANTED.values(), buyer.api.access_token, buyer.api.refresh_token]
    logs = list(paths.LOGS.glob("*.log"))
    assert logs
    for log in logs:
        text = log.read_text(errors="replace")
        for secret in secrets:
            assert secret not in text, f"{log.name} holds {secret[:6]}…"


def test_staff_see_masks(shop, shipped):
    """What the back office reads is the mask; clear text is a logged act."""
    _buyer, order = shipped
    for login in ("operator", "service", "admin"):
        office = shop.office(login)
        [address] = office.search_read(
            "wx.order.address",
            [("order_id", "=", order["id"])],
            ["name", "phone", "detail"],
        )
        assert PLANTED["name"] not in address["name"]
        assert PLANTED["phone"] not in address["phone"] and "*" in address["phone"]
        assert PLANTED["detail"] not in address["detail"]
    before = shop.value("SELECT count(*) FROM wx_reveal_log")
    shop.office("service").button("wx.order", "action_show_receiver", [order["id"]])
    assert shop.value("SELECT count(*) FROM wx_reveal_log") > before


def test_no_search_by_clear_text(shop, shipped):
    """Neither ``ilike`` nor grouping finds a person by name or phone."""
    office = shop.office("admin")
    for field in ("name", "phone", "detail"):
        try:
            found = office.call(
                "wx.order.address",
                "search_count",
                [(field, "ilike", PLANTED[field][:4])],
            )
        except OfficeError:
            continue
        assert found == 0
