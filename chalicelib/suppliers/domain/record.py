"""What is kept of a supplier: the profile that was approved, the one that is being verified, and how far that has come."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from chalicelib.core.findings import Correction, Finding
from chalicelib.suppliers.domain.supplier import SupplierStatus

Profile = Mapping[str, Any]
"""What a supplier says of itself: a JSON document, so that findings and corrections point into it."""

MAX_BRANDS = 40
"""One approval claims those of the new profile and lets go those of the old; all have to fit into one transaction."""

MAX_CORRECTIONS = 100
"""The latest are kept."""


class Check(StrEnum):
    """How far the verification of `proposed` has come; `none`: there is nothing to verify."""

    NONE = "none"
    VERIFYING = "verifying"
    IN_REVIEW = "in_review"
    REJECTED = "rejected"


class MarkState(StrEnum):
    """What was done for a requirement. Without a mark it is open."""

    VERIFIED = "verified"
    ATTESTED = "attested"
    WAIVED = "waived"
    FAILED = "failed"


@dataclass(frozen=True, slots=True)
class Mark:
    """What was done for one requirement: when (RFC 3339), by whom (kind and id), and for a waiver why."""

    state: MarkState
    at: str
    by: Mapping[str, str]
    reason: str | None = None
    document_id: str | None = None


@dataclass(frozen=True, slots=True)
class AppliedCorrection:
    """A correction that was made, numbered from 1; `reversed_at` when the operator took it back."""

    number: int
    correction: Correction
    at: str
    by: Mapping[str, str]
    reversed_at: str | None = None


@dataclass(frozen=True, slots=True)
class BankSummary:
    """What may be shown of a bank account, and its holder, which is compared and never shown. The rest is sealed under `token`, for
    payouts alone."""

    token: str
    country: str
    currency: str
    last4: str
    holder: str = field(repr=False)
    version: int


@dataclass(frozen=True, slots=True)
class Supplier:
    """A supplier at one version.

    `submission` is the version at which `proposed` was submitted last: the workflow of an older one changes nothing. A supplier
    that was approved once sells by `approved` while a change of it is verified. `claims` are the names that are its own.
    """

    id: str
    version: int
    status: SupplierStatus
    check: Check
    submission: int
    applied_at: str
    changed_at: str
    proposed: Profile | None = None
    approved: Profile | None = None
    findings: tuple[Finding, ...] = ()
    corrections: tuple[AppliedCorrection, ...] = ()
    marks: Mapping[str, Mark] = field(default_factory=dict)
    bank_proposed: BankSummary | None = None
    bank_approved: BankSummary | None = None
    claims: tuple[str, ...] = ()
    review_id: str | None = None
    reason: str | None = None
    has_secret: bool = False

    @property
    def is_open(self) -> bool:
        """Whether a verification is on its way."""
        return self.check in (Check.VERIFYING, Check.IN_REVIEW)

    @property
    def profile(self) -> Profile:
        """What it says of itself now, approved or not."""
        return self.proposed if self.proposed is not None else self.approved or {}

    @property
    def bank(self) -> BankSummary | None:
        """The bank account that it named last."""
        return self.bank_proposed or self.bank_approved
