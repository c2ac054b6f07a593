"""Known answers of the message push and of open data.

V1-V4 are the platform's own worked examples (message-push page), V5/V6 its open-data
samples, V7 the checksession rule, V8/V9 come from wechatpy's own tests.
"""

import base64
import json

import pytest
from wechatpy.crypto import WeChatCrypto, WeChatWxaCrypto
from wechatpy.exceptions import InvalidAppIdException

from wxsim.mp import opendata
from wxsim.mp.msgcrypto import (
    MessageCrypto,
    MessageError,
    build_push,
    parse_body,
    render_body,
    sha1_signature,
)

TOKEN, KEY, APPID = "AAAAA", "A" * 43, "wxba5fad812f8e6fb9"
PUSH = (
    "+qdx1OKCy+5JPCBFWw70tm0fJGb2Jmeia4FCB7kao+/Q5c/ohsOzQHi8khUOb05JCpj0JB4RvQMkU"
    "yus8TPxLKJGQqcvZqzDpVzazhZv6JsXUnnR8XGT740XgXZUXQ7vJVnAG+tE8NUd4yFyjPy7GgiaviN"
    "rlCTj+l5kdfMuFUPpRSrfMZuMcp3Fn2Pede2IuQrKEYwKSqFIZoNqJ4M8EajAsjLY2km32IIjdf8YL"
    "/P50F7mStwntrA2cPDrM1kb6mOcfBgRtWygb3VIYnSeOBrebufAlr7F9mFUPAJGj04="
)
PUSH_TEXT = (
    '{"ToUserName":"gh_97417a04a28d","FromUserName":"o9AgO5Kd5ggOC-bXrbNODIiE3bGY",'
    '"CreateTime":1714112445,"MsgType":"event","Event":"debug_demo",'
    '"debug_str":"hello world"}'
)
OPEN_DATA = (
    "CiyLU1Aw2KjvrjMdj8YKliAjtP4gsMZMQmRzooG2xrDcvSnxIMXFufNstNGTyaGS9uT5geRa0W4oTOb"
    "1WT7fJlAC+oNPdbB+3hVbJSRgv+4lGOETKUQz6OYStslQ142dNCuabNPGBzlooOmB231qMM85d2/fV6"
    "ChevvXvQP8Hkue1poOFtnEtpyxVLW1zAo6/1Xx1COxFvrc2d7UL/lmHInNlxuacJXwu0fjpXfz/YqYz"
    "BIBzD6WUfTIF9GRHpOn/Hz7saL8xz+W//FRAUid1OksQaQx4CMs8LOddcQhULW4ucetDf96JcR3g0gf"
    "RK4PC7E/r7Z6xNrXd2UIeorGj5Ef7b1pJAYB6Y5anaHqZ9J6nKEBvB4DnNLIVWSgARns/8wR2SiRS7M"
    "NACwTyrGvt9ts8p12PKFdlqYTopNHR1Vf7XjfhQlVsAJdNiKdYmYVoKlaRv85IfVunYzO0IKXsyl7JC"
    "UjCpoG20f0a04COwfneQAGGwd5oa+T8yO5hzuyDb/XcxxmK01EpqOyuxINew=="
)


def test_v1_url_verification():
    assert (
        sha1_signature(TOKEN, "1714036504", "1514711492")
        == "f464b24fc39322e44b38aa78f5edd27bd1441696"
    )


def test_v2_plain_push():
    fields = json.loads(PUSH_TEXT)
    query, body = build_push(
        (TOKEN, "", APPID), fields, "plain", "json", 1714037059, 486452656, b""
    )
    assert query["signature"] == "899cf89e464efb63f54ddac96b0a0a235f53aa78"
    assert query["openid"] == "o9AgO5Kd5ggOC-bXrbNODIiE3bGY"
    assert json.loads(body) == fields


def test_v3_safe_push_is_built_byte_for_byte():
    query, body = build_push(
        (TOKEN, KEY, APPID),
        json.loads(PUSH_TEXT),
        "safe",
        "json",
        "1714112445",
        "415670741",
        b"a8eedb185eb2fecf",
    )
    assert json.loads(body) == {"ToUserName": "gh_97417a04a28d", "Encrypt": PUSH}
    assert query["signature"] == "6c5c811b55cc85e0e1b54100749188c20beb3f5d"
    assert query["msg_signature"] == "046e02f8204d34f8ba5fa3b1db94908f3df2e9b3"
    assert query["encrypt_type"] == "aes"
    assert MessageCrypto(TOKEN, KEY, APPID).decrypt(PUSH) == PUSH_TEXT


def test_v4_encrypted_reply():
    crypto = MessageCrypto(TOKEN, KEY, APPID)
    text = '{"demo_resp":"good luck"}'
    encrypted = crypto.encrypt(text, b"707722b803182950")
    assert encrypted == (
        "ELGduP2YcVatjqIS+eZbp80MNLoAUWvzzyJxgGzxZO/5sAvd070Bs6qrLARC9nVHm48Y4hyRbtzv"
        "e1L32tmxSQ=="
    )
    signature = "1b9339964ed2e271e7c7b6ff2b0ef902fc94dea1"
    reply = {
        "Encrypt": encrypted,
        "MsgSignature": signature,
        "TimeStamp": 1713424427,
        "Nonce": "415670741",
    }
    for form in ("json", "xml"):
        assert crypto.open_reply(render_body(reply, form), form) == text
    reply["MsgSignature"] = signature[::-1]
    with pytest.raises(MessageError):
        crypto.open_reply(render_body(reply, "json"), "json")


def test_v5_raw_data():
    raw = (
        '{"nickName":"Band","gender":1,"language":"zh_CN","city":"Guangzhou",'
        '"province":"Guangdong","country":"CN","avatarUrl":"http://wx.qlogo.cn/mmopen/'
        "vi_32/1vZvI39NWFQ9XM4LtQpFrQJ1xlgZxx3w7bQxKARol6503Iuswjjn6nIGBiaycAjAtpujxyzY"
        'srztuuICqIM5ibXQ/0"}'
    )
    assert (
        opendata.raw_data_signature(raw, "HyVFkGl5F5OQWJZZaNzBBg==")
        == "75e81ceda165f4ffa64f4068af58c64b8f54b88c"
    )


def test_v6_encrypted_data():
    key, iv = "tiihtNczf5v6AKRyjwEUhQ==", "r7BXXKkLb8qrSNn05n0qiA=="
    data = opendata.decrypt_data(OPEN_DATA, key, iv)
    assert data["openId"] == "oGZUI0egBJY1zhBYw2KhdUfwVJJE"
    assert data["unionId"] == "ocMvos6NjeKLIBqg5Mr9QjxrP1FA"
    assert data["watermark"] == {
        "timestamp": 1477314187,
        "appid": "wx4f4bc4dec97d474b",
    }
    again = opendata.encrypt_data(data, key, iv)
    independent = WeChatWxaCrypto(key, iv, "wx4f4bc4dec97d474b")
    assert independent.decrypt_message(again)["nickName"] == "Band"
    with pytest.raises(ValueError):
        opendata.decrypt_data(OPEN_DATA, "HyVFkGl5F5OQWJZZaNzBBg==", iv)


def test_v7_session_signature():
    assert opendata.session_signature("tiihtNczf5v6AKRyjwEUhQ==") == (
        "7154f9f8b4b76b92f541cbf0e37d48840fa06e5e42da92a6f80168a1516a4735"
    )


WORK = ("123456", "kWxPEV2UEDyxWpmPdKC3F4dgPDmOvfKX1HGnEUDS1aR", "wx49f0ab532d5d035a")


def test_v8_encrypts_like_wechatpy():
    text = (
        "<xml>\n<MsgType><![CDATA[text]]></MsgType>\n"
        "<Content><![CDATA[test]]></Content>\n"
        "<FromUserName><![CDATA[wx49f0ab532d5d035a]]></FromUserName>\n"
        "<ToUserName><![CDATA[messense]]></ToUserName>\n<AgentID>1</AgentID>\n"
        "<CreateTime>1411525903</CreateTime>\n</xml>"
    )
    crypto = MessageCrypto(*WORK)
    encrypted = crypto.encrypt(text, b"1234567890123456")
    assert encrypted == (
        "9s4gMv99m88kKTh/H8IdkOiMg6bisoy3ypwy9H4hvSPe9nsGaqyw5hhSjdYbcrKk+j3nba4HMOTzH"
        "rluLBYqxgNcBqGsL8GqxlhZgURnAtObvesEl5nZ+uBE8bviY0LWke8Zy9V/QYKxNV2FqllNXcfmstt"
        "tyIkMKCCmVbCFM2JTF5wY0nFhHZSjPUL2Q1qvSUCUld+/WIXrx0oyKQmpB6o8NRrrNrsDf03oxI1p9"
        "FxUgMnwKKZeOA/uu+2IEvEBtb7muXsVbwbgX05UPPJvFurDXafG0RQyPR+mf1nDnAtQmmNOuiR5MIk"
        "dQ39xn1vWwi1O5oazPoQJz0nTYjxxEE8kv3kFxtAGVRe3ypD3WeK2XeFYFMNMpatF9XiKzHo3"
    )
    signature = crypto.signature("1411525903", "461056294", encrypted)
    assert signature == "407518b7649e86ef23978113f92d27afa9296533"


def test_v9_decrypts_like_wechatpy():
    encrypted = (
        "RgqEoJj5A4EMYlLvWO1F86ioRjZfaex/gePD0gOXTxpsq5Yj4GNglrBb8I2BAJVODGajiFnXBu7mC"
        "Patfjsu6IHCrsTyeDXzF6Bv283dGymzxh6ydJRvZsryDyZbLTE7rhnus50qGPMfp2wASFlzEgMW9z1"
        "ef/RD8XzaFYgm7iTdaXpXaG4+BiYyolBug/gYNx410cvkKR2/nPwBiT+P4hIiOAQqGp/TywZBtDh1y"
        "CF2KOd0gpiMZ5jSw3e29mTvmUHzkVQiMS6td7vXUaWOMZnYZlF3So2SjHnwh4jYFxdgpkHHqIrH/54"
        "SNdshoQgWYEvccTKe7FS709/5t6NMxuGhcUGAPOQipvWTT4dShyqio7mlsl5noTrb++x6En749zCpQ"
        "VhDpbV6GDnTbcX2e8K9QaNWHp91eBdCRxthuL0="
    )
    fields = parse_body(MessageCrypto(*WORK).decrypt(encrypted), "xml")
    assert fields["Content"] == "test"
    assert fields["FromUserName"] == "messense"


@pytest.mark.parametrize("form", ["json", "xml"])
def test_wechatpy_opens_our_safe_body(form):
    fields = {**json.loads(PUSH_TEXT), "debug_str": "a ]]> b 汉字 <x>&", "MsgId": 2**62}
    query, body = build_push((TOKEN, KEY, APPID), fields, "safe", form, 1, 2, b"0" * 16)
    message = json.loads(body) if form == "json" else body.decode()
    inner = WeChatCrypto(TOKEN, KEY, APPID).decrypt_message(
        message, query["msg_signature"], "1", "2"
    )
    inner = inner if isinstance(inner, str) else inner.decode()
    parsed = parse_body(inner, form)
    assert parsed["debug_str"] == fields["debug_str"]
    assert int(parsed["MsgId"]) == 2**62


def _forged(full):
    """Base64 cipher text of a complete, already padded buffer."""
    from cryptography.hazmat.primitives.ciphers import Cipher, algorithms, modes

    key = base64.b64decode(KEY + "=")
    encryptor = Cipher(algorithms.AES(key), modes.CBC(key[:16])).encryptor()
    return base64.b64encode(encryptor.update(full) + encryptor.finalize()).decode()


def _padded(message, appid=APPID, length=None, pad=None):
    length = len(message) if length is None else length
    full = b"0" * 16 + length.to_bytes(4, "big") + message + appid.encode()
    count = 32 - len(full) % 32
    return full + bytes([count if pad is None else pad]) * count


@pytest.mark.parametrize(
    "encrypted",
    [
        "not base64!",
        "",
        base64.b64encode(b"short").decode(),
        _forged(_padded(b"{}", appid="wx0000000000000000")),
        _forged(_padded(b"{}", length=10**6)),
        _forged(_padded(b"{}", pad=0)),
        _forged(_padded(b"{}", pad=33)),
        _forged(_padded(b"\xff\xfe")),
        _forged(bytes([32]) * 32),
    ],
)
def test_foreign_cipher_text_is_refused(encrypted):
    with pytest.raises(MessageError):
        MessageCrypto(TOKEN, KEY, APPID).decrypt(encrypted)


def test_wechatpy_refuses_another_appid():
    encrypted = MessageCrypto(TOKEN, KEY, APPID).encrypt("{}", b"0" * 16)
    foreign = WeChatCrypto(TOKEN, KEY, "wx0000000000000000")
    signature = sha1_signature(TOKEN, "1", "2", encrypted)
    with pytest.raises(InvalidAppIdException):
        foreign.decrypt_message({"Encrypt": encrypted}, signature, "1", "2")


def test_compatible_mode_carries_both():
    fields = json.loads(PUSH_TEXT)
    query, body = build_push(
        (TOKEN, KEY, APPID), fields, "compatible", "xml", 1, 2, b"0" * 16
    )
    outer = parse_body(body.decode(), "xml")
    inner = parse_body(
        MessageCrypto(TOKEN, KEY, APPID).decrypt(outer["Encrypt"]), "xml"
    )
    assert inner["debug_str"] == outer["debug_str"] == "hello world"
    assert query["msg_signature"] != query["signature"]


@pytest.mark.parametrize("key", ["", "A" * 42, "A" * 44, "-" * 43])
def test_key_format(key):
    with pytest.raises(MessageError):
        MessageCrypto(TOKEN, key, APPID)


def test_xml_lists_repeat_their_element():
    body = render_body({"E": {"List": [{"a": 1}, {"a": 2}]}}, "xml")
    assert body.count("<List>") == 2
    assert parse_body(body, "xml") == {"E": {"List": [{"a": "1"}, {"a": "2"}]}}
