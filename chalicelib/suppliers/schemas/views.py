"""What is shown of suppliers."""

from typing import Any, Self

from chalicelib.core.schemas import View
from chalicelib.suppliers.domain.documents import Document, Upload
from chalicelib.suppliers.domain.invitations import Invitation
from chalicelib.suppliers.domain.record import AppliedCorrection, Supplier
from chalicelib.suppliers.domain.requirements import Requirement, Standing, group_of
from chalicelib.suppliers.domain.screening import SCREENING


class FindingView(View):
    """What a validator found: where (JSON pointer into the profile), against which rule, and what would mend it."""

    field: str
    rule: str
    severity: str
    message: str
    suggested_fix: Any


class CorrectionView(View):
    """A field that was put right: by which rule, how sure (percent), by whom. The operator may take it back."""

    number: int
    field: str
    rule: str
    before: Any
    after: Any
    confidence: int
    at: str
    by: dict[str, str]
    reversed_at: str | None

    @classmethod
    def of(cls, value: AppliedCorrection, /) -> Self:
        return cls(
            number=value.number,
            **value.correction.as_dict(),
            at=value.at,
            by=dict(value.by),
            reversed_at=value.reversed_at,
        )


class BankAccountView(View):
    """All that is ever shown of a bank account."""

    token: str
    country: str
    currency: str
    last4: str
    version: int


class BankAccountsView(View):
    """The account that payouts go to, and the one that is being verified."""

    approved: BankAccountView | None
    proposed: BankAccountView | None


class SupplierView(View):
    """A supplier. `approved` is the profile that it sells by, `proposed` the one that is not (yet) approved, `check` how far its
    verification has come."""

    id: str
    version: int
    status: str
    check: str
    submission: int
    reason: str | None
    approved: dict[str, Any] | None
    proposed: dict[str, Any] | None
    findings: list[FindingView]
    corrections: list[CorrectionView]
    bank_account: BankAccountsView
    has_endpoint_secret: bool
    review_id: str | None
    applied_at: str
    changed_at: str

    @classmethod
    def shown(cls, one: Supplier, *, to_operator: bool) -> Self:
        """The supplier is not told for what it is screened, nor which case is about it."""
        findings = [each for each in one.findings if to_operator or group_of(each) != SCREENING]
        return cls(
            id=one.id,
            version=one.version,
            status=one.status,
            check=one.check,
            submission=one.submission,
            reason=one.reason,
            approved=dict(one.approved) if one.approved is not None else None,
            proposed=dict(one.proposed) if one.proposed is not None else None,
            findings=[FindingView.of(each) for each in findings],
            corrections=[CorrectionView.of(each) for each in one.corrections],
            bank_account=BankAccountsView(
                approved=BankAccountView.of(one.bank_approved) if one.bank_approved else None,
                proposed=BankAccountView.of(one.bank_proposed) if one.bank_proposed else None,
            ),
            has_endpoint_secret=one.has_secret,
            review_id=one.review_id if to_operator else None,
            applied_at=one.applied_at,
            changed_at=one.changed_at,
        )


class SupplierSummary(View):
    """A supplier in a list."""

    id: str
    name: str
    status: str
    check: str
    applied_at: str
    changed_at: str


class TimelineEntry(View):
    """Who did what, when."""

    id: str
    type: str
    occurred_at: str
    actor: dict[str, str]
    correlation_id: str
    data: dict[str, Any]


class TimelineView(View):
    items: list[TimelineEntry]


class MemberView(View):
    """A user (`user:<id>`) or machine client (`machine:<client id>`) that acts for the supplier."""

    id: str


class InvitationView(View):
    """An invitation; its token is shown once, when it is made."""

    id: str
    supplier_id: str
    email: str
    expires_at: str
    token: str | None

    @classmethod
    def shown(cls, one: Invitation, token: str | None) -> Self:
        return cls(id=one.id, supplier_id=one.supplier_id, email=one.email, expires_at=one.expires_at, token=token)


class EndpointSecretView(View):
    """The secret is shown once, when it is issued. Calls are signed with those before, too, each for so many seconds after it was
    replaced."""

    secret: str | None
    old_valid_for_seconds: int


class RequirementView(View):
    code: str
    kind: str
    title: str
    required: bool
    applies_to: list[str]

    @classmethod
    def of(cls, value: Requirement, /) -> Self:
        return cls(
            code=value.code,
            kind=value.kind,
            title=value.title,
            required=value.required,
            applies_to=list(value.applies_to),
        )


class ChecklistView(View):
    """All that is asked of suppliers; version 0 is what ships."""

    version: int
    items: list[RequirementView]


class StandingView(View):
    """What is asked, and how it stands: open, verified, attested, waived or failed."""

    code: str
    kind: str
    title: str
    required: bool
    state: str
    at: str | None
    by: dict[str, str] | None
    reason: str | None

    @classmethod
    def of(cls, value: Standing, /) -> Self:
        wanted, mark = value.requirement, value.mark
        return cls(
            code=wanted.code,
            kind=wanted.kind,
            title=wanted.title,
            required=wanted.required,
            state=value.state,
            at=mark.at if mark else None,
            by=dict(mark.by) if mark else None,
            reason=mark.reason if mark else None,
        )


class ScreeningView(View):
    version: int
    countries: list[str]
    names: list[str]
    refused_countries: list[str]


class UploadView(View):
    """Send a form (multipart/form-data) with these fields, the file last, as `file`."""

    url: str
    fields: dict[str, str]
    expires_in_seconds: int


class DocumentView(View):
    """A document; `upload` is shown once, when it is announced."""

    id: str
    version: int
    type: str
    filename: str
    content_type: str
    bytes: int
    sha256: str
    state: str
    announced_at: str
    decided_at: str | None
    reason: str | None
    upload: UploadView | None = None

    @classmethod
    def of(cls, value: Document, /) -> Self:
        return cls.shown(value, None)

    @classmethod
    def shown(cls, one: Document, upload: Upload | None) -> Self:
        """With the form to upload it with, where there is one."""
        return cls(
            id=one.id,
            version=one.version,
            type=one.type,
            filename=one.filename,
            content_type=one.content_type,
            bytes=one.size,
            sha256=one.sha256,
            state=one.state,
            announced_at=one.announced_at,
            decided_at=one.decided_at,
            reason=one.reason,
            upload=UploadView.of(upload) if upload else None,
        )


class DownloadView(View):
    """Where the file can be had, for so many seconds."""

    url: str
    expires_in_seconds: int
