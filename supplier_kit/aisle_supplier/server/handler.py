"""The reference supplier's HTTP: which operation a path is, and the way from a request to a reply."""

from __future__ import annotations

import json
import re
from contextlib import suppress
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import TYPE_CHECKING

from aisle_supplier.server import control, delivery
from aisle_supplier.server.calls import Call, Reply, problem

if TYPE_CHECKING:
    from aisle_supplier.server.supplier import ReferenceSupplier

MAX_REQUEST = 262_144
"""Bytes of a request's body."""
IDLE_SECONDS = 30.0

_ID = "(?P<id>[A-Za-z0-9_-]{1,100})"
_ROUTES = (
    ("POST", re.compile("/orders"), "order"),
    ("GET", re.compile(f"/orders/{_ID}"), "status"),
    ("POST", re.compile(f"/orders/{_ID}/cancellations"), "cancellation"),
    ("POST", re.compile(f"/orders/{_ID}/changes"), "change"),
)


class Server(ThreadingHTTPServer):
    """A thread per connection; none of them keeps the process alive."""

    daemon_threads = True
    block_on_close = False
    request_queue_size = 128

    def __init__(self, address: tuple[str, int], supplier: ReferenceSupplier) -> None:
        self.supplier = supplier
        super().__init__(address, Handler)

    def handle_error(self, request: object, client_address: object) -> None:
        """Clients that go away are no news."""


class Handler(BaseHTTPRequestHandler):
    """One connection."""

    protocol_version = "HTTP/1.1"
    server_version = "aisle-supplier"
    sys_version = ""
    timeout = IDLE_SECONDS
    disable_nagle_algorithm = True
    server: Server

    def do_GET(self) -> None:
        self._serve()

    def do_POST(self) -> None:
        self._serve()

    def do_PUT(self) -> None:
        self._serve()

    def do_DELETE(self) -> None:
        self._serve()

    def log_message(self, format: str, *args: object) -> None:
        """Calls are kept in memory, for whoever asks for them."""

    def _serve(self) -> None:
        path = self.path.partition("?")[0]
        body = self._body(path)
        if body is None:
            self.close_connection = True
            return
        if path.startswith(control.PREFIX):
            self._send(
                control.answer(self.server.supplier, self.command, path, body, self.headers.get("X-Control-Token"))
            )
            return
        call = self._call(path, body)
        if call is None:
            self._send(problem(404, "There is nothing here"))
            return
        self._answer(call)

    def _answer(self, call: Call) -> None:
        supplier = self.server.supplier
        reply, mode = supplier.answer(call)
        if reply is None:
            delivery.reset(self)
            return
        with suppress(OSError):
            delivery.send(self, reply, mode, supplier.stopping.wait)

    def _send(self, reply: Reply) -> None:
        with suppress(OSError):
            delivery.send(self, reply, delivery.PROPER, self.server.supplier.stopping.wait)

    def _call(self, path: str, body: bytes) -> Call | None:
        base = self.server.supplier.base
        if not path.startswith(f"{base}/"):
            return None
        headers = {name.lower(): value for name, value in self.headers.items()}
        for method, pattern, operation in _ROUTES:
            found = pattern.fullmatch(path.removeprefix(base))
            if found and method == self.command:
                return Call(operation, method, path, found.groupdict().get("id") or _allocation_in(body), headers, body)
        return None

    def _body(self, path: str) -> bytes | None:
        """All of it; None if it is too long or its end never came."""
        length = self.headers.get("Content-Length") or "0"
        if self.headers.get("Transfer-Encoding") or not length.isdecimal():
            self._send(problem(411, "Send a Content-Length"))
            return None
        if len(length) > len(str(MAX_REQUEST)) or int(length) > MAX_REQUEST:
            self._send(problem(413, "Send up to 256 KB"))
            return None
        body = b""
        with suppress(OSError):
            body = self.rfile.read(int(length))
        if len(body) == int(length):
            return body
        if call := self._call(path, body):
            self.server.supplier.cut_off(call)
        return None


def _allocation_in(body: bytes) -> str:
    """The allocation that an order is for, as far as can be seen."""
    try:
        content = json.loads(body)
    except (ValueError, RecursionError):
        return ""
    found = content.get("allocation_id", "") if isinstance(content, dict) else ""
    return found if isinstance(found, str) else ""
