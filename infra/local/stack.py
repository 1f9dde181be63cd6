"""What belongs to one stack: its directory under .local/, its options, and the record of what is deployed where."""

from __future__ import annotations

import fcntl
import hashlib
import json
import os
import re
import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
LOCAL = ROOT / ".local"
TERRAFORM = ROOT / "infra" / "terraform"
STATE_MACHINES = ROOT / "statemachines"

DEFAULT_STACK = "default"
DEFAULT_REGION = "eu-west-1"


class LocalCloudError(Exception):
    """Something the user can act on; the message says what."""


@dataclass(frozen=True)
class Options:
    """How a stack is to run; read from the environment so that `make` passes it through."""

    stage: str = "local"
    emulator: str = "ministack"
    persist: bool = False
    iam: bool = False
    port: int | None = None

    @staticmethod
    def from_environment() -> Options:
        """STAGE, EMULATOR, PERSIST=1, IAM=1 and AISLE_PORT."""
        emulator = os.environ.get("EMULATOR") or "ministack"
        if emulator not in ("ministack", "localstack"):
            raise LocalCloudError(f"EMULATOR={emulator}: choose ministack or localstack")
        port = os.environ.get("AISLE_PORT")
        return Options(
            stage=os.environ.get("STAGE") or "local",
            emulator=emulator,
            persist=_is_on("PERSIST"),
            iam=_is_on("IAM"),
            port=int(port) if port else None,
        )


def _is_on(name: str) -> bool:
    return os.environ.get(name, "").lower() in ("1", "true", "yes", "on")


class Stack:
    """One named stack. Two stacks share nothing but the caches, so they run side by side."""

    def __init__(self, name: str | None = None) -> None:
        self.name = name or os.environ.get("AISLE_STACK") or DEFAULT_STACK
        if not re.fullmatch(r"[a-z0-9][a-z0-9-]{0,30}", self.name):
            raise LocalCloudError(f"AISLE_STACK={self.name}: use lower-case letters, digits and hyphens")
        self.directory = LOCAL / self.name

    @property
    def record_file(self) -> Path:
        """The stack's `stack.json`; the default stack's is `.local/stack.json`."""
        return (LOCAL if self.name == DEFAULT_STACK else self.directory) / "stack.json"

    @property
    def log_file(self) -> Path:
        return self.directory / "emulator.log"

    @property
    def terraform_data(self) -> Path:
        return self.directory / "terraform"

    @property
    def app(self) -> Path:
        """The staged directory that Chalice deploys, with its memory of what it has deployed."""
        return self.directory / "app"

    @property
    def applying(self) -> Path:
        """Exists while Terraform applies; left behind when it did not come to its end."""
        return self.directory / "applying"

    @contextmanager
    def locked(self) -> Iterator[None]:
        """Only one command at a time changes a stack; a second one waits."""
        self.directory.mkdir(parents=True, exist_ok=True)
        with (self.directory / "command.lock").open("w") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    def record(self) -> dict[str, Any]:
        """The parsed `stack.json`; raises when the stack is not up."""
        try:
            return _as_dict(json.loads(self.record_file.read_text()))
        except (FileNotFoundError, json.JSONDecodeError):
            raise LocalCloudError(f"the stack '{self.name}' is not up: run `make up`") from None

    def write_record(self, record: dict[str, Any]) -> None:
        write_atomically(self.record_file, json.dumps(record, indent=2) + "\n")

    # What each step was last done with. A step is skipped while its inputs have the same fingerprint.

    @property
    def _done_file(self) -> Path:
        return self.directory / "done.json"

    def done(self) -> dict[str, str]:
        try:
            return {str(k): str(v) for k, v in _as_dict(json.loads(self._done_file.read_text())).items()}
        except (FileNotFoundError, json.JSONDecodeError):
            return {}

    def is_done(self, step: str, inputs: str) -> bool:
        return self.done().get(step) == inputs

    def mark_done(self, step: str, inputs: str) -> None:
        write_atomically(self._done_file, json.dumps({**self.done(), step: inputs}))

    def forget_done(self) -> None:
        self._done_file.unlink(missing_ok=True)

    def forget_deployment(self) -> None:
        """Drop all knowledge of what is deployed, because the emulator that held it is gone."""
        self.forget_done()
        self.record_file.unlink(missing_ok=True)
        self.applying.unlink(missing_ok=True)
        for state in self.directory.glob("terraform.tfstate*"):
            state.unlink()
        shutil.rmtree(self.app / ".chalice" / "deployed", ignore_errors=True)


def _as_dict(value: Any) -> dict[str, Any]:
    if not isinstance(value, dict):
        raise json.JSONDecodeError("not an object", "", 0)
    return value


def write_atomically(path: Path, text: str) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    fresh = path.with_name(f"{path.name}.{os.getpid()}")
    fresh.write_text(text)
    fresh.replace(path)


def fingerprint(paths: Iterable[Path], *more: str) -> str:
    """A hash of the files under `paths` (names and contents) and of further strings."""
    digest = hashlib.sha256()
    for path in paths:
        files = sorted(found for found in path.rglob("*") if found.is_file()) if path.is_dir() else [path]
        for file in files:
            if "__pycache__" in file.parts or ".terraform" in file.parts or not file.exists():
                continue
            digest.update(str(file.relative_to(path.parent)).encode() + b"\0" + file.read_bytes() + b"\0")
    for text in more:
        digest.update(text.encode() + b"\0")
    return digest.hexdigest()
