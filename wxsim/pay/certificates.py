"""Platform certificates and the self-test interface."""

import secrets

from ..core.app import route
from ..core.clock import to_iso
from . import crypto, fields, merchants, notifications, refund_routes
from .errors import param_error, switched
from .gateway import document, limited
from .validate import check_body

_ALPHABET = "0123456789abcdef"


@route("GET", "/v3/certificates", area="pay")
@limited("certificates")
def certificates(sim, request):
    """The platform certificates that are valid now, each encrypted."""
    merchant = request.ctx["merchant"]
    algorithm = request.query.get("algorithm_type", "RSA")
    if algorithm not in ("RSA", "ALL"):
        raise param_error("algorithm_type不支持", "query", "algorithm_type")
    if merchant["trust_mode"] == "public_key":
        raise switched(sim, "certificates_without", "系统繁忙，请稍后重试")
    with sim.store.read() as db:
        valid = merchants.valid_certificates(db, merchant["mchid"], sim.clock.now())
    data = []
    for key in valid:
        nonce = "".join(secrets.choice(_ALPHABET) for _ in range(12))
        sealed = crypto.gcm_encrypt(
            merchant["apiv3_key"], nonce, "certificate", key["public_pem"]
        )
        data.append(
            {
                "serial_no": key["serial"],
                "effective_time": to_iso(key["effective"]),
                "expire_time": to_iso(key["expires"]),
                "encrypt_certificate": {
                    "algorithm": "AEAD_AES_256_GCM",
                    "nonce": nonce,
                    "associated_data": "certificate",
                    "ciphertext": sealed,
                },
            }
        )
    return document({"data": data})


@route("POST", "/v3/security/echo", area="pay")
def echo(sim, request):
    """Echo a text and, encrypted to the merchant, an encrypted one."""
    body = check_body(request, fields.ECHO)
    merchant = request.ctx["merchant"]
    key = refund_routes.key_of_serial(sim, request, merchant)
    answer = {"echo_message": body["echo_message"]}
    if body.get("notify_url"):
        fields.check_notify_url(sim, body["notify_url"])
    if body.get("encrypted_echo_message"):
        clear = refund_routes.open_sealed(key, body["encrypted_echo_message"])
        own = request.ctx["merchant_key"]["public_pem"]
        answer["encrypted_echo_message"] = crypto.oaep_encrypt(own, clear)
    if body.get("notify_url"):
        notice = {
            "echo_message": answer["echo_message"],
            "encrypt_echo_message": answer.get("encrypted_echo_message", ""),
        }
        with sim.store.write() as db:
            event = "SECURITY_ECHO.SUCCESS"
            notifications.queue(
                sim, db, merchant, body["notify_url"], event, "security", notice
            )
    return document(answer)
