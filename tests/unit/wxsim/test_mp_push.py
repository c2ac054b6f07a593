"""Pushes: verification of the URL, retries, shapes of events, replies."""

import json

import pytest
from wechatpy.crypto import WeChatCrypto
from wechatpy.replies import TransferCustomerServiceReply
from wechatpy.utils import check_signature

from wxsim.mp.msgcrypto import MessageCrypto, parse_body, render_body

pytest_plugins = ("mp_support",)


def wait_state(mp, event, state):
    """The push of an event once it is in a state."""
    for _number in range(100):
        pushes = mp.ctl_get(f"/_ctl/apps/{mp.appid}/pushes?event={event}")["pushes"]
        if pushes and pushes[-1]["state"] == state:
            return pushes[-1]
        mp.sim.stopping.wait(0.05)
    raise AssertionError(pushes)


def test_url_verification(mp, mp_receiver):
    app = mp.receive(mp_receiver)
    result = mp.ctl(f"/_ctl/apps/{mp.appid}/verify_url")
    assert result["ok"]
    method, query, _body, _headers = mp_receiver.requests[0]
    assert method == "GET" and query["echostr"]
    check_signature(
        app["push_token"], query["signature"], query["timestamp"], query["nonce"]
    )
    assert mp.ctl_get(f"/_ctl/apps/{mp.appid}")["push_verified"]
    mp_receiver.answers.append((200, '"quoted"'))
    assert not mp.ctl(f"/_ctl/apps/{mp.appid}/verify_url")["ok"]


@pytest.mark.parametrize("attempts", [3, 4])
def test_retries_end(mp, mp_receiver, attempts):
    mp.receive(mp_receiver)
    mp.ctl("/_ctl/settings", unsure={"push_attempts": attempts})
    mp_receiver.answers.extend([(500, "no")] * 9)
    mp.ctl(f"/_ctl/apps/{mp.appid}/push", Event="debug_demo", debug_str="你好")
    push = wait_state(mp, "debug_demo", "failed")
    assert push["attempts"] == len(push["answers"]) == attempts
    queries = [request[1] for request in mp_receiver.wait(attempts)]
    assert len({query["nonce"] for query in queries}) == 1
    bodies = {request[2] for request in mp_receiver.requests}
    assert len(bodies) == 1 and "你好" in bodies.pop()


def test_retry_with_fresh_nonce_then_success(mp, mp_receiver):
    mp.receive(mp_receiver, push_mode="safe")
    mp.ctl("/_ctl/settings", unsure={"push_retry_nonce": "fresh"})
    mp_receiver.answers.append((200, "what?"))
    mp.ctl(f"/_ctl/apps/{mp.appid}/push", Event="debug_demo", debug_str="x")
    push = wait_state(mp, "debug_demo", "delivered")
    assert push["attempts"] == 2 and push["reply"] == "success"
    queries = [request[1] for request in mp_receiver.wait(2)]
    assert queries[0]["nonce"] != queries[1]["nonce"]


def test_faults_double_a_push(mp, mp_receiver):
    mp.receive(mp_receiver)
    mp.ctl("/_ctl/faults", kind="double_notification", match={"appid": mp.appid})
    mp.ctl(f"/_ctl/apps/{mp.appid}/push", Event="debug_demo", debug_str="x")
    first, second = mp_receiver.wait(2)
    assert first[2] == second[2]


@pytest.mark.parametrize("form", ["json", "xml"])
def test_shapes_of_subscribe_events(mp, mp_receiver, form):
    mp.receive(mp_receiver, push_format=form)
    uid, openid = mp.user()
    ids = [
        mp.ctl(
            f"/_ctl/apps/{mp.appid}/templates",
            title=f"t{n}",
            content="商品:{{thing1.DATA}}\n",
        )["priTmplId"]
        for n in (1, 2)
    ]

    def popup(choices, count):
        mp.ctl(f"/_ctl/users/{uid}/subscribe", appid=mp.appid, choices=choices)
        fields = parse_body(mp_receiver.wait(count)[-1][2], form)
        assert fields["Event"] == "subscribe_msg_popup_event"
        inner = fields["SubscribeMsgPopupEvent"] if form == "xml" else fields
        return inner["List"]

    one = popup({ids[0]: "accept"}, 1)
    assert one["TemplateId"] == ids[0] and one["SubscribeStatusString"] == "accept"
    both = popup({ids[0]: "accept", ids[1]: "reject"}, 2)
    assert [item["SubscribeStatusString"] for item in both] == ["accept", "reject"]
    mp.ctl("/_ctl/settings", unsure={"subscribe_event_single": "array"})
    one = popup({ids[0]: "accept"}, 3)
    assert isinstance(one, list) == (form == "json")
    body = {"touser": openid, "template_id": ids[0]}
    body["data"] = {"thing1": {"value": "苹果"}}
    assert mp.post("/cgi-bin/message/subscribe/send", body)["errcode"] == 0
    sent = parse_body(mp_receiver.wait(4)[-1][2], form)
    assert sent["Event"] == "subscribe_msg_sent_event"
    mp.ctl(f"/_ctl/users/{uid}/unsubscribe", appid=mp.appid, template_ids=ids)
    assert "subscribe_msg_change_event" in mp_receiver.wait(5)[-1][2]
    assert mp.post("/cgi-bin/message/subscribe/send", body)["errcode"] == 43101


def test_replies_are_understood(mp, mp_receiver):
    app = mp.receive(mp_receiver, push_mode="plain", push_format="xml")
    uid, openid = mp.user()
    reply = TransferCustomerServiceReply(target=openid, source=app["original_id"])

    def ask(answer):
        mp_receiver.answers.append((200, answer))
        mp.ctl(
            f"/_ctl/users/{uid}/message", appid=mp.appid, MsgType="text", Content="?"
        )
        return wait_state(mp, "text", "delivered")

    assert ask("")["reply"] == "empty"
    assert ask(reply.render())["reply"] == "transfer_customer_service"
    app = mp.receive(mp_receiver, push_mode="safe")
    crypto = WeChatCrypto(app["push_token"], app["push_aes_key"], mp.appid)
    encrypted = crypto.encrypt_message(reply.render(), "123", "1700000000")
    assert ask(encrypted)["reply"] == "transfer_customer_service"
    assert (
        ask(
            encrypted.replace("<Nonce>", "<Nonce>9", 1).replace(
                "<![CDATA[123]]>", "<![CDATA[124]]>"
            )
        )["reply"]
        == "bad"
    )
    mp.receive(mp_receiver, push_format="json")
    ours = MessageCrypto(app["push_token"], app["push_aes_key"], mp.appid)
    text = ours.encrypt(json.dumps({"MsgType": "transfer_customer_service"}), b"0" * 16)
    answer = {
        "Encrypt": text,
        "MsgSignature": ours.signature(1, "2", text),
        "TimeStamp": 1,
        "Nonce": "2",
    }
    assert ask(render_body(answer, "json"))["reply"] == "transfer_customer_service"


def test_media_check_comes_by_push(mp, mp_receiver):
    mp.receive(mp_receiver)
    mp.ctl("/_ctl/settings", mp_media_check_delay=0)
    _uid, openid = mp.user()

    def check(url):
        body = {
            "media_url": url,
            "media_type": 2,
            "version": 2,
            "scene": 2,
            "openid": openid,
        }
        answer = mp.post("/wxa/media_check_async", body)
        assert answer["errcode"] == 0
        push = wait_state(mp, "wxa_media_check", "delivered")
        assert push["fields"]["trace_id"] == answer["trace_id"]
        # The receiver also serves the picture, so look for the push itself.
        posts = [r[2] for r in mp_receiver.requests if r[0] == "POST"]
        return json.loads(posts[-1])

    base = mp_receiver.url.partition("?")[0]
    assert check(f"{base}/good.png")["result"]["suggest"] == "pass"
    assert check(f"{base}/risky.png")["result"] == {"suggest": "risky", "label": 20002}
    assert check("http://127.0.0.1:9/none.png")["errcode"] == -1008


def test_revocations_are_pushed(mp, mp_receiver):
    mp.receive(mp_receiver)
    uid, openid = mp.user()
    mp.ctl(f"/_ctl/users/{uid}/revoke", appid=mp.appid, revoke_info="8")
    mp.ctl(f"/_ctl/users/{uid}/revoke", appid=mp.appid, account=True)
    events = {json.loads(r[2])["Event"]: json.loads(r[2]) for r in mp_receiver.wait(2)}
    assert events["user_authorization_revoke"]["RevokeInfo"] == "8"
    assert events["user_authorization_cancellation"]["OpenID"] == openid
