"""Message push: signatures, encryption and the two body formats.

Source of the rules: the platform's message-push page (WXBizMsgCrypt): SHA-1 over
the sorted parts, AES-256-CBC with the IV taken from the key, PKCS#7 with block 32,
``random(16) + length(4, big endian) + message + appid``.
"""

import base64
import binascii
import hashlib
import hmac
import json
import re

from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes
from lxml import etree

BLOCK = 32
MODES = ("plain", "compatible", "safe")
FORMATS = ("json", "xml")
_KEY = re.compile(r"[A-Za-z0-9]{43}\Z")
# What XML 1.0 cannot carry at all, escaped or not.
_XML_ILLEGAL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]")


class MessageError(ValueError):
    """A message that must be refused: bad signature, cipher text, pad or appid."""


def sha1_signature(*parts):
    """Hex SHA-1 of the sorted, joined ``parts`` (strings)."""
    return hashlib.sha1("".join(sorted(parts)).encode()).hexdigest()


def same_signature(left, right):
    """Compare two hex signatures in constant time."""
    return hmac.compare_digest(str(left).encode(), str(right).encode())


class MessageCrypto:
    """Encrypt and decrypt the messages of one app.

    ``encoding_aes_key`` is the console's 43-character EncodingAESKey; raises
    :class:`MessageError` when it is malformed.
    """

    def __init__(self, token, encoding_aes_key, appid):
        if not _KEY.match(encoding_aes_key or ""):
            raise MessageError("EncodingAESKey must be 43 letters or digits")
        self.token = token
        self.appid = appid
        self.key = base64.b64decode(encoding_aes_key + "=")

    def _cipher(self):
        return Cipher(algorithms.AES(self.key), modes.CBC(self.key[:16]))

    def encrypt(self, message, random16):
        """Return the base64 cipher text of ``message`` (str); ``random16``: 16 B."""
        if len(random16) != 16:
            raise MessageError("the random prefix has 16 bytes")
        raw = message.encode()
        full = random16 + len(raw).to_bytes(4, "big") + raw + self.appid.encode()
        pad = BLOCK - len(full) % BLOCK
        encryptor = self._cipher().encryptor()
        data = encryptor.update(full + bytes([pad]) * pad) + encryptor.finalize()
        return base64.b64encode(data).decode()

    def decrypt(self, encrypted):
        """Return the message text; :class:`MessageError` on anything not ours."""
        try:
            data = base64.b64decode(encrypted, validate=True)
        except (binascii.Error, ValueError) as error:
            raise MessageError("Encrypt is not base64") from error
        if not data or len(data) % 16:
            raise MessageError("cipher text length is not a multiple of 16")
        decryptor = self._cipher().decryptor()
        full = decryptor.update(data) + decryptor.finalize()
        pad = full[-1]
        if not 1 <= pad <= BLOCK or full[-pad:] != bytes([pad]) * pad:
            raise MessageError("bad padding")
        full = full[:-pad]
        length = int.from_bytes(full[16:20], "big")
        if len(full) < 20 or 20 + length > len(full):
            raise MessageError("length field larger than the message")
        if full[20 + length :] != self.appid.encode():
            raise MessageError("appid of the message is not ours")
        try:
            return full[20 : 20 + length].decode()
        except UnicodeDecodeError as error:
            raise MessageError("message is not UTF-8") from error

    def signature(self, timestamp, nonce, encrypted):
        """``msg_signature`` of an encrypted body."""
        return sha1_signature(self.token, str(timestamp), str(nonce), encrypted)

    def open_reply(self, body, form):
        """Verify and decrypt an encrypted reply of the developer's server.

        ``body`` is text, ``form`` json or xml; raises :class:`MessageError`.
        """
        fields = parse_body(body, form)
        missing = {"Encrypt", "MsgSignature", "TimeStamp", "Nonce"} - set(fields)
        if missing:
            raise MessageError("reply lacks " + ", ".join(sorted(missing)))
        expected = self.signature(
            fields["TimeStamp"], fields["Nonce"], fields["Encrypt"]
        )
        if not same_signature(expected, fields["MsgSignature"]):
            raise MessageError("reply has a wrong MsgSignature")
        return self.decrypt(fields["Encrypt"])


def _fill(parent, value):
    if isinstance(value, dict):
        for key, item in value.items():
            # A list repeats its element: <List>…</List><List>…</List>.
            for one in item if isinstance(item, list) else [item]:
                _fill(etree.SubElement(parent, key), one)
    elif isinstance(value, bool):
        parent.text = "true" if value else "false"
    elif isinstance(value, int | float):
        parent.text = str(value)
    else:
        text = _XML_ILLEGAL.sub("", "" if value is None else str(value))
        # CDATA cannot hold its own end mark; lxml refuses it, so escape instead.
        parent.text = text if "]]>" in text else etree.CDATA(text)


def render_body(fields, form):
    """Serialise a message (dict) as the platform does: JSON or XML with CDATA."""
    if form == "json":
        return json.dumps(fields, ensure_ascii=False, separators=(",", ":"))
    root = etree.Element("xml")
    _fill(root, fields)
    return etree.tostring(root, encoding="unicode")


def _unfold(element):
    if not len(element):
        return element.text or ""
    fields = {}
    for child in element:
        value = _unfold(child)
        if child.tag in fields:
            known = fields[child.tag]
            fields[child.tag] = [*(known if isinstance(known, list) else [known])]
            fields[child.tag].append(value)
        else:
            fields[child.tag] = value
    return fields


def parse_body(body, form):
    """Parse a JSON or XML message into a dict; :class:`MessageError` otherwise."""
    try:
        if form == "json":
            fields = json.loads(body)
        else:
            parser = etree.XMLParser(resolve_entities=False, no_network=True)
            fields = _unfold(etree.fromstring(body.encode(), parser))
    except (ValueError, etree.XMLSyntaxError) as error:
        raise MessageError(f"body is not {form}") from error
    if not isinstance(fields, dict):
        raise MessageError(f"body is not a {form} object")
    return fields


def build_push(crypto_args, fields, mode, form, timestamp, nonce, random16):
    """Build one push request.

    ``crypto_args`` is ``(token, encoding_aes_key, appid)``. Returns
    ``(query, body)``: a dict of query parameters and the UTF-8 body. ``openid``
    travels in the query only when the sender is a user.
    """
    token, aes_key, appid = crypto_args
    timestamp, nonce = str(timestamp), str(nonce)
    query = {
        "signature": sha1_signature(token, timestamp, nonce),
        "timestamp": timestamp,
        "nonce": nonce,
    }
    sender = str(fields.get("FromUserName", ""))
    if sender.startswith("o") and len(sender) == 28:
        query["openid"] = sender
    if mode == "plain":
        return query, render_body(fields, form).encode()
    crypto = MessageCrypto(token, aes_key, appid)
    encrypted = crypto.encrypt(render_body(fields, form), random16)
    query["encrypt_type"] = "aes"
    query["msg_signature"] = crypto.signature(timestamp, nonce, encrypted)
    envelope = {"ToUserName": fields.get("ToUserName", ""), "Encrypt": encrypted}
    if mode == "compatible":
        envelope = {**fields, "Encrypt": encrypted}
    return query, render_body(envelope, form).encode()
