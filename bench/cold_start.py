"""Cold starts: from nothing imported to the first DynamoDB client made, as a ratio to a bare function that does only that."""

from __future__ import annotations

import compileall
import json
import shutil
import subprocess
import sys
import sysconfig
import tempfile
from pathlib import Path
from statistics import median
from typing import NamedTuple

from bench.ground import API, Function, Ground
from bench.report import Figure, Target

PART = "Cold start"
ROUNDS = 15
API_AT_MOST, OTHERS_AT_MOST = 1.3, 1.1
MEMORY_MB = 128

BOTO3 = ("boto3", "botocore", "dateutil", "jmespath", "s3transfer", "six.py", "urllib3")

# No site-packages but the given directory, no environment variables for Python, no bytecode written.
PYTHON = [sys.executable, "-I", "-S", "-B", "-c"]

MEASURED = """
import sys, time
began, worked = time.perf_counter(), time.process_time()
sys.path.insert(0, sys.argv[1])
{work}
took, used = time.perf_counter() - began, time.process_time() - worked
import json, resource
print(json.dumps([took, used, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024]))
"""

BARE = MEASURED.format(work="import boto3\nboto3.client('dynamodb')")

OURS = MEASURED.format(
    work="""
from importlib import import_module
module, _, name = sys.argv[2].rpartition(".")
getattr(import_module(module), name)
from chalicelib.core.table import Item
Item._get_connection().connection.client
"""
)


class Start(NamedTuple):
    """Seconds of wall clock, seconds of CPU, and the peak of resident memory in MB."""

    wall: float
    cpu: float
    memory: float


def measure(ground: Ground) -> list[Figure]:
    with tempfile.TemporaryDirectory(prefix="aisle-bench-") as temporary:
        boto3 = _boto3_alone(Path(temporary))
        return _measured(ground, boto3)


def _boto3_alone(directory: Path) -> Path:
    """A function's directory with nothing but boto3 as pip installs it: every service, and bytecode beside the sources."""
    installed = Path(sysconfig.get_path("purelib"))
    for name in BOTO3:
        if (installed / name).is_dir():
            shutil.copytree(installed / name, directory / name)
        else:
            shutil.copy2(installed / name, directory / name)
    compileall.compile_dir(directory, quiet=1)
    return directory


def _measured(ground: Ground, boto3: Path) -> list[Figure]:
    bare: list[Start] = []
    ours: dict[str, list[Start]] = {function.name: [] for function in ground.functions}
    _start_bare(ground, boto3)  # the first of each fills the page cache
    for function in ground.functions:
        _start(ground, function)
    for _ in range(ROUNDS):
        # Interleaved, so that what else the machine does hits all alike.
        bare.append(_start_bare(ground, boto3))
        for function in ground.functions:
            ours[function.name].append(_start(ground, function))
    return [*_times(bare, ours), *_memory(ours)]


def _times(bare: list[Start], ours: dict[str, list[Start]]) -> list[Figure]:
    base = median(start.wall for start in bare)
    figures = [Figure(PART, "bare function: boto3.client('dynamodb')", base * 1000, "ms", note=_beside(bare))]
    for name, starts in ours.items():
        took = median(start.wall for start in starts)
        # Each is compared with the bare function of its own round: the machine's speed changes from minute to minute.
        ratio = median(start.wall / beside.wall for start, beside in zip(starts, bare, strict=True))
        target = Target("≤", API_AT_MOST if name == API else OTHERS_AT_MOST)
        figures.append(
            Figure(PART, name, round(ratio, 2), "× bare", target, f"{took * 1000:.0f} ms; {_beside(starts)}")
        )
    return figures


def _beside(starts: list[Start]) -> str:
    return f"CPU {median(start.cpu for start in starts) * 1000:.0f} ms"


def _memory(ours: dict[str, list[Start]]) -> list[Figure]:
    name, peak = max(((name, median(s.memory for s in starts)) for name, starts in ours.items()), key=lambda x: x[1])
    return [Figure(PART, "peak memory of the largest", round(peak), "MB", Target("<", MEMORY_MB), name)]


def _start(ground: Ground, function: Function) -> Start:
    return _run([*PYTHON, OURS, str(ground.package), function.handler], ground.environment(function))


def _start_bare(ground: Ground, boto3: Path) -> Start:
    return _run([*PYTHON, BARE, str(boto3)], ground.environment())


def _run(command: list[str], environment: dict[str, str]) -> Start:
    ran = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
    if ran.returncode:
        raise RuntimeError(f"a cold start failed:\n{ran.stderr[-2000:]}")
    return Start(*json.loads(ran.stdout.splitlines()[-1]))
