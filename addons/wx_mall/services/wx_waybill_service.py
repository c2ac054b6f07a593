import base64
import json

from odoo import api, models
from odoo.exceptions import UserError

from odoo.addons.wx_base.tools import outside_transaction
from odoo.addons.wx_base.wxclient import WxBusinessError, WxClientError

_ROOT = "cgi-bin/express/business/order/"
MIN_WEIGHT = 0.1  # kilograms; carriers refuse nothing
_NAME = 60


class WxWaybillService(models.AbstractModel):
    """Electronic waybills through WeChat's express assistant.

    ``order/add`` is sent once: the intent is stored and committed before, and when no
    answer came the assistant is asked first what it has made. Fields:
    ``reference/mini-program-platform.md`` §10.1.
    """

    _name = "wx.waybill.service"
    _inherit = "wx.job.mixin"
    _description = "Electronic waybills"

    # one parcel -----------------------------------------------------------------
    @api.model
    def _request(self, parcel):
        """Gets a waybill for a parcel; the outcome stands on it.

        :raises UserError: something of ours is missing (contract, sender, receiver)
        """
        # sudo: the receiver goes to the carrier, its reader sees the mask
        parcel = parcel.sudo()
        if parcel.waybill_state == "made":
            return
        asked = parcel.waybill_state == "asked"
        account = self._account(parcel)
        if not asked:
            parcel._begin_waybill(account)
        body = self._body(parcel, account)
        client = parcel.app_id._wx_client()
        key = self._key(parcel)
        answer, problem = None, None
        with outside_transaction(self.env):
            try:
                if asked:
                    answer = self._find(client, key)
                if answer is None:
                    made = client.call(_ROOT + "add", body)
                    answer = self._find(client, {**key, **_named(made)}) or made
            except WxClientError as exc:
                problem = exc
        if problem is not None:
            self._failed(parcel, problem)
        else:
            self._made(parcel, answer)

    @staticmethod
    def _find(client, key):
        """The waybill of ``key`` with its label, or None when there is none."""
        try:
            found = client.call(
                _ROOT + "get", {**key, "print_type": 1}, idempotent=True
            )
        except WxBusinessError as exc:
            if exc.retryable:
                raise
            return None
        return None if found.get("order_status") == 1 else found

    def _made(self, parcel, answer):
        label = answer.get("print_html")
        parcel.write(
            {
                "waybill_state": "made",
                "waybill_error": False,
                "waybill_label": label and base64.b64decode(label).decode(),
                "waybill_data": json.dumps(
                    answer.get("waybill_data") or [], ensure_ascii=False
                ),
                "tracking_no": answer["waybill_id"],
            }
        )

    def _failed(self, parcel, exc):
        """A refusal ends the attempt; without an answer it stays asked."""
        answered = isinstance(exc, WxBusinessError)
        parcel.write(
            {
                "waybill_state": "failed" if answered else "asked",
                "waybill_error": str(exc),
            }
        )

    @api.model
    def _cancel(self, parcel):
        """Cancels the waybill of a parcel that the carrier has not collected.

        :raises UserError: the carrier has it, or WeChat gave no answer
        """
        # sudo: the receiver goes to the carrier, its reader sees the mask
        parcel = parcel.sudo()
        if parcel.waybill_state != "made":
            raise UserError(self.env._("This parcel has no electronic waybill."))
        if parcel.shipped_at:
            raise UserError(self.env._("The parcel has left: its waybill stays."))
        client = parcel.app_id._wx_client()
        try:
            client.call(
                _ROOT + "cancel",
                {**self._key(parcel), "waybill_id": parcel.tracking_no},
            )
        except WxClientError as exc:
            raise UserError(
                self.env._("The waybill was not cancelled: %(error)s", error=exc)
            ) from exc
        parcel.write(
            {
                "waybill_state": "cancelled",
                "waybill_label": False,
                "waybill_data": False,
                "tracking_no": False,
            }
        )

    # jobs -----------------------------------------------------------------------
    @api.model
    def _enqueue_pickings(self, pickings):
        """One job per delivery; a delivery that waits already is not queued twice."""
        for picking in pickings:
            # sudo: the caller checked the right; jobs act for the shop
            self.sudo()._wx_enqueue(
                "_job_picking",
                key=f"wx.waybill.{picking.id}",
                picking_id=picking.id,
            )

    @api.model
    def _job_picking(self, picking_id):
        """Job: waybills of one delivery; what is missing stands on the parcels."""
        # sudo: acts for the shop, whoever caused it
        picking = self.env["stock.picking"].sudo().browse(picking_id).exists()
        if not picking:
            return
        for parcel in picking._wx_parcels_to_send():
            try:
                self._request(parcel)
            except UserError as exc:
                parcel.write({"waybill_state": "failed", "waybill_error": str(exc)})

    # body -----------------------------------------------------------------------
    def _account(self, parcel):
        if not parcel.express_code:
            raise UserError(
                self.env._("Choose a carrier with a WeChat company code first.")
            )
        account = parcel.waybill_account_id if parcel.waybill_state == "asked" else None
        # sudo: the receiver goes to the carrier, its reader sees the mask
        account = account or self.env["wx.express.account"].sudo()._for(
            parcel.app_id, parcel.express_code
        )
        if not account:
            raise UserError(
                self.env._(
                    "No contract with %(carrier)s is bound to %(app)s: bind one, or "
                    "print the shop's own slip.",
                    carrier=parcel._carrier_text(),
                    app=parcel.app_id.name,
                )
            )
        return account

    def _key(self, parcel):
        return {
            "order_id": parcel.waybill_order_no,
            "openid": parcel.user_id.openid,
            "delivery_id": parcel.waybill_account_id.express_id.assistant_code,
        }

    def _body(self, parcel, account):
        order = parcel.order_id
        lines = parcel.line_ids
        contents = [(line.order_line_id.title, line.qty) for line in lines]
        contents = contents or [(line.title, line.qty) for line in order.line_ids]
        goods = [{"name": title[:_NAME], "count": qty} for title, qty in contents]
        weight = sum(line.order_line_id.product_id.weight * line.qty for line in lines)
        return {
            **self._key(parcel),
            "add_source": 0,
            "biz_id": account.biz_id,
            "custom_remark": "",
            "sender": self._sender(parcel),
            "receiver": self._receiver(parcel),
            "cargo": {
                "count": 1,
                "weight": round(max(weight, MIN_WEIGHT), 3),
                "space_x": 0,
                "space_y": 0,
                "space_z": 0,
                "detail_list": goods,
            },
            "shop": self._shop(parcel, goods),
            "insured": {"use_insured": 0, "insured_value": 0},
            "service": {
                "service_type": account.service_type,
                "service_name": account.service_name,
            },
            # needed without a contract: the pick-up time is agreed elsewhere
            "expect_time": 0,
        }

    def _shop(self, parcel, goods):
        base = parcel.get_base_url()
        image = parcel.line_ids.order_line_id[:1].image
        url = image or "/web/static/img/placeholder.png"
        path = parcel.app_id.order_page_path or ""
        return {
            "wxa_path": f"/{path.lstrip('/')}?id={parcel.order_id.id}",
            "img_url": url if url.startswith("http") else base + url,
            "goods_name": goods[0]["name"],
            "goods_count": sum(row["count"] for row in goods),
        }

    def _sender(self, parcel):
        """Where the parcel starts: the warehouse's address, else the company's."""
        warehouse = parcel.picking_id.picking_type_id.warehouse_id
        partner = warehouse.partner_id or parcel.company_id.partner_id
        person = {
            "name": partner.name,
            "mobile": partner.phone,
            "company": parcel.company_id.name,
            "province": partner.state_id.name,
            "city": partner.city,
            "area": partner.street2 or partner.city,
            "address": partner.street,
        }
        missing = [name for name, value in person.items() if not value]
        if missing:
            raise UserError(
                self.env._(
                    "The address of %(partner)s, from which parcels start, is not "
                    "complete: name, phone, province, city and street are needed.",
                    partner=partner.display_name,
                )
            )
        return person

    def _receiver(self, parcel):
        """The shopper's receiver in clear for the carrier; logged."""
        address = parcel.order_id.address_ids[:1]
        if not address:
            raise UserError(self.env._("This order has no receiver."))
        reason = self.env._(
            "Waybill requested for order %(name)s", name=parcel.order_id.name
        )
        return {
            "name": address._wx_reveal("name", reason),
            "mobile": address._wx_reveal("phone", reason),
            "company": "",
            "province": address.province,
            "city": address.city,
            "area": address.district or address.city,
            "address": address._wx_reveal("detail", reason),
        }


def _named(made):
    return {"waybill_id": made.get("waybill_id")}
