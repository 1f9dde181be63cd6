"""Calls to addresses that somebody else gave us: a subscriber's endpoint, a supplier's interface.

Whoever may name a URL may try to make us call what only we can reach: the metadata service, the runtime's own port, a
private network. Therefore a URL is https, a public host name and the usual port; the name is resolved once, every address
found has to be public, and the connection goes to one of these very addresses (a second look-up could answer otherwise), with
the name kept for TLS and `Host`. Redirects are not followed, proxies of the environment are not used, and neither the other
side's bytes nor its slowness are without bound. See cheatsheetseries.owasp.org, "Server-Side Request Forgery Prevention".

A stage on a laptop may allow the loopback addresses (`AISLE_LOOPBACK_ALLOWED`), by plain http and any port; on Lambda the
runtime itself listens there.
"""

from __future__ import annotations

import ipaddress
import logging
import re
import socket
from collections.abc import Iterator, Mapping
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from enum import StrEnum
from functools import cache
from threading import Timer
from time import monotonic
from typing import TYPE_CHECKING

from chalicelib.core.errors import RuleBroken
from chalicelib.core.settings import settings

if TYPE_CHECKING:
    import ssl

    from urllib3.connection import HTTPConnection

MAX_URL = 2_000
"""Characters of a URL."""
PORT = 443
SECONDS = 10.0
"""What a call takes at most, from the look-up of the name to the last byte that is read. The look-up itself is bounded by
the resolver (10 s on Lambda); when it took all of the time, nothing is sent."""
CONNECT_SECONDS = 3.0
"""For one address, and again for its TLS handshake."""
MAX_BYTES = 65_536
"""Of the answer's body; the rest is not read."""
MAX_ADDRESSES = 4
"""Addresses of one name that are tried in turn."""

# It quotes the URL of an answer that it cannot parse, and a URL may hold its owner's token.
logging.getLogger("urllib3.connection").setLevel(logging.ERROR)

_SHAPE = re.compile(
    r"(?P<scheme>[a-z]+)://(?P<host>\[[0-9a-f:.]+\]|[a-z0-9.-]+)(?::(?P<port>[0-9]{1,5}))?(?P<target>[/?].*)?",
    flags=re.IGNORECASE,
)
_PRINTABLE = re.compile(r"[!-\[\]-~]+")  # ASCII without space, control characters and backslash
_LABEL = "[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?"
# The last label begins with a letter: everything that ends in a number is taken for an IPv4 address by some resolver,
# be it decimal, octal, hexadecimal or short (url.spec.whatwg.org, "ends in a number").
_NAME = re.compile(rf"(?:{_LABEL}\.)+[a-z](?:[a-z0-9-]{{0,61}}[a-z0-9])?")
_LOOPBACK_HOSTS = {"localhost": "localhost", "127.0.0.1": "127.0.0.1", "[::1]": "::1"}

_GLOBAL_UNICAST = ipaddress.ip_network("2000::/3")
"""All of IPv6 that is assigned to the internet so far; leaves out what maps, embeds or translates IPv4 addresses (::/96,
::ffff:0:0/96, 64:ff9b::/96) but for 6to4: iana.org/assignments/ipv6-address-space."""
_NOT_REALLY_GLOBAL = (ipaddress.ip_network("2002::/16"), ipaddress.ip_network("3fff::/20"))
"""6to4, which carries any IPv4 address, and addresses for documentation that `ipaddress` does not know yet (RFC 9637)."""


class UrlNotAllowed(RuleBroken):
    """Allowed are https, a public host name, port 443, no user, no fragment; a name that is not ASCII in its xn-- form."""

    code = "url_not_allowed"
    title = "This URL may not be called"


class Failure(StrEnum):
    """Why there was no answer."""

    NOT_ALLOWED = "not_allowed"
    DNS = "dns"
    CONNECT = "connect"
    TLS = "tls"
    TIMEOUT = "timeout"
    PROTOCOL = "protocol"


class CallFailed(Exception):
    """There was no answer; whether the other side acted is not known, unless `kind` says that it was never reached."""

    def __init__(self, kind: Failure, detail: str) -> None:
        super().__init__(f"{kind}: {detail}")
        self.kind = kind
        self.detail = detail


@dataclass(frozen=True, slots=True)
class Destination:
    """A URL that may be called, in its parts; `target` is path and query as they are sent."""

    scheme: str
    host: str
    port: int
    target: str

    @property
    def authority(self) -> str:
        """The `Host` header."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return host if self.port == (PORT if self.scheme == "https" else 80) else f"{host}:{self.port}"

    @property
    def is_here(self) -> bool:
        """Whether it names this machine."""
        return self.host in _LOOPBACK_HOSTS.values()


@dataclass(frozen=True, slots=True)
class Reply:
    """What the other side answered: the beginning of the body, header names in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes


def destination(url: str) -> Destination:
    """The parts of `url`. Raises `UrlNotAllowed` for one that is never called; says nothing of where its name leads."""
    if len(url) > MAX_URL or not _PRINTABLE.fullmatch(url) or "#" in url:
        raise UrlNotAllowed(f"Send up to {MAX_URL} printable ASCII characters, without backslash and fragment.")
    shape = _SHAPE.fullmatch(url)
    if shape is None:
        raise UrlNotAllowed("Send a URL such as https://hooks.example.com/aisle, without user and password.")
    scheme, host = shape["scheme"].lower(), shape["host"].lower()
    port = int(shape["port"] or (80 if scheme == "http" else PORT))
    target = shape["target"] or "/"
    target = target if target.startswith("/") else f"/{target}"
    if host in _LOOPBACK_HOSTS and settings().loopback_allowed:
        if scheme not in ("http", "https") or not 0 < port < 65_536:
            raise UrlNotAllowed("Send an http or https URL with a port that exists.")
        return Destination(scheme, _LOOPBACK_HOSTS[host], port, target)
    if scheme != "https" or port != PORT:
        raise UrlNotAllowed(f"Only https is called, at port {PORT}.")
    host = host.removesuffix(".")
    if len(host) > 253 or not _NAME.fullmatch(host):
        raise UrlNotAllowed(
            "Name a public host such as hooks.example.com; IP addresses and local names are not called."
        )
    return Destination(scheme, host, port, target)


def is_public(address: str) -> bool:
    """Whether the internet routes to this IP address, and to it alone: global unicast that embeds no other address."""
    try:
        ip = ipaddress.ip_address(address)
    except ValueError:
        return False
    if isinstance(ip, ipaddress.IPv6Address):
        return ip.is_global and ip in _GLOBAL_UNICAST and not any(ip in network for network in _NOT_REALLY_GLOBAL)
    return ip.is_global and not ip.is_multicast


def post(url: str, body: bytes, headers: Mapping[str, str]) -> Reply:
    """`call` with POST, within `SECONDS`."""
    return call("POST", url, body, headers)


def call(
    method: str, url: str, body: bytes | None, headers: Mapping[str, str], *, seconds: float | None = None
) -> Reply:
    """Send a request to a URL that somebody else gave us, within so many `seconds` (`SECONDS` unless told).

    Any status is a reply, redirects included. A body that comes too slowly or is too long is cut, and the reply stands.
    Raises `CallFailed` when there is none.
    """
    until = monotonic() + (SECONDS if seconds is None else seconds)
    try:
        to = destination(url)
    except UrlNotAllowed as error:
        raise CallFailed(Failure.NOT_ALLOWED, error.detail) from None
    connection = _connected(to, _addresses(to), until)
    try:
        return _exchange(connection, to, method, body, headers, until)
    finally:
        connection.close()


def _addresses(to: Destination) -> list[str]:
    """Where the name leads now: the one look-up of a call. One address that is not public spoils all."""
    # With the final dot the name is complete: no search domain of the network that we are in is tried after it.
    name = to.host if to.is_here else f"{to.host}."
    try:
        found = _look_up(name, to.port)
    except OSError as error:
        raise CallFailed(Failure.DNS, f"{to.host} could not be resolved ({error}).") from None
    addresses = list(dict.fromkeys(found))
    if not addresses:
        raise CallFailed(Failure.DNS, f"{to.host} has no address.")
    for address in addresses:
        if not is_public(address) and not (to.is_here and ipaddress.ip_address(address).is_loopback):
            raise CallFailed(Failure.NOT_ALLOWED, f"{to.host} leads to an address that is not public.")
    return addresses


def _look_up(name: str, port: int) -> list[str]:
    # AI_ADDRCONFIG: no IPv6 addresses where there is no IPv6 to reach them by.
    found = socket.getaddrinfo(name, port, type=socket.SOCK_STREAM, flags=socket.AI_ADDRCONFIG)
    return [str(address[4][0]) for address in found]


def _connected(to: Destination, addresses: list[str], until: float) -> HTTPConnection:
    """A connection to the first of the checked addresses that takes one."""
    from urllib3.exceptions import HTTPError

    failed = CallFailed(Failure.TIMEOUT, "The look-up of the name took all of the time.")
    for address in addresses[:MAX_ADDRESSES]:
        left = until - monotonic()
        if left <= 0:
            break
        connection = _connection(to, address, min(CONNECT_SECONDS, left))
        try:
            connection.connect()
            return connection
        except (HTTPError, OSError) as error:
            failed = _refusal(to, error)
        connection.close()
    raise failed


def _connection(to: Destination, address: str, seconds: float) -> HTTPConnection:
    from urllib3.connection import HTTPConnection, HTTPSConnection

    if to.scheme == "http":
        return HTTPConnection(address, to.port, timeout=seconds)
    return HTTPSConnection(address, to.port, timeout=seconds, ssl_context=_tls(), server_hostname=to.host)


@cache
def _tls() -> ssl.SSLContext:
    """Certificates are verified against the authorities of the system, and for the name, not the address."""
    import ssl

    return ssl.create_default_context()


def _refusal(to: Destination, error: Exception) -> CallFailed:
    import ssl

    cause = error.__cause__ if isinstance(error.__cause__, OSError) else error  # urllib3 wraps what the socket said
    if isinstance(cause, ssl.SSLError):
        reason = getattr(cause, "verify_message", "") or cause.reason or "the handshake failed"
        return CallFailed(Failure.TLS, f"{to.host}: {reason}")
    if isinstance(cause, TimeoutError):
        return CallFailed(Failure.TIMEOUT, f"{to.host} did not take the connection in time.")
    return CallFailed(Failure.CONNECT, f"{to.host}: {getattr(cause, 'strerror', None) or type(cause).__name__}")


def _exchange(
    connection: HTTPConnection,
    to: Destination,
    method: str,
    body: bytes | None,
    headers: Mapping[str, str],
    until: float,
) -> Reply:
    from http.client import HTTPException

    from urllib3.exceptions import HTTPError

    broken = (HTTPError, HTTPException, OSError)
    connection.timeout = max(until - monotonic(), 0.001)
    sent = {**headers, "Host": to.authority, "Connection": "close"}
    with _cut_off(connection, connection.timeout) as cut:
        try:
            connection.request(method, to.target, body, sent, preload_content=False, decode_content=False)
            answer = connection.getresponse()
        except broken as error:
            if cut or isinstance(error, TimeoutError):
                raise CallFailed(Failure.TIMEOUT, f"{to.host} did not answer in time.") from None
            raise CallFailed(Failure.PROTOCOL, f"{to.host} broke off ({type(error).__name__}).") from None
        with closing(answer):
            if cut:  # the end of a connection is taken for the end of the headers
                raise CallFailed(Failure.TIMEOUT, f"{to.host} did not answer in time.")
            received = b""
            with suppress(*broken):  # it has answered; what is missing of the body is no matter
                while len(received) < MAX_BYTES and (piece := answer.read1(MAX_BYTES - len(received))):
                    received += piece
            return Reply(answer.status, {name.lower(): value for name, value in answer.headers.items()}, received)


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
