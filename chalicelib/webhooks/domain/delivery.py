"""One event for one webhook, and the attempts to deliver it."""

from __future__ import annotations

from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from email.utils import parsedate_to_datetime
from enum import StrEnum
from hashlib import sha256
from typing import Any

from chalicelib.core.errors import Conflict
from chalicelib.webhooks.domain.webhook import TEST_TYPE

RETRIES = tuple(
    timedelta(seconds=seconds)
    for seconds in (5, 300, 1_800, 2 * 3_600, 5 * 3_600, 10 * 3_600, 14 * 3_600, 20 * 3_600, 24 * 3_600)
)
"""How long after each failed attempt the next is made, about: the schedule that Standard Webhooks suggests, three days long."""

GIVEN_UP_AFTER = timedelta(days=4)
"""From then on no further attempt is planned, however few were made: a resting endpoint is not tried by each delivery."""

RETRY_AFTER_MOST = timedelta(hours=1)
"""The longest wait that an endpoint may ask for."""

KEPT = timedelta(days=30)
"""How long a delivery can be read and repeated."""

BODY_KEPT = 500
"""Bytes of an answer's body that the log keeps."""


class DeliveryState(StrEnum):
    """`held`: its webhook is paused. `failed`: given up; a person may repeat it."""

    PENDING = "pending"
    HELD = "held"
    DELIVERED = "delivered"
    FAILED = "failed"


class Superseded(Conflict):
    """Another worker went on with this delivery."""

    code = "delivery_superseded"
    title = "The delivery has moved on"
    retryable = True


@dataclass(frozen=True, slots=True)
class Delivery:
    """What is to be delivered, and how far it has come.

    `turn` numbers what was planned for it, so that of all messages that ask for an attempt only the last one counts.
    `next_at` is when the next attempt is planned; `due_at` when the schedule sees to it, which is later where a queued
    message should do, and None where one surely will. `attempts` counts all, `round` those since it was last repeated.
    `has_slot`: it waited for its place among the requests to its endpoint and may go now.
    """

    id: str
    webhook_id: str
    event_id: str
    event_type: str
    payload_version: int
    correlation_id: str
    created_at: datetime
    give_up_at: datetime
    state: DeliveryState = DeliveryState.PENDING
    attempts: int = 0
    round: int = 0
    turn: int = 1
    next_at: datetime | None = None
    due_at: datetime | None = None
    has_slot: bool = False
    last_outcome: str | None = None

    @property
    def is_test(self) -> bool:
        """A test is sent once, whatever the webhook's status, and says nothing of the endpoint's health."""
        return self.event_type == TEST_TYPE

    def turned(self, **changes: Any) -> Delivery:
        """The next turn; what was planned before is not any more."""
        return replace(self, **{"next_at": None, "due_at": None, "has_slot": False, **changes}, turn=self.turn + 1)

    def repeated(self, now: datetime) -> Delivery:
        """As if it were new, but for the attempts in its log."""
        return self.turned(state=DeliveryState.PENDING, round=0, give_up_at=now + GIVEN_UP_AFTER)


@dataclass(frozen=True, slots=True)
class Attempt:
    """A request that was made: the `status` of its answer, or the kind of `error` when there was none."""

    number: int
    at: datetime
    duration_ms: int
    status: int | None = None
    error: str | None = None
    body: str = ""
    retry_after: timedelta | None = None

    @property
    def is_success(self) -> bool:
        return self.status is not None and 200 <= self.status < 300

    @property
    def is_gone(self) -> bool:
        """The endpoint wants nothing more (Standard Webhooks, "410 Gone")."""
        return self.status == 410

    @property
    def outcome(self) -> str:
        """In a word."""
        return str(self.status or self.error)


def after(delivery: Delivery, attempt: Attempt, luck: float) -> Delivery:
    """The delivery after an attempt: delivered, failed, or pending with `next_at`. `luck` is chance, from 0 to 1."""
    tried = delivery.turned(
        state=DeliveryState.FAILED, attempts=attempt.number, round=delivery.round + 1, last_outcome=attempt.outcome
    )
    if attempt.is_success:
        return replace(tried, state=DeliveryState.DELIVERED)
    if attempt.is_gone or delivery.is_test or tried.round > len(RETRIES):
        return tried
    next_at = attempt.at + max(wait(tried.round, luck), attempt.retry_after or timedelta())
    return tried if next_at > delivery.give_up_at else replace(tried, state=DeliveryState.PENDING, next_at=next_at)


def wait(failures: int, luck: float) -> timedelta:
    """How long to wait after the n-th failure: the schedule's step, spread over its own width around it.

    Jitter from zero to the step spreads no wider and would, on average, have all tries over in half the time.
    """
    return RETRIES[failures - 1] * (0.5 + luck)


def retry_after(header: str | None, now: datetime) -> timedelta | None:
    """What an endpoint asks for by `Retry-After` (RFC 9110, 10.2.3: seconds, or a date), within bounds; None for nothing."""
    if not header:
        return None
    try:
        if header.isascii() and header.isdigit():
            wanted = timedelta(seconds=int(header[:9]))
        else:
            at = parsedate_to_datetime(header)
            wanted = (at if at.tzinfo else at.replace(tzinfo=UTC)) - now
    except (ValueError, OverflowError):
        return None
    return min(max(wanted, timedelta()), RETRY_AFTER_MOST)


def shown(body: bytes) -> str:
    """The beginning of an answer's body as text."""
    return body[:BODY_KEPT].decode("utf-8", errors="replace")


_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
_CROCKFORD = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"


def delivery_id(event_id: str, webhook_id: str, at: datetime) -> str:
    """The one id of the delivery of an event to a webhook. Ids sort by `at`, when the event happened."""
    return _id(at, int.from_bytes(sha256(f"{event_id} {webhook_id}".encode()).digest()[:10]))


def first_id(at: datetime) -> str:
    """An id that sorts before those of all events from this moment on."""
    return _id(at, 0)


def _id(at: datetime, rest: int) -> str:
    number = milliseconds(at) << 80 | rest  # as a ULID: 48 bits of time, 80 others
    return "whd_" + "".join(_CROCKFORD[number >> 5 * place & 31] for place in reversed(range(26)))


def milliseconds(at: datetime) -> int:
    """Since 1970, without a float's rounding."""
    return (at - _EPOCH) // timedelta(milliseconds=1)
