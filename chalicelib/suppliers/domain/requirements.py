"""What the operator asks of suppliers, and how far one has come with it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from enum import StrEnum

from chalicelib.core.errors import RuleBroken
from chalicelib.core.findings import Finding, Severity
from chalicelib.suppliers.domain.profile import part
from chalicelib.suppliers.domain.record import Mark, MarkState, Supplier
from chalicelib.suppliers.domain.screening import REFUSED


class Kind(StrEnum):
    """How a requirement is met: by what validators find, by the supplier's word, or by a document that is looked at."""

    COMPUTED = "computed"
    ATTESTED = "attested"
    DOCUMENT = "document"


BANK_ACCOUNT = "bank_account"
"""Required or not, this says whether one has to be named."""

COMPUTED = ("identity", "brands", "contacts", "address", "screening", "endpoint", BANK_ACCOUNT)
"""Requirements that validators know of: the rules of their findings begin with these."""


class RequirementUnknown(RuleBroken):
    code = "requirement_unknown"
    title = "No such requirement"


@dataclass(frozen=True, slots=True)
class Requirement:
    """One line of the checklist; `applies_to` are countries of legal entities (none: everywhere)."""

    code: str
    kind: Kind
    title: str
    required: bool = True
    applies_to: tuple[str, ...] = ()

    def concerns(self, one: Supplier) -> bool:
        """Whether it is asked of this supplier."""
        return not self.applies_to or part(one.profile, "/legal_entity/country") in self.applies_to


@dataclass(frozen=True, slots=True)
class Checklist:
    """All that is asked; version 0 is the one that is part of the code."""

    version: int
    items: tuple[Requirement, ...]

    def find(self, code: str, kind: Kind | None = None) -> Requirement:
        """The requirement. Raises `RequirementUnknown`, for one of another kind, too."""
        for item in self.items:
            if item.code == code and kind in (None, item.kind):
                return item
        raise RequirementUnknown(f"There is no requirement {code}" + (f" of kind {kind}." if kind else "."))


DEFAULT = Checklist(
    0,
    (
        Requirement("identity", Kind.COMPUTED, "Legal entity and tax id are complete and well-formed"),
        Requirement("brands", Kind.COMPUTED, "Brands are named, attested and nobody else's"),
        Requirement("contacts", Kind.COMPUTED, "Contacts can be reached"),
        Requirement("address", Kind.COMPUTED, "Addresses are complete"),
        Requirement("screening", Kind.COMPUTED, "Nobody on the screening list"),
        Requirement("endpoint", Kind.COMPUTED, "The order endpoint answers and checks signatures, if there is one"),
        Requirement("terms", Kind.ATTESTED, "The terms of the marketplace are accepted"),
        Requirement(BANK_ACCOUNT, Kind.COMPUTED, "A bank account for payouts", required=False),
        Requirement("registration", Kind.DOCUMENT, "Proof of registration", required=False),
    ),
)


@dataclass(frozen=True, slots=True)
class Standing:
    """A requirement as it stands for one supplier: open, or as its mark or its findings say."""

    requirement: Requirement
    state: str
    mark: Mark | None = None

    @property
    def is_met(self) -> bool:
        return self.state in (MarkState.VERIFIED, MarkState.ATTESTED, MarkState.WAIVED)


def standings(one: Supplier, checklist: Checklist) -> list[Standing]:
    """Everything that is asked of a supplier, and how it stands."""
    return [_standing(one, item) for item in checklist.items if item.concerns(one)]


def _standing(one: Supplier, item: Requirement) -> Standing:
    mark = one.marks.get(item.code)
    if mark is not None:
        return Standing(item, mark.state, mark)
    if item.kind is not Kind.COMPUTED:
        return Standing(item, "open")
    if item.code == BANK_ACCOUNT and one.bank is None:
        return Standing(item, "open")
    if any(group_of(finding) == item.code and finding.severity is Severity.ERROR for finding in one.findings):
        return Standing(item, MarkState.FAILED)
    return Standing(item, MarkState.VERIFIED)


def group_of(finding: Finding) -> str:
    """The requirement that a finding belongs to: what its rule begins with."""
    return finding.rule.partition(".")[0]


def unmet(one: Supplier, checklist: Checklist) -> list[Finding]:
    """What is still to be shown before it may be approved. What validators found wrong is not among it: that are errors, which a
    reviewer may judge otherwise."""
    return [
        Finding("", f"{standing.requirement.code}.open", Severity.ERROR, f"Not met yet: {standing.requirement.title}.")
        for standing in standings(one, checklist)
        if standing.requirement.required and not standing.is_met
        if standing.requirement.kind is not Kind.COMPUTED or standing.state == "open"
    ]


def standing_errors(one: Supplier, checklist: Checklist) -> list[Finding]:
    """Errors that nobody has waived, of what is required of it. Whose account it names and which country it is of is always to be
    right: nobody is paid in another's place, and what is required goes by the country."""
    waived = {code for code, mark in one.marks.items() if mark.state is MarkState.WAIVED}
    required = {BANK_ACCOUNT, *(item.code for item in checklist.items if item.required and item.concerns(one))}
    return [
        finding
        for finding in one.findings
        if finding.severity is Severity.ERROR and group_of(finding) not in waived
        if group_of(finding) in required or finding.rule == "identity.country"
    ]


def is_refused(findings: Sequence[Finding]) -> bool:
    """Whether a rule of the operator's turns it away without a person."""
    return any(finding.rule == REFUSED for finding in findings)
