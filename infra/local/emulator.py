"""Start, find and stop the emulator process of a stack."""

from __future__ import annotations

import fcntl
import json
import os
import secrets
import shutil
import signal
import socket
import subprocess
import time
import urllib.request
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from infra.local.clients import CREDENTIALS
from infra.local.stack import DEFAULT_STACK, ROOT, LocalCloudError, Options, Stack, fingerprint, write_atomically

WRAPPER = ROOT / "infra" / "local" / "cloud"
REQUIREMENTS = ROOT / "infra" / "local" / "requirements.txt"

PORT = 4566
IOT_PORT = 8883
START_TIMEOUT = 60.0
BUSY_TIMEOUT = 30.0
STOP_TIMEOUT = 20.0
# Thousands of orders take minutes to be written, and what is not written is lost.
SAVE_TIMEOUT = 1800.0


@dataclass(frozen=True)
class Emulator:
    """Where an emulator listens, and as which instance: a new instance knows nothing of what an older one held."""

    port: int
    iot_port: int
    instance: str
    persist: bool
    iam: bool
    region: str
    wrapper: str

    @property
    def endpoint(self) -> str:
        return f"http://127.0.0.1:{self.port}"


def running(stack: Stack) -> Emulator | None:
    """The emulator of this stack, if its process is alive and answers under its own name.

    A living one that is too busy to answer is waited for: to take it for dead would cost what it holds.
    """
    deadline = time.monotonic() + BUSY_TIMEOUT
    while _pid(stack) is not None:
        emulator = _last(stack)
        if emulator is None:
            return None
        if _instance_at(emulator.port) == emulator.instance:
            return emulator
        if time.monotonic() > deadline:
            return None
        time.sleep(0.2)
    return None


def start(stack: Stack, options: Options, region: str, python: Path) -> Emulator:
    """Start the emulator of this stack and wait until it is ready.

    The process outlives this command and listens on the loopback interface only. A port that something else holds is
    avoided, unless the kept state of an earlier run depends on it.
    """
    stop(stack)  # what an interrupted command may have left
    last = _last(stack) if options.persist and _state(stack).exists() else None
    if last and not (_is_free(last.port) and _is_free(last.iot_port)):
        raise LocalCloudError(
            f"the kept state of '{stack.name}' needs ports {last.port} and {last.iot_port}, and one is taken: "
            "free it, or forget the state with `python -m infra.local reset`"
        )
    port = last.port if last else _free_port(options.port or (PORT if stack.name == DEFAULT_STACK else 0))
    iot_port = last.iot_port if last else _free_port(IOT_PORT if stack.name == DEFAULT_STACK else 0)
    instance = last.instance if last else f"aisle-{stack.name}-{secrets.token_hex(4)}"
    emulator = Emulator(port, iot_port, instance, options.persist, options.iam, region, wrapper())
    if last is None:
        shutil.rmtree(_state(stack), ignore_errors=True)
        stack.forget_deployment()
    write_atomically(_file(stack), json.dumps(asdict(emulator)))
    process = _spawn(stack, emulator, python)
    try:
        _wait_until_ready(stack, emulator, process)
    except BaseException:
        process.terminate()
        process.wait(STOP_TIMEOUT)
        raise
    process.returncode = 0  # it is to outlive this command, of which Popen would otherwise warn
    return emulator


def wrapper() -> str:
    """A fingerprint of what the emulator process consists of, so that `up` restarts one of before a change."""
    return fingerprint([WRAPPER, REQUIREMENTS])


def stop(stack: Stack, keep: bool = True) -> bool:
    """End the emulator of this stack, and only it; says whether there was one.

    It takes its time to write what it was to persist, unless that is not to be kept.
    """
    pid = _pid(stack)
    if pid is None:
        return False
    gently = SAVE_TIMEOUT if keeps_state(stack) else STOP_TIMEOUT
    for signal_, patience in ((signal.SIGTERM, gently if keep else 0.0), (signal.SIGKILL, 5.0)):
        try:
            os.kill(pid, signal_)
        except ProcessLookupError:
            break
        deadline = time.monotonic() + patience
        while time.monotonic() < deadline:
            if _pid(stack) is None:
                shutil.rmtree(_temporary(stack), ignore_errors=True)
                return True
            time.sleep(0.05)
    return True


def keeps_state(stack: Stack) -> bool:
    """Whether the state of this stack outlives its emulator process."""
    last = _last(stack)
    return last is not None and last.persist


def forget(stack: Stack) -> None:
    """Drop the kept state of a stack whose emulator is stopped."""
    shutil.rmtree(_state(stack), ignore_errors=True)
    _file(stack).unlink(missing_ok=True)


def _file(stack: Stack) -> Path:
    return stack.directory / "emulator.json"


def _state(stack: Stack) -> Path:
    return stack.directory / "state"


def _temporary(stack: Stack) -> Path:
    return stack.directory / "tmp"


def _last(stack: Stack) -> Emulator | None:
    try:
        return Emulator(**json.loads(_file(stack).read_text()))
    except (FileNotFoundError, json.JSONDecodeError, TypeError):
        return None


def _pid(stack: Stack) -> int | None:
    """The process that holds the stack's emulator lock (see `infra/local/cloud/__main__.py`)."""
    try:
        lock = (stack.directory / "emulator.lock").open("r")
    except FileNotFoundError:
        return None
    with lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            text = lock.read().strip()
            return int(text) if text.isdigit() else None
    return None


def _spawn(stack: Stack, emulator: Emulator, python: Path) -> subprocess.Popen[bytes]:
    _temporary(stack).mkdir(parents=True, exist_ok=True)
    # Functions inherit the emulator's environment, so it holds nothing that is not meant for them.
    inherited = {name: os.environ[name] for name in ("PATH", "HOME", "LANG", "SFN_WAIT_SCALE") if name in os.environ}
    environment = {
        **inherited,
        **CREDENTIALS,
        "AUTH": "true" if emulator.iam else "false",
        "BIND_HOST": "127.0.0.1",
        "GATEWAY_PORT": str(emulator.port),
        "IOT_MTLS_PORT": str(emulator.iot_port),
        # What a cabinet has not confirmed when its line goes dead is sent again so soon after it is back; AWS does it at once.
        "IOT_RETRANSMIT_SECONDS": "1",
        "LOG_LEVEL": os.environ.get("AISLE_EMULATOR_LOG_LEVEL", "INFO"),
        "MINISTACK_EDITION": emulator.instance,
        "MINISTACK_REGION": emulator.region,
        "PERSIST_STATE": "1" if emulator.persist else "0",
        "PYTHONDONTWRITEBYTECODE": "1",
        "S3_DATA_DIR": str(_state(stack) / "s3"),
        "S3_PERSIST": "1" if emulator.persist else "0",
        "SFTP_ENABLED": "0",
        "STATE_DIR": str(_state(stack)),
        "TMPDIR": str(_temporary(stack)),
    }
    with stack.log_file.open("ab") as log:
        return subprocess.Popen(
            [str(python), "-m", "infra.local.cloud", str(stack.directory)],
            cwd=ROOT,
            env=environment,
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=subprocess.STDOUT,
            start_new_session=True,
        )


def _wait_until_ready(stack: Stack, emulator: Emulator, process: subprocess.Popen[bytes]) -> None:
    deadline = time.monotonic() + START_TIMEOUT
    while time.monotonic() < deadline:
        if process.poll() is not None:
            tail = "\n".join(stack.log_file.read_text(errors="replace").splitlines()[-8:])
            raise LocalCloudError(f"the emulator ended at once (log: {stack.log_file}):\n{tail}")
        if _answer(emulator.port, "/_ministack/ready") is not None and _instance_at(emulator.port) == emulator.instance:
            return
        time.sleep(0.05)
    raise LocalCloudError(f"the emulator was not ready after {START_TIMEOUT:.0f} s (log: {stack.log_file})")


def _instance_at(port: int) -> str | None:
    health = _answer(port, "/_ministack/health")
    return str(health["edition"]) if health and "edition" in health else None


def _answer(port: int, path: str) -> dict[str, Any] | None:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{path}", timeout=5) as answer:  # nosec B310 (the local cloud)
            parsed = json.loads(answer.read())
    except (OSError, ValueError):
        return None
    return parsed if isinstance(parsed, dict) else None


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) != 0


def _free_port(wanted: int) -> int:
    """`wanted` or the next port after it that is free; any free port for 0."""
    for port in range(wanted, wanted + 100) if wanted else ():
        if _is_free(port):
            return port
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def local_environment(endpoint: str, region: str) -> dict[str, str]:
    """This process's environment with endpoint, region and dummy credentials of the local cloud, and no profile."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("AWS_")}
    return {
        **kept,
        **CREDENTIALS,
        "AWS_DEFAULT_REGION": region,
        "AWS_REGION": region,
        "AWS_ENDPOINT_URL": endpoint,
        "AWS_EC2_METADATA_DISABLED": "true",
    }
