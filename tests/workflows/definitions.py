"""State machine definitions as Terraform renders them, and walks over them."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

Json = dict[str, Any]

STATE_MACHINES = Path(__file__).resolve().parents[2] / "statemachines"
NAMES = sorted(path.name.removesuffix(".asl.json") for path in STATE_MACHINES.glob("*.asl.json"))

_TASKS: Mapping[str, str | int] = {
    "partition": "aws",
    "orders_tasks_arn": "arn:aws:lambda:eu-west-1:000000000000:function:aisle-paths-orders-tasks",
    "payments_tasks_arn": "arn:aws:lambda:eu-west-1:000000000000:function:aisle-paths-payments-tasks",
    "fulfilment_tasks_arn": "arn:aws:lambda:eu-west-1:000000000000:function:aisle-paths-fulfilment-tasks",
    "task_timeout_seconds": 20,
    "timeout_seconds": 600,
    "patient_attempts": 2,
    "park_attempts": 2,
}

PLACEHOLDERS: Mapping[str, Mapping[str, str | int]] = {
    "place_order": {**_TASKS, "payment_look_ups": 3, "fulfilment_timeout_seconds": 3},
    "fulfil_part": {**_TASKS, "fulfilment_timeout_seconds": 3},
    "cancel_order": _TASKS,
    "refund_payment": {name: value for name, value in _TASKS.items() if name != "fulfilment_tasks_arn"},
    "return_order": {
        **{name: value for name, value in _TASKS.items() if name != "fulfilment_tasks_arn"},
        "returns_tasks_arn": "arn:aws:lambda:eu-west-1:000000000000:function:aisle-paths-returns-tasks",
        "fallback_seconds": 3,
    },
    "route_order": {
        **{name: value for name, value in _TASKS.items() if name not in ("fulfilment_tasks_arn", "payments_tasks_arn")},
        "routing_tasks_arn": "arn:aws:lambda:eu-west-1:000000000000:function:aisle-paths-routing-tasks",
    },
    "pay_suppliers": {
        **{name: value for name, value in _TASKS.items() if not name.endswith("_arn")},
        "ledger_tasks_arn": "arn:aws:lambda:eu-west-1:000000000000:function:aisle-paths-ledger-tasks",
    },
    "hold_for_pickup": {
        **{name: value for name, value in _TASKS.items() if name not in ("fulfilment_tasks_arn", "payments_tasks_arn")},
        "lockers_tasks_arn": "arn:aws:lambda:eu-west-1:000000000000:function:aisle-paths-lockers-tasks",
        "clearing_timeout_seconds": 3,
    },
    "onboard_supplier": {
        **{name: value for name, value in _TASKS.items() if not name.endswith("_arn")},
        "suppliers_tasks_arn": "arn:aws:lambda:eu-west-1:000000000000:function:aisle-paths-suppliers-tasks",
        "review_timeout_seconds": 3,
    },
    "register_product": {
        **{name: value for name, value in _TASKS.items() if not name.startswith(("fulfilment", "payments", "orders"))},
        "listings_tasks_arn": "arn:aws:lambda:eu-west-1:000000000000:function:aisle-paths-listings-tasks",
        "review_timeout_seconds": 30,
    },
    "import_feed": {
        **{name: value for name, value in _TASKS.items() if not name.startswith(("fulfilment", "payments", "orders"))},
        "feeds_tasks_arn": "arn:aws:lambda:eu-west-1:000000000000:function:aisle-paths-feeds-tasks",
        "lanes": 4,
    },
    "publish_events": {
        "partition": "aws",
        "bus_name": "aisle-paths",
        "undelivered_queue_url": "https://sqs.eu-west-1.amazonaws.com/000000000000/aisle-paths-events-undelivered",
    },
}


def source(name: str) -> str:
    """The text of a definition, with its placeholders."""
    return (STATE_MACHINES / f"{name}.asl.json").read_text()


def placeholders(text: str) -> set[str]:
    """Names of the placeholders in a text."""
    return set(re.findall(r"\$\{(\w+)\}", text))


def rendered(name: str, **values: str | int) -> Json:
    """The definition with its placeholders filled in: those above, or `values` where given."""
    filled = {**PLACEHOLDERS[name], **values}
    definition: Json = json.loads(re.sub(r"\$\{(\w+)\}", lambda found: str(filled[found[1]]), source(name)))
    return definition


def with_plain_timeouts(definition: Json) -> Json:
    """The definition with numbers for the seconds, and a moment for each wait, that are worked out while it runs: statelint knows
    only those there."""
    text = re.sub(r'("(?:Timeout)?Seconds": )"{%[^"]*%}"', r"\g<1>60", json.dumps(definition))
    text = re.sub(r'("Timestamp": )"{%[^"]*%}"', r'\g<1>"2026-01-01T09:30:00Z"', text)
    plain: Json = json.loads(text)
    return plain


def scopes(definition: Json) -> Iterator[Json]:
    """The machine and, within it, what each of its Maps runs per item: each has a StartAt and States."""
    yield definition
    for state in definition["States"].values():
        if "ItemProcessor" in state:
            yield from scopes(state["ItemProcessor"])


def states(definition: Json) -> dict[str, Json]:
    """Every state by name, those within Maps too."""
    return {name: state for scope in scopes(definition) for name, state in scope["States"].items()}


def successors(state: Json) -> set[str]:
    """Where a state may lead to."""
    found = {state.get("Next"), state.get("Default")}
    found |= {branch["Next"] for branch in [*state.get("Choices", []), *state.get("Catch", [])]}
    return {name for name in found if name}
