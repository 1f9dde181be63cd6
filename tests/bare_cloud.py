"""A local cloud with nothing in it, for one test process alone, apart from the deployed stacks."""

from __future__ import annotations

import os
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from http.client import HTTPConnection
from pathlib import Path

from infra.local import environments

READY_WITHIN_SECONDS = 60


@contextmanager
def bare_cloud(directory: Path, **settings: str) -> Iterator[str]:
    """Its endpoint. It keeps what it needs in `directory`; `settings` are MiniStack's own."""
    port = _free_port()
    environment = {
        "PATH": os.environ["PATH"],
        "HOME": os.environ.get("HOME", "/"),
        "AWS_ACCESS_KEY_ID": "test",
        "AWS_SECRET_ACCESS_KEY": "test",
        "BIND_HOST": "127.0.0.1",
        "GATEWAY_PORT": str(port),
        "IOT_MTLS_PORT": str(_free_port()),
        "LOG_LEVEL": "WARNING",
        "MINISTACK_REGION": "eu-west-1",
        "PYTHONDONTWRITEBYTECODE": "1",
        "SFTP_ENABLED": "0",
        "TMPDIR": str(directory),
        **settings,
    }
    log = directory / "emulator.log"
    with log.open("wb") as out:
        process = subprocess.Popen(
            [str(environments.ensure("cloud")), "-m", "infra.local.cloud", str(directory)],
            cwd=environments.ROOT,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=out,
            stderr=subprocess.STDOUT,
        )
    try:
        end = time.monotonic() + READY_WITHIN_SECONDS
        while not _is_ready(port):
            assert process.poll() is None, log.read_text()
            assert time.monotonic() < end, log.read_text()
            time.sleep(0.05)
        yield f"http://127.0.0.1:{port}"
    finally:
        process.terminate()
        try:
            process.wait(20)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def _is_ready(port: int) -> bool:
    connection = HTTPConnection("127.0.0.1", port, timeout=5)
    try:
        connection.request("GET", "/_ministack/ready")
        return connection.getresponse().status == 200
    except OSError:
        return False
    finally:
        connection.close()
