"""The life of a supplier: each step gives the next version, or says why there is none.

invited → applied → in_review → approved or rejected; approved ⇄ suspended; either → offboarded. Whoever was approved stays so
while a change is verified.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from chalicelib.core.errors import Conflict, NotFound
from chalicelib.core.findings import Correction, Finding, NoSuchField, Outdated, corrected
from chalicelib.suppliers.domain.profile import claims_of, legal_entity
from chalicelib.suppliers.domain.record import (
    MAX_CORRECTIONS,
    AppliedCorrection,
    BankSummary,
    Check,
    Mark,
    MarkState,
    Profile,
    Supplier,
)
from chalicelib.suppliers.domain.supplier import SupplierStatus

_SELLING = (SupplierStatus.APPROVED, SupplierStatus.SUSPENDED)


class NotInThisStatus(Conflict):
    code = "supplier_status"
    title = "The supplier's status does not allow this"


class NothingToCorrect(Conflict):
    code = "nothing_to_correct"
    title = "No profile of this supplier is being verified"


class CorrectionOutdated(Conflict):
    code = "correction_outdated"
    title = "The field holds something else by now"


def invited(id: str, profile: Profile, now: str) -> Supplier:
    """One that was asked to apply; the profile is what the operator filled in for it."""
    return Supplier(id, 1, SupplierStatus.INVITED, Check.NONE, 0, now, now, proposed=profile)


def applied(id: str, profile: Profile, now: str) -> Supplier:
    """One that applied of itself."""
    return Supplier(id, 1, SupplierStatus.APPLIED, Check.VERIFYING, 1, now, now, proposed=profile)


def submitted(one: Supplier, profile: Profile, now: str, bank: BankSummary | None = None) -> Supplier:
    """The profile is to be verified, anew if one was. Raises `NotInThisStatus` when it is offboarded."""
    if is_gone(one):
        raise NotInThisStatus("An offboarded supplier never sells again.")
    return _next(
        one,
        now,
        status=one.status if one.status in _SELLING else SupplierStatus.APPLIED,
        check=Check.VERIFYING,
        submission=one.version + 1,
        proposed=profile,
        bank_proposed=bank or one.bank_proposed,
        marks=_marks_of(one, profile),
        findings=(),
        review_id=None,
        reason=one.reason if one.status is SupplierStatus.SUSPENDED else None,
    )


def with_corrections(one: Supplier, made: Sequence[Correction], by: Mapping[str, str], now: str) -> Supplier:
    """The proposed profile with corrections made in it; they are kept. Starts no verification.

    Raises `NothingToCorrect`, and `CorrectionOutdated` when a field holds something else than a correction found there.
    """
    if not one.is_open or one.proposed is None:
        raise NothingToCorrect("There is no open application or change to correct.")
    number = one.corrections[-1].number if one.corrections else 0
    kept = tuple(AppliedCorrection(number + place, each, now, by) for place, each in enumerate(made, start=1))
    profile = _corrected(one.proposed, made)
    return _next(
        one,
        now,
        proposed=profile,
        marks=_marks_of(one, profile),
        corrections=(*one.corrections, *kept)[-MAX_CORRECTIONS:],
    )


def with_correction_reversed(one: Supplier, number: int, now: str) -> Supplier:
    """One correction taken back, in the profile that is being verified or else in the approved one, whose names are its own then. It
    is not made again.

    Raises `NotFound`, and `CorrectionOutdated` when it was taken back before, or the field holds something else by now.
    """
    applied = next((each for each in one.corrections if each.number == number), None)
    if applied is None:
        raise NotFound(f"Supplier {one.id} has no correction {number}.")
    if applied.reversed_at is not None:
        raise CorrectionOutdated(f"Correction {number} was taken back before.")
    kept = tuple(replace(each, reversed_at=now) if each is applied else each for each in one.corrections)
    back = [applied.correction.reversed()]
    profile = _corrected(one.profile, back)
    after = _next(one, now, marks=_marks_of(one, profile), corrections=kept)
    if one.proposed is not None:
        return replace(after, proposed=profile)
    claims = tuple(sorted(claims_of(profile)))
    return replace(after, approved=profile, claims=_kept_for_good(claims) if is_gone(one) else claims)


def _marks_of(one: Supplier, profile: Profile) -> Mapping[str, Mark]:
    """What counts for the profile that takes the place of its own: documents of another legal entity show nothing of this one."""
    if legal_entity(profile) == legal_entity(one.profile):
        return one.marks
    return {code: mark for code, mark in one.marks.items() if mark.state is not MarkState.VERIFIED}


def _corrected(profile: Profile, made: Sequence[Correction]) -> dict[str, Any]:
    try:
        return corrected(profile, made)
    except NoSuchField as error:
        raise CorrectionOutdated(f"The profile has no place {error}.") from error
    except Outdated as error:
        raise CorrectionOutdated(str(error)) from error


def was_taken_back(one: Supplier, wanted: Correction) -> bool:
    """Whether the operator has taken back this very correction: then it is not proposed again."""
    return any(
        each.reversed_at is not None
        and (each.correction.field, each.correction.before) == (wanted.field, wanted.before)
        and each.correction.after == wanted.after
        for each in one.corrections
    )


def verified(one: Supplier, findings: Sequence[Finding], now: str) -> Supplier:
    """What validators found. A verification that was in review goes on."""
    status = one.status if one.status in _SELLING else SupplierStatus.APPLIED
    return _next(one, now, status=status, check=Check.VERIFYING, findings=tuple(findings), review_id=None)


def sent_to_review(one: Supplier, review_id: str, now: str) -> Supplier:
    """A person has to decide."""
    status = one.status if one.status in _SELLING else SupplierStatus.IN_REVIEW
    return _next(one, now, status=status, check=Check.IN_REVIEW, review_id=review_id)


def approved(one: Supplier, claims: Sequence[str], now: str) -> Supplier:
    """The proposed profile is what it sells by. A suspended one stays suspended."""
    return _next(
        one,
        now,
        status=one.status if one.status in _SELLING else SupplierStatus.APPROVED,
        check=Check.NONE,
        approved=one.proposed,
        proposed=None,
        bank_approved=one.bank_proposed or one.bank_approved,
        bank_proposed=None,
        claims=tuple(claims),
    )


def rejected(one: Supplier, reason: str, now: str) -> Supplier:
    """The proposed profile is refused; it stays to be changed and submitted again."""
    status = one.status if one.status in _SELLING else SupplierStatus.REJECTED
    reason_kept = one.reason if one.status is SupplierStatus.SUSPENDED else reason
    return _next(one, now, status=status, check=Check.REJECTED, reason=reason_kept)


def suspended(one: Supplier, reason: str, now: str) -> Supplier:
    """It does not sell for the time being. Raises `NotInThisStatus` unless it is approved."""
    _require(one, SupplierStatus.APPROVED)
    return _next(one, now, status=SupplierStatus.SUSPENDED, reason=reason)


def reinstated(one: Supplier, now: str) -> Supplier:
    """It sells again. Raises `NotInThisStatus` unless it is suspended."""
    _require(one, SupplierStatus.SUSPENDED)
    return _next(one, now, status=SupplierStatus.APPROVED, reason=None)


def offboarded(one: Supplier, reason: str, now: str) -> Supplier:
    """It never sells again, and what was being verified is dropped. Raises `NotInThisStatus` unless it was approved once."""
    _require(one, *_SELLING)
    return _next(
        one,
        now,
        status=SupplierStatus.OFFBOARDED,
        reason=reason,
        check=Check.NONE,
        proposed=None,
        bank_proposed=None,
        review_id=None,
        claims=_kept_for_good(one.claims),
    )


def _kept_for_good(claims: Sequence[str]) -> tuple[str, ...]:
    return tuple(claim for claim in claims if not claim.startswith("brand:"))


def is_gone(one: Supplier) -> bool:
    """Whether it never sells again."""
    return one.status is SupplierStatus.OFFBOARDED


def marked(one: Supplier, code: str, mark: Mark, now: str) -> Supplier:
    """Something was done for a requirement. Raises `NotInThisStatus` when it is offboarded."""
    if is_gone(one):
        raise NotInThisStatus("An offboarded supplier has nothing left to show.")
    return _next(one, now, marks={**one.marks, code: mark})


def with_secret(one: Supplier, now: str) -> Supplier:
    """It has a secret that calls of its endpoint are signed with. Raises `NotInThisStatus` when it is offboarded."""
    if is_gone(one):
        raise NotInThisStatus("An offboarded supplier is not called any more.")
    return _next(one, now, has_secret=True)


def _require(one: Supplier, *allowed: SupplierStatus) -> None:
    if one.status not in allowed:
        raise NotInThisStatus(f"The supplier is {one.status}; this needs {' or '.join(allowed)}.")


def _next(one: Supplier, now: str, **changes: Any) -> Supplier:
    return replace(one, **changes, version=one.version + 1, changed_at=now)
