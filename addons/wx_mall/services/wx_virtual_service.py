from odoo import api, models

from odoo.addons.wx_base.http import WxError

from . import virtual_sql

IOS = ("iphone", "ipad", "ipod")


class WxOrderHolding(models.AbstractModel):
    _inherit = "wx.order.holding"

    @api.model
    def _hold(self, cr, params, pools, *args, **kwargs):
        """Codes are taken in the transaction that writes the order."""
        answer = super()._hold(cr, params, pools, *args, **kwargs)
        if params.get("code_skus"):
            cr.execute(
                virtual_sql.TAKE,
                {
                    "skus": params["code_skus"],
                    "qtys": params["code_qtys"],
                    "company": params["company"],
                    "order": params["id"],
                    "state": "held",
                },
            )
            short = [sku for sku, qty, taken in cr.fetchall() if taken < qty]
            if short:
                raise WxError(
                    "stock.sold_out", self.env._("Sold out"), 409, sku_ids=short
                )
        return answer


class WxOrderPosting(models.AbstractModel):
    _inherit = "wx.order.posting"

    def _hand_over_services(self, sales):
        """Virtual goods of a pool are handed over by their codes."""
        done = super()._hand_over_services(sales)
        # sudo: codes are given out and retired by the system
        self.env["wx.virtual.code"].sudo()._assign(sales.wx_order_id)
        return done


class WxOrderRefunding(models.AbstractModel):
    _inherit = "wx.order.refunding"

    @api.model
    def _grant(self, order, wanted, *args, **kwargs):
        order._wx_lock()
        pieces = {}
        for item in wanted:
            if not item.keeps:
                pieces[item.line] = pieces.get(item.line, 0) + item.qty
        # sudo: codes are given out and retired by the system
        self.env["wx.virtual.code"].sudo()._retire_refunded(order, pieces)
        return super()._grant(order, wanted, *args, **kwargs)

    @api.model
    def _grant_rest(self, order, *args, **kwargs):
        order._wx_lock()
        pieces = {
            line: state.pieces for line, state in order._wx_refund_lines().items()
        }
        # sudo: codes are given out and retired by the system
        self.env["wx.virtual.code"].sudo()._retire_refunded(order, pieces)
        return super()._grant_rest(order, *args, **kwargs)


class WxOrderPayment(models.AbstractModel):
    _inherit = "wx.order.payment"

    @api.model
    def _pay_order(self, ctx, order, platform=None, payer=None) -> dict:
        """As before; virtual goods are not payable by JSAPI on iOS.

        Apple takes such payments; WeChat closes shops that go around it
        (``reference/mini-program-platform.md`` §7.5).

        :param platform: what ``wx.getDeviceInfo`` says; None: the User-Agent decides
        :raises WxError: also 409 ``pay.virtual_on_ios``
        """
        if self._on_ios(ctx, platform) and not order.app_id.virtual_on_ios:
            virtual = order.line_ids.filtered(
                lambda line: line.product_id.wx_delivery_kind == "virtual"
            )
            if virtual:
                raise WxError(
                    "pay.virtual_on_ios",
                    self.env._("Virtual goods cannot be bought on an iPhone or iPad"),
                    409,
                    sku_ids=virtual.product_id.ids,
                )
        return super()._pay_order(ctx, order, platform, payer)

    @staticmethod
    def _on_ios(ctx, platform) -> bool:
        agent = ctx.request.httprequest.headers.get("User-Agent", "").lower()
        # the phone's own word never outweighs what its browser engine says
        return platform == "ios" or any(name in agent for name in IOS)


class WxVirtualService(models.AbstractModel):
    """What a shopper gets of virtual goods."""

    _name = "wx.virtual.service"
    _description = "Virtual goods"

    @api.model
    def _codes(self, ctx, order_id) -> dict:
        """The shopper's own codes in clear; logged, and used from now on.

        :raises WxError: 404; 409 ``codes.not_paid``
        """
        order = ctx.env["wx.order"]._wx_owned(ctx, order_id)
        if order.intake_state != "paid":
            raise WxError(
                "codes.not_paid", self.env._("Codes appear when the order is paid"), 409
            )
        codes = ctx.env["wx.virtual.code"]
        codes._run(virtual_sql.REVEAL, order=order.id)
        codes = codes.search(
            [("order_id", "=", order.id), ("state", "=", "assigned")], order="id"
        )
        clear = {}
        if codes:
            clear = codes._wx_reveal_many(
                "code", self.env._("Shown to the shopper who paid for it")
            )
        titles = {line.product_id.id: line for line in order.line_ids}
        pooled = codes._pooled(order.line_ids.product_id, order.company_id)
        wanted = sum(
            line.product_uom_qty
            for line in order.line_ids.sale_line_ids
            if line.product_id in pooled
        )
        handed = sum(codes._handed_over(order, product) for product in pooled)
        posted = order.posting_state == "done"
        return {
            "order_id": order.id,
            "pending": max(0, int(wanted) - handed) if posted else None,
            "items": [
                {
                    "sku_id": code.product_id.id,
                    "title": titles[code.product_id.id].title,
                    "code": clear[code.id],
                    "valid_until": code.valid_until and code.valid_until.isoformat(),
                }
                for code in codes
            ],
        }
