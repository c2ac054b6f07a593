import base64

from odoo import http
from odoo.http import Response

from odoo.addons.wx_base.http import wx_route

from ..schemas.after_sale import (
    MAX_PHOTO,
    AfterSale,
    AfterSaleIn,
    AfterSaleOptions,
    AfterSalePage,
    AfterSaleQuery,
    EscalateIn,
    NoReturnIn,
    Photo,
    PhotoIn,
    ReturnShipmentIn,
)

TAGS = ["after-sales"]
NOT_FOUND = (404, "resource.not_found")
STATE = (409, "after_sale.state")


class WxAfterSales(http.Controller):
    @wx_route(
        "/orders/<int:order_id>/after-sales/options",
        methods=["GET"],
        returns=AfterSaleOptions,
        tags=TAGS,
        summary="What may be asked for, and whether the seven-day rule applies",
        operation_id="after_sale_options",
        errors=(NOT_FOUND,),
    )
    def options(self, ctx, order_id):
        """Pieces and money left per line, reasons, seven-day rule per line."""
        return ctx.env["wx.after.sale.service"]._options(ctx, order_id)

    @wx_route(
        "/orders/<int:order_id>/no-return",
        methods=["POST"],
        body=NoReturnIn,
        returns=AfterSaleOptions,
        tags=TAGS,
        summary="Confirm for this purchase that marked goods cannot be returned",
        operation_id="confirm_no_return",
        errors=(NOT_FOUND, (409, "order.not_payable"), (409, "after_sale.no_rule")),
    )
    def no_return(self, ctx, order_id, body):
        """Before payment; a confirmation is never assumed (消保条例 19)."""
        return ctx.env["wx.after.sale.service"]._confirm_no_return(ctx, order_id, body)

    @wx_route(
        "/after-sales/photos",
        methods=["POST"],
        body=PhotoIn,
        returns=Photo,
        status=201,
        idempotent=True,
        tags=TAGS,
        summary="Upload a picture for a request",
        operation_id="upload_after_sale_photo",
        max_body=MAX_PHOTO + 1024,
        errors=((422, "photo.refused"), (429, "rate.limited")),
    )
    def upload(self, ctx, body):
        """Place and time in the picture are removed; unused ones go after a day."""
        return ctx.env["wx.after.sale.service"]._upload(ctx, body)

    @wx_route(
        "/after-sales/photos/<int:photo_id>",
        methods=["GET"],
        media="image/jpeg",
        tags=TAGS,
        summary="One of my pictures (JPEG)",
        operation_id="get_after_sale_photo",
        errors=(NOT_FOUND,),
    )
    def photo(self, ctx, photo_id):
        """The bytes of the picture."""
        photo = ctx.env["wx.after.sale.photo"]._wx_owned(ctx, photo_id)
        headers = [("Content-Type", "image/jpeg"), ("Cache-Control", "private")]
        return Response(base64.b64decode(photo.image), headers=headers)

    @wx_route(
        "/after-sales",
        methods=["POST"],
        body=AfterSaleIn,
        returns=AfterSale,
        status=201,
        idempotent=True,
        tags=TAGS,
        summary="Ask for a refund, a return or an exchange",
        operation_id="create_after_sale",
        errors=(
            NOT_FOUND,
            (409, "after_sale.not_possible"),
            (409, "after_sale.pieces"),
            (409, "after_sale.amount"),
            (409, "after_sale.seven_day"),
            (422, "after_sale.reason"),
            (422, "after_sale.photo_required"),
        ),
    )
    # a controller, no model: there is nothing to call
    # pylint: disable=method-required-super
    def create(self, ctx, body):
        """Goods that have not left may be refunded at once."""
        return ctx.env["wx.after.sale.service"]._create(ctx, body)

    @wx_route(
        "/after-sales",
        methods=["GET"],
        query=AfterSaleQuery,
        returns=AfterSalePage,
        tags=TAGS,
        summary="My after-sales, newest first",
        operation_id="list_after_sales",
    )
    def list(self, ctx, query):
        """Optionally of one order or state."""
        return ctx.env["wx.after.sale.service"]._list(ctx, query)

    @wx_route(
        "/after-sales/<int:after_sale_id>",
        methods=["GET"],
        returns=AfterSale,
        tags=TAGS,
        summary="One of my after-sales",
        operation_id="get_after_sale",
        errors=(NOT_FOUND,),
    )
    def detail(self, ctx, after_sale_id):
        """With the return address once it is approved."""
        return ctx.env["wx.after.sale.service"]._detail(ctx, after_sale_id)

    @wx_route(
        "/after-sales/<int:after_sale_id>/cancel",
        methods=["POST"],
        returns=AfterSale,
        tags=TAGS,
        summary="Withdraw my request",
        operation_id="cancel_after_sale",
        errors=(NOT_FOUND, STATE),
    )
    def cancel(self, ctx, after_sale_id):
        """Until the goods are on their way back or the money is."""
        return ctx.env["wx.after.sale.service"]._cancel(ctx, after_sale_id)

    @wx_route(
        "/after-sales/<int:after_sale_id>/return-shipment",
        methods=["POST"],
        body=ReturnShipmentIn,
        returns=AfterSale,
        tags=TAGS,
        summary="The waybill of the goods I send back",
        operation_id="ship_after_sale_return",
        errors=(NOT_FOUND, STATE),
    )
    def return_shipment(self, ctx, after_sale_id, body):
        """May be corrected until the parcel has arrived."""
        return ctx.env["wx.after.sale.service"]._return_shipment(
            ctx, after_sale_id, body
        )

    @wx_route(
        "/after-sales/<int:after_sale_id>/escalate",
        methods=["POST"],
        body=EscalateIn,
        returns=AfterSale,
        tags=TAGS,
        summary="Dispute the answer",
        operation_id="escalate_after_sale",
        errors=(NOT_FOUND, STATE),
    )
    def escalate(self, ctx, after_sale_id, body):
        """Once per after-sale, after a rejection or an inspection, or when nobody
        answered in time."""
        return ctx.env["wx.after.sale.service"]._escalate(ctx, after_sale_id, body)
