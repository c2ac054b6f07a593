"""Messages that WeChat pushes to us: signatures, encryption, XML and JSON
(mini-program-platform.md §5.5). Pure; wechatpy's own crypto checks neither padding nor
length and compares signatures in variable time (§11.4)."""

import base64
import binascii
import hashlib
import hmac
import json
import re
import struct

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from lxml import etree

WINDOW = 600  # seconds a push may be old; its retries come within half a minute
BLOCK = 32  # PKCS#7 block of this format, not AES's
MAX_BODY = 512 * 1024


class PushError(Exception):
    """A push that is not WeChat's, not for us, damaged or too old: never act on it."""


def signature(*parts) -> str:
    """sha1 hex of the sorted, joined parts (token, timestamp, nonce[, Encrypt])."""
    return hashlib.sha1("".join(sorted(parts)).encode()).hexdigest()


def check_signature(given, *parts) -> None:
    """Raises PushError unless ``given`` signs ``parts``; constant time."""
    if not hmac.compare_digest(signature(*parts).encode(), str(given or "").encode()):
        raise PushError("wrong signature")


def check_fresh(timestamp, now) -> None:
    """Raises PushError when ``timestamp`` (seconds, text) is outside the window."""
    if not re.fullmatch(r"\d{1,12}", timestamp or ""):
        raise PushError("no timestamp")
    if abs(now - int(timestamp)) > WINDOW:
        raise PushError("stale timestamp")


class PushCipher:
    """WXBizMsgCrypt: AES-256-CBC under a 43-character key, strict on every length."""

    def __init__(self, aes_key: str, appid: str):
        try:
            self._key = base64.b64decode(aes_key + "=", validate=True)
        except (binascii.Error, ValueError) as error:
            raise PushError("EncodingAESKey is not valid") from error
        if len(self._key) != 32:
            raise PushError("EncodingAESKey is not valid")
        self._appid = appid.encode()

    def _cipher(self):
        return Cipher(algorithms.AES(self._key), modes.CBC(self._key[:16]))

    def decrypt(self, encrypted: str) -> bytes:
        """The message inside ``Encrypt``; raises PushError."""
        try:
            raw = base64.b64decode(encrypted, validate=True)
        except (binascii.Error, ValueError) as error:
            raise PushError("Encrypt is not base64") from error
        if not raw or len(raw) % 16:
            raise PushError("Encrypt has a wrong length")
        decryptor = self._cipher().decryptor()
        plain = decryptor.update(raw) + decryptor.finalize()
        pad = plain[-1]
        if not 1 <= pad <= BLOCK or plain[-pad:] != bytes([pad]) * pad:
            raise PushError("wrong padding")
        plain = plain[:-pad]
        if len(plain) < 20:
            raise PushError("message too short")
        (length,) = struct.unpack(">I", plain[16:20])
        message, appid = plain[20 : 20 + length], plain[20 + length :]
        if len(message) != length or not hmac.compare_digest(appid, self._appid):
            raise PushError("message of another app")
        return message

    def encrypt(self, message: bytes, random: bytes) -> str:
        """``Encrypt`` for a reply; ``random`` are 16 bytes."""
        plain = random + struct.pack(">I", len(message)) + message + self._appid
        pad = BLOCK - len(plain) % BLOCK
        encryptor = self._cipher().encryptor()
        raw = encryptor.update(plain + bytes([pad]) * pad) + encryptor.finalize()
        return base64.b64encode(raw).decode()


def parse(body: bytes) -> dict:
    """Fields of a JSON or XML message; XML values are str, nested elements dicts,
    repeated elements lists. Raises PushError."""
    if body.lstrip()[:1] == b"{":
        try:
            fields = json.loads(body.decode())
        except ValueError as error:
            raise PushError("body is not JSON") from error
        if not isinstance(fields, dict):
            raise PushError("body is not an object")
        return fields
    parser = etree.XMLParser(resolve_entities=False, no_network=True, huge_tree=False)
    try:
        root = etree.fromstring(body, parser)
    except (etree.XMLSyntaxError, ValueError) as error:
        raise PushError("body is neither JSON nor XML") from error
    if root.tag != "xml" or root.getroottree().docinfo.doctype:
        raise PushError("unexpected XML")
    fields = _element(root)
    return fields if isinstance(fields, dict) else {}


def _element(node):
    children = [child for child in node if isinstance(child.tag, str)]
    if not children:
        return node.text or ""
    fields = {}
    for child in children:
        value = _element(child)
        if child.tag not in fields:
            fields[child.tag] = value
        elif isinstance(fields[child.tag], list):
            fields[child.tag].append(value)
        else:
            fields[child.tag] = [fields[child.tag], value]
    return fields


def open_push(query, body, *, token, aes_key, appid, mode, now) -> dict:
    """The verified fields of a pushed message.

    :param query: the request's query parameters
    :param body: raw bytes
    :param mode: plain | compatible | safe; the last two insist on the encrypted part,
        so nobody can strip it
    :param now: real time, seconds
    :raises PushError: do not act, do not store
    """
    if not token or len(body) > MAX_BODY:
        raise PushError("not configured" if not token else "body too large")
    timestamp, nonce = query.get("timestamp", ""), query.get("nonce", "")
    check_signature(query.get("signature"), token, timestamp, nonce)
    check_fresh(timestamp, now)
    fields = parse(body)
    if mode == "plain":
        if "Encrypt" in fields:
            raise PushError("encrypted, but configured as plain")
        return fields
    encrypted = fields.get("Encrypt")
    if not isinstance(encrypted, str) or not aes_key:
        raise PushError("not encrypted, or no EncodingAESKey configured")
    check_signature(query.get("msg_signature"), token, timestamp, nonce, encrypted)
    return parse(PushCipher(aes_key, appid).decrypt(encrypted))


def message_key(fields: dict) -> str:
    """What makes a message the same one when it comes again: MsgId, else its content
    (events have no id; a retry repeats them word for word)."""
    if fields.get("MsgId"):
        return f"msg:{fields['MsgId']}"
    text = json.dumps(fields, sort_keys=True, ensure_ascii=False)
    return "event:" + hashlib.sha256(text.encode()).hexdigest()[:40]
