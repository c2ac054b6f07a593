"""Orders on their way: carriers, paid orders, WeChat's side of a shipment."""

from .order_common import MallOrderCase

_ADD = "/cgi-bin/express/business/order/add"


class ParcelCase(MallOrderCase):
    """Two carriers (``zto``, ``sf``), a shopper and paid, posted orders."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        cls.provider = cls.make_provider()
        cls.zto = cls.make_carrier("ZTO Express", "ZTO")
        cls.sf = cls.make_carrier("SF Express", "SF")
        cls.sim.ctl("POST", "/_ctl/settings", {"shipping_visible_delay": 0})

    @classmethod
    def make_carrier(cls, name, code=None, kind="1"):
        """A carrier; ``kind``: WeChat's logistics type."""
        return cls.env["delivery.carrier"].create(
            {
                "name": name,
                "product_id": cls.service.id,
                "wx_express_code": code,
                "wx_logistics_type": kind,
            }
        )

    def setUp(self):
        super().setUp()
        self.token, self.address_id, self.person = self.shopper()

    def paid_order(self, *items, **extra):
        """A paid order with its sales order and reserved deliveries."""
        order = self.order_of(self.place(self.token, self.address_id, *items, **extra))
        self.pay(self.token, order, self.person)
        self.post_all()
        self.assertEqual(order.posting_state, "done", order.posting_error)
        return order

    def ship_part(self, picking, qty_by_sku):
        """Validates ``{sku: pieces}`` of a delivery; the rest becomes a backorder,
        which is returned."""
        for move in picking.move_ids:
            move.quantity = qty_by_sku.get(move.product_id, 0)
            move.picked = bool(move.quantity)
        picking.with_context(
            skip_backorder=True, cancel_backorder=False
        ).button_validate()
        self.env.flush_all()
        return picking.backorder_ids

    def theirs(self, order):
        """The order as WeChat's shipping management has it."""
        return self.app._wx_client().get_order(
            transaction_id=order.transaction_id.wx_transaction_id
        )

    def report(self, order, attempt=0):
        """What the jobs process would do with the queued report."""
        self.env["wx.order.shipping"]._job_report(order.id, attempt)
        self.env.invalidate_all()


class WaybillCase(ParcelCase):
    """A ZTO contract bound at WeChat, and a warehouse with an address."""

    @classmethod
    def setUpClass(cls):
        super().setUpClass()
        province = cls.env["res.country.state"].search(
            [("country_id.code", "=", "CN")], limit=1
        )
        cls.env.company.partner_id.write(
            {
                "street": "仓前路 1 号",
                "street2": "余杭区",
                "city": "杭州市",
                "state_id": province.id,
                "phone": "0571-88880000",
            }
        )
        cls.warehouse.partner_id = cls.env.company.partner_id
        cls.account = cls.env["wx.express.account"].create(
            {
                "app_id": cls.app.id,
                "express_id": cls.env.ref("wx_mall.express_zto").id,
                "biz_id": "Z100",
            }
        )
        cls.account._bind("secret")

    def waiting(self, *items, carrier=None):
        """A reserved delivery of a paid order, with a carrier."""
        order = self.paid_order(*(items or ((self.sku_a, 2),)))
        order.picking_ids.carrier_id = carrier or self.zto
        return order, order.picking_ids

    def made(self):
        """Waybills that WeChat has, by our number."""
        rows = self.sim.ctl("GET", "/_ctl/parcels")["parcels"]
        return {row["order_id"]: row for row in rows}

    def fault(self, kind, path=_ADD, times=1):
        self.sim.ctl(
            "POST",
            "/_ctl/faults",
            {"kind": kind, "match": {"path_prefix": path}, "times": times},
        )
