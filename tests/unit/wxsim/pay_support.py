"""A merchant written for the tests: signs and verifies with ``cryptography`` alone."""

import base64
import dataclasses
import functools
import http.server
import itertools
import json
import secrets
import threading
import time

import requests
from cryptography import x509
from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding
from cryptography.hazmat.primitives.ciphers.aead import AESGCM

from wxsim.core import identity

SCHEME = "WECHATPAY2-SHA256-RSA2048"


@functools.lru_cache(maxsize=64)
def load_key(pem):
    """A private key; loading checks its primes, which takes long."""
    return serialization.load_pem_private_key(pem.encode(), None)


def rsa_sign(pem, text):
    raw = load_key(pem).sign(text.encode(), padding.PKCS1v15(), hashes.SHA256())
    return base64.b64encode(raw).decode()


def rsa_holds(pem, message, signature):
    if "CERTIFICATE" in pem:
        key = x509.load_pem_x509_certificate(pem.encode()).public_key()
    else:
        key = serialization.load_pem_public_key(pem.encode())
    try:
        raw = base64.b64decode(signature, validate=True)
        key.verify(raw, message, padding.PKCS1v15(), hashes.SHA256())
    except (InvalidSignature, ValueError):
        return False
    return True


def unseal(key, resource):
    """The decrypted JSON of a notification's resource."""
    plain = AESGCM(key.encode()).decrypt(
        resource["nonce"].encode(),
        base64.b64decode(resource["ciphertext"]),
        resource["associated_data"].encode(),
    )
    return json.loads(plain)


@dataclasses.dataclass
class Received:
    """One request at the merchant's server."""

    path: str
    headers: dict
    body: bytes
    at: float


class Receiver:
    """Records what comes and answers with ``statuses`` in turn, then 204."""

    def __init__(self):
        self.got = []
        self.statuses = []
        self.delay = 0.0
        self._cond = threading.Condition()
        outer = self

        class Handler(http.server.BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_POST(self):
                body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
                if outer.delay:
                    time.sleep(outer.delay)
                with outer._cond:
                    outer.got.append(
                        Received(self.path, dict(self.headers), body, time.time())
                    )
                    status = outer.statuses.pop(0) if outer.statuses else 204
                    outer._cond.notify_all()
                self.send_response(status)
                self.send_header("Content-Length", "0")
                self.end_headers()

            def log_message(self, *args):
                return None

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.url = f"http://127.0.0.1:{self._server.server_port}/notify"

    def __enter__(self):
        self._thread = threading.Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": 0.05}
        )
        self._thread.start()
        return self

    def __exit__(self, *exc_info):
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()

    def wait(self, count, seconds=8.0):
        """The first ``count`` requests, as soon as they are there."""
        with self._cond:
            self._cond.wait_for(lambda: len(self.got) >= count, seconds)
            assert len(self.got) >= count, f"{len(self.got)} of {count} came"
            return list(self.got)


class Shop:
    """One merchant with a mini-program and a shopper, over HTTP only."""

    def __init__(self, sim, receiver, **merchant):
        self.sim = sim
        self.receiver = receiver
        self.http = requests.Session()
        with sim.store.write() as db:
            self.appid = identity.create_app(db, sim.ids, name="测试店")["appid"]
            self.uid = identity.create_user(db, sim.ids)["uid"]
            self.openid = identity.openid_of(db, sim.ids, self.appid, self.uid)
        self.merchant = self.ctl(
            "POST", "/_ctl/merchants", {"appids": [self.appid], **merchant}
        )
        self.mchid = self.merchant["mchid"]
        self._numbers = itertools.count(1)

    # -- control --------------------------------------------------------------
    def ctl(self, method, path, body=None, status=200):
        answer = self.http.request(method, self.sim.base_url + path, json=body)
        assert answer.status_code == status, answer.text
        return answer.json()

    def settings(self, **values):
        return self.ctl("POST", "/_ctl/settings", values)

    def unsure(self, **values):
        return self.ctl("POST", "/_ctl/settings", {"unsure": values})

    def clock(self, **body):
        return self.ctl("POST", "/_ctl/clock", body)

    def fault(self, kind, **more):
        return self.ctl("POST", "/_ctl/faults", {"kind": kind, **more})

    # -- protocol -------------------------------------------------------------
    def authorization(self, method, target, body="", **wrong):
        """The header; ``wrong`` replaces single attributes after signing."""
        merchant = self.merchant
        stamp = str(wrong.pop("signed_timestamp", int(time.time())))
        nonce = wrong.pop("signed_nonce", secrets.token_hex(16))
        text = f"{method}\n{target}\n{stamp}\n{nonce}\n{body}\n"
        values = {
            "mchid": self.mchid,
            "nonce_str": nonce,
            "timestamp": stamp,
            "serial_no": merchant["merchant_serial"],
            "signature": rsa_sign(merchant["merchant_private_key"], text),
            **wrong,
        }
        listed = ",".join(f'{name}="{value}"' for name, value in values.items())
        return f"{SCHEME} {listed}"

    def call(self, method, target, body=None, headers=None, text=None):
        """A signed request; ``text`` sends these bytes instead of the JSON."""
        if text is None:
            text = "" if body is None else json.dumps(body, ensure_ascii=False)
        sent = {
            "Authorization": self.authorization(method, target, text),
            "Accept": "application/json",
            "User-Agent": "test",
            **(headers or {}),
        }
        if text:
            sent.setdefault("Content-Type", "application/json")
        return self.http.request(
            method, self.sim.base_url + target, data=text.encode(), headers=sent
        )

    def number(self):
        return f"ORDER{next(self._numbers):08d}"

    def order_body(self, **changes):
        body = {
            "appid": self.appid,
            "mchid": self.mchid,
            "description": "测试商品",
            "out_trade_no": self.number(),
            "notify_url": self.receiver.url,
            "amount": {"total": 10000, "currency": "CNY"},
            "payer": {"openid": self.openid},
            **changes,
        }
        return {name: value for name, value in body.items() if value is not None}

    def prepay(self, body=None, **changes):
        body = body or self.order_body(**changes)
        answer = self.call("POST", "/v3/pay/transactions/jsapi", body)
        assert answer.status_code == 200, answer.text
        return body["out_trade_no"], answer.json()["prepay_id"]

    def payment(self, prepay_id, **wrong):
        """Parameters for ``wx.requestPayment``."""
        stamp = str(int(time.time()))
        package = f"prepay_id={prepay_id}"
        text = f"{self.appid}\n{stamp}\nNONCE\n{package}\n"
        return {
            "timeStamp": stamp,
            "nonceStr": "NONCE",
            "package": package,
            "signType": "RSA",
            "paySign": rsa_sign(self.merchant["merchant_private_key"], text),
            **wrong,
        }

    def tap(self, prepay_id, **more):
        body = {"appid": self.appid, "payment": self.payment(prepay_id), **more}
        return self.ctl("POST", f"/_ctl/users/{self.uid}/pay", body)

    def paid(self, total=10000, tap=None, **changes):
        """Order and pay; returns ``(out_trade_no, transaction_id)``."""
        number, prepay_id = self.prepay(
            amount={"total": total, "currency": "CNY"}, **changes
        )
        answer = self.tap(prepay_id, **(tap or {}))
        assert answer["errMsg"] == "requestPayment:ok", answer
        return number, answer["transaction_id"]

    def query(self, number):
        target = f"/v3/pay/transactions/out-trade-no/{number}?mchid={self.mchid}"
        return self.call("GET", target)

    def close(self, number):
        target = f"/v3/pay/transactions/out-trade-no/{number}/close"
        return self.call("POST", target, {"mchid": self.mchid})

    def refund(self, number, refund_no, amount, total=10000, **more):
        return self.call(
            "POST",
            "/v3/refund/domestic/refunds",
            {
                "out_trade_no": number,
                "out_refund_no": refund_no,
                "amount": {"refund": amount, "total": total, "currency": "CNY"},
                **more,
            },
        )

    def query_refund(self, refund_no):
        return self.call("GET", f"/v3/refund/domestic/refunds/{refund_no}")

    def bill(self, path):
        """Apply and download: ``(apply answer, bytes)``."""
        answer = self.call("GET", path)
        assert answer.status_code == 200, answer.text
        target = answer.json()["download_url"].removeprefix(self.sim.base_url)
        download = self.call("GET", target)
        assert download.status_code == 200
        return answer.json(), download.content

    # -- verification ---------------------------------------------------------
    def platform_key(self, serial):
        if serial == self.merchant["public_key_id"]:
            return self.merchant["public_key"]
        fresh = self.ctl("GET", f"/_ctl/merchants/{self.mchid}")
        for entry in fresh["platform_certificates"]:
            if entry["serial_no"] == serial:
                return entry["certificate"]
        return None

    def genuine(self, headers, body):
        """Whether the signed headers hold over the body."""
        pem = self.platform_key(headers["Wechatpay-Serial"])
        stamp, nonce = headers["Wechatpay-Timestamp"], headers["Wechatpay-Nonce"]
        message = f"{stamp}\n{nonce}\n".encode() + body + b"\n"
        return pem and rsa_holds(pem, message, headers["Wechatpay-Signature"])

    def error(self, answer):
        """``(status, code)`` of an error answer."""
        return answer.status_code, answer.json()["code"]
