from odoo import http
from odoo.exceptions import AccessError
from odoo.http import content_disposition, request

from ..shipping import sheet

XLSX = "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet"
MAX_ORDERS = 10_000


class WxShipSheet(http.Controller):
    @http.route("/wx/ship/template.xlsx", type="http", auth="user", readonly=True)
    def template(self):
        """The empty sheet."""
        return self._file([], "shipments.xlsx")

    @http.route("/wx/ship/orders.xlsx", type="http", auth="user", readonly=True)
    def orders(self):
        """Orders to ship of the user's companies, one row per SKU; carrier and number
        are filled in and the sheet is given back. No receivers: labels have them."""
        self._check()
        found = request.env["wx.order"].search(
            [("state", "in", ("to_ship", "partially_shipped"))],
            order="id",
            limit=MAX_ORDERS,
        )
        rows = [
            (order.name, "", "", line.product_id.default_code or "", line.qty)
            if len(order.line_ids) > 1 and line.product_id.default_code
            else (order.name, "", "", "", "")
            for order in found
            for line in order.line_ids
        ]
        return self._file(list(dict.fromkeys(rows)), "orders-to-ship.xlsx")

    @staticmethod
    def _check():
        if not request.env.user.has_group("wx_base.group_wx_operator"):
            raise AccessError(request.env._("Only an operator may export orders."))

    def _file(self, rows, name):
        self._check()
        return request.make_response(
            sheet.write(rows),
            headers=[
                ("Content-Type", XLSX),
                ("Content-Disposition", content_disposition(name)),
            ],
        )
