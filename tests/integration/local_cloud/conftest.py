"""A bare wrapped emulator: nothing is deployed into it."""

import os
import shutil
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from infra.local import emulator, environments
from infra.local.clients import client
from infra.local.stack import Options, Stack

REGION = "eu-west-1"

Client = Callable[..., Any]


def start(name: str, **options: Any) -> tuple[Stack, emulator.Emulator]:
    stack = Stack(f"{name}-{os.getpid()}")
    stack.directory.mkdir(parents=True, exist_ok=True)
    return stack, emulator.start(stack, Options(**options), REGION, environments.ensure("cloud"))


def end(stack: Stack) -> None:
    emulator.stop(stack)
    shutil.rmtree(stack.directory, ignore_errors=True)


@pytest.fixture(scope="session")
def cloud() -> Iterator[emulator.Emulator]:
    stack, running = start("wrapper")
    yield running
    end(stack)


@pytest.fixture
def aws(cloud: emulator.Emulator) -> Client:
    record = {"endpoint_url": cloud.endpoint, "region": REGION}
    return lambda service, **options: client(record, service, **options)
