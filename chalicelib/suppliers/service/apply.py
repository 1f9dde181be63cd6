"""Applying to sell here, with and without an invitation; sending a profile again, or another one."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from datetime import datetime
from typing import Any

from chalicelib.core import clock
from chalicelib.core.auth import Principal, Role
from chalicelib.core.errors import Conflict, Forbidden
from chalicelib.core.idempotency import Answer, Idempotency
from chalicelib.core.ids import new_id
from chalicelib.core.table import Transaction
from chalicelib.suppliers import events
from chalicelib.suppliers.domain import SupplierStatus, life
from chalicelib.suppliers.domain.invitations import VALID_FOR, Invitation, InvitationRefused
from chalicelib.suppliers.domain.life import NotInThisStatus
from chalicelib.suppliers.domain.record import Mark, MarkState, Profile, Supplier
from chalicelib.suppliers.domain.requirements import Kind
from chalicelib.suppliers.service.access import require_access, require_operator
from chalicelib.suppliers.service.finding import at_version, commit_once, drop_review, must_find, now
from chalicelib.suppliers.service.invitation_tokens import token_of
from chalicelib.suppliers.store import items as store

Shown = Callable[[Supplier], Answer]


class NothingToSubmit(Conflict):
    code = "nothing_to_submit"
    title = "There is nothing that is not approved"


def apply(profile: Profile, attestations: Sequence[str], *, by: Principal, once: Idempotency, answer: Shown) -> Answer:
    """Apply to sell here; the user becomes the supplier's first member. The workflow onboard-supplier verifies the profile.

    `attestations` are codes of requirements that the supplier gives its word for. Raises `Forbidden`,
    `RequirementUnknown`, and `AlreadyMember` for who acts for a supplier.
    """
    _require_user(by)
    at = now()
    one = life.applied(new_id("sup"), profile, at)
    return _enter(one, attestations, at, by=by, once=once, answer=answer, write=store.add_supplier)


def _enter(
    one: Supplier,
    attestations: Sequence[str],
    at: str,
    *,
    by: Principal,
    once: Idempotency,
    answer: Shown,
    write: Callable[[Transaction, Supplier], None],
) -> Answer:
    one = replace(one, marks={**one.marks, **_attested(attestations, at, by)})
    final = answer(one)
    tx = Transaction()
    write(tx, one)
    store.add_member(tx, one.id, f"user:{by.id}")
    events.supplier_applied(tx, one, by)
    events.supplier_submitted(tx, one, by)
    once.record(tx, final)
    tx.commit()
    return final


def _attested(codes: Sequence[str], at: str, by: Principal) -> dict[str, Mark]:
    checklist = store.checklist() if codes else None
    for code in codes:
        if checklist is not None:
            checklist.find(code, Kind.ATTESTED)
    return {code: Mark(MarkState.ATTESTED, at, by.as_actor()) for code in codes}


def _require_user(by: Principal) -> None:
    by.require(Role.SUPPLIER)
    if by.kind != "user":
        raise Forbidden("A person applies; machine clients are added later.")


# ---- invitations --------------------------------------------------------------------------------------------------------


def invite(
    email: str,
    profile: Profile,
    *,
    by: Principal,
    once: Idempotency,
    answer: Callable[[Invitation, str | None], Answer],
) -> Answer:
    """Invite somebody to apply, with what is known of them; they are sent a mail with the token. Valid for 14 days.

    The answer that is kept for repetitions is made without the token, which is shown this once.
    """
    require_operator(by)
    moment = clock.now()
    one = life.invited(new_id("sup"), profile, clock.rfc3339(moment))
    until = moment + VALID_FOR
    invitation = Invitation(new_id("inv"), one.id, email, one.applied_at, clock.rfc3339(until))
    token = token_of(invitation.id)
    tx = Transaction()
    store.add_supplier(tx, one)
    store.add_invitation(tx, token, invitation, clock.epoch_seconds(until + VALID_FOR))
    events.supplier_invited(tx, one, invitation, by)
    once.record(tx, answer(invitation, None))
    tx.commit()
    return answer(invitation, token)


def accept_invitation(
    token: str, profile: Profile, attestations: Sequence[str], *, by: Principal, once: Idempotency, answer: Shown
) -> Answer:
    """Apply by an invitation: what is said now goes before what the operator filled in.

    Raises `InvitationRefused` for a token that is unknown, has served or is too old: all the same to whoever tries some.
    """
    _require_user(by)
    invitation = store.invitation_of(token)
    refused = InvitationRefused("This invitation is not known, has served, or is too old.")
    if invitation is None or invitation.accepted_at or datetime.fromisoformat(invitation.expires_at) < clock.now():
        raise refused
    before, at = must_find(invitation.supplier_id), now()
    if before.status is not SupplierStatus.INVITED:
        raise refused

    def write(tx: Transaction, one: Supplier) -> None:
        store.change_supplier(tx, one)
        store.accept_invitation(tx, token, at)

    after = life.submitted(before, {**(before.proposed or {}), **profile}, at)
    return _enter(after, attestations, at, by=by, once=once, answer=answer, write=write)


# ---- another profile ----------------------------------------------------------------------------------------------------


def change_profile(supplier_id: str, expected_version: int, changes: Mapping[str, Any], *, by: Principal) -> Supplier:
    """Replace parts of the profile, None takes one away; all of it is verified. An approved supplier sells meanwhile by what was
    approved before.

    Raises `NotFound`, `Stale` unless it is at `expected_version`, `NotInThisStatus`, and `Contended` when a reviewer did something
    with it at the same moment.
    """
    require_access(supplier_id, by)
    before = at_version(supplier_id, expected_version)
    merged = {name: value for name, value in {**before.profile, **changes}.items() if value is not None}
    after = _submitted(before, merged)
    tx = Transaction()
    store.change_supplier(tx, after)
    drop_review(tx, before, by)
    events.supplier_submitted(tx, after, by)
    tx.commit()
    return after


def submit_again(supplier_id: str, *, by: Principal, once: Idempotency, answer: Shown) -> Answer:
    """Have the same profile verified again: after a rejection, or when what was missing outside of it is there now.

    Raises `NothingToSubmit` when all of it is approved.
    """
    require_access(supplier_id, by)
    before = must_find(supplier_id)

    def step(one: Supplier) -> Supplier:
        if one.proposed is None:
            raise NothingToSubmit("All of the profile is approved.")
        return _submitted(one, one.proposed)

    def drop(tx: Transaction, _: Supplier) -> None:
        drop_review(tx, before, by)

    return commit_once(before, step, events.supplier_submitted, by=by, once=once, answer=answer, also=drop)


def _submitted(before: Supplier, profile: Profile) -> Supplier:
    if before.status is SupplierStatus.INVITED:
        raise NotInThisStatus("The invitation has to be accepted first.")
    return life.submitted(before, profile, now())
