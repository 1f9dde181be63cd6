"""Reviewers' corrections: part of what they decide, so in the transaction of their case."""

from collections.abc import Sequence
from typing import Any

from chalicelib.core.auth import Principal
from chalicelib.core.errors import Stale
from chalicelib.core.findings import Correction, NoSuchField, read
from chalicelib.core.table import Transaction
from chalicelib.suppliers import events
from chalicelib.suppliers.domain import life
from chalicelib.suppliers.domain.record import Supplier
from chalicelib.suppliers.domain.shape import check_shape
from chalicelib.suppliers.service.finding import must_find, now
from chalicelib.suppliers.store import items as store

BY_HAND = "reviewer"
"""The rule that a reviewer's corrections name."""


def stage_changes(
    tx: Transaction,
    supplier_id: str,
    changes: Sequence[tuple[str, Any]],
    by: Principal,
    *,
    expected_version: int | None = None,
) -> int:
    """Add to the caller's transaction (two writes) that a reviewer gave fields (JSON pointers) of the profile other values; returns
    the version that the supplier has after it.

    Starts no verification: the reviewer asks for one by deciding `revalidate`. Raises `NotFound`, `Stale` unless it is at
    `expected_version` (if given), `NothingToCorrect`, `CorrectionOutdated` and `ProfileMisshapen`.
    """
    one = must_find(supplier_id)
    if expected_version is not None and one.version != expected_version:
        raise Stale(f"Supplier {supplier_id} is at version {one.version}, not {expected_version}.")
    made = [Correction(field, BY_HAND, _held(one, field), value, 100) for field, value in changes]
    after = life.with_corrections(one, made, by.as_actor(), now())
    check_shape(after.profile)
    store.change_supplier(tx, after)
    events.supplier_corrected(tx, after, made, by)
    return after.version


def _held(one: Supplier, field: str) -> Any:
    try:
        return read(one.proposed or {}, field)
    except NoSuchField as error:
        raise life.CorrectionOutdated(f"The profile has no place {field}.") from error
