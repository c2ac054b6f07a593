from odoo import api, fields, models

#: status of the query component → state (reference §10.2)
STATUS = {
    1: "collected",
    2: "transit",
    3: "delivering",
    4: "delivered",
    5: "problem",
    6: "delivered",
}


class WxTrackingQuery(models.AbstractModel):
    """Where any parcel of a paid order is, by WeChat's query component: a status
    without a track. The token also opens WeChat's own tracking page."""

    _name = "wx.tracking.query"
    _inherit = "wx.tracking.mixin"
    _description = "Status of the query component"

    @api.model
    def _wx_track(self, parcel):
        client = parcel.app_id._wx_client()
        if not parcel.query_token:
            answer = client.call(
                "cgi-bin/express/delivery/open_msg/trace_waybill", self._body(parcel)
            )
            parcel.query_token = answer["waybill_token"]
        answer = client.call(
            "cgi-bin/express/delivery/open_msg/query_trace",
            {"waybill_token": parcel.query_token},
            idempotent=True,
        )
        state = STATUS.get((answer.get("waybill_info") or {}).get("status"))
        if not state or state == parcel.state:
            return []
        label = dict(parcel._fields["state"]._description_selection(self.env))[state]
        return [
            {
                "at": fields.Datetime.now(),
                "state": state,
                "text": label,
                "kind": f"status:{state}",
            }
        ]

    def _body(self, parcel):
        order = parcel.order_id
        address = order.address_ids[:1]
        base = parcel.get_base_url()
        lines = parcel.line_ids.order_line_id or order.line_ids
        reason = self.env._(
            "Parcel %(name)s followed at WeChat", name=parcel.tracking_no
        )
        return {
            "openid": parcel.user_id.openid,
            "waybill_id": parcel.tracking_no,
            "delivery_id": parcel.express_code,
            "receiver_phone": address._wx_reveal("phone", reason) if address else "",
            "trans_id": order.transaction_id.wx_transaction_id,
            "order_detail_path": parcel.app_id.order_page_path or "",
            "goods_info": {
                "detail_list": [
                    {
                        "goods_name": line.title[:60],
                        "goods_img_url": base
                        + (line.image or "/web/static/img/placeholder.png"),
                    }
                    for line in lines
                ]
            },
        }
