"""Calls as Aisle makes them: one connection each, no redirect followed, ten seconds from the look-up of the name to the last byte, 64 KB.

Certificates are verified against Mozilla's list, not against what else this machine trusts.
"""

from __future__ import annotations

import ipaddress
import re
import socket
import ssl
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from http.client import HTTPException
from threading import Timer
from time import monotonic

import certifi
from urllib3.connection import HTTPConnection, HTTPSConnection
from urllib3.exceptions import HTTPError

from aisle_supplier.protocol import MAX_BYTES

_URL = re.compile(
    r"(?P<scheme>https?)://(?P<host>\[[0-9a-f:.]+\]|[a-z0-9._-]+)(?::(?P<port>\d{1,5}))?(?P<path>/[!-~]*)?",
    re.IGNORECASE,
)
LOCAL = ("localhost", "127.0.0.1", "::1")
_GLOBAL_UNICAST = ipaddress.ip_network("2000::/3")
_SIX_TO_FOUR = ipaddress.ip_network("2002::/16")


class UrlUnusable(ValueError):
    """The base URL of an Order Acceptance API is an https URL without user, query and fragment."""


class Failure(StrEnum):
    """Why there was no answer."""

    DNS = "dns"
    CONNECT = "connect"
    TLS = "tls"
    TIMEOUT = "timeout"
    BROKEN = "broken"


class NoAnswer(Exception):
    """The call was not answered. `kind` says how far it came."""

    def __init__(self, kind: Failure, detail: str) -> None:
        super().__init__(detail)
        self.kind = kind
        self.detail = detail


@dataclass(frozen=True, slots=True)
class Answer:
    """What came back. `too_long` if the body did not end within 64 KB; header names are in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    seconds: float
    too_long: bool = False

    @property
    def content_type(self) -> str:
        return self.headers.get("content-type", "").partition(";")[0].strip().lower()


@dataclass(frozen=True, slots=True)
class Endpoint:
    """The base URL of a supplier's API, in its parts; and how long a call may take, in seconds."""

    scheme: str
    host: str
    port: int
    path: str
    seconds: float

    @property
    def is_local(self) -> bool:
        return self.host in LOCAL

    @property
    def authority(self) -> str:
        """The `Host` header."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == (443 if self.scheme == "https" else 80) else f"{host}:{self.port}"

    def addresses(self) -> list[str]:
        """Where the name leads. Raises `NoAnswer`."""
        try:
            found = socket.getaddrinfo(self.host, self.port, type=socket.SOCK_STREAM)
        except (OSError, UnicodeError) as error:
            raise NoAnswer(Failure.DNS, f"{self.host} could not be resolved ({error})") from None
        return list(dict.fromkeys(str(address[4][0]) for address in found))

    def call(self, method: str, path: str, body: bytes | None, headers: Mapping[str, str]) -> Answer:
        """Send a request below the base. Raises `NoAnswer`, also if the answer had not ended in time."""
        began = monotonic()
        connection = self.connected(began + self.seconds)
        try:
            return self._exchange(connection, method, self.path + path, body, headers, began)
        finally:
            connection.close()

    def abandon(self, path: str, body: bytes, headers: Mapping[str, str], *, whole: bool) -> None:
        """Post all or half of a body and go away without waiting for the answer. Raises `NoAnswer`."""
        connection = self.connected(monotonic() + self.seconds)
        head = [f"POST {self.path}{path} HTTP/1.1", f"Host: {self.authority}", f"Content-Length: {len(body)}"]
        head += [f"{name}: {value}" for name, value in headers.items()]
        sent = "\r\n".join([*head, "", ""]).encode() + (body if whole else body[: len(body) // 2])
        try:
            connection.sock.sendall(sent)
        except OSError as error:
            raise NoAnswer(Failure.BROKEN, f"the connection broke off ({type(error).__name__})") from None
        finally:
            connection.close()

    def connected(self, until: float) -> HTTPConnection:
        """A connection to the first address that takes one. Raises `NoAnswer`."""
        failed = NoAnswer(Failure.TIMEOUT, "the look-up of the name took all of the time")
        for address in self.addresses():
            left = until - monotonic()
            if left <= 0:
                break
            connection = self._connection(address, left)
            try:
                connection.connect()
                return connection
            except (HTTPError, OSError) as error:
                failed = self._refusal(error)
            connection.close()
        raise failed

    def _connection(self, address: str, seconds: float) -> HTTPConnection:
        if self.scheme == "http":
            return HTTPConnection(address, self.port, timeout=seconds)
        return HTTPSConnection(
            address, self.port, timeout=seconds, ssl_context=_authorities(), server_hostname=self.host
        )

    def _refusal(self, error: Exception) -> NoAnswer:
        cause = error.__cause__ if isinstance(error.__cause__, OSError) else error  # urllib3 wraps what the socket said
        if isinstance(cause, ssl.SSLError):
            reason = getattr(cause, "verify_message", "") or cause.reason or "the handshake failed"
            return NoAnswer(Failure.TLS, f"TLS with {self.host}: {reason}")
        if isinstance(cause, TimeoutError):
            return NoAnswer(Failure.CONNECT, f"{self.host}:{self.port} did not take the connection in time")
        why = getattr(cause, "strerror", None) or type(cause).__name__
        return NoAnswer(Failure.CONNECT, f"{self.host}:{self.port}: {why}")

    def _exchange(
        self,
        connection: HTTPConnection,
        method: str,
        target: str,
        body: bytes | None,
        headers: Mapping[str, str],
        began: float,
    ) -> Answer:
        left = max(began + self.seconds - monotonic(), 0.001)
        connection.timeout = left
        sent = {**headers, "Host": self.authority, "Connection": "close"}
        late = NoAnswer(Failure.TIMEOUT, f"no complete answer within {self.seconds:g} s")
        with _cut_off(connection, left) as cut:
            try:
                connection.request(method, target, body, sent, preload_content=False, decode_content=False)
                answer = connection.getresponse()
                with closing(answer):
                    received = b""
                    while len(received) <= MAX_BYTES and (piece := answer.read1(MAX_BYTES + 1 - len(received))):
                        received += piece
            except (HTTPError, HTTPException, OSError) as error:
                if cut or isinstance(error, TimeoutError):
                    raise late from None
                raise NoAnswer(Failure.BROKEN, f"the connection broke off ({type(error).__name__})") from None
        if cut:
            raise late
        named = {name.lower(): value for name, value in answer.headers.items()}
        return Answer(answer.status, named, received[:MAX_BYTES], monotonic() - began, len(received) > MAX_BYTES)


def endpoint(url: str, seconds: float) -> Endpoint:
    """The parts of a base URL. Raises `UrlUnusable`."""
    found = _URL.fullmatch(url)
    if not found or "?" in url or "#" in url:
        raise UrlUnusable(
            "Name the base URL, such as https://orders.example.com/aisle, without user, query and fragment."
        )
    scheme = found["scheme"].lower()
    port = int(found["port"] or (443 if scheme == "https" else 80))
    if not 0 < port < 65_536:
        raise UrlUnusable(f"There is no port {port}.")
    return Endpoint(scheme, found["host"].lower().strip("[]"), port, (found["path"] or "").rstrip("/"), seconds)


def is_public(address: str) -> bool:
    """Whether the internet routes to this IP address, and to it alone."""
    ip = ipaddress.ip_address(address)
    if isinstance(ip, ipaddress.IPv6Address):
        return ip.is_global and ip in _GLOBAL_UNICAST and ip not in _SIX_TO_FOUR
    return ip.is_global and not ip.is_multicast


@cache
def _authorities() -> ssl.SSLContext:
    return ssl.create_default_context(cafile=certifi.where())


@contextmanager
def _cut_off(connection: HTTPConnection, seconds: float) -> Iterator[list[bool]]:
    """Shut the connection when its time is up; the list is then not empty.

    A time-out of the socket begins anew with each byte, and the other side may send one every nine seconds.
    """
    cut: list[bool] = []
    sock = connection.sock

    def shut() -> None:
        cut.append(True)
        with suppress(OSError):
            socket.socket.shutdown(sock, socket.SHUT_RDWR)  # below TLS, which would want to say goodbye

    timer = Timer(seconds, shut)
    timer.daemon = True
    timer.start()
    try:
        yield cut
    finally:
        timer.cancel()
