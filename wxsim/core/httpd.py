"""The HTTP/1.1 server: one thread per connection, keep-alive, deep backlog."""

import http.server
import logging
import socket
import socketserver
import threading

from .app import DropConnection
from .messages import Request

_logger = logging.getLogger(__name__)
_MAX_BODY = 10 * 1024 * 1024


class _Handler(http.server.BaseHTTPRequestHandler):
    protocol_version = "HTTP/1.1"
    server_version = "nginx"
    sys_version = ""
    # One segment per answer; without this Nagle adds 40 ms to each.
    disable_nagle_algorithm = True
    wbufsize = -1
    timeout = 120

    def _serve(self):
        body = self._read_body()
        if body is None:
            return
        request = Request(
            self.command, self.path, self.headers, body, self.client_address[0]
        )
        try:
            response = self.server.app.handle(request)
        except DropConnection:
            self.close_connection = True
            self.connection.shutdown(socket.SHUT_RDWR)
            return
        self.send_response_only(response.status)
        self.send_header("Server", "nginx")
        self.send_header("Date", self.date_time_string())
        for name, value in response.headers:
            self.send_header(name, value)
        if response.status != 204:
            self.send_header("Content-Length", str(len(response.body)))
        self.end_headers()
        if response.status != 204 and self.command != "HEAD":
            self.wfile.write(response.body)
        self.wfile.flush()

    do_GET = do_POST = do_PUT = do_DELETE = do_PATCH = do_HEAD = _serve

    def _read_body(self):
        if "chunked" in self.headers.get("Transfer-Encoding", "").lower():
            return self._read_chunks()
        try:
            length = int(self.headers.get("Content-Length") or 0)
        except ValueError:
            length = -1
        if not 0 <= length <= _MAX_BODY:
            self.send_error(413 if length > 0 else 400)
            self.close_connection = True
            return None
        return self.rfile.read(length) if length else b""

    def _read_chunks(self):
        parts, total = [], 0
        while True:
            size = int(self.rfile.readline(64).split(b";")[0] or b"0", 16)
            total += size
            if total > _MAX_BODY:
                self.send_error(413)
                self.close_connection = True
                return None
            if not size:
                break
            parts.append(self.rfile.read(size))
            self.rfile.readline(8)
        while self.rfile.readline(1024).strip():
            continue
        return b"".join(parts)

    def log_message(self, format, *args):
        _logger.debug(format, *args)


class Httpd(socketserver.ThreadingMixIn, http.server.HTTPServer):
    """Listening socket and its connection threads."""

    daemon_threads = True
    block_on_close = False
    request_queue_size = 1024
    allow_reuse_address = True

    def __init__(self, address, app):
        self.app = app
        self._open = set()
        self._open_lock = threading.Lock()
        super().__init__(address, _Handler)

    def server_bind(self):
        # HTTPServer asks the resolver for the host's name, which can take long.
        socketserver.TCPServer.server_bind(self)
        self.server_name, self.server_port = self.server_address[:2]

    def process_request(self, request, client_address):
        with self._open_lock:
            self._open.add(request)
        super().process_request(request, client_address)

    def shutdown_request(self, request):
        with self._open_lock:
            self._open.discard(request)
        super().shutdown_request(request)

    def handle_error(self, request, client_address):
        _logger.debug("connection of %s ended", client_address)

    def close_connections(self):
        """End the connections that clients keep open."""
        with self._open_lock:
            sockets = list(self._open)
        for connection in sockets:
            try:
                connection.shutdown(socket.SHUT_RDWR)
            except OSError:
                # The client closed it first.
                continue
