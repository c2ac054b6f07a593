import base64
import json

import pytest
from wechatpy.crypto import WeChatCrypto
from wxclient import push

APPID, TOKEN, NOW = "wxba5fad812f8e6fb9", "AAAAA", 1714112445
AES_KEY = "abcdefghijklmnopqrstuvwxyz0123456789ABCDEFG"


def opened(query, body, mode="safe", **changes):
    settings = {"token": TOKEN, "aes_key": AES_KEY, "appid": APPID, "now": NOW}
    return push.open_push(query, body, mode=mode, **{**settings, **changes})


def sealed(message, appid=APPID, nonce="415670741", timestamp=str(NOW)):
    """A safe-mode push made by an independent implementation (wechatpy)."""
    text = message if isinstance(message, str) else json.dumps(message)
    document = WeChatCrypto(TOKEN, AES_KEY, appid).encrypt_message(
        text, nonce, timestamp
    )
    fields = push.parse(document.encode())
    query = {
        "timestamp": timestamp,
        "nonce": nonce,
        "signature": push.signature(TOKEN, timestamp, nonce),
        "msg_signature": fields["MsgSignature"],
        "encrypt_type": "aes",
    }
    return query, fields["Encrypt"]


def plain_query(timestamp=str(NOW), nonce="486452656"):
    return {
        "timestamp": timestamp,
        "nonce": nonce,
        "signature": push.signature(TOKEN, timestamp, nonce),
    }


def test_known_answers():
    assert push.signature("AAAAA", "1714036504", "1514711492") == (
        "f464b24fc39322e44b38aa78f5edd27bd1441696"
    )
    assert push.signature("AAAAA", "1714037059", "486452656") == (
        "899cf89e464efb63f54ddac96b0a0a235f53aa78"
    )


def test_safe_json_and_xml():
    message = {"ToUserName": "gh_1", "MsgType": "event", "Event": "x", "Content": "茶"}
    query, encrypted = sealed(message)
    body = json.dumps({"ToUserName": "gh_1", "Encrypt": encrypted}).encode()
    assert opened(query, body) == message
    xml = "<xml><Event><![CDATA[x]]></Event><MsgId>9</MsgId></xml>"
    query, encrypted = sealed(xml)
    body = f"<xml><Encrypt><![CDATA[{encrypted}]]></Encrypt><ToUserName/></xml>"
    assert opened(query, body.encode()) == {"Event": "x", "MsgId": "9"}
    both = json.dumps({"Event": "forged", "Encrypt": encrypted}).encode()
    assert opened(query, both, "compatible")["Event"] == "x"


def test_plain():
    body = b'{"Event":"a","List":{"TemplateId":"t"}}'
    assert opened(plain_query(), body, "plain")["List"] == {"TemplateId": "t"}
    xml = b"<xml><A><B>1</B><B>2</B></A><C/></xml>"
    assert opened(plain_query(), xml, "plain") == {"A": {"B": ["1", "2"]}, "C": ""}


@pytest.mark.parametrize(
    ("change", "reason"),
    [
        ({"signature": "0" * 40}, "wrong signature"),
        ({"signature": None}, "wrong signature"),
        ({"msg_signature": "0" * 40}, "wrong signature"),
        ({"nonce": "1"}, "wrong signature"),
    ],
)
def test_wrong_signatures(change, reason):
    query, encrypted = sealed({"Event": "x"})
    body = json.dumps({"Encrypt": encrypted}).encode()
    with pytest.raises(push.PushError, match=reason):
        opened({**query, **change}, body)


def test_stripping_the_encrypted_part_does_not_help():
    for mode in ("safe", "compatible"):
        with pytest.raises(push.PushError, match="not encrypted"):
            opened(plain_query(), b'{"Event":"forged"}', mode)


def test_stale_foreign_and_unconfigured():
    old = str(NOW - push.WINDOW - 1)
    with pytest.raises(push.PushError, match="stale"):
        opened(plain_query(timestamp=old), b"{}", "plain")
    query, encrypted = sealed({"Event": "x"}, appid="wx0000000000000000")
    body = json.dumps({"Encrypt": encrypted}).encode()
    with pytest.raises(push.PushError, match="another app"):
        opened(query, body)
    with pytest.raises(push.PushError, match="not configured"):
        opened(plain_query(), b"{}", "plain", token="")
    with pytest.raises(push.PushError, match="too large"):
        opened(plain_query(), b"{" + b" " * push.MAX_BODY, "plain")


@pytest.mark.parametrize(
    "cipher_text", ["", "%%%", "AAAA", "A" * 64, 5, {"a": 1}, None, "QUFB" * 8]
)
def test_damaged_cipher_texts(cipher_text):
    timestamp, nonce = str(NOW), "1"
    text = cipher_text if isinstance(cipher_text, str) else ""
    query = {
        **plain_query(timestamp, nonce),
        "msg_signature": push.signature(TOKEN, timestamp, nonce, text),
    }
    with pytest.raises(push.PushError):
        opened(query, json.dumps({"Encrypt": cipher_text}).encode())


def test_padding_and_length_are_checked():
    cipher = push.PushCipher(AES_KEY, APPID)
    assert cipher.decrypt(cipher.encrypt(b"hello", b"r" * 16)) == b"hello"
    for length in (b"\xff\xff\xff\xff", b"\x00\x00\x00\x00"):
        raw = b"r" * 16 + length + b"hello" + APPID.encode()
        raw += bytes([32 - len(raw) % 32]) * (32 - len(raw) % 32)
        with pytest.raises(push.PushError):
            cipher.decrypt(encrypted(cipher, raw))
    whole = b"r" * 16 + b"\x00\x00\x00\x05hello" + APPID.encode()
    for pad in (b"\x00", b"\x21", b"\x07"):
        with pytest.raises(push.PushError):
            cipher.decrypt(encrypted(cipher, whole + pad * (-len(whole) % 16 or 16)))
    with pytest.raises(push.PushError, match="EncodingAESKey"):
        push.PushCipher("short", APPID)


def encrypted(cipher, raw):
    encryptor = cipher._cipher().encryptor()
    return base64.b64encode(encryptor.update(raw) + encryptor.finalize()).decode()


@pytest.mark.parametrize(
    "body",
    [
        b"",
        b"hello",
        b"[1]",
        b'{"a":',
        b"\xff\xfe{",
        b"<xml><a></xml>",
        b"<html/>",
        b'<!DOCTYPE xml [<!ENTITY e "x">]><xml><a>&e;</a></xml>',
        b'<!DOCTYPE xml SYSTEM "file:///etc/passwd"><xml><a>1</a></xml>',
    ],
)
def test_bad_bodies(body):
    with pytest.raises(push.PushError):
        push.parse(body)


def test_the_same_message_has_the_same_key():
    assert push.message_key({"MsgId": 5, "a": 1}) == push.message_key({"MsgId": "5"})
    one, two = {"Event": "a", "CreateTime": 1}, {"CreateTime": 1, "Event": "a"}
    assert push.message_key(one) == push.message_key(two)
    assert push.message_key(one) != push.message_key({**one, "CreateTime": 2})
