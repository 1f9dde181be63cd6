"""What can be subscribed to is what docs/events.md lists."""

from __future__ import annotations

import re
from pathlib import Path

from chalicelib.webhooks.catalogue import EVENT_TYPES, is_known

EVENTS = Path(__file__).parents[3] / "docs" / "events.md"


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


def test_the_catalogue_is_that_of_the_documentation() -> None:
    assert set(EVENT_TYPES) == documented(), "add what is missing to chalicelib/webhooks/catalogue.py or docs/events.md"


def test_each_has_a_description() -> None:
    assert all(EVENT_TYPES.values())


def test_a_pattern_is_known_when_any_type_matches() -> None:
    assert is_known("aisle.orders.OrderPlaced")
    assert is_known("aisle.orders.*")
    assert is_known("aisle.*")
    assert not is_known("aisle.orders.OrderLost")
    assert not is_known("aisle.nothing.*")
