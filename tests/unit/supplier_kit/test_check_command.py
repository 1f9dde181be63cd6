"""`aisle-supplier-check` as an engineer meets it: its output, its exit codes, and what it keeps to itself."""

import json
import os
import re
import signal
import ssl
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from threading import Thread
from xml.etree import ElementTree as ET

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import NameOID

from aisle_supplier import signing
from aisle_supplier.check import main
from aisle_supplier.checks import CHECKS
from aisle_supplier.wire import is_public

KIT = Path(__file__).parents[3] / "supplier_kit"

PLAIN = """\
ok      signature.valid
ok      orders.accepted
ok      orders.unknown-sku
ok      status.same
FAILED  status.rejected  GET for an allocation that it has answered says 404 {"status": 404, "title": "This allocation never arrived"}
ok      status.unknown
ok      status.changes-nothing
advice  limits.content-type  POST /orders was answered with content of type text/plain

FAILED: status.rejected (must)
  says   `200` with the body that was answered (or `{"decision": "later"}` while it is open).
  found  GET for an allocation that it has answered says 404 {"status": 404, "title": "This allocation never arrived"}
  do     Store rejections as well.

advice: limits.content-type (should)
  says   `Content-Type: application/json`
  found  POST /orders was answered with content of type text/plain
  do     Say what the body is: application/json, or application/problem+json for a problem.

6 ok, 1 failed, 1 advice, 0 skipped
N calls, 95% of them within N ms
Not conformant: 1 of the things that must be are not.
"""


@pytest.fixture
def command(supplier, monkeypatch, capsys):
    """Run the command in this process: exit code, what it printed, and what it complained about."""
    monkeypatch.setenv("AISLE_SUPPLIER_SECRET", supplier.secret)
    monkeypatch.setenv("COLUMNS", "200")
    for name in ("FORCE_COLOR", "TTY_COMPATIBLE", "NO_COLOR"):
        monkeypatch.delenv(name, raising=False)

    def run(*arguments, url=supplier.url):
        try:
            code = main([url, "--allow-http", *arguments] if url else list(arguments))
        except SystemExit as ended:
            code = ended.code
        said = capsys.readouterr()
        assert supplier.secret.removeprefix("whsec_") not in said.out + said.err
        return code, said.out, said.err

    return run


def settled(text):
    """Without what differs from run to run."""
    text = re.sub(r"ful_0{10}[0-9A-Z]{16}_1", "ful_TEST_1", text)
    return re.sub(r"\d+ calls, 95% of them within \d+ ms", "N calls, 95% of them within N ms", text)


def test_the_report_for_a_pipe(command, supplier):
    supplier.mode("amnesia,on=status,call=4", "wrong=content-type,on=order,times=1")
    chosen = ["signature.valid", "orders.accepted", "orders.unknown-sku", "status", "limits.content-type"]
    code, out, err = command("--sku", "MUG", *(word for name in chosen for word in ("--only", name)))
    assert (code, err) == (1, "")
    assert settled(out) == PLAIN


def test_the_report_of_a_conformant_endpoint(command):
    code, out, err = command("--sku", "MUG=60", "--refuse-sku", "OLD")
    assert (code, err) == (0, "")
    last = settled(out).splitlines()[-3:]
    assert last == [
        "47 ok, 0 failed, 0 advice, 5 skipped",
        "N calls, 95% of them within N ms",
        "Conformant, as far as was tried. 5 checks could not be tried.",
    ]
    assert "\x1b" not in out


def test_a_terminal_gets_colours_and_a_table(command, monkeypatch):
    monkeypatch.setenv("FORCE_COLOR", "1")
    code, out, _ = command("--only", "status.unknown", "--only", "signature.valid")
    assert code == 0
    assert "\x1b[32mok" in out
    assert "┃" in out


def test_the_report_as_json(command, supplier):
    supplier.mode("unsigned-ok=missing")
    code, out, _ = command("--json", "--only", "signature")
    report = json.loads(out)
    assert code == 1
    assert report["url"] == supplier.url
    assert report["conformant"] is report["interrupted"] is not True
    assert report["counts"] == {"passed": 6, "failed": 2, "skipped": 0}
    assert set(report["seconds"]) == {"p50", "p95", "p100"}
    failed = [check for check in report["checks"] if check["outcome"] == "failed"]
    assert [check["id"] for check in failed] == ["signature.missing", "signature.missing-status"]
    assert {"severity", "sentence", "finding", "advice", "seconds"} <= set(failed[0])


def test_the_report_for_a_build_server(command, supplier, tmp_path):
    supplier.mode("wrong=content-type,on=order")
    junit = tmp_path / "report.xml"
    command("--junit", str(junit), "--only", "limits.content-type", "--only", "orders.unknown-sku")
    suite = ET.parse(junit).getroot()  # noqa: S314 - our own
    assert (suite.get("tests"), suite.get("failures"), suite.get("skipped")) == ("2", "0", "1")
    supplier.mode("wrong=json,on=order")
    command("--junit", str(junit), "--only", "orders")
    failures = [case.get("name") for case in ET.parse(junit).getroot() if case.find("failure") is not None]  # noqa: S314 - our own
    assert failures == ["unknown-sku"]


def test_strict_takes_advice_for_a_command(command, supplier):
    supplier.mode("wrong=content-type")
    only = ["--only", "limits.content-type", "--only", "orders.unknown-sku"]
    assert command(*only)[0] == 0
    assert command(*only, "--strict")[0] == 1


def test_a_wrong_secret(command):
    code, out, _ = command("--secret", signing.new_secret(), "--sku", "MUG")
    assert code == 1
    assert "FAILED: signature.valid (must)" in out
    assert "do     Is --secret the one that this endpoint knows, and its clock right?" in out


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["--secret", "password"], "error: The secret has to be whsec_ and base64, as it was issued."),
        (["--sku", "MUG=0"], "error: --sku takes SKU or SKU=UNITS, with a whole number from 1."),
        (["--sku", "=3"], "error: --sku takes SKU or SKU=UNITS, with a whole number from 1."),
        (["--only", "everything"], "error: There is no check 'everything'; --list shows those that there are."),
        (["--timeout", "0"], "error: --timeout and --wait take seconds, more than none."),
        (["--timeout", "soon"], "argument --timeout: invalid float value: 'soon'"),
        (["--color"], "unrecognized arguments: --color"),
    ],
)
def test_what_makes_no_sense(arguments, complaint, command):
    code, out, err = command(*arguments)
    assert (code, out) == (2, "")
    assert complaint in err


@pytest.mark.parametrize(
    "url",
    [
        "",
        "orders.example.com",
        "ftp://x.example.com",
        "https://me:word@x.example.com/",
        "https://x.example.com/?a=1",
        "https://x.example.com/#a",
        "https://x.example.com:99999/",
        "http://x.example.com/aisle",
    ],
)
def test_what_is_no_url_of_an_endpoint(url, command):
    code, out, err = command("--allow-http", url, url="") if url else command(url="")
    assert (code, out) == (2, "")
    assert err.startswith("error: ")
    assert "word" not in err


def test_http_is_only_for_this_machine_and_only_if_asked_for(command, supplier):
    code, _, err = command(supplier.url, url="")
    assert code == 2
    assert err.startswith("error: Aisle calls https only.")


def test_a_missing_secret(command, monkeypatch):
    monkeypatch.delenv("AISLE_SUPPLIER_SECRET")
    assert command()[0] == 2


@pytest.mark.parametrize("url", ["http://127.0.0.1:9/aisle", "https://nowhere.invalid/aisle"])
def test_nobody_there(url, command):
    code, out, err = command(url=url)
    assert (code, out) == (3, "")
    assert err.startswith("not reachable: ")


def test_the_list_of_checks(command):
    code, out, _ = command("--list", url="")
    assert code == 0
    assert [line.split()[0] for line in out.splitlines()] == list(CHECKS)


def test_an_error_page_that_shows_the_secret_is_not_quoted(command, supplier, monkeypatch):
    from aisle_supplier.server import habits
    from aisle_supplier.server.calls import Reply

    page = f"\x1b[31mSECRET={supplier.secret}\n".encode()
    monkeypatch.setattr(habits, "by_the_book", lambda call, book: Reply(500, raw=page))
    code, out, _ = command("--only", "orders.unknown-sku")
    assert code == 1
    assert "500  [31mSECRET=whsec_***" in out


def environment(secret):
    return {**os.environ, "PYTHONPATH": str(KIT), "AISLE_SUPPLIER_SECRET": secret, "PYTHONUNBUFFERED": "1"}


def test_ctrl_c_ends_it_quietly_with_what_was_found(supplier):
    supplier.mode("hang,on=order")
    running = subprocess.Popen(
        [sys.executable, "-m", "aisle_supplier.check", supplier.url, "--allow-http", "--skip", "signature.missing"],
        env=environment(supplier.secret),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    with running:
        for line in running.stdout:
            if "signature.missing-status" in line:
                break
        time.sleep(0.3)  # it is in the next check, which hangs
        running.send_signal(signal.SIGINT)
        out, err = running.communicate(timeout=5)
    assert running.returncode == 130
    assert err == ""
    assert out.splitlines()[-1] == "Interrupted: nothing was found wrong so far."
    assert "3 ok, 0 failed, 0 advice, 3 skipped" in out


def test_the_server_as_a_command(tmp_path):
    stock = tmp_path / "stock.json"
    stock.write_text('{"CUP": 7}')
    secret = signing.new_secret()
    running = subprocess.Popen(
        [sys.executable, "-m", "aisle_supplier.server", "--port", "0", "--stock", str(stock), "--mode", "amnesia"],
        env=environment(secret),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    with running:
        url = running.stdout.readline().removeprefix("listening at ").strip()
        checked = subprocess.run(
            [sys.executable, "-m", "aisle_supplier.check", url, "--allow-http", "--sku", "CUP", "--only", "status"],
            env=environment(secret),
            capture_output=True,
            text=True,
            check=False,
        )
        running.send_signal(signal.SIGINT)
        out, err = running.communicate(timeout=5)
    assert (running.returncode, out, err) == (0, "", "")
    assert checked.returncode == 1
    assert "FAILED: status.same" in checked.stdout


@pytest.mark.parametrize(
    ("arguments", "complaint"),
    [
        (["--mode", "quick"], "There is no mode 'quick'"),
        (["--stock", "{"], "The stock is no JSON"),
        (["--stock", "[]"], "No such file"),
        (["--stock", '{"A": -1}'], "A: a quantity is a whole number from 0."),
        (["--secret", "word"], "The secret has to be whsec_ and base64"),
        (["--aisle", "http://x"], "--aisle needs --token (or AISLE_TOKEN) and --supplier-id."),
    ],
)
def test_a_server_that_makes_no_sense(arguments, complaint, capsys, monkeypatch):
    from aisle_supplier.server.__main__ import main as serve

    monkeypatch.delenv("AISLE_SUPPLIER_SECRET", raising=False)
    monkeypatch.delenv("AISLE_TOKEN", raising=False)
    assert serve(["--port", "0", *arguments]) == 2
    assert complaint in capsys.readouterr().err


@pytest.fixture(scope="module")
def self_signed(tmp_path_factory):
    """The URL of an https server whose certificate nobody vouches for."""
    key = ec.generate_private_key(ec.SECP256R1())
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    certificate = (
        x509.CertificateBuilder()
        .subject_name(name)
        .issuer_name(name)
        .public_key(key.public_key())
        .serial_number(1)
        .not_valid_before(datetime.now(UTC) - timedelta(days=1))
        .not_valid_after(datetime.now(UTC) + timedelta(days=1))
        .add_extension(x509.SubjectAlternativeName([x509.DNSName("localhost")]), critical=False)
        .sign(key, hashes.SHA256())
    )
    file = tmp_path_factory.mktemp("tls") / "server.pem"
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    file.write_bytes(private + certificate.public_bytes(serialization.Encoding.PEM))
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(file)

    class Quiet(HTTPServer):
        def handle_error(self, *_):
            pass

    server = Quiet(("127.0.0.1", 0), BaseHTTPRequestHandler)
    server.socket = context.wrap_socket(server.socket, server_side=True)
    thread = Thread(target=server.serve_forever, args=(0.05,))
    thread.start()
    yield f"https://localhost:{server.server_address[1]}/aisle"
    server.shutdown()
    thread.join()
    server.server_close()


def test_a_certificate_that_nobody_vouches_for(self_signed, command):
    code, out, _ = command("--timeout", "3", url=self_signed)
    assert code == 1
    assert re.search(
        r"^FAILED  transport\.certificate  TLS with localhost: self.signed certificate$", out, re.MULTILINE
    )
    assert re.search(r"^FAILED  transport\.answers ", out, re.MULTILINE)


@pytest.mark.parametrize(
    ("url", "check", "finding"),
    [
        ("https://orders.example.com:8443/aisle", "https", "this is https at port 8443"),
        ("https://93.184.216.34/aisle", "https", "93.184.216.34 is no public name"),
        ("https://orders/aisle", "https", "orders is no public name"),
        (
            "https://orders.example.com/aisle",
            "public-address",
            "orders.example.com leads to 10.0.0.7, which is not public",
        ),
    ],
)
def test_a_place_that_aisle_would_not_call(url, check, finding, monkeypatch):
    from aisle_supplier.checks import transport
    from aisle_supplier.checks.probe import Options, Probe
    from aisle_supplier.checks.registry import Failed
    from aisle_supplier.client import Client
    from aisle_supplier.wire import endpoint

    found = [(2, 1, 6, "", ("93.184.216.34", 443)), (2, 1, 6, "", ("10.0.0.7", 443))]
    monkeypatch.setattr("aisle_supplier.wire.socket.getaddrinfo", lambda *_, **__: found)
    probe = Probe(Client(endpoint(url, 1), signing.new_secret()), Options())
    with pytest.raises(Failed, match=f"^{re.escape(finding)}$"):
        CHECKS[f"transport.{check}"].run(probe)
    assert transport.https


@pytest.mark.parametrize(
    ("address", "public"),
    [
        ("93.184.216.34", True),
        ("2606:2800:220:1::1", True),
        ("10.0.0.1", False),
        ("127.0.0.1", False),
        ("169.254.169.254", False),
        ("100.64.0.1", False),
        ("224.0.0.1", False),
        ("::1", False),
        ("fd00::1", False),
        ("::ffff:93.184.216.34", False),
        ("64:ff9b::1", False),
        ("2002:7f00:1::", False),
    ],
)
def test_an_address_is_public_if_the_internet_routes_to_it(address, public):
    assert is_public(address) is public
