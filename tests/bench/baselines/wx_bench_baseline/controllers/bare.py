"""Baselines: a controller returning a constant, and one that verifies an RSA signature."""

import base64
import os

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding

from odoo import http
from odoo.http import request

OPEN = {"auth": "none", "save_session": False, "csrf": False, "type": "http"}


class Bare(http.Controller):
    @http.route("/bench/bare", methods=["GET", "POST"], **OPEN)
    def bare(self, **kw):
        return request.make_json_response({"ok": True})

    @http.route("/bench/verify", methods=["POST"], **OPEN)
    def verify(self, **kw):
        head, body = request.httprequest.headers, request.httprequest.get_data()
        key = serialization.load_pem_public_key(os.environb[b"WX_BENCH_PUBLIC_KEY"])
        signed = b"%s\n%s\n%s\n" % (
            head["Wechatpay-Timestamp"].encode(),
            head["Wechatpay-Nonce"].encode(),
            body,
        )
        signature = base64.b64decode(head["Wechatpay-Signature"])
        key.verify(signature, signed, padding.PKCS1v15(), hashes.SHA256())
        return request.make_response("", status=204)
