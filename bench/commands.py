"""What each command asks of DynamoDB: round trips, request units as AWS bills them, bytes."""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping
from typing import Any

from bench.ground import Ground
from bench.report import Figure, Target

PART = "DynamoDB per command"
LINES = 10
SMALL = 3
ROUND_TRIPS, WRITE_UNITS = 2, 40


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
    return [*figures, *_items(placed), *(_of(name, step) for name, step in steps.items()), *_pickup(steps)]


def _pickup(steps: dict[str, Any]) -> list[Figure]:
    """All that a locker pickup asks for, from packed to delivered."""
    those = [step for step in steps.values() if step["part_of"] == "pickup"]
    others = Counter(call for step in those for call in step["others"])
    asked = ", ".join(f"{count} {call}" for call, count in sorted(others.items()))
    trips = sum(step["round_trips"] for step in those)
    whole = "a locker pickup, packed to delivered"
    return [
        Figure(PART, f"{whole}: write units", sum(map(writes, those)), "WU", note=f"in {len(those)} invocations"),
        Figure(PART, f"{whole}: read units", sum(step["read_units"] for step in those), "RU"),
        Figure(PART, f"{whole}: round trips", trips, note=f"to DynamoDB; also {asked}"),
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
