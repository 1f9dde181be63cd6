"""Forgetting a customer, step by step: what holds personal data elsewhere is told to let go of it."""

from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum

TOKENS_LIVE = timedelta(minutes=65)
"""Access tokens live an hour (infra/terraform/identity.tf): orders placed with one after the sign-in is gone are found, too."""

TRY_AGAIN_AFTER = timedelta(days=1)
"""When orders under way are looked at again: they need their address until the goods have arrived."""


class ErasureStep(StrEnum):
    """`sign_in`: the account that signs in is to be removed. `records`: orders, devices and the record of messages."""

    SIGN_IN = "sign_in"
    RECORDS = "records"
    DONE = "done"


@dataclass(frozen=True, slots=True)
class Erasure:
    """How far it has come; what is left of it is the proof that it was done, and holds nothing personal.

    `farewell` is where the last message goes (name, email, phone, language) and is dropped by the step `records`. `cursor` is
    where the list of orders goes on, `forgotten` and `waiting` count orders of this pass.
    """

    customer_id: str
    requested_at: str
    requested_by: Mapping[str, str]
    step: ErasureStep
    due: datetime | None
    farewell: Mapping[str, str | None] | None = None
    cursor: str | None = None
    forgotten: int = 0
    waiting: int = 0
    finished_at: str | None = None
    version: int = 1


def sign_in_removed(erasure: Erasure, now: datetime) -> Erasure:
    """Records follow when no token of the account is valid any more."""
    return replace(erasure, step=ErasureStep.RECORDS, due=now + TOKENS_LIVE, version=erasure.version + 1)


def page_done(erasure: Erasure, *, forgotten: int, waiting: int, cursor: str | None, now: datetime, at: str) -> Erasure:
    """The erasure after one page of orders: at once the next page; after the last one it is done, or, while orders are under
    way, begins again in a day. `at` is `now` as it is stored."""
    after = replace(
        erasure,
        farewell=None,
        forgotten=erasure.forgotten + forgotten,
        waiting=erasure.waiting + waiting,
        cursor=cursor,
        due=now,
        version=erasure.version + 1,
    )
    if cursor is not None:
        return after
    if after.waiting:
        return replace(after, forgotten=0, waiting=0, due=now + TRY_AGAIN_AFTER)
    return replace(after, step=ErasureStep.DONE, due=None, finished_at=at)
