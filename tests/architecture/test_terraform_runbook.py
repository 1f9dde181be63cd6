"""Every alarm sends its reader to a section that docs/runbook.md has, and waits for something that is counted."""

from __future__ import annotations

import re
from pathlib import Path

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
