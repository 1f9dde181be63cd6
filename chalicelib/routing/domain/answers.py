"""What a supplier's endpoint says, read strictly (docs/supplier-api.md). What is not understood is no answer."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from enum import StrEnum
from typing import Any

from chalicelib.routing.domain.allocation import REASONS, Allocation, Answer, Decision

BODY_MOST = 65_536
"""Bytes of an answer that are read; one that is as long was cut."""

_TEXT_MOST = 64
_NOT_FINAL = frozenset({401, 403, 404, 408, 429})
"""Statuses below 500 that say nothing of the order itself."""


class Kind(StrEnum):
    """`silence`: nothing was said, or not by the supplier's system. `nonsense`: something was, against the protocol."""

    ANSWER = "answer"
    LATER = "later"
    DONE = "done"
    TOO_LATE = "too_late"
    NEVER_ARRIVED = "never_arrived"
    NOT_SUPPORTED = "not_supported"
    SILENCE = "silence"
    NONSENSE = "nonsense"


@dataclass(frozen=True, slots=True)
class Heard:
    """What a call came to, `reason` in a word; the `answer`, if it was one."""

    kind: Kind
    reason: str
    answer: Answer | None = None

    @property
    def is_failure(self) -> bool:
        """Whether the endpoint did not do its part."""
        return self.kind in (Kind.SILENCE, Kind.NONSENSE)


@dataclass(frozen=True, slots=True)
class Said:
    """The bare answer of an endpoint."""

    status: int
    body: bytes
    headers: Mapping[str, str]


class _Nonsense(Exception):
    """Against the protocol, and how."""


def silence(reason: str) -> Heard:
    """No answer at all."""
    return Heard(Kind.SILENCE, reason)


def heard_of_offer(said: Said, allocation: Allocation) -> Heard:
    """What `POST /orders` says."""
    if 400 <= said.status < 500 and said.status not in _NOT_FINAL:
        refusal = Answer(Decision.REJECTED, {}, "other")
        return Heard(Kind.ANSWER, f"status_{said.status}", refusal)
    return _heard(said, allocation)


def heard_of_status(said: Said, allocation: Allocation) -> Heard:
    """What `GET /orders/{id}` says."""
    if said.status == 404:
        return Heard(Kind.NEVER_ARRIVED, "status_404")
    return _heard(said, allocation)


def heard_of_cancellation(said: Said) -> Heard:
    """What `POST /orders/{id}/cancellations` says. One that never arrived will never arrive: it is left out, too."""
    if said.status == 404:
        return Heard(Kind.NEVER_ARRIVED, "status_404")
    if said.status != 200:
        return _without_answer(said)
    try:
        decision = _object(said).get("decision")
    except _Nonsense as nonsense:
        return Heard(Kind.NONSENSE, str(nonsense))
    kinds = {"cancelled": Kind.DONE, "too_late": Kind.TOO_LATE}
    if not isinstance(decision, str) or decision not in kinds:
        return Heard(Kind.NONSENSE, "unknown_decision")
    return Heard(kinds[decision], decision)


def heard_of_change(said: Said) -> Heard:
    """What `POST /orders/{id}/changes` says."""
    if said.status in (200, 204):
        return Heard(Kind.DONE, "changed")
    if said.status == 404:
        return Heard(Kind.NEVER_ARRIVED, "status_404")
    if said.status == 501:
        return Heard(Kind.NOT_SUPPORTED, "status_501")
    return _without_answer(said)


def _heard(said: Said, allocation: Allocation) -> Heard:
    if said.status not in (200, 202):
        return _without_answer(said)
    try:
        return _understood(said, allocation)
    except _Nonsense as nonsense:
        return Heard(Kind.NONSENSE, str(nonsense))


def _without_answer(said: Said) -> Heard:
    """A status that is none of the protocol's. A redirect or another success is the work of a system that speaks otherwise."""
    kind = Kind.NONSENSE if 200 <= said.status < 400 else Kind.SILENCE
    return Heard(kind, f"status_{said.status}")


def _understood(said: Said, allocation: Allocation) -> Heard:
    if _is_cut(said):
        return silence("cut_off")
    given = _object(said)
    decision = given.get("decision")
    if decision == "later":
        return Heard(Kind.LATER, "later")
    if said.status == 202:
        raise _Nonsense("accepted_without_later")
    if not isinstance(decision, str) or decision not in set(Decision):
        raise _Nonsense("unknown_decision")
    return Heard(Kind.ANSWER, decision, _answer(Decision(decision), given, allocation))


def _is_cut(said: Said) -> bool:
    """Whether the connection ended before the body that was announced, which is slowness and no nonsense."""
    announced = said.headers.get("content-length", "")
    return announced.isascii() and announced.isdigit() and len(said.body) < min(int(announced[:9]), BODY_MOST)


def _object(said: Said) -> dict[str, Any]:
    if len(said.body) >= BODY_MOST:
        raise _Nonsense("too_long")
    try:
        given = json.loads(said.body.decode(), object_pairs_hook=_named_once, parse_constant=_no_constant)
    except (ValueError, RecursionError):
        raise _Nonsense("not_json") from None
    if not isinstance(given, dict):
        raise _Nonsense("not_an_object")
    return given


def _named_once(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    if len({name for name, _ in pairs}) < len(pairs):
        raise ValueError("a name comes twice")
    return dict(pairs)


def _no_constant(name: str) -> Any:
    raise ValueError(f"{name} is not JSON")


def _answer(decision: Decision, given: Mapping[str, Any], allocation: Allocation) -> Answer:
    reference = _text(given.get("supplier_reference"), "supplier_reference")
    ship_by = _day(given.get("ship_by"))
    reason = given.get("reason")
    known = reason if isinstance(reason, str) and reason in REASONS else "other"
    if decision is Decision.ACCEPTED:
        units = {line.line_id: line.quantity for line in allocation.lines}
        return Answer(decision, units, None, reference, ship_by)
    if decision is Decision.REJECTED:
        return Answer(decision, {}, known, reference)
    return Answer(decision, _units(given.get("lines"), allocation), known, reference, ship_by)


def _text(given: Any, name: str) -> str | None:
    if given is None:
        return None
    if not isinstance(given, str) or len(given) > _TEXT_MOST or not given.isprintable():
        raise _Nonsense(name)
    return given or None


def _day(given: Any) -> str | None:
    if given is None:
        return None
    try:
        return date.fromisoformat(given).isoformat()
    except (TypeError, ValueError):
        raise _Nonsense("ship_by") from None


def _units(given: Any, allocation: Allocation) -> dict[str, int]:
    if not isinstance(given, list) or not given:
        raise _Nonsense("lines")
    asked = {line.line_id: line.quantity for line in allocation.lines}
    units: dict[str, int] = {}
    for one in given:
        if not isinstance(one, dict) or not isinstance(one.get("line_id"), str):
            raise _Nonsense("lines")
        line_id, quantity = one["line_id"], one.get("quantity")
        if type(quantity) is not int or quantity < 0:
            raise _Nonsense("quantity")
        if line_id not in asked:
            raise _Nonsense("unknown_line")
        if line_id in units:
            raise _Nonsense("duplicate_line")
        if quantity > asked[line_id]:
            raise _Nonsense("more_than_asked")
        units[line_id] = quantity
    return units
