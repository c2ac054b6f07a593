"""A small HTTP proxy between the shop and the simulator, to change what passes.

The platform's own private key (from the simulator's database) signs changed answers
again, so that a test can say "this is what WeChat itself answered". Standard library
and ``cryptography`` only.
"""

import base64
import http.client
import secrets
import threading
import time
import urllib.parse
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import padding

_HOP = {"connection", "keep-alive", "transfer-encoding", "content-length", "date"}


class Answer:
    """What the platform answered; a change may alter it.

    :ivar status: HTTP status
    :ivar headers: dict
    :ivar body: bytes
    """

    def __init__(self, status, headers, body):
        self.status, self.headers, self.body = status, dict(headers), body


class Proxy(ThreadingHTTPServer):
    """Forwards to ``target``; ``change(method, path, answer)`` sees each answer."""

    daemon_threads = True

    def __init__(self, target, change):
        self.target = urllib.parse.urlsplit(target).netloc
        self.change = change
        super().__init__(("127.0.0.1", 0), _Handler)
        self.url = f"http://127.0.0.1:{self.server_address[1]}"


class _Handler(BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"

    def _forward(self):
        length = int(self.headers.get("Content-Length") or 0)
        body = self.rfile.read(length) if length else None
        link = http.client.HTTPConnection(self.server.target, timeout=60)
        try:
            # the Host stays ours: download addresses then lead through here
            link.request(self.command, self.path, body, dict(self.headers))
            answer = link.getresponse()
            changed = Answer(answer.status, answer.getheaders(), answer.read())
        finally:
            link.close()
        self.server.change(self.command, self.path, changed)
        self.send_response_only(changed.status)
        for name, value in changed.headers.items():
            if name.lower() not in _HOP:
                self.send_header(name, value)
        self.send_header("Content-Length", str(len(changed.body)))
        self.end_headers()
        self.wfile.write(changed.body)

    do_GET = do_POST = _forward

    def log_message(self, *args):
        """Quiet."""


def sign_again(shop, answer):
    """Signs a changed answer as the platform does (public-key mode)."""
    [key] = shop.wechat(
        "SELECT * FROM pay_keys WHERE mchid=? AND owner='public_key'", shop.mchid
    )
    stamp, nonce = str(int(time.time())), secrets.token_hex(16)
    private = serialization.load_pem_private_key(key["private_pem"].encode(), None)
    message = f"{stamp}\n{nonce}\n".encode() + answer.body + b"\n"
    signature = private.sign(message, padding.PKCS1v15(), hashes.SHA256())
    answer.headers.update(
        {
            "Wechatpay-Timestamp": stamp,
            "Wechatpay-Nonce": nonce,
            "Wechatpay-Serial": key["serial"],
            "Wechatpay-Signature": base64.b64encode(signature).decode(),
        }
    )


@contextmanager
def between(shop, change):
    """The merchant's calls go through a proxy during the block."""
    proxy = Proxy(shop.sim.base_url, change)
    thread = threading.Thread(target=proxy.serve_forever, daemon=True)
    thread.start()
    try:
        with shop.pay_base(proxy.url):
            yield proxy
    finally:
        proxy.shutdown()
        proxy.server_close()
        thread.join(10)
