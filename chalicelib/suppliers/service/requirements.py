"""The checklist that the operator keeps, and how each supplier stands."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from chalicelib.core.auth import Principal, Role
from chalicelib.core.errors import Fault, Forbidden, RuleBroken, Stale
from chalicelib.core.idempotency import Answer, Idempotency
from chalicelib.core.table import Transaction
from chalicelib.suppliers.domain import life
from chalicelib.suppliers.domain.record import Mark, MarkState
from chalicelib.suppliers.domain.requirements import COMPUTED, Checklist, Kind, Requirement, Standing, standings
from chalicelib.suppliers.domain.screening import SCREENING, ScreeningList
from chalicelib.suppliers.service.access import (
    OPERATOR_SCOPE,
    SUPPLIER_SCOPE,
    is_operator,
    require_access,
    require_operator,
)
from chalicelib.suppliers.service.apply import Shown
from chalicelib.suppliers.service.finding import commit_once, must_find, now
from chalicelib.suppliers.store import items as store


class ChecklistRefused(RuleBroken):
    code = "checklist_refused"
    title = "This checklist cannot be kept"


def read_checklist(by: Principal) -> Checklist:
    """What is asked of suppliers: for the operator, and for suppliers."""
    by.require(Role.ADMIN, Role.SUPPLIER, scope=OPERATOR_SCOPE if is_operator(by) else SUPPLIER_SCOPE)
    return store.checklist()


def set_checklist(expected_version: int, items: Sequence[Requirement], *, by: Principal) -> Checklist:
    """Ask for something else from now on; who is approved stays so.

    Raises `Stale` unless it is at `expected_version` (0: the one that is part of the code), and `ChecklistRefused`.
    """
    require_operator(by)
    _check(items)
    if store.checklist().version != expected_version:
        raise Stale("The checklist was changed meanwhile.")
    wanted = Checklist(expected_version + 1, tuple(items))
    tx = Transaction()
    store.set_checklist(tx, wanted)
    tx.commit()
    return wanted


def _check(items: Sequence[Requirement]) -> None:
    faults, seen = [], set()
    for place, item in enumerate(items):
        if item.code in seen:
            faults.append(Fault(f"/items/{place}/code", "repeated", "This code stands twice."))
        if (item.kind is Kind.COMPUTED) != (item.code in COMPUTED):
            words = f"These codes, and no others, are computed: {', '.join(COMPUTED)}."
            faults.append(Fault(f"/items/{place}/kind", "kind", words))
        seen.add(item.code)
    if faults:
        raise ChecklistRefused("; ".join(f"{fault.pointer}: {fault.detail}" for fault in faults), faults=faults)


def read_standings(supplier_id: str, by: Principal) -> list[Standing]:
    """What is asked of a supplier, and how it stands. Whether the screening found something only the operator sees."""
    require_access(supplier_id, by)
    shown = standings(must_find(supplier_id), store.checklist())
    return [one for one in shown if is_operator(by) or one.requirement.code != SCREENING]


def attest(supplier_id: str, code: str, *, by: Principal, once: Idempotency, answer: Shown) -> Answer:
    """The supplier gives its word, and nobody for it: the operator waives. Raises `Forbidden`, and `RequirementUnknown` for what
    cannot be attested."""
    if is_operator(by):
        raise Forbidden("A supplier gives its own word; waive the requirement instead.")
    require_access(supplier_id, by)
    store.checklist().find(code, Kind.ATTESTED)
    mark = Mark(MarkState.ATTESTED, now(), by.as_actor())
    return _mark(supplier_id, code, mark, by=by, once=once, answer=answer)


def waive(supplier_id: str, code: str, reason: str, *, by: Principal, once: Idempotency, answer: Shown) -> Answer:
    """Ask no more for it, of this supplier. Raises `RequirementUnknown`."""
    require_operator(by)
    store.checklist().find(code)
    mark = Mark(MarkState.WAIVED, now(), by.as_actor(), reason)
    return _mark(supplier_id, code, mark, by=by, once=once, answer=answer)


def _mark(supplier_id: str, code: str, mark: Mark, *, by: Principal, once: Idempotency, answer: Shown) -> Answer:
    before = must_find(supplier_id)
    return commit_once(before, lambda one: life.marked(one, code, mark, now()), None, by=by, once=once, answer=answer)


# ---- whom to look at ----------------------------------------------------------------------------------------------------


def read_screening_list(by: Principal) -> ScreeningList:
    """Countries and names that are looked at, for the operator."""
    require_operator(by)
    return store.screening_list()


def set_screening_list(expected_version: int, wanted: ScreeningList, *, by: Principal) -> ScreeningList:
    """Replace it; it holds for what is verified from now on. Raises `Stale` unless it is at `expected_version` (0: none yet)."""
    require_operator(by)
    if store.screening_list().version != expected_version:
        raise Stale("The screening list was changed meanwhile.")
    after = replace(wanted, version=expected_version + 1)
    tx = Transaction()
    store.set_screening_list(tx, after)
    tx.commit()
    return after
