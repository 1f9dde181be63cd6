"""What each command asks of DynamoDB: round trips, request units as AWS bills them, bytes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

from bench.ground import Ground
from bench.inside.life import LINES
from bench.inside.market import ROWS
from bench.report import Figure, Target

PART = "DynamoDB per command"
SMALL = 3
ROUND_TRIPS, WRITE_UNITS = 2, 40
WHOLES = {
    "pickup": "a locker pickup, packed to delivered",
    "onboarding": "a supplier, applied to approved",
    "listing": "a listing, registered to published",
    "routed order": "an order of one supplier's goods, placed to delivered",
    "payout": "a payout run of one supplier",
}
"""What several steps make up, by what they are part of."""


def measure(ground: Ground) -> list[Figure]:
    steps = ground.life(LINES)["steps"]
    placed = steps["place order"]
    figures = [
        Figure(
            PART, f"place an order of {LINES} lines: round trips", placed["round_trips"], "", Target("≤", ROUND_TRIPS)
        ),
        _writes(f"place an order of {LINES} lines: write units", placed, Target("≤", WRITE_UNITS)),
        _writes(f"place an order of {SMALL} lines: write units", ground.life(SMALL)["steps"]["place order"], None),
    ]
    wholes = (figure for part, whole in WHOLES.items() for figure in _whole(whole, steps_of(steps, part)))
    each = (_of(name, step) for name, step in steps.items())
    return [*figures, *_items(placed), *each, *wholes, *_rows(steps)]


def steps_of(steps: Mapping[str, Any], part: str) -> list[dict[str, Any]]:
    """The steps that make up a part of a life."""
    return [step for step in steps.values() if step["part_of"] == part]


def _whole(whole: str, those: list[dict[str, Any]]) -> list[Figure]:
    """All that it asks for."""
    others = Counter(call for step in those for call in step["others"])
    asked = ", ".join(f"{count} {call}" for call, count in sorted(others.items()))
    trips = sum(step["round_trips"] for step in those)
    note = f"to DynamoDB; also {asked}" if asked else "to DynamoDB"
    return [
        Figure(PART, f"{whole}: write units", sum(map(writes, those)), "WU", note=f"in {len(those)} invocations"),
        Figure(PART, f"{whole}: read units", sum(step["read_units"] for step in those), "RU"),
        Figure(PART, f"{whole}: round trips", trips, note=note),
    ]


def _rows(steps: dict[str, Any]) -> list[Figure]:
    """What each row of a file of products asks for."""
    return [
        Figure(
            PART,
            f"a row of a file, of {name.removeprefix(f'take {ROWS} ')}",
            writes(step) / ROWS,
            "WU",
            note=f"{step['round_trips'] / ROWS:g} round trips, {step['read_units'] / ROWS:g} RU; {ROWS} taken at once",
        )
        for name, step in steps.items()
        if name.startswith(f"take {ROWS} ")
    ]


def _items(step: dict[str, Any]) -> list[Figure]:
    """What the write units of a step go into."""
    kinds = dict.fromkeys(item["item"] for item in step["items"])
    return [_item(kind, [item for item in step["items"] if item["item"] == kind]) for kind in kinds]


def _item(kind: str, items: list[dict[str, Any]]) -> Figure:
    units = sum(item["units"] + item["index_units"] for item in items)
    largest = max(item["bytes"] for item in items)
    note = f"{len(items)} of up to {largest:,} B" if len(items) > 1 else f"{largest:,} B"
    return Figure(PART, f"· {kind}", units, "WU", note=note)


def writes(step: Mapping[str, Any]) -> int:
    """All write units of a step, indexes counted."""
    return int(step["write_units"] + step["index_write_units"])


def _writes(name: str, step: dict[str, Any], target: Target | None) -> Figure:
    note = f"{step['write_units']} in the table, {step['index_write_units']} in indexes"
    return Figure(PART, name, writes(step), "WU", target, note)


def _of(name: str, step: dict[str, Any]) -> Figure:
    others = f"; also {', '.join(step['others'])}" if step["others"] else ""
    trips = step["round_trips"]
    note = (
        f"{trips} round trip{'' if trips == 1 else 's'}, {step['read_units']:g} RU, "
        f"{step['sent']:,} B sent, {step['received']:,} B received{others}"
    )
    return Figure(PART, name, writes(step), "WU", note=note)
