"""The words and limits of docs/supplier-api.md, and what may be found wrong with an answer."""

from __future__ import annotations

import json
import re
from collections.abc import Mapping, Sequence
from datetime import date
from typing import Any

SECONDS = 10.0
"""What a call takes at most, from the look-up of the name to the last byte."""
MAX_BYTES = 65_536
"""Of an answer's body."""
MAX_REFERENCE = 64
"""Characters of a `supplier_reference`."""
TOLERANCE_SECONDS = 300
"""How far away from now a `webhook-timestamp` may be."""

REASONS = ("out_of_stock", "discontinued", "price", "address", "capacity", "other")
FINAL = ("accepted", "partial", "rejected")
TRY_AGAIN = (401, 403, 404, 408, 429)
"""Statuses between 400 and 499 that do not refuse an order for good."""

TEST_PREFIX = "ful_0000000000"
"""How the allocation ids of tests begin: a ULID of 1970-01-01, which no real order has."""
TEST_HEADER = "X-Aisle-Test"
"""`true` on each call of a test. It is not signed: go by the id."""

Lines = Mapping[str, int]
"""Units by line id."""

_DATE = re.compile(r"\d{4}-\d{2}-\d{2}")


class Unreadable(Exception):
    """The body is no JSON object."""


def parsed(body: bytes) -> dict[str, Any]:
    """The JSON object that a body holds. Raises `Unreadable`."""
    try:
        content = json.loads(body)
    except (ValueError, RecursionError):
        raise Unreadable("the body is no JSON") from None
    if not isinstance(content, dict):
        raise Unreadable(f"the body is a JSON {type(content).__name__}, not an object")
    return content


def refuses_for_good(status: int) -> bool:
    """Whether the status alone says `rejected`."""
    return 400 <= status < 500 and status not in TRY_AGAIN


def problems_of_answer(status: int, answer: Mapping[str, Any], asked: Lines) -> list[str]:
    """What is wrong with an answer to an order for the units `asked`, for a status of 200 or 202."""
    decision = answer.get("decision")
    if status == 202:
        return [] if decision == "later" else [f'202 goes with the decision "later", not {decision!r}']
    if decision not in FINAL:
        return [f"{decision!r} is none of the decisions {', '.join(FINAL)}"]
    found = _problems_of_extras(answer)
    if decision == "partial":
        found += problems_of_lines(answer.get("lines"), asked)
    if decision != "accepted" and answer.get("reason") not in REASONS:
        found.append(f"{answer.get('reason')!r} is none of the reasons {', '.join(REASONS)}")
    return found


def problems_of_lines(lines: object, asked: Lines) -> list[str]:
    """What is wrong with the `lines` of a partial acceptance."""
    if not isinstance(lines, Sequence) or isinstance(lines, str) or not lines:
        return ["partial needs `lines`, at least one"]
    found: list[str] = []
    seen: set[str] = set()
    for line in lines:
        found += _problems_of_line(line, asked, seen)
    return found


def _problems_of_line(line: object, asked: Lines, seen: set[str]) -> list[str]:
    if not isinstance(line, Mapping) or not isinstance(line.get("line_id"), str):
        return ["each of `lines` is an object with a `line_id` (text) and a `quantity`"]
    line_id, quantity = line["line_id"], line.get("quantity")
    if line_id in seen:
        return [f"line {line_id!r} is there twice"]
    seen.add(line_id)
    if line_id not in asked:
        return [f"line {line_id!r} was not asked for"]
    if not isinstance(quantity, int) or isinstance(quantity, bool) or quantity < 1:
        return [f"the quantity of line {line_id!r} is {quantity!r}, not a whole number from 1"]
    if quantity > asked[line_id]:
        return [f"line {line_id!r} has {quantity} units where {asked[line_id]} were asked for"]
    return []


def _problems_of_extras(answer: Mapping[str, Any]) -> list[str]:
    found = []
    reference, ship_by = answer.get("supplier_reference"), answer.get("ship_by")
    if reference is not None and (not isinstance(reference, str) or not 0 < len(reference) <= MAX_REFERENCE):
        found.append(f"`supplier_reference` has to be text of up to {MAX_REFERENCE} characters")
    if ship_by is not None and not _is_date(ship_by):
        found.append(f"`ship_by` has to be a date such as 2026-11-24, not {ship_by!r}")
    return found


def _is_date(value: object) -> bool:
    if not isinstance(value, str) or not _DATE.fullmatch(value):
        return False
    try:
        date.fromisoformat(value)
    except ValueError:
        return False
    return True


def units_promised(answer: Mapping[str, Any], asked: Lines) -> dict[str, int]:
    """Units by line id that an answer without problems promises to ship."""
    if answer.get("decision") == "accepted":
        return dict(asked)
    if answer.get("decision") == "partial":
        return {line["line_id"]: line["quantity"] for line in answer["lines"]}
    return {}
