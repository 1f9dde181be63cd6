"""Every alarm sends its reader to a section that docs/runbook.md has."""

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
