"""Baseline: a straightforward controller that creates and confirms a sale order."""

from odoo import Command, http
from odoo.http import request


class Confirm(http.Controller):
    @http.route(
        "/bench/confirm", type="http", auth="none", csrf=False, save_session=False
    )
    def confirm(self, **kw):
        data = request.get_json_data()
        env = request.env(user=data["uid"], su=True)
        lines = [
            Command.create(
                {"product_id": item["sku_id"], "product_uom_qty": item["qty"]}
            )
            for item in data["items"]
        ]
        order = env["sale.order"].create(
            {"partner_id": data["partner_id"], "order_line": lines}
        )
        order.action_confirm()
        return request.make_json_response({"id": order.id, "total": order.amount_total})
