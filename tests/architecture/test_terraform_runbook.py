"""Every alarm sends its reader to a section that docs/runbook.md has, and waits for something that is counted."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from tests.workflows.definitions import NAMES, rendered

ROOT = Path(__file__).resolve().parents[2]
TERRAFORM = ROOT / "infra" / "terraform"


def _sections() -> set[str]:
    headings = re.findall(r"^## (.+)$", (ROOT / "docs" / "runbook.md").read_text(), flags=re.MULTILINE)
    return {heading.lower().replace(" ", "-") for heading in headings}


def test_every_alarm_has_a_section_in_the_runbook() -> None:
    sources = [path.read_text() for path in TERRAFORM.rglob("*.tf")]
    named = {section for text in sources for section in re.findall(r"runbook\.md#([a-z][a-z-]*)", text)}
    named |= set(re.findall(r'^\s+section\s+= "([^"]+)"', (TERRAFORM / "alarms.tf").read_text(), flags=re.MULTILINE))
    assert named
    assert named - _sections() == set()


def test_every_alarm_by_name_is_in_the_runbook() -> None:
    alarms = (TERRAFORM / "alarms.tf").read_text()
    names = set(re.findall(r"^    ([a-z-]+) = \{$", alarms, flags=re.MULTILINE)) | set(
        re.findall(r'alarm_name\s+= "\$\{local\.name\}-([a-z-]+)"', alarms)
    )
    assert names
    runbook = (ROOT / "docs" / "runbook.md").read_text()
    assert {name for name in names if f"`{name}`" not in runbook} == set()


def test_the_runbook_says_where_whatever_is_parked_is_found() -> None:
    """By its reason in `GET /v1/reviews`, or by the machine that keeps it elsewhere: one alarm rings for all of it."""
    parking = set(_who_counts("CompensationParked"))
    listed = "park_compensation"
    assert listed in parking
    runbook = (ROOT / "docs" / "runbook.md").read_text()
    [section] = re.findall(r"^## Parked compensations$(.*?)^## ", runbook, flags=re.MULTILINE | re.DOTALL)
    told = set(re.findall(r"`([a-z][a-z_-]+)`", section))
    reasons, machines = set(_reasons_in_code(listed)), set()
    for name in NAMES:
        definition = rendered(name)
        tasks = {one["task"] for one in _objects(definition) if "task" in one}
        if listed in tasks:
            given = {one["reason"] for one in _objects(definition) if "reason" in one}
            reasons |= {reason for reason in given if not reason.startswith("{%")}
        if tasks & parking - {listed}:
            machines.add(name.replace("_", "-"))
    assert len(reasons) > 15
    assert machines >= {"onboard-supplier", "pay-suppliers"}
    assert (reasons | machines) - told == set()


def _who_counts(metric: str) -> Iterator[str]:
    """The functions that count it."""
    for path in (ROOT / "chalicelib").rglob("*.py"):
        if f'count("{metric}")' in (source := path.read_text()):
            for one in ast.parse(source).body:
                if isinstance(one, ast.FunctionDef) and f"count('{metric}')" in ast.unparse(one):
                    yield one.name


def _reasons_in_code(function: str) -> Iterator[str]:
    """Of the calls of a function."""
    for path in (ROOT / "chalicelib").rglob("*.py"):
        if f"{function}(" in (source := path.read_text()):
            for call in ast.walk(ast.parse(source)):
                if isinstance(call, ast.Call) and ast.unparse(call.func).endswith(function):
                    yield from (ast.literal_eval(one.value) for one in call.keywords if one.arg == "reason")


def _objects(value: Any) -> Iterator[dict[str, Any]]:
    """Every object within."""
    if isinstance(value, dict):
        yield value
    within = value.values() if isinstance(value, dict) else value if isinstance(value, list) else ()
    for one in within:
        yield from _objects(one)


def test_every_metric_of_ours_is_counted() -> None:
    """Nothing tells an alarm on a metric that does not exist from one that never rings."""
    alarms, dashboards = ((TERRAFORM / name).read_text() for name in ("alarms.tf", "dashboards.tf"))
    watched = re.findall(r'(namespace\s+= "AWS/[\w/]+"\n\s+)?metric\s+= "(\w+)"', alarms)
    ours = [metric for aws, metric in watched if not aws]
    plots = [line.partition("= [")[2] for line in dashboards.splitlines() if "local.metrics_namespace" in line]
    plotted = [metric for plot in plots for metric in re.findall(r'"(\w+)"', plot)]
    assert len(ours) > 10
    assert len(plotted) > 10
    source = "\n".join(path.read_text() for path in (ROOT / "chalicelib").rglob("*.py"))
    assert {metric for metric in (*ours, *plotted) if f'"{metric}"' not in source} == set()
