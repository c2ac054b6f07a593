from odoo import http
from odoo.http import request

from odoo.addons.wx_base.problems import WxError

from .portal import WxPayPortal


class WxPayCheckoutPage(http.Controller):
    """The page on which several documents are paid together."""

    @http.route(
        "/wx/pay/checkout/<int:checkout_id>/<string:token>",
        type="http",
        auth="public",
        methods=["GET"],
        website=True,
        sitemap=False,
    )
    def page(self, checkout_id, token, **_kw):
        """QR code while it can be paid; the page looks again every few seconds."""
        # sudo: whoever has the link may see and pay, nothing else
        checkout = request.env["wx.pay.checkout"].sudo().browse(checkout_id).exists()
        if not checkout or not checkout._check_token(token):
            raise request.not_found()
        values = {"checkout": checkout, "qr": None, "problem": None}
        for tx in checkout.transaction_ids:
            waits = tx.state in ("draft", "pending")
            if waits and tx.wx_prepay_at and WxPayPortal._may_query(tx):
                # sudo: the page's token was checked; it shows the own payment
                request.env["wx.pay.service"].sudo()._query(tx)
        checkout.invalidate_recordset()
        tx = checkout._attempt()
        if tx:
            try:
                values["qr"] = (
                    # sudo: the page's token was checked; it shows the own payment
                    request.env["wx.pay.service"].sudo()._portal_values(tx)["wx_qr"]
                )
            except WxError as error:
                values["problem"] = error.title
        return request.render("wx_pay.checkout_page", values)
