"""Open data of the mini-program client: signatures and encryptedData.

Rules: ``signature = sha1(rawData + session_key)``; encryptedData is AES-128-CBC
with PKCS#7 (block 16) under the decoded session_key; the checksession signature is
HMAC-SHA256 of an empty message under the session_key *as text*.
"""

import base64
import hashlib
import hmac
import json

from cryptography.hazmat.primitives import padding
from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes


def raw_data_signature(raw_data, session_key):
    """Hex SHA-1 that ``wx.getUserInfo`` returns beside ``rawData``."""
    return hashlib.sha1((raw_data + session_key).encode()).hexdigest()


def session_signature(session_key, message=b""):
    """Hex signature of ``/wxa/checksession`` and its relatives."""
    return hmac.new(session_key.encode(), message, hashlib.sha256).hexdigest()


def encrypt_data(data, session_key, iv):
    """Return encryptedData (base64) of a dict; ``iv`` is base64 of 16 bytes."""
    padder = padding.PKCS7(128).padder()
    raw = json.dumps(data, ensure_ascii=False, separators=(",", ":")).encode()
    cipher = Cipher(
        algorithms.AES(base64.b64decode(session_key)),
        modes.CBC(base64.b64decode(iv)),
    ).encryptor()
    padded = padder.update(raw) + padder.finalize()
    return base64.b64encode(cipher.update(padded) + cipher.finalize()).decode()


def decrypt_data(encrypted, session_key, iv):
    """Inverse of :func:`encrypt_data`; ValueError on a wrong key or damage."""
    cipher = Cipher(
        algorithms.AES(base64.b64decode(session_key)),
        modes.CBC(base64.b64decode(iv)),
    ).decryptor()
    padded = cipher.update(base64.b64decode(encrypted)) + cipher.finalize()
    unpadder = padding.PKCS7(128).unpadder()
    return json.loads(unpadder.update(padded) + unpadder.finalize())
