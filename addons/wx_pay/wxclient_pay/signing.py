"""Request signatures (WECHATPAY2-SHA256-RSA2048) and requestPayment parameters."""

import base64
import secrets
import string

from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding

SCHEME = "WECHATPAY2-SHA256-RSA2048"
_ALPHABET = string.ascii_uppercase + string.digits


def nonce() -> str:
    """32 random characters of ``[0-9A-Z]``."""
    return "".join(secrets.choice(_ALPHABET) for _ in range(32))


def build_message(*lines) -> bytes:
    """Lines joined for signing: each one, also the last, ends with one LF."""
    parts = [line if isinstance(line, bytes) else str(line).encode() for line in lines]
    return b"".join(part + b"\n" for part in parts)


def sign(private_key, message: bytes) -> str:
    """RSASSA-PKCS1-v1_5 with SHA-256, base64 without line breaks."""
    return base64.b64encode(
        private_key.sign(message, padding.PKCS1v15(), hashes.SHA256())
    ).decode()


def authorization(
    private_key, mchid, serial_no, method, target, body, stamp, nonce_str
):
    """The ``Authorization`` header of one request.

    :param target: path and query exactly as sent
    :param body: bytes exactly as sent, empty without a body
    :param stamp: unix seconds
    """
    signature = sign(
        private_key, build_message(method.upper(), target, stamp, nonce_str, body)
    )
    return (
        f'{SCHEME} mchid="{mchid}",nonce_str="{nonce_str}",timestamp="{stamp}",'
        f'serial_no="{serial_no}",signature="{signature}"'
    )


def request_payment_params(
    private_key, appid, prepay_id, stamp, nonce_str=None
) -> dict:
    """Ready parameters of ``wx.requestPayment`` in a mini-program.

    :param appid: the mini-program the order was placed for
    :param stamp: unix seconds
    :return: ``timeStamp``, ``nonceStr``, ``package``, ``signType``, ``paySign``
    """
    nonce_str = nonce_str or nonce()
    package = f"prepay_id={prepay_id}"
    message = build_message(appid, stamp, nonce_str, package)
    return {
        "timeStamp": str(stamp),
        "nonceStr": nonce_str,
        "package": package,
        "signType": "RSA",
        "paySign": sign(private_key, message),
    }
