"""What staff do with an order, through the web client's own calls."""

from contextlib import contextmanager

from tests.stack import until

CARRIER = "顺丰速运"


def deliveries(shop, order) -> list[tuple[int, str]]:
    """(id, state) of the outgoing deliveries of an order."""
    return shop.sql(
        "SELECT p.id, p.state FROM stock_picking p"
        " JOIN sale_order s ON s.id = p.sale_id"
        " JOIN stock_picking_type t ON t.id = p.picking_type_id"
        " WHERE s.wx_order_id = %s AND t.code = 'outgoing' ORDER BY p.id",
        order["id"],
    )


def pack(shop, order, office) -> int:
    """Carrier and waybill number are on the delivery; its id."""
    until(lambda: [row for row in deliveries(shop, order) if row[1] == "assigned"], 20)
    [(picking, state)] = deliveries(shop, order)
    assert state == "assigned", state
    [carrier] = office.search_read("delivery.carrier", [("name", "=", CARRIER)], ["id"])
    office.call(
        "stock.picking",
        "write",
        [picking],
        {
            "carrier_id": carrier["id"],
            "carrier_tracking_ref": f"SF{order['id']:012d}",
        },
    )
    return picking


def ship(shop, order, office) -> int:
    """The parcel leaves; the delivery's id."""
    picking = pack(shop, order, office)
    office.button("stock.picking", "button_validate", [picking])
    return picking


@contextmanager
def app_settings(shop, **values):
    """Settings of the mini-program for the block, by the administrator."""
    office = shop.office("admin", fresh=True)
    [app] = office.search_read("wx.app", [], list(values))
    before = {name: app[name] for name in values}
    office.call("wx.app", "write", [app["id"]], values)
    try:
        yield
    finally:
        office.call("wx.app", "write", [app["id"]], before)
