import hashlib
import json
from datetime import datetime, timedelta

from odoo import api, fields, models
from odoo.exceptions import UserError

from odoo.addons.wx_base.tools import BEIJING
from odoo.addons.wx_base.wxclient import WxBusinessError, WxClientError

EXPRESS, SAME_CITY, VIRTUAL, PICK_UP = 1, 2, 3, 4
UNIFIED, SPLIT = 1, 2
MAX_PARCELS = 15
MAX_DESCRIPTION = 120
#: WeChat does not know a payment for a minute or two after it (10060001)
RETRY = (30, 60, 120, 300, 900, 3600, 3600, 3600)
#: a report that still waits after this has lost its job
LOST_AFTER = timedelta(minutes=15)


class WxOrderShipping(models.AbstractModel):
    """Tells WeChat that goods are on their way (``upload_shipping_info``).

    Without it WeChat keeps the merchant's money. The whole list of parcels known so
    far is sent each time, final when nothing of the order is left to ship. Fields and
    rules: ``reference/mini-program-platform.md`` §6.3.
    """

    _name = "wx.order.shipping"
    _inherit = "wx.job.mixin"
    _description = "Shipping reports to WeChat"

    @api.model
    def _enqueue(self, order_id, attempt=0):
        delay = RETRY[min(attempt, len(RETRY)) - 1] if attempt else 1
        self.sudo()._wx_enqueue(
            "_job_report",
            key=f"wx.order.shipping.{order_id}.{attempt}",
            eta=delay,
            order_id=order_id,
            attempt=attempt,
        )

    @api.model
    def _job_report(self, order_id, attempt=0):
        """Job: reports one order; failures are visible on it and tried again."""
        order = self.env["wx.order"].sudo().browse(order_id).exists()
        if order and order.shipping_state in ("todo", "failed"):
            self._report(order, attempt)

    @api.model
    def _cron_report(self):
        """Sweep: reports whose job got lost; a dead queue only delays them."""
        orders = self.env["wx.order"].search(
            [
                ("shipping_state", "=", "todo"),
                ("write_date", "<", fields.Datetime.now() - LOST_AFTER),
            ],
            limit=200,
        )
        self.env["ir.cron"]._commit_progress(remaining=len(orders))
        for order in orders:
            self._job_report(order.id)
            if not self.env["ir.cron"]._commit_progress(1):
                break

    def _report(self, order, attempt=0):
        payload, problem = self._payload(order)
        if problem:
            order.write({"shipping_state": "failed", "shipping_error": problem})
            return
        if payload is None:
            order.shipping_state = "none"
            return
        digest = hashlib.sha256(
            json.dumps(payload, sort_keys=True).encode()
        ).hexdigest()
        if digest == order.shipping_digest:
            order.write({"shipping_state": "done", "shipping_error": False})
            return
        payload["upload_time"] = datetime.now(BEIJING).isoformat(
            timespec="milliseconds"
        )
        try:
            order.app_id._wx_client().upload_shipping_info(payload)
        except WxClientError as exc:
            self._failed(order, exc, attempt, isinstance(exc, WxBusinessError))
            return
        order.write(
            {
                "shipping_state": "done",
                "shipping_error": False,
                "shipping_reported_at": fields.Datetime.now(),
                "shipping_digest": digest,
            }
        )

    def _failed(self, order, exc, attempt, answered):
        """Keeps the reason on the order; retries what may go away by itself."""
        order.write({"shipping_state": "failed", "shipping_error": str(exc)})
        code = getattr(exc, "code", None)
        retryable = not answered or exc.retryable or code == 10060001
        if retryable and attempt < len(RETRY):
            self._enqueue(order.id, attempt + 1)

    # payload --------------------------------------------------------------------
    def _payload(self, order):
        """``(payload, problem)``; both None when there is nothing to report."""
        sale = order.sale_order_id
        tx = order.transaction_id
        if not sale or not tx.wx_transaction_id:
            return None, None
        deliveries = sale.picking_ids.filtered(
            lambda p: p.picking_type_code == "outgoing" and p.state != "cancel"
        )
        done = deliveries.filtered(lambda p: p.state == "done").sorted("date_done")
        if deliveries and not done:
            return None, None
        try:
            kind, parcels = self._parcels(order, done)
        except UserError as exc:
            return None, str(exc)
        complete = done == deliveries.sorted("date_done")
        split = kind == EXPRESS and (len(parcels) > 1 or not complete)
        payload = {
            "order_key": {
                "order_number_type": 2,
                "transaction_id": tx.wx_transaction_id,
            },
            "logistics_type": kind,
            "delivery_mode": SPLIT if split else UNIFIED,
            "shipping_list": parcels,
            "payer": {"openid": order.user_id.openid},
        }
        if split:
            payload["is_all_delivered"] = complete
        return payload, None

    def _parcels(self, order, done):
        """Logistics type and parcels; raises UserError naming what is missing."""
        if not done:
            return VIRTUAL, [{"item_desc": self._goods_text(order.line_ids)}]
        kinds = {int(p.carrier_id.wx_logistics_type or EXPRESS) for p in done}
        kind = EXPRESS if EXPRESS in kinds else kinds.pop()
        if kind != EXPRESS:
            return kind, [{"item_desc": self._goods_text(order.line_ids)}]
        parcels = []
        for picking in done:
            if not picking.carrier_tracking_ref or not picking.carrier_id:
                raise UserError(
                    self.env._(
                        "%(picking)s has no carrier or tracking number yet.",
                        picking=picking.name,
                    )
                )
            if not picking.carrier_id.wx_express_code:
                raise UserError(
                    self.env._(
                        "Carrier %(carrier)s has no WeChat company code.",
                        carrier=picking.carrier_id.name,
                    )
                )
            parcels.append(self._parcel(order, picking))
        if len(parcels) > MAX_PARCELS:
            raise UserError(self.env._("WeChat takes at most 15 parcels per order."))
        return kind, parcels

    def _parcel(self, order, picking):
        lines = order.line_ids.filtered(
            lambda line: line.product_id in picking.move_ids.product_id
        )
        parcel = {
            "tracking_no": picking.carrier_tracking_ref,
            "express_company": picking.carrier_id.wx_express_code,
            "item_desc": self._goods_text(lines or order.line_ids),
        }
        if picking.carrier_id.wx_express_code == "SF":
            # SF needs one party's phone, last four digits only
            parcel["contact"] = {"receiver_contact": order.address_ids[:1].phone}
        return parcel

    @staticmethod
    def _goods_text(lines):
        text = "；".join(f"{line.title}*{line.qty}" for line in lines)
        if len(text) <= MAX_DESCRIPTION:
            return text
        return text[: MAX_DESCRIPTION - 1] + "…"
