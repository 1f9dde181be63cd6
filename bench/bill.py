"""The AWS bill per million orders, each placed, looked at once, paid, shipped and delivered, and of what goes with them: locker
pickups, a marketplace's listings and orders; from what was counted.

What cannot be counted here is assumed, below, on the dear side. Not in it: what is paid by the month or by the gigabyte
kept (keys, alarms, dashboards, storage, backups, idle polling of queues), e-mails and text messages, and data sent out.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from bench import prices
from bench.commands import SMALL, WHOLES, steps_of, writes
from bench.executions import Count
from bench.ground import Ground
from bench.inside.life import HAND_OUT, LINES
from bench.prices import Price
from bench.report import Figure
from bench.trade import LISTING, PLACING, ROUTING, traded
from bench.transitions import counted

PART = "AWS bill per million orders"
ORDERS = 1_000_000

NOT_OF_AN_ORDER = ("receive stock", "list 20 orders", "quote")
QUEUED = "-on-"
"""In the names of functions that a queue invokes."""

# Assumptions.
MB_PER_CPU = 1769
"""Lambda gives a function a whole CPU at this memory, and its share below (docs.aws.amazon.com/lambda, memory)."""
CALL_MS = 6.0
"""How long a function waits for one call to a service in its region."""
SUPPLIER_MS = 500.0
"""How long it waits for a supplier's system, its handshake counted."""
STREAM_READS_PER_EVENT = 1.0
"""Without batching: each event is a read of the stream, a run of the pipe and of publish-events."""
EXPRESS_GB_SECONDS = 0.1 * 64 / 1024
"""One run of publish-events: one step of 100 ms and 64 MB."""
REQUESTS_PER_MESSAGE = 3
"""Sent, received, deleted; without batching."""
PLATFORM_LOG_BYTES = 400
"""What Lambda itself logs of an invocation: START, END, REPORT."""
HOLD_TRANSITIONS = 5
"""Of hold-for-pickup for what is collected before its reminder: the start and its four states."""
TRACED = 0.05
"""The share of invocations that X-Ray samples by default, each counted as a trace of its own."""


def measure(ground: Ground) -> list[Figure]:
    count = counted(ground)
    counts = traded(ground)
    routed = counts[PLACING].transitions + counts[ROUTING].transitions
    return [
        *_bill(ground, count, LINES),
        *_bill(ground, count, SMALL)[:1],
        _whole(ground, "pickup", HOLD_TRANSITIONS),
        _whole(ground, "listing", counts[LISTING].transitions),
        _whole(ground, "routed order", routed),
    ]


def _whole(ground: Ground, part: str, transitions: int) -> Figure:
    """What all steps of a part of a life cost, handing out its events included."""
    all_steps = ground.life(LINES)["steps"]
    steps, handed_out = steps_of(all_steps, part), all_steps[HAND_OUT]
    events = sum(item["item"].endswith(" EVENT") for step in steps for item in step["items"])
    rows = [*_rows(ground, [*steps, *[handed_out] * events], transitions), *_iot(steps), *_secrets(steps)]
    total = sum(price.of(quantity * ORDERS) for price, quantity in rows)
    parts = sorted(((price.of(quantity * ORDERS), price.thing) for price, quantity in rows), reverse=True)[:4]
    note = "; ".join(f"{dollars:,.2f} $ {thing}" for dollars, thing in parts)
    return Figure(PART, WHOLES[part], total, "$", note=f"most of it: {note}")


def _secrets(steps: Sequence[Mapping[str, Any]]) -> Iterator[tuple[Price, float]]:
    yield prices.SECRET_REQUEST, sum(call.startswith("secretsmanager:") for step in steps for call in step["others"])


def _iot(steps: Sequence[Mapping[str, Any]]) -> Iterator[tuple[Price, float]]:
    sent = sum(step["others"].count("iot:Publish") for step in steps)
    said = sum(step["function"] == "lockers-on-cabinet-message" for step in steps)
    yield prices.IOT_MESSAGE, 2 * sent + said  # in and out of the broker
    yield prices.IOT_RULE, 2 * said  # the rule, and its action


def _bill(ground: Ground, count: Count, lines: int) -> list[Figure]:
    all_steps = ground.life(lines)["steps"]
    of_orders = [name for name, step in all_steps.items() if step["part_of"] == "order" and name not in NOT_OF_AN_ORDER]
    steps = [all_steps[name] for name in of_orders for _ in range(count.events if name == HAND_OUT else 1)]
    rows = list(_rows(ground, steps, count.transitions))
    total = sum(price.of(quantity * ORDERS) for price, quantity in rows)
    whole = Figure(PART, f"orders of {lines} lines", total, "$", note=f"list prices of us-east-1, {prices.AS_OF}")
    return [whole, *(_line(price, quantity) for price, quantity in rows)]


def _line(price: Price, quantity: float) -> Figure:
    note = f"{quantity:.4g} per order at ${price.usd:g} per {price.per:,.0f}; {price.source}"
    return Figure(PART, f"· {price.thing}", price.of(quantity * ORDERS), "$", note=note)


def _rows(ground: Ground, steps: Sequence[Mapping[str, Any]], transitions: int) -> Iterator[tuple[Price, float]]:
    others = [call for step in steps for call in step["others"]]
    sizes = [item["bytes"] for step in steps for item in step["items"] if item["item"].endswith(" EVENT")]
    events = len(sizes)
    messages = sum(QUEUED in step["function"] for step in steps) + others.count("sqs:SendMessage")
    memory = {function.name: function.memory_mb for function in ground.functions}
    yield prices.API_REQUEST, sum(step["function"] == "api" for step in steps)
    yield prices.LAMBDA_REQUEST, len(steps)
    yield prices.LAMBDA_GB_SECOND, sum(_gb_seconds(step, memory[step["function"]]) for step in steps)
    yield prices.WRITE_UNIT, sum(writes(step) for step in steps)
    yield prices.READ_UNIT, sum(step["read_units"] for step in steps)
    yield prices.TRANSITION, transitions
    yield prices.STREAM_READ, events * STREAM_READS_PER_EVENT
    yield prices.PIPE_REQUEST, events
    yield prices.EXPRESS_REQUEST, events
    yield prices.EXPRESS_GB_SECOND, events * EXPRESS_GB_SECONDS
    yield prices.EVENT, events
    yield prices.ARCHIVE_GB, sum(sizes) / 1e9
    yield prices.QUEUE_REQUEST, messages * REQUESTS_PER_MESSAGE
    yield prices.NOTIFICATION, others.count("sns:Publish")
    yield prices.KEY_REQUEST, sum(call.startswith("kms:") for call in others)
    yield prices.LOG_GB, sum(step["log_bytes"] + PLATFORM_LOG_BYTES for step in steps) / 1e9
    yield prices.TRACE, len(steps) * TRACED


def _gb_seconds(step: Mapping[str, Any], memory_mb: int) -> float:
    outside = sum(call.startswith("supplier:") for call in step["others"])
    waited = (step["round_trips"] + len(step["others"]) - outside) * CALL_MS + outside * SUPPLIER_MS
    milliseconds = step["cpu_ms"] * max(1.0, MB_PER_CPU / memory_mb) + waited
    return float(milliseconds / 1000 * memory_mb / 1024)
