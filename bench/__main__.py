"""`python -m bench [part …] [--json FILE]`: measure, and say what was reached.

Without names all parts are measured, and bench/results.json and the tables of docs/benchmarks.md are written anew.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import sys
from datetime import UTC, datetime
from importlib import import_module
from pathlib import Path
from time import process_time

from rich.console import Console

from bench.ground import Ground, prepared
from bench.report import Figure, markdown, show, write_into
from bench.why import explained
from infra.local.stack import ROOT, LocalCloudError

PARTS = (
    "package_size",
    "cold_start",
    "commands",
    "warm_cpu",
    "transitions",
    "doors",
    "throughput",
    "marketplace",
    "bill",
)
RESULTS = ROOT / "bench" / "results.json"
PAGE = ROOT / "docs" / "benchmarks.md"
SUPPLIERS = ROOT / "supplier_kit"
"""Is no part of the package: the suppliers of a benchmark run it."""


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m bench", description=(__doc__ or "").splitlines()[0])
    parser.add_argument("parts", nargs="*", metavar="part", help=f"of {', '.join(PARTS)}; default: all")
    parser.add_argument("--json", type=Path, metavar="FILE", help=f"default for all parts: {RESULTS.relative_to(ROOT)}")
    chosen = parser.parse_args()
    unknown = set(chosen.parts) - set(PARTS)
    if unknown:
        parser.error(f"no part is called {', '.join(sorted(unknown))}: choose from {', '.join(PARTS)}")
    sys.path.append(str(SUPPLIERS))
    console = Console(highlight=False)
    try:
        before = _yardstick()
        figures = _measured(chosen.parts or PARTS, console)
    except LocalCloudError as error:
        Console(stderr=True, highlight=False).print(f"[red]error:[/] {error}", soft_wrap=True, markup=True)
        return 1
    context = _context([*before, *_yardstick()])
    into = chosen.json or (None if chosen.parts else RESULTS)
    if into:
        document = {"context": context, "figures": [figure.as_dict() for figure in figures]}
        into.write_text(json.dumps(document, indent=1, ensure_ascii=False) + "\n", encoding="utf-8")
    if not chosen.parts:
        write_into(PAGE, markdown(figures, context))
    console.print(f"{sum(f.reached is True for f in figures)} targets reached, ", end="")
    console.print(f"{sum(f.reached is False for f in figures)} not")
    return 0


def _measured(parts: list[str] | tuple[str, ...], console: Console) -> list[Figure]:
    figures: list[Figure] = []
    with prepared() as ground:
        for name in PARTS:
            if name in parts:
                found = _measure(name, ground)
                show(found, console)
                figures += found
    return figures


def _measure(name: str, ground: Ground) -> list[Figure]:
    return explained(import_module(f"bench.{name}").measure(ground))


def _yardstick() -> list[float]:
    """Milliseconds of CPU of one and the same work, several times. Shared machines change their speed from minute to
    minute, and whoever compares runs should know."""
    taken = []
    for _ in range(5):
        began = process_time()
        sum(range(5_000_000))
        taken.append((process_time() - began) * 1000)
    return taken


def _context(yardstick: list[float]) -> dict[str, str]:
    return {
        "on": f"{datetime.now(UTC):%Y-%m-%d}",
        "with Python": platform.python_version(),
        "on a machine with": f"{os.cpu_count()} cores ({platform.machine()})",
        "on which adding up five million numbers took": f"{min(yardstick):.0f} to {max(yardstick):.0f} ms",
    }


if __name__ == "__main__":
    sys.exit(main())
