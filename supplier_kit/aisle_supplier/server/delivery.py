"""How a reply leaves the reference supplier: whole and at once, or as a mode spoils it."""

from __future__ import annotations

import json
import socket
import struct
from collections.abc import Callable
from contextlib import suppress
from http.server import BaseHTTPRequestHandler

from aisle_supplier.protocol import MAX_BYTES
from aisle_supplier.server.book import units_asked
from aisle_supplier.server.calls import Call, Reply, problem
from aisle_supplier.server.modes import CORRECT, Mode

Wait = Callable[[float], bool]
"""Sleep so many seconds; True if the supplier stops meanwhile."""

HANG_SECONDS = 120.0
PROPER = CORRECT


def instead(mode: Mode, fault: str) -> Reply | None:
    """What is answered without looking at the call, if the mode is of that kind."""
    if mode.name == "redirect":
        return Reply(302, None, {"Location": mode.value})
    if mode.name == "ratelimit":
        return problem(429, "Not so fast", retry_after=mode.value)
    if fault == "unavailable":
        return problem(503, "Come back later", retry_after="1")
    return None


def spoiled(mode: Mode, call: Call, reply: Reply) -> Reply:
    """The reply, made wrong if the mode says so."""
    if mode.name != "wrong" or reply.status not in (200, 202):
        return reply
    if mode.value in _RAW:
        return Reply(reply.status, raw=_RAW[mode.value], headers={"Content-Type": "text/html"})
    if mode.value == "json":
        return Reply(reply.status, raw=reply.body()[:-1])
    if mode.value == "content-type":
        return Reply(reply.status, reply.content, {"Content-Type": "text/plain"})
    if mode.value == "huge":
        return Reply(reply.status, raw=json.dumps(reply.content).encode() + b" " * MAX_BYTES)
    wrong = _wrong_content(mode.value, call)
    return Reply(reply.status, wrong) if call.operation in ("order", "status") else reply


_RAW = {"html": b"<!doctype html><title>Welcome</title><p>It works!"}


def _wrong_content(value: str, call: Call) -> object:
    units = units_asked(call.content) if call.operation == "order" else {"1": 1}
    line_id, quantity = next(iter(units.items()))
    if value == "decision":
        return {"decision": "perhaps"}
    if value == "number":
        return 17
    if value == "reason":
        return {"decision": "rejected", "reason": "no_idea"}
    line = {"line_id": line_id, "quantity": quantity + 1}
    if value == "lines":
        line = {"line_id": "not-asked-for", "quantity": 1}
    return {"decision": "partial", "reason": "out_of_stock", "lines": [line]}


def send(handler: BaseHTTPRequestHandler, reply: Reply, mode: Mode, wait: Wait) -> None:
    """Write the reply, in the time that the mode takes for it."""
    if mode.name == "hang":
        wait(HANG_SECONDS)
        return reset(handler)
    if mode.name == "slow" and wait(mode.seconds):
        return reset(handler)
    body = reply.body()
    handler.send_response(reply.status)
    headers = {"Content-Type": reply.content_type, **reply.headers}
    if reply.status == 204 or not body:
        headers.pop("Content-Type", None)
    for name, value in headers.items():
        handler.send_header(name, value)
    if reply.status != 204:
        handler.send_header("Content-Length", str(len(body)))
    handler.end_headers()
    if mode.name == "trickle":
        return _trickle(handler, body, mode.seconds, wait)
    handler.wfile.write(body)
    return None


def _trickle(handler: BaseHTTPRequestHandler, body: bytes, seconds: float, wait: Wait) -> None:
    for position in range(len(body)):
        handler.wfile.write(body[position : position + 1])
        if wait(seconds):
            return


def reset(handler: BaseHTTPRequestHandler) -> None:
    """Break the connection: the other side sees a reset, not an end."""
    handler.close_connection = True
    with suppress(OSError):
        handler.connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        handler.connection.close()
