"""The independent library wechatpy drives the simulated open platform."""

import io
import json

import pytest
import requests
from PIL import Image
from wechatpy import WeChatClient, parse_message
from wechatpy.client.api import WeChatWxa
from wechatpy.crypto import WeChatCrypto
from wechatpy.events import UserEnterTempSessionEvent
from wechatpy.exceptions import WeChatClientException
from wechatpy.utils import check_signature

from wxsim.mp.msgcrypto import parse_body

pytest_plugins = ("mp_support",)

CONTENT = "订单号:{{character_string1.DATA}}\n商品:{{thing2.DATA}}\n"


class HostMixin:
    """Sends an API object of wechatpy to the client's own host."""

    @property
    def API_BASE_URL(self):
        return self._client.host if self._client is not None else None


class Wxa(HostMixin, WeChatWxa):
    """Codes, login and subscribe messages."""


class Client(WeChatClient):
    """wechatpy's client, pointed at the simulator."""

    wxa = Wxa()

    def __init__(self, host, appid, secret):
        self.host = host + "/"
        self.API_BASE_URL = self.host + "cgi-bin/"
        super().__init__(appid, secret, timeout=10, auto_retry=False)

    def fetch_access_token(self):
        """The classic token, from our host."""
        return self._fetch_access_token(
            url=self.host + "cgi-bin/token",
            params={
                "grant_type": "client_credential",
                "appid": self.appid,
                "secret": self.secret,
            },
        )


@pytest.fixture
def client(mp):
    """A wechatpy client of the app."""
    return Client(mp.url, mp.appid, mp.app["secret"])


def refused(call, *args, **kwargs):
    with pytest.raises(WeChatClientException) as caught:
        call(*args, **kwargs)
    return caught.value


def test_token_and_login(mp, client):
    assert client.fetch_access_token()["expires_in"] == 7200
    uid, openid = mp.user()
    made = mp.ctl(f"/_ctl/users/{uid}/login_code", appid=mp.appid)
    answer = client.wxa.code_to_session(made["code"])
    assert answer["openid"] == openid == made["openid"]
    error = refused(client.wxa.code_to_session, made["code"])
    assert error.errcode == 40163
    wrong = Client(mp.url, mp.appid, "0" * 32)
    assert refused(wrong.fetch_access_token).errcode == 40125


def test_stale_token_is_refused(mp, client):
    client.fetch_access_token()
    mp.ctl(f"/_ctl/apps/{mp.appid}/kill_tokens")
    error = refused(client.wxa.check_text_security, "好")
    assert error.errcode == 40001 and "rid: " in error.errmsg
    client.fetch_access_token()
    assert client.wxa.check_text_security("好")["errcode"] == 0
    error = refused(
        client.wxa.check_text_security, "特3456书yuuo莞6543李zxcz蒜7782法fgnv级"
    )
    assert error.errcode == 87014


def test_codes_are_pictures(mp, client):
    mp.ctl("/_ctl/apps", appid=mp.appid, released_pages=["pages/goods/detail"])
    answer = client.wxa.get_wxa_code_unlimited(
        "s=Ab3x", width=430, page="pages/goods/detail"
    )
    assert isinstance(answer, requests.Response)
    assert answer.headers["Content-Type"] == "image/png"
    picture = Image.open(io.BytesIO(answer.content))
    assert (picture.format, picture.size) == ("PNG", (430, 430))
    error = refused(client.wxa.get_wxa_code_unlimited, "s=1", page="pages/none")
    assert error.errcode == 41030
    assert refused(client.wxa.get_wxa_code_unlimited, "汉字").errcode == 40169
    limited = client.wxa.get_wxa_code("pages/goods/detail?id=7", is_hyaline=True)
    assert limited.headers["Num-Used"] == "1"
    square = client.wxa.create_qrcode("pages/goods/detail?id=7")
    assert square.headers["Num-Used"] == "2"
    assert Image.open(io.BytesIO(square.content)).format == "PNG"


def test_codes_scan(mp, client):
    reader = pytest.importorskip("zxingcpp")
    link = f"weixin://dl/business/?appid={mp.appid}&path=pages/index/index"
    for clear in (False, True):
        answer = client.wxa.get_wxa_code_unlimited("s=Ab3x", is_hyaline=clear)
        picture = Image.open(io.BytesIO(answer.content)).convert("RGBA")
        ground = Image.new("RGBA", picture.size, "white")
        ground.alpha_composite(picture)
        texts = [code.text for code in reader.read_barcodes(ground.convert("L"))]
        assert texts == [link + "&query=scene=s=Ab3x&env_version=release"]


def test_subscribe_message(mp, client):
    template = mp.ctl(
        f"/_ctl/apps/{mp.appid}/templates", title="下单通知", content=CONTENT
    )["priTmplId"]
    assert len(template) == 43
    uid, openid = mp.user()
    data = {"character_string1": {"value": "A1"}, "thing2": {"value": "苹果"}}
    send = client.wxa.send_subscribe_message
    assert refused(send, openid, template, data).errcode == 43101
    result = mp.ctl(
        f"/_ctl/users/{uid}/subscribe", appid=mp.appid, template_ids=[template]
    )
    assert result[template] == "accept"
    bad = {**data, "thing2": {"value": "果" * 21}}
    error = refused(send, openid, template, bad)
    assert error.errcode == 47003
    assert "argument invalid! data.thing2.value invalid rid: " in error.errmsg
    assert send(openid, template, data)["errcode"] == 0
    assert refused(send, openid, template, data).errcode == 43101
    shown = mp.ctl_get(f"/_ctl/users/{uid}/messages")["messages"]
    assert shown[0]["body"]["lines"] == [["订单号", "A1"], ["商品", "苹果"]]


def test_customer_service(mp, client):
    uid, openid = mp.user()
    assert refused(client.message.send_text, openid, "您好").errcode == 45015
    mp.ctl(f"/_ctl/users/{uid}/message", appid=mp.appid, MsgType="text", Content="在吗")
    png = io.BytesIO()
    Image.new("RGB", (4, 4)).save(png, "PNG")
    png.seek(0)
    media_id = client.media.upload("image", ("a.png", png, "image/png"))["media_id"]
    for _number in range(4):
        client.message.send_text(openid, "您好")
    client.message.send_image(openid, media_id)
    assert refused(client.message.send_text, openid, "您好").errcode == 45047
    assert client.media.download(media_id).content == png.getvalue()
    mp.ctl(f"/_ctl/users/{uid}/enter_session", appid=mp.appid)
    client.message.send_text(openid, "欢迎")
    mp.advance(61)
    assert refused(client.message.send_text, openid, "您好").errcode == 45015
    mp.advance(3 * 86400)
    client.fetch_access_token()
    assert refused(client.media.download, media_id).errcode == 40007


@pytest.mark.parametrize("form", ["json", "xml"])
@pytest.mark.parametrize("mode", ["plain", "compatible", "safe"])
def test_six_kinds_of_push(mp, mp_receiver, mode, form):
    app = mp.receive(mp_receiver, push_mode=mode, push_format=form)
    uid, openid = mp.user()
    mp.ctl(
        f"/_ctl/users/{uid}/enter_session",
        appid=mp.appid,
        session_from="商品 <7> & ]]>",
    )
    method, query, body, headers = mp_receiver.wait(1)[0]
    assert method == "POST" and query["shop"] == "1" and query["openid"] == openid
    expected = "application/json" if form == "json" else "text/xml"
    assert headers["Content-Type"] == expected
    check_signature(
        app["push_token"], query["signature"], query["timestamp"], query["nonce"]
    )
    text = body
    if mode == "plain":
        assert "encrypt_type" not in query and "Encrypt" not in body
    else:
        assert query["encrypt_type"] == "aes"
        crypto = WeChatCrypto(app["push_token"], app["push_aes_key"], mp.appid)
        message = json.loads(body) if form == "json" else body
        text = crypto.decrypt_message(
            message, query["msg_signature"], query["timestamp"], query["nonce"]
        )
        text = text if isinstance(text, str) else text.decode()
        outer = parse_body(body, form)
        keys = {"ToUserName", "Encrypt"}
        assert (set(outer) == keys) if mode == "safe" else (set(outer) > keys)
    if form == "xml":
        assert "<![CDATA[" in text
        event = parse_message(text)
        assert isinstance(event, UserEnterTempSessionEvent)
        assert event.source == openid and event.target == app["original_id"]
    fields = parse_body(text, form)
    assert fields["SessionFrom"] == "商品 <7> & ]]>"
    assert int(fields["CreateTime"]) > 1_700_000_000


def test_message_parsed_by_wechatpy(mp, mp_receiver):
    mp.receive(mp_receiver, push_format="xml")
    uid, openid = mp.user()
    mp.ctl(f"/_ctl/users/{uid}/message", appid=mp.appid, MsgType="text", Content="在吗")
    message = parse_message(mp_receiver.wait(1)[0][2])
    assert (message.type, message.content, message.source) == ("text", "在吗", openid)
    assert message.id > 2**53
