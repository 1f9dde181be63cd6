"""What of the outside may be called, and that the call goes there and nowhere else."""

from __future__ import annotations

import socket
import ssl
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
import urllib3.util.connection
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from chalicelib.core import outside
from chalicelib.core.outside import CallFailed, Destination, Failure, UrlNotAllowed, destination, is_public, post
from chalicelib.core.settings import settings

PUBLIC = "93.184.216.34"
HOST = "hooks.example.com"
OK = b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nhi"


@pytest.fixture
def loopback(monkeypatch: pytest.MonkeyPatch) -> None:
    """A laptop's stage."""
    monkeypatch.setattr(outside, "settings", lambda: replace(settings(), loopback_allowed=True))


# ---- URLs ---------------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("url", "parts"),
    [
        ("https://hooks.example.com", Destination("https", HOST, 443, "/")),
        ("HTTPS://Hooks.Example.COM:443/A?b=C", Destination("https", HOST, 443, "/A?b=C")),
        ("https://hooks.example.com./a", Destination("https", HOST, 443, "/a")),
        ("https://hooks.example.com?b", Destination("https", HOST, 443, "/?b")),
        ("https://hooks.example.com//evil.example/@x", Destination("https", HOST, 443, "//evil.example/@x")),
        ("https://xn--bcher-kva.example/", Destination("https", "xn--bcher-kva.example", 443, "/")),
        ("https://1.2.3.4.example/", Destination("https", "1.2.3.4.example", 443, "/")),
    ],
)
def test_a_url_is_taken_apart(url: str, parts: Destination) -> None:
    assert destination(url) == parts


@pytest.mark.parametrize(
    "url",
    [
        "",
        "hooks.example.com",
        "http://hooks.example.com/",
        "ftp://hooks.example.com/",
        "file:///etc/passwd",
        "gopher://hooks.example.com/",
        "https:///x",
        "https://hooks.example.com:8443/",
        "https://hooks.example.com:80/",
        "https://hooks.example.com:0/",
        "https://hooks.example.com:/",
        "https://user@hooks.example.com/",
        "https://user:password@hooks.example.com/",
        "https://hooks.example.com@169.254.169.254/",
        "https://hooks.example.com\\@169.254.169.254/",
        "https://hooks.example.com#@169.254.169.254/",
        "https://hooks.example.com/#x",
        "https://hooks.example.com/a b",
        "https://hooks.example.com/\r\nHost: x",
        "https://hooks.example.com/\t",
        " https://hooks.example.com/",
        "https://hooks.example.com/\x00",
        "https://hooks.example.com/ü",
        "https://bücher.example/",
        "https://ⓔxample.com/",
        "https://１２７.０.０.１/",
        "https://127。0。0。1/",
        # numbers, in all that resolvers take for one
        "https://127.0.0.1/",
        "https://93.184.216.34/",
        "https://2130706433/",
        "https://0x7f000001/",
        "https://017700000001/",
        "https://0177.0.0.1/",
        "https://0x7f.0.0.1/",
        "https://127.1/",
        "https://127.0.0.1./",
        "https://hooks.example.0x7f/",
        "https://example.1/",
        "https://[::1]/",
        "https://[::ffff:127.0.0.1]/",
        "https://[::ffff:7f00:1]/",
        "https://[64:ff9b::7f00:1]/",
        "https://[fe80::1%25eth0]/",
        "https://[2606:4700::1111]/",
        # names that are not public, and that are none
        "https://localhost/",
        "https://localhost./",
        "https://metadata/",
        "https://example/",
        "https://hooks..example.com/",
        "https://hooks.example.com../",
        "https://.example.com/",
        "https://-a.example.com/",
        "https://a-.example.com/",
        "https://a_b.example.com/",
        f"https://{'a' * 64}.example.com/",
        f"https://{'a.' * 130}com/",
        f"https://hooks.example.com/{'a' * 2_000}",
    ],
)
def test_what_is_never_called(url: str) -> None:
    with pytest.raises(UrlNotAllowed):
        destination(url)


@pytest.mark.parametrize(
    ("url", "parts"),
    [
        ("http://127.0.0.1:8080/a", Destination("http", "127.0.0.1", 8080, "/a")),
        ("http://localhost", Destination("http", "localhost", 80, "/")),
        ("https://[::1]:8443/", Destination("https", "::1", 8443, "/")),
    ],
)
@pytest.mark.usefixtures("loopback")
def test_a_laptop_may_be_called_where_the_stage_says_so(url: str, parts: Destination) -> None:
    assert destination(url) == parts


@pytest.mark.parametrize(
    "url",
    [
        "http://hooks.example.com/",
        "https://hooks.example.com:8443/",
        "http://127.0.0.2/",
        "http://10.0.0.1/",
        "http://127.1/",
        "http://127.0.0.1:0/",
        "http://127.0.0.1:65536/",
        "ftp://127.0.0.1/",
        "http://169.254.169.254/",
    ],
)
@pytest.mark.usefixtures("loopback")
def test_nothing_else_is_called_there_either(url: str) -> None:
    with pytest.raises(UrlNotAllowed):
        destination(url)


def test_the_host_header_names_the_port_unless_it_is_the_usual_one() -> None:
    assert Destination("https", HOST, 443, "/").authority == HOST
    assert Destination("http", "127.0.0.1", 80, "/").authority == "127.0.0.1"
    assert Destination("http", "127.0.0.1", 8080, "/").authority == "127.0.0.1:8080"
    assert Destination("https", "::1", 8443, "/").authority == "[::1]:8443"


# ---- addresses ----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("address", [PUBLIC, "8.8.8.8", "2606:4700::1111", "2001:4860:4860::8888"])
def test_the_internet_is_public(address: str) -> None:
    assert is_public(address)


@pytest.mark.parametrize(
    "address",
    [
        "127.0.0.1",
        "127.255.255.254",
        "0.0.0.0",  # noqa: S104
        "10.0.0.1",
        "172.16.0.1",
        "192.168.1.1",
        "100.64.0.1",
        "169.254.169.254",
        "169.254.170.2",
        "192.0.2.1",
        "198.18.0.1",
        "224.0.0.1",
        "240.0.0.1",
        "255.255.255.255",
        "::",
        "::1",
        "::127.0.0.1",
        "::ffff:127.0.0.1",
        "::ffff:169.254.169.254",
        "::ffff:8.8.8.8",
        "64:ff9b::7f00:1",
        "64:ff9b::808:808",
        "64:ff9b:1::1",
        "2002:7f00:1::",
        "2002:a9fe:a9fe::1",
        "2001::1",
        "2001:db8::1",
        "3fff::1",
        "fc00::1",
        "fd00:ec2::254",
        "fe80::1",
        "fe80::1%eth0",
        "fec0::1",
        "ff02::1",
        "ff0e::1",
        "100::1",
        "4000::1",
        "5f00::1",
        "",
        "hooks.example.com",
        "2130706433",
        "0177.0.0.1",
    ],
)
def test_everything_else_is_not(address: str) -> None:
    assert not is_public(address)


# ---- calls --------------------------------------------------------------------------------------------------------------


@dataclass
class Server:
    """Takes connections and hands each to `serve`, on this machine."""

    serve: Callable[[Any, bytes], None]
    tls: ssl.SSLContext | None = None
    port: int = 0
    requests: list[bytes] = field(default_factory=list)
    names: list[str | None] = field(default_factory=list)

    @contextmanager
    def running(self) -> Iterator[Server]:
        over = threading.Event()
        with socket.create_server(("127.0.0.1", 0)) as listener:
            self.port = listener.getsockname()[1]
            listener.settimeout(0.05)
            threads = [threading.Thread(target=self._accept, args=(listener, over))]
            threads[0].start()
            try:
                yield self
            finally:
                over.set()
                threads[0].join()

    def _accept(self, listener: socket.socket, over: threading.Event) -> None:
        handling: list[threading.Thread] = []
        while not over.is_set():
            try:
                accepted, _ = listener.accept()
            except TimeoutError:
                continue
            handling.append(threading.Thread(target=self._handle, args=(accepted,)))
            handling[-1].start()
        for thread in handling:
            thread.join()

    def _handle(self, accepted: socket.socket) -> None:
        with accepted:
            try:
                accepted.settimeout(5)
                talking = accepted
                if self.tls:
                    talking = self.tls.wrap_socket(accepted, server_side=True)
                with talking:
                    request = _read_request(talking)
                    self.requests.append(request)
                    self.serve(talking, request)
            except OSError:
                return


def _read_request(talking: socket.socket) -> bytes:
    request = b""
    while b"\r\n\r\n" not in request:
        piece = talking.recv(65_536)
        if not piece:
            return request
        request += piece
    head, _, body = request.partition(b"\r\n\r\n")
    [length] = [int(line.split(b":")[1]) for line in head.split(b"\r\n") if line.lower().startswith(b"content-length")]
    while len(body) < length:
        body += talking.recv(65_536)
    return head + b"\r\n\r\n" + body


def answering(answer: bytes) -> Callable[[Any, bytes], None]:
    return lambda talking, request: talking.sendall(answer)


@pytest.fixture(scope="module")
def certificates(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """A certificate for each of two names, signed by itself."""
    made = {}
    for name in (HOST, "other.example.com"):
        key = ec.generate_private_key(ec.SECP256R1())
        subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
        now = datetime.now(UTC)
        certificate = (
            x509.CertificateBuilder()
            .subject_name(subject)
            .issuer_name(subject)
            .public_key(key.public_key())
            .serial_number(x509.random_serial_number())
            .not_valid_before(now - timedelta(days=1))
            .not_valid_after(now + timedelta(days=1))
            .add_extension(x509.SubjectAlternativeName([x509.DNSName(name)]), critical=False)
            .add_extension(x509.BasicConstraints(ca=True, path_length=None), critical=True)
            .sign(key, hashes.SHA256())
        )
        made[name] = tmp_path_factory.mktemp("tls") / "both.pem"
        made[name].write_bytes(
            certificate.public_bytes(serialization.Encoding.PEM)
            + key.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            )
        )
    return made


@dataclass
class Internet:
    """Stands for the name service and the network: who was looked up, and where connections went."""

    answers: list[list[str]]
    server: Server
    looked_up: list[str] = field(default_factory=list)
    called: list[tuple[str, int]] = field(default_factory=list)

    def look_up(self, name: str, port: int) -> list[str]:
        self.looked_up.append(name)
        return self.answers[min(len(self.looked_up), len(self.answers)) - 1]

    def connect(self, address: tuple[str, int], timeout: float, **_: Any) -> socket.socket:
        self.called.append(address)
        return socket.create_connection(("127.0.0.1", self.server.port), timeout)


@pytest.fixture
def internet(monkeypatch: pytest.MonkeyPatch, certificates: dict[str, Path]) -> Callable[..., Any]:
    """`with internet(["address", …], …) as net`: one list for each look-up, and a TLS server that calls end up at."""

    @contextmanager
    def made(
        *answers: list[str], serve: Callable[[Any, bytes], None] | None = None, name: str = HOST, trusted: str = HOST
    ) -> Iterator[Internet]:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificates[name])
        server = Server(serve or answering(OK), tls=context)
        context.sni_callback = lambda _, named, __: server.names.append(named)
        net = Internet(list(answers), server)
        monkeypatch.setattr(outside, "_look_up", net.look_up)
        monkeypatch.setattr(urllib3.util.connection, "create_connection", net.connect)
        monkeypatch.setattr(outside, "_tls", lambda: ssl.create_default_context(cafile=str(certificates[trusted])))
        with server.running():
            yield net

    return made


def test_the_checked_address_is_called_under_the_name(internet: Any) -> None:
    with internet([PUBLIC]) as net:
        reply = post("https://hooks.example.com/in?a=b", b'{"x":1}', {"webhook-id": "m1"})
    assert (reply.status, reply.body, reply.headers["content-length"]) == (200, b"hi", "2")
    assert net.called == [(PUBLIC, 443)]
    assert net.looked_up == ["hooks.example.com."]
    assert net.server.names == [HOST]
    [request] = net.server.requests
    lines = request.split(b"\r\n")
    assert lines[0] == b"POST /in?a=b HTTP/1.1"
    assert {b"Host: hooks.example.com", b"webhook-id: m1", b"Connection: close"} <= set(lines)
    assert lines[-1] == b'{"x":1}'


def test_a_name_that_changes_its_answer_is_asked_once(internet: Any) -> None:
    """DNS rebinding: public when it is checked, the metadata service when it is connected to."""
    with internet([PUBLIC], ["169.254.169.254"]) as net:
        assert post(f"https://{HOST}/", b"", {}).status == 200
        assert net.called == [(PUBLIC, 443)]
        with pytest.raises(CallFailed, match="not public") as failed:
            post(f"https://{HOST}/", b"", {})
    assert failed.value.kind is Failure.NOT_ALLOWED
    assert net.called == [(PUBLIC, 443)]


@pytest.mark.parametrize("spoilt", ["127.0.0.1", "::ffff:10.0.0.1", "fd00:ec2::254", "64:ff9b::a9fe:a9fe"])
def test_one_address_that_is_not_public_spoils_all(internet: Any, spoilt: str) -> None:
    with internet([PUBLIC, spoilt]) as net, pytest.raises(CallFailed, match="not public"):
        post(f"https://{HOST}/", b"", {})
    assert net.called == []


@pytest.mark.usefixtures("loopback")
def test_where_loopback_is_allowed_a_public_name_may_still_not_lead_there(internet: Any) -> None:
    with internet(["127.0.0.1"]) as net, pytest.raises(CallFailed, match="not public"):
        post(f"https://{HOST}/", b"", {})
    assert net.called == []


def test_a_url_that_may_not_be_called_is_not_looked_up(internet: Any) -> None:
    with internet([PUBLIC]) as net, pytest.raises(CallFailed) as failed:
        post("http://169.254.169.254/latest/meta-data", b"", {})
    assert failed.value.kind is Failure.NOT_ALLOWED
    assert net.looked_up == []


def test_a_name_without_address_is_a_failure_of_dns(internet: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    with internet([]), pytest.raises(CallFailed) as failed:
        post(f"https://{HOST}/", b"", {})
    assert failed.value.kind is Failure.DNS

    def unknown(*_: Any, **__: Any) -> Any:
        raise socket.gaierror(socket.EAI_NONAME, "Name or service not known")

    monkeypatch.undo()
    monkeypatch.setattr(socket, "getaddrinfo", unknown)
    with pytest.raises(CallFailed, match="Name or service not known") as failed:
        post(f"https://{HOST}/", b"", {})
    assert failed.value.kind is Failure.DNS


def test_a_certificate_for_another_name_is_refused(internet: Any) -> None:
    other = {"name": "other.example.com", "trusted": "other.example.com"}
    with internet([PUBLIC], **other) as net, pytest.raises(CallFailed) as failed:
        post(f"https://{HOST}/", b"secret", {})
    assert failed.value.kind is Failure.TLS
    assert net.server.requests == []


def test_a_certificate_of_an_unknown_authority_is_refused(internet: Any) -> None:
    with internet([PUBLIC], trusted="other.example.com"), pytest.raises(CallFailed) as failed:
        post(f"https://{HOST}/", b"", {})
    assert failed.value.kind is Failure.TLS


def test_the_default_trust_verifies_names() -> None:
    context = outside._tls()
    assert (context.verify_mode, context.check_hostname) == (ssl.CERT_REQUIRED, True)


def test_proxies_of_the_environment_are_not_used(internet: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    for name in ("HTTPS_PROXY", "https_proxy", "ALL_PROXY"):
        monkeypatch.setenv(name, "http://127.0.0.1:1")
    with internet([PUBLIC]) as net:
        assert post(f"https://{HOST}/", b"", {}).status == 200
    assert net.called == [(PUBLIC, 443)]


def test_a_redirect_is_an_answer_and_is_not_followed(internet: Any) -> None:
    answer = b"HTTP/1.1 307 Temporary Redirect\r\nLocation: http://169.254.169.254/\r\nContent-Length: 0\r\n\r\n"
    with internet([PUBLIC], serve=answering(answer)) as net:
        assert post(f"https://{HOST}/", b"", {}).status == 307
    assert len(net.server.requests) == 1


def test_the_next_address_is_tried_when_one_takes_no_connection(internet: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    with internet([PUBLIC, "8.8.8.8"]) as net:

        def connect(address: tuple[str, int], timeout: float, **given: Any) -> socket.socket:
            if address[0] == PUBLIC:
                net.called.append(address)
                raise ConnectionRefusedError(111, "Connection refused")
            return net.connect(address, timeout, **given)

        monkeypatch.setattr(urllib3.util.connection, "create_connection", connect)
        assert post(f"https://{HOST}/", b"", {}).status == 200
    assert net.called == [(PUBLIC, 443), ("8.8.8.8", 443)]


@pytest.mark.parametrize(
    ("raised", "kind", "detail"),
    [
        (ConnectionRefusedError(111, "Connection refused"), Failure.CONNECT, f"{HOST}: Connection refused"),
        (TimeoutError("timed out"), Failure.TIMEOUT, f"{HOST} did not take the connection in time."),
    ],
)
def test_when_none_takes_it_the_last_reason_is_told(
    internet: Any, monkeypatch: pytest.MonkeyPatch, raised: OSError, kind: Failure, detail: str
) -> None:
    tried = []

    def connect(address: tuple[str, int], timeout: float, **_: Any) -> socket.socket:
        tried.append((address[0], round(timeout, 1)))
        raise raised

    addresses = [f"93.184.216.{last}" for last in range(1, 9)]
    with internet(addresses):
        monkeypatch.setattr(urllib3.util.connection, "create_connection", connect)
        with pytest.raises(CallFailed) as failed:
            post(f"https://{HOST}/", b"", {})
    assert (failed.value.kind, failed.value.detail) == (kind, detail)
    assert tried == [(address, 3.0) for address in addresses[:4]]


PATIENCE = 5.0
"""Seconds, of what would take 20: a busy machine is no reason to fail."""


def drip(talking: Any, piece: bytes, seconds: float) -> None:
    """Send a byte or so now and then: no time-out between two bytes ever strikes."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        talking.sendall(piece)
        time.sleep(0.02)


@pytest.mark.parametrize(
    "serve",
    [
        lambda talking, request: time.sleep(0.6),
        lambda talking, request: drip(talking, b"X", 20),
        lambda talking, request: drip(talking, b"HTTP/1.1 100 Continue\r\n\r\n", 20),
        lambda talking, request: (talking.sendall(b"HTTP/1.1 200 OK\r\n"), drip(talking, b"a: b\r\n", 20)),
    ],
    ids=["silent", "dripping", "continuing", "heading"],
)
def test_whoever_is_too_slow_is_cut_off(internet: Any, monkeypatch: pytest.MonkeyPatch, serve: Any) -> None:
    monkeypatch.setattr(outside, "SECONDS", 0.3)
    with internet([PUBLIC], serve=serve):
        began = time.monotonic()
        with pytest.raises(CallFailed) as failed:
            post(f"https://{HOST}/", b"", {})
        assert time.monotonic() - began < PATIENCE
    assert failed.value.kind is Failure.TIMEOUT


def test_an_answer_whose_body_never_ends_stands(internet: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outside, "SECONDS", 0.3)

    def serve(talking: Any, request: bytes) -> None:
        talking.sendall(b"HTTP/1.1 200 OK\r\nContent-Length: 1000000\r\n\r\n")
        drip(talking, b"x", 20)

    with internet([PUBLIC], serve=serve):
        began = time.monotonic()
        reply = post(f"https://{HOST}/", b"", {})
        assert time.monotonic() - began < PATIENCE
    assert reply.status == 200
    assert 0 < len(reply.body) < 100
    assert set(reply.body) == set(b"x")


@pytest.mark.parametrize("chunked", [False, True])
def test_no_more_than_the_beginning_of_a_body_is_read(internet: Any, chunked: bool) -> None:
    sent = []

    def serve(talking: Any, request: bytes) -> None:
        how = b"Transfer-Encoding: chunked" if chunked else b"Content-Length: 1000000000"
        talking.sendall(b"HTTP/1.1 200 OK\r\n" + how + b"\r\n\r\n")
        block = b"10000\r\n" + b"x" * 65_536 + b"\r\n" if chunked else b"x" * 65_536
        for _ in range(1_000):
            talking.sendall(block)
            sent.append(len(block))

    with internet([PUBLIC], serve=serve):
        reply = post(f"https://{HOST}/", b"", {})
    assert reply.body == b"x" * outside.MAX_BYTES
    assert sum(sent) < 20_000_000


def test_a_compressed_body_is_left_as_it_is(internet: Any) -> None:
    answer = b"HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 4\r\n\r\n\x1f\x8b\x08\x00"
    with internet([PUBLIC], serve=answering(answer)):
        assert post(f"https://{HOST}/", b"", {}).body == b"\x1f\x8b\x08\x00"


@pytest.mark.parametrize("answer", [b"", b"SSH-2.0-OpenSSH_9.6\r\n"])
def test_what_is_no_answer_is_a_failure_of_the_protocol(internet: Any, answer: bytes) -> None:
    with internet([PUBLIC], serve=answering(answer)), pytest.raises(CallFailed) as failed:
        post(f"https://{HOST}/", b"", {})
    assert failed.value.kind is Failure.PROTOCOL


def test_when_the_look_up_took_all_of_the_time_nothing_is_sent(internet: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(outside, "SECONDS", -1.0)
    with internet([PUBLIC]) as net, pytest.raises(CallFailed) as failed:
        post(f"https://{HOST}/", b"", {})
    assert failed.value.kind is Failure.TIMEOUT
    assert net.called == []


@pytest.mark.usefixtures("loopback")
def test_a_laptop_is_called_by_plain_http() -> None:
    with Server(answering(OK)).running() as server:
        assert post(f"http://localhost:{server.port}/in", b"x", {}).body == b"hi"
    assert f"Host: localhost:{server.port}".encode() in server.requests[0]


def test_a_name_is_complete_when_it_is_asked_for(monkeypatch: pytest.MonkeyPatch) -> None:
    asked = []

    def resolve(name: str, port: int, **given: Any) -> list[Any]:
        asked.append((name, port, given))
        return [(socket.AF_INET, socket.SOCK_STREAM, 6, "", ("10.0.0.1", port))]

    monkeypatch.setattr(socket, "getaddrinfo", resolve)
    with pytest.raises(CallFailed, match="not public"):
        post(f"https://{HOST}/", b"", {})
    assert asked == [(f"{HOST}.", 443, {"type": socket.SOCK_STREAM, "flags": socket.AI_ADDRCONFIG})]
