"""Figures of the notification route: mutations of genuine messages, none let in.

Rounds of fresh messages of paid orders. Each is changed some fifty times in one place
(the values of Wechatpay-Timestamp, -Nonce, -Signature, -Serial, or the body) and sent
to the public address; at the end of its round the message itself is sent, unchanged,
and must be taken: so neither its age nor a broken bench can explain the refusals.
"""

import base64
import functools
import http.client
import json
import os
import random
import threading
import urllib.parse
import uuid
from collections import Counter
from concurrent.futures import ThreadPoolExecutor

from . import pg, shop
from .bench import bench_stack

COUNT = int(os.environ.get("WX_BENCH_MUTATIONS", "10000"))
ROUND = 500
MESSAGES = 10  # of a round
LINKS = 8
TIME, NONCE = "Wechatpay-Timestamp", "Wechatpay-Nonce"
SIGNATURE, SERIAL = "Wechatpay-Signature", "Wechatpay-Serial"
_ALPHABET = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/=_-. "


# mutations ---------------------------------------------------------------------------


def _flip(chance, text, _other):
    at = chance.randrange(len(text))
    return text[:at] + chance.choice(_ALPHABET) + text[at + 1 :]


def _drop(chance, text, _other):
    at = chance.randrange(len(text))
    return text[:at] + text[at + 1 :]


def _insert(chance, text, _other):
    at = chance.randrange(len(text) + 1)
    return text[:at] + chance.choice(_ALPHABET) + text[at:]


def _case(chance, text, _other):
    at = chance.randrange(len(text))
    return text[:at] + text[at:].swapcase()


def _cut(chance, text, _other):
    return text[: chance.randrange(len(text))]


def _twice(_chance, text, _other):
    return f"{text}, {text}"


def _foreign(_chance, _text, other):
    return other


def _zero(_chance, text, _other):
    return f"0{text}"


def _near(chance, text, _other):
    """The same number a little later or earlier, or written in another way."""
    number = int(text)
    step = chance.choice((1, -1, 60, -60, 86400))
    return chance.choice((str(number + step), f"+{number}", f"{number}.0", hex(number)))


def _probe(_chance, text, _other):
    return "WECHATPAY/SIGNTEST/" + text[19:]


def _last_bits(_chance, text, _other):
    """Another spelling that a careless base64 decoder reads as the same bytes."""
    letters = _ALPHABET[:64]
    at = len(text.rstrip("=")) - 1
    return text[:at] + letters[letters.index(text[at]) | 1] + text[at + 1 :]


def _url_safe(_chance, text, _other):
    return text.replace("+", "-").replace("/", "_")


def _no_padding(_chance, text, _other):
    return text.rstrip("=")


_TEXT = (_flip, _drop, _insert, _case, _cut, _twice, _foreign, _zero)
HEADERS = {
    TIME: (*_TEXT, _near, _near),
    NONCE: _TEXT,
    SIGNATURE: (*_TEXT, _probe, _last_bits, _url_safe, _no_padding),
    SERIAL: _TEXT,
}


def _body_flip(chance, body, _other):
    at = chance.randrange(len(body))
    return body[:at] + bytes([body[at] ^ (1 << chance.randrange(8))]) + body[at + 1 :]


def _body_cut(chance, body, _other):
    return body[: chance.randrange(len(body))]


def _body_more(chance, body, _other):
    return body + chance.choice((b"\n", b" ", b"\0", b"{}", body))


def _body_foreign(_chance, _body, other):
    return other


def _body_again(chance, body, _other):
    """The same JSON, written in another way."""
    value = json.loads(body)
    return chance.choice(
        (
            json.dumps(value, ensure_ascii=True).encode(),
            json.dumps(value, ensure_ascii=False, indent=1).encode(),
            json.dumps(
                dict(reversed(value.items())), separators=(",", ":"), ensure_ascii=False
            ).encode(),
        )
    )


def _body_sealed(chance, body, _other):
    """Still JSON, another cipher text, nonce, associated data or id."""
    value = json.loads(body)
    place, name = chance.choice(
        (
            (value["resource"], "ciphertext"),
            (value["resource"], "nonce"),
            (value["resource"], "associated_data"),
            (value, "id"),
            (value, "event_type"),
        )
    )
    place[name] = _flip(chance, place[name], "")
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()


BODY = (
    *(_body_flip, _body_flip, _body_cut, _body_more),
    *(_body_foreign, _body_again, _body_sealed),
)


def mutate(chance, message, other):
    """``(place, message)`` with one place changed, never only in its outer blanks.

    :param message: ``(path, headers, body)``
    :param other: another genuine message of the same kind
    """
    path, headers, body = message
    while True:
        place = chance.choice((*HEADERS, "body"))
        if place == "body":
            changed = chance.choice(BODY)(chance, body, other[2])
            if changed != body:
                return place, (path, headers, changed)
            continue
        text = headers[place]
        changed = chance.choice(HEADERS[place])(chance, text, other[1][place])
        # HTTP itself takes the blanks around a value away
        if changed.strip() != text and changed.isprintable():
            return place, (path, {**headers, place: changed}, body)


# sending -----------------------------------------------------------------------------


class _Sender:
    """Keeps one connection per thread; 599 stands for no answer."""

    def __init__(self, base_url):
        self.address = urllib.parse.urlsplit(base_url).netloc
        self.local = threading.local()

    def __call__(self, message) -> int:
        path, headers, body = message
        link = getattr(self.local, "link", None)
        if link is None:
            link = self.local.link = http.client.HTTPConnection(
                self.address, timeout=60
            )
        try:
            link.request("POST", path, body, headers)
            answer = link.getresponse()
            answer.read()
            return answer.status
        except OSError:
            link.close()
            return 599


def _messages(bench, pool, count):
    """That many genuine messages of orders paid just now, not delivered yet."""

    def paid(entry):
        shopper, body = entry
        order = bench.call("POST", "/orders", body, shopper["token"], str(uuid.uuid4()))
        payment = bench.call("POST", f"/orders/{order['id']}/pay", {}, shopper["token"])
        bench.sim.ctl(
            "POST",
            f"/_ctl/users/{shopper['uid']}/pay",
            {"appid": shop.APPID, "payment": payment},
        )

    list(pool.map(paid, bench.orders(count)))
    waiting = bench.sim.ctl("GET", f"/_ctl/notifications?state=pending&limit={count}")
    found = []
    for entry in waiting["notifications"]:
        taken = bench.sim.ctl("POST", f"/_ctl/notifications/{entry['id']}/take")
        path = urllib.parse.urlsplit(taken["url"]).path
        body = base64.b64decode(taken["body_base64"])
        found.append((path, taken["headers"], body))
    return found


@functools.cache
def _run() -> dict:
    bench = bench_stack(office=False)
    chance = random.Random(20260101)
    statuses, places, genuine, sent = Counter(), Counter(), Counter(), 0
    accepted = []
    send = _Sender(bench.stack.api_url)
    bench.sim.ctl("POST", "/_ctl/settings", {"auto_deliver": False})
    with ThreadPoolExecutor(LINKS) as pool:
        while sum(statuses.values()) < COUNT:
            fresh = _messages(bench, pool, MESSAGES)
            size = min(ROUND, COUNT - sum(statuses.values()))
            made = [mutate(chance, *chance.sample(fresh, 2)) for _number in range(size)]
            for (place, _message), status in zip(
                made, pool.map(send, [message for _place, message in made]), strict=True
            ):
                statuses[status] += 1
                places[place] += 1
                if status < 400:
                    accepted.append(place)
            genuine.update(pool.map(send, fresh))
            sent += len(fresh)
    bench.sim.ctl("POST", "/_ctl/settings", {"auto_deliver": True})
    paid = int(
        pg.sql(
            bench.stack.database,
            "SELECT count(*) FROM wx_order WHERE intake_state = 'paid'",
        )
    )
    return {
        "statuses": statuses,
        "places": places,
        "taken": genuine[204],
        "sent": sent,
        "paid": paid,
        "accepted": accepted,
    }


def _figure(count) -> dict:
    run = _run()
    # a bench whose genuine messages are refused says nothing about the others
    sound = run["taken"] == run["sent"] and run["paid"] >= run["sent"]
    return {
        "value": count(run) if sound and not run["statuses"][599] else None,
        "n": sum(run["statuses"].values()),
        "note": f"{run['taken']} of {run['sent']} genuine messages taken unchanged;"
        f" answers {dict(sorted(run['statuses'].items()))};"
        f" changed in {dict(sorted(run['places'].items()))}",
    }


def mutations_accepted():
    """Changed messages that were answered as if they were WeChat's."""
    return _figure(lambda run: len(run["accepted"]))


def mutations_5xx():
    """Changed messages that made our server stumble."""
    return _figure(
        lambda run: sum(n for status, n in run["statuses"].items() if status >= 500)
    )
