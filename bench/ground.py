"""What all measurements stand on: the system deployed on the local cloud, and its package unpacked as Lambda would."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
import zipfile
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from infra.local import emulator
from infra.local.clients import CREDENTIALS
from infra.local.progress import Progress
from infra.local.stack import ROOT, Options, Stack
from infra.local.testing import TestStack
from infra.local.up import up

NAME = "bench"
STAGE = "test"
API = "api"


@dataclass(frozen=True)
class Function:
    """A deployed function: `name` after `aisle-<stage>-`, `api` for the one without."""

    name: str
    handler: str
    memory_mb: int
    environment: Mapping[str, str]


@dataclass(eq=False)
class Ground:
    """The deployed system and its package."""

    stack: TestStack
    package: Path
    zip_bytes: int
    unpacked_bytes: int
    functions: list[Function]
    emulator_pid: int
    _lives: dict[int, dict[str, Any]] = field(default_factory=dict)

    def function(self, name: str) -> Function:
        return next(function for function in self.functions if function.name == name)

    def environment(self, *functions: Function) -> dict[str, str]:
        """What Lambda gives these functions, and where the local cloud is."""
        given = {name: value for function in functions for name, value in function.environment.items()}
        return {
            **given,
            **CREDENTIALS,
            "AWS_REGION": self.stack.region,
            "AWS_DEFAULT_REGION": self.stack.region,
            "AWS_ENDPOINT_URL": self.stack.endpoint_url,
        }

    def life(self, lines: int) -> dict[str, Any]:
        """What each step in the life of an order of so many lines costs; measured once per run (`inside/life.py`)."""
        if lines not in self._lives:
            handlers = {function.name: function.handler for function in self.functions}
            given = {"lines": lines, "table": self._table_shape(), "handlers": handlers}
            self._lives[lines] = self.inside("bench.inside.life", given)
        return self._lives[lines]

    def _table_shape(self) -> dict[str, Any]:
        table = self.stack.client("dynamodb").describe_table(TableName=self.stack.table_name)["Table"]
        indexes = [
            {name: index[name] for name in ("IndexName", "KeySchema", "Projection")}
            for index in table["GlobalSecondaryIndexes"]
        ]
        return {
            "KeySchema": table["KeySchema"],
            "AttributeDefinitions": table["AttributeDefinitions"],
            "GlobalSecondaryIndexes": indexes,
        }

    def inside(self, module: str, given: dict[str, Any]) -> dict[str, Any]:
        """What a module of `bench/inside/` answers that runs in the package as shipped, and nothing else."""
        with tempfile.NamedTemporaryFile(suffix=".json") as result:
            # -P keeps the working directory off the path, so that `app` is the package's and not the repository's.
            ran = subprocess.run(
                [sys.executable, "-P", "-B", "-m", module],
                env={**self.environment(*self.functions), "PYTHONPATH": f"{self.package}{os.pathsep}{ROOT}"},
                input=json.dumps({**given, "result": result.name}),
                cwd=self.package,
                capture_output=True,
                text=True,
                check=False,
            )
            if ran.returncode:
                raise RuntimeError(f"{module} failed:\n{ran.stderr[-4000:]}")
            return dict(json.loads(Path(result.name).read_text()))


@contextmanager
def prepared() -> Iterator[Ground]:
    """Bring a stack of our own up (AISLE_STACK names another) and unpack its package; take down what was started."""
    stack = Stack(os.environ.get("AISLE_STACK") or NAME)
    was_running = emulator.running(stack) is not None
    stage = stack.record()["stage"] if was_running else STAGE
    record = up(stack, Options(stage=stage), Progress())
    try:
        with tempfile.TemporaryDirectory(prefix="aisle-bench-") as temporary:
            [archive] = sorted((stack.app / ".chalice" / "deployments").glob("*.zip"))[-1:]
            package = Path(temporary) / "task"
            with zipfile.ZipFile(archive) as opened:
                opened.extractall(package)
                unpacked = sum(entry.file_size for entry in opened.infolist())
            deployed = TestStack(record)
            yield Ground(deployed, package, archive.stat().st_size, unpacked, _functions(deployed), _pid(stack))
    finally:
        if not was_running:
            with stack.locked():
                emulator.stop(stack)
                stack.forget_deployment()


def _pid(stack: Stack) -> int:
    """The emulator writes its process id into the file that it holds locked; 0 for one that we did not start."""
    text = (stack.directory / "emulator.lock").read_text() if (stack.directory / "emulator.lock").exists() else ""
    return int(text) if text.strip().isdigit() else 0


def _functions(stack: TestStack) -> list[Function]:
    prefix = f"aisle-{stack.stage}"
    pages = stack.client("lambda").get_paginator("list_functions").paginate()
    found = [one for page in pages for one in page["Functions"] if one["FunctionName"].startswith(prefix)]
    return sorted(
        (
            Function(
                one["FunctionName"].removeprefix(prefix).removeprefix("-") or API,
                one["Handler"],
                one["MemorySize"],
                one.get("Environment", {}).get("Variables", {}),
            )
            for one in found
        ),
        key=lambda function: (function.name != "api", function.name),
    )
