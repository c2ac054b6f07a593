"""Baselines: a controller returning a constant; one that verifies one signature."""

import base64
import functools
import os

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding

from odoo import http
from odoo.http import request

OPEN = {"auth": "none", "save_session": False, "csrf": False, "type": "http"}


@functools.cache
def _key():
    return serialization.load_pem_public_key(os.environb[b"WX_BENCH_PUBLIC_KEY"])


class Bare(http.Controller):
    @http.route("/bench/bare", methods=["GET", "POST"], **OPEN)
    def bare(self, **kw):
        return request.make_json_response({"ok": True})

    @http.route("/bench/verify", methods=["POST"], **OPEN)
    def verify(self, **kw):
        head, body = request.httprequest.headers, request.httprequest.get_data()
        signed = b"%s\n%s\n%s\n" % (
            head["Wechatpay-Timestamp"].encode(),
            head["Wechatpay-Nonce"].encode(),
            body,
        )
        signature = base64.b64decode(head["Wechatpay-Signature"])
        _key().verify(signature, signed, padding.PKCS1v15(), hashes.SHA256())
        return request.make_response("", status=204)
