"""A real DynamoDB on this machine for this test process alone, and the services talking to it."""

import os
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import boto3
import pytest

from chalicelib.core.table import Item
from chalicelib.inventory import service
from infra.local import environments
from tests.conftest import create_table

READY_WITHIN_SECONDS = 60


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port: int = probe.getsockname()[1]
        return port


def _answers(port: int) -> bool:
    with socket.socket() as probe:
        probe.settimeout(1)
        return probe.connect_ex(("127.0.0.1", port)) == 0


@pytest.fixture(scope="session")
def dynamodb_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    directory = tmp_path_factory.mktemp("dynamodb")
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
    }
    log: Path = directory / "emulator.log"
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
        while not _answers(port):
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


@pytest.fixture
def real_table(dynamodb_url: str, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """An empty table on it; the services use it."""
    monkeypatch.setenv("AWS_ENDPOINT_URL", dynamodb_url)
    dynamodb = boto3.client("dynamodb")
    create_table(dynamodb)
    _connect_anew()
    service.forget_locations()
    yield dynamodb
    dynamodb.delete_table(TableName="aisle-test")
    _connect_anew()
    service.forget_locations()


def _connect_anew() -> None:
    # PynamoDB keeps its client, and with it the endpoint.
    Item._connection = None
