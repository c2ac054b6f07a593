"""AEAD_AES_256_GCM resources and RSA-OAEP fields."""

import base64
import binascii

from cryptography.exceptions import InvalidTag
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from .errors import WxPayDecryptError
from .verify import strict_base64

ALGORITHM = "AEAD_AES_256_GCM"
# WeChat uses SHA-1 here; it serves as OAEP's mask, not as a signature hash.
_OAEP = padding.OAEP(
    mgf=padding.MGF1(hashes.SHA1()),
    algorithm=hashes.SHA1(),
    label=None,
)


def aes_gcm_decrypt(key: bytes, nonce, associated_data, ciphertext) -> bytes:
    """Open base64( ciphertext ‖ 16-byte tag ).

    :raise WxPayDecryptError: ``base64`` or ``tag``
    """
    try:
        sealed = strict_base64(ciphertext)
    except (binascii.Error, ValueError, UnicodeEncodeError) as exc:
        raise WxPayDecryptError("base64", "ciphertext is not base64") from exc
    try:
        return AESGCM(key).decrypt(
            nonce.encode(), sealed, (associated_data or "").encode()
        )
    except (InvalidTag, ValueError) as exc:
        raise WxPayDecryptError(
            "tag", "the resource does not open with this APIv3 key"
        ) from exc


def decrypt_resource(key: bytes, resource) -> bytes:
    """Open a notification's or certificate's encrypted part.

    :param key: APIv3 key, 32 bytes
    :param resource: ``algorithm``, ``nonce``, ``associated_data``, ``ciphertext``
    :raise WxPayDecryptError: ``structure``, ``algorithm``, ``base64``, ``tag``
    """
    if not isinstance(resource, dict):
        raise WxPayDecryptError("structure", "no resource in the notification")
    values = [resource.get(name) for name in ("nonce", "ciphertext")]
    associated = resource.get("associated_data") or ""
    if not all(isinstance(v, str) and v for v in values) or not isinstance(
        associated, str
    ):
        raise WxPayDecryptError("structure", "incomplete resource")
    if resource.get("algorithm") != ALGORITHM:
        raise WxPayDecryptError("algorithm", "unknown encryption algorithm")
    return aes_gcm_decrypt(key, values[0], associated, values[1])


def oaep_encrypt(public_key, text: str) -> str:
    """A sensitive request field; at most 214 bytes for a 2048-bit key."""
    return base64.b64encode(public_key.encrypt(text.encode(), _OAEP)).decode()


def oaep_decrypt(private_key, text: str) -> str:
    """A sensitive answer field.

    :raise WxPayDecryptError: ``base64`` or ``tag``
    """
    try:
        return private_key.decrypt(strict_base64(text), _OAEP).decode()
    except (binascii.Error, UnicodeError) as exc:
        raise WxPayDecryptError("base64", "field is not base64") from exc
    except ValueError as exc:
        raise WxPayDecryptError("tag", "field was sealed for another key") from exc
