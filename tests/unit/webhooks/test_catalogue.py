"""What can be subscribed to, against what is documented and what is in the code."""

from __future__ import annotations

import re
from pathlib import Path

from chalicelib.webhooks.catalogue import EVENT_TYPES, NOT_SENT, is_known

ROOT = Path(__file__).parents[3]
EVENTS = ROOT / "docs" / "events.md"
CONTEXTS = ROOT / "chalicelib"


def documented() -> set[str]:
    """The types in the table of docs/events.md; a row without a source belongs to the one above."""
    found, source = set(), ""
    for line in EVENTS.read_text().splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if not line.startswith("|") or len(cells) < 4:
            continue
        source = cells[0].strip("`") or source
        found |= {f"{source}.{type}" for type in re.findall(r"`([A-Z]\w+)`", cells[1])}
    return found


def published() -> set[str]:
    """The types that stand in the code of each context's `events.py`."""
    found = set()
    for path in CONTEXTS.glob("*/events.py"):
        names = re.findall(r'"([A-Z][a-z]+(?:[A-Z][a-z]+)+)"', path.read_text())
        found |= {f"aisle.{path.parent.name}.{name}" for name in names}
    return found


def test_of_every_type_it_is_decided_whether_it_is_sent() -> None:
    undecided = (documented() | published()) - set(EVENT_TYPES) - NOT_SENT
    assert undecided == set(), "add these to EVENT_TYPES or NOT_SENT in chalicelib/webhooks/catalogue.py"


def test_nothing_is_listed_that_does_not_exist() -> None:
    assert set(EVENT_TYPES) - documented() - published() == set()


def test_each_has_a_description_and_one_decision() -> None:
    assert all(EVENT_TYPES.values())
    assert not NOT_SENT & set(EVENT_TYPES)
    assert list(EVENT_TYPES) == sorted(EVENT_TYPES)


def test_a_pattern_is_known_when_any_type_matches() -> None:
    assert is_known("aisle.orders.OrderPlaced")
    assert is_known("aisle.orders.*")
    assert is_known("aisle.*")
    assert not is_known("aisle.orders.OrderLost")
    assert not is_known("aisle.nothing.*")
    assert not is_known("aisle.customers.VerificationRequested")
