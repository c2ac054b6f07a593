from datetime import timedelta

from odoo import fields, http
from odoo.http import request

from odoo.addons.payment.utils import check_access_token

from .. import const

# WeChat is asked at most this often while somebody waits before the QR code.
QUERY_SECONDS = 8


class WxPayPortal(http.Controller):
    """Polling of the QR code in core's payment form (invoices, sale orders)."""

    @http.route("/wx/pay/portal/state", type="jsonrpc", auth="public", methods=["POST"])
    def portal_state(self, reference, token, **_kw):
        """State of one portal payment.

        :param token: ``wx_token`` of the processing values
        :return: ``{"state": …}``; ``{"state": "unknown"}`` for a wrong token
        """
        if not isinstance(reference, str) or not check_access_token(
            token, "wx_poll", reference
        ):
            return {"state": "unknown"}
        tx = (
            request.env["payment.transaction"]
            # sudo: the signed token names the one payment it may see
            .sudo()
            .search(
                [("reference", "=", reference), ("provider_code", "=", const.CODE)],
                limit=1,
            )
        )
        if not tx:
            return {"state": "unknown"}
        if tx.state in ("draft", "pending") and self._may_query(tx):
            # sudo: the signed token names the one payment it may see
            request.env["wx.pay.service"].sudo()._query(tx)
        return {"state": tx.state}

    @staticmethod
    def _may_query(tx):
        """Once in a while, by a guarded touch of the row: pollers do not multiply
        calls."""
        now = fields.Datetime.now()
        if tx.write_date and now - tx.write_date < timedelta(seconds=QUERY_SECONDS):
            return False
        if not tx.try_lock_for_update():
            return False
        tx.wx_next_sweep = now + timedelta(seconds=const.PAYMENT_LADDER[0])
        return True
