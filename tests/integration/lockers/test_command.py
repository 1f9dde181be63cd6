"""`python -m infra.local.lockers` as a user runs it, against the real broker and an API that only registers."""

import json
import os
import shutil
import signal
import socket
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any

import pytest
from ulid import ULID

from infra.local.clients import client
from infra.local.stack import ROOT, Stack
from tests.bare_cloud import bare_cloud


def an_api(iot: Any) -> ThreadingHTTPServer:
    """Signs in, registers sites and cabinets, and gives certificates, which is all that a fleet asks for."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = json.loads(self.rfile.read(int(self.headers["Content-Length"])))
            *_, kind = self.path.split("/")
            status, answer = {
                "": lambda: (200, {"AuthenticationResult": {"AccessToken": "token"}}),
                "locker-sites": lambda: (409, {"code": "already_exists"}),
                "cabinets": lambda: (201, {"id": f"cab_{ULID()}"}),
                "certificates": lambda: (201, {"certificate_pem": certified(body["csr"])}),
            }[kind]()
            self.send_response(status)
            self.end_headers()
            self.wfile.write(json.dumps(answer).encode())

        def log_message(self, *_: Any) -> None:
            pass

    def certified(csr: str) -> str:
        made = iot.create_certificate_from_csr(certificateSigningRequest=csr, setAsActive=True)
        pem: str = made["certificatePem"]
        return pem

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server


@pytest.fixture
def stack(tmp_path: Path) -> Iterator[Stack]:
    """A record of a stack that is up, as far as a fleet can tell."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = probe.getsockname()[1]
    stack = Stack(f"lockers-{os.getpid()}")
    with bare_cloud(tmp_path, IOT_MTLS_PORT=str(port)) as endpoint:
        api = an_api(client({"endpoint_url": endpoint, "region": "eu-west-1"}, "iot"))
        url = f"http://127.0.0.1:{api.server_port}"
        stack.write_record(
            {
                "api_url": url,
                "endpoint_url": url,
                "region": "eu-west-1",
                "stage": "local",
                "client_id": "any",
                "users": {"admin": {"username": "admin", "password": "any"}},
                "mqtt": {"host": "127.0.0.1", "port": port, "ca_url": f"{endpoint}/_ministack/iot/ca.pem"},
            }
        )
        yield stack
        api.shutdown()
        api.server_close()
    shutil.rmtree(stack.directory)


def test_cabinets_run_until_they_are_interrupted(stack: Stack) -> None:
    process = subprocess.Popen(
        [sys.executable, "-u", "-m", "infra.local.lockers", "--sites", "2", "--cabinets", "2"],
        cwd=ROOT,
        env={**os.environ, "AISLE_STACK": stack.name},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    try:
        assert process.stdout is not None
        lines = []
        while sum(line.endswith(" connected\n") for line in lines) < 4:
            lines.append(process.stdout.readline())
            assert lines[-1], process.communicate()
        interrupted = time.monotonic()
        process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=10)
        took = time.monotonic() - interrupted
    finally:
        process.kill()
        process.wait()
    assert (process.returncode, err) == (0, "")
    assert out.endswith("switched off\n")
    assert took < 1
    assert sum(line.startswith("registered cabinet") for line in lines) == 4
