"""A listing, what is proposed for it, and the states of both.

What a supplier sends is a document: JSON, as it was sent. The published document goes on selling while a proposal is checked. What
changes often, prices and stock, are the listing's terms, kept apart from it.

A document may have: title, description, brand, category_id, sku (the SKU it is an offer of), gtin, attributes, images, prices (minor
units by currency, tax included), tax_category, tax_rate_bps, weight_grams, condition, handling_days, min_quantity, max_quantity.
"""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from enum import StrEnum
from hashlib import sha256
from typing import Any

from chalicelib.core.errors import Conflict, Fault, Invalid, NotFound, RuleBroken
from chalicelib.core.findings import Correction, Finding, NoSuchField, Severity, corrected, read

Document = Mapping[str, Any]

SUPPLIER_SKU = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,39}")
MAX_IMAGES = 8
MAX_CORRECTIONS = 100
"""Kept of a proposal; a document has no more fields that are corrected, and reviewers make a handful."""


class ListingStatus(StrEnum):
    """`submitted`: its workflow checks it. `in_review`: a person does. Only a published one is sold; a paused one was, and may be
    again; a withdrawn one only when it is registered anew."""

    SUBMITTED = "submitted"
    IN_REVIEW = "in_review"
    PUBLISHED = "published"
    REJECTED = "rejected"
    PAUSED = "paused"
    WITHDRAWN = "withdrawn"


class ProposalState(StrEnum):
    """Of what is to be published next."""

    SUBMITTED = "submitted"
    IN_REVIEW = "in_review"
    REJECTED = "rejected"


class Condition(StrEnum):
    """Of the goods."""

    NEW = "new"
    REFURBISHED = "refurbished"
    USED = "used"


STANDING = frozenset({ListingStatus.PUBLISHED, ListingStatus.PAUSED})
"""States in which there is a published document."""


class ListingExists(Conflict):
    code = "listing_exists"
    title = "The supplier has registered this SKU of its own already"


class ListingLimitReached(Conflict):
    """`limit` says how many it may have; one that is withdrawn makes room for another."""

    code = "listing_limit_reached"
    title = "The supplier has as many listings as it may"


class WrongState(Conflict):
    """`status` says which it is in."""

    code = "listing_state"
    title = "The listing is in another state"

    @classmethod
    def of(cls, listing: "Listing", wanted: str) -> "WrongState":
        """The error of a listing that is not as it is wanted."""
        return cls(
            f"The listing is {listing.status}; this needs one that is {wanted}.", listing_status=str(listing.status)
        )


class ListingRefused(RuleBroken):
    """Each fault is a rule that nobody can waive."""

    code = "listing_refused"
    title = "This cannot be listed"

    @classmethod
    def of(cls, findings: Sequence[Finding]) -> "ListingRefused":
        """The error for what was found."""
        grave = [finding for finding in findings if finding.severity is Severity.ERROR]
        faults = [Fault(finding.field, finding.rule, finding.message) for finding in grave]
        return cls(" ".join(fault.detail for fault in faults[:3]), faults=faults)


class TimeAhead(RuleBroken):
    code = "time_ahead"
    title = "The time of the update has not come yet"


class NotATime(Invalid):
    code = "time_invalid"
    title = "Not a time"


class CannotCorrect(RuleBroken):
    code = "field_unknown"
    title = "A listing has no such field"


class NothingProposed(Conflict):
    code = "nothing_proposed"
    title = "The listing has no change that could be corrected"


@dataclass(frozen=True, slots=True)
class Proposal:
    """A document that is to be published: first, or in place of the one that is.

    `version` is that of the listing when it was submitted, and names it. A change of what is published has prices only if it changes
    them; `as_of` is the moment (RFC 3339) that they hold from.
    """

    document: Document
    version: int
    as_of: str
    state: ProposalState = ProposalState.SUBMITTED
    findings: tuple[Finding, ...] = ()
    corrections: tuple[Correction, ...] = ()
    review_id: str | None = None


@dataclass(frozen=True, slots=True)
class Listing:
    """What a supplier sells under a SKU of its own.

    `sku` is the catalogue's, once it is known; `owns_product` says that this listing made its product, whose text follows it.
    `digest` tells what the supplier sent last from anything else, `source` is the row of the feed that brought it. `fee_charged`: once
    in a listing's life. `place` names the hold of a batch, if it was one that registered or withdrew the listing last.
    """

    supplier_id: str
    supplier_sku: str
    status: ListingStatus
    version: int
    submitted_at: str
    digest: str
    published: Document | None = None
    proposal: Proposal | None = None
    sku: str | None = None
    owns_product: bool = False
    findings: tuple[Finding, ...] = ()
    corrections: tuple[Correction, ...] = ()
    published_at: str | None = None
    fee_charged: bool = False
    source: str | None = None
    place: str | None = None

    @property
    def id(self) -> str:
        """How other contexts name it."""
        return listing_id(self.supplier_id, self.supplier_sku)

    @property
    def is_standing(self) -> bool:
        """Whether it has a published document."""
        return self.status in STANDING


@dataclass(frozen=True, slots=True)
class Terms:
    """What changes often: `prices` that hold since `price_as_of`, units `on_hand` as the supplier said at `stock_as_of` (times of
    the supplier's system, RFC 3339)."""

    supplier_id: str
    supplier_sku: str
    prices: Mapping[str, int] = field(default_factory=dict)
    price_as_of: str = ""
    on_hand: int | None = None
    stock_as_of: str = ""
    version: int = 0


def listing_id(supplier_id: str, supplier_sku: str) -> str:
    """`sup_01J…:MUG-RED`."""
    return f"{supplier_id}:{supplier_sku}"


def parts_of(listing_id: str) -> tuple[str, str]:
    """The supplier and its SKU. Raises `NotFound` for what is no id of a listing."""
    supplier_id, _, supplier_sku = listing_id.partition(":")
    if not supplier_id or not SUPPLIER_SKU.fullmatch(supplier_sku):
        raise NotFound(f"There is no listing {listing_id[:80]}.")
    return supplier_id, supplier_sku


def digest_of(document: Document) -> str:
    """Equal for equal documents. Prices are compared by themselves: they change in other ways, too."""
    told = {name: value for name, value in document.items() if name != "prices"}
    return sha256(json.dumps(told, sort_keys=True, ensure_ascii=False).encode()).hexdigest()[:32]


def submitted(
    before: Listing | None,
    supplier_id: str,
    supplier_sku: str,
    document: Document,
    *,
    as_of: str,
    now: str,
    source: str | None = None,
    place: str | None = None,
) -> Listing:
    """The listing with a document to be checked. What is published goes on selling meanwhile; what was proposed before is given
    up. `place` is for one that `takes_place`."""
    if before is None:
        proposal = Proposal(document, 1, as_of)
        return Listing(
            supplier_id,
            supplier_sku,
            ListingStatus.SUBMITTED,
            1,
            now,
            digest_of(document),
            proposal=proposal,
            source=source,
            place=place,
        )
    version = before.version + 1
    status = before.status if before.is_standing else ListingStatus.SUBMITTED
    proposal = Proposal(document, version, as_of)
    return replace(
        before,
        status=status,
        version=version,
        submitted_at=now,
        digest=digest_of(document),
        proposal=proposal,
        source=source,
        place=place if takes_place(before) else before.place,
    )


def takes_place(before: Listing | None) -> bool:
    """Whether a listing that is registered is one more of its supplier's."""
    return before is None or before.status is ListingStatus.WITHDRAWN


def changed(
    before: Listing, changes: Mapping[str, Any], *, prices_as_of: str | None, now: str, source: str | None = None
) -> Listing:
    """The listing with a change of what was proposed last, or else is published, to be checked; None takes a field out.

    Raises `WrongState` for one that is withdrawn: it is registered anew.
    """
    if before.status is ListingStatus.WITHDRAWN:
        raise WrongState.of(before, "not withdrawn")
    base = before.proposal.document if before.proposal else before.published or {}
    document = {name: value for name, value in {**base, **changes}.items() if value is not None}
    as_of = prices_as_of or (before.proposal.as_of if before.proposal else "")
    return submitted(before, before.supplier_id, before.supplier_sku, document, as_of=as_of, now=now, source=source)


def latest_prices(listing: Listing, terms: Terms) -> str:
    """The moment that the latest prices known of hold from, be they in force or proposed."""
    proposed = listing.proposal.as_of if listing.proposal and "prices" in listing.proposal.document else ""
    return max(terms.price_as_of, proposed)


def checked(listing: Listing, document: Document, findings: Sequence[Finding], made: Sequence[Correction]) -> Listing:
    """The listing whose proposal was checked and corrected, before anything is decided."""
    proposal = _open(listing)
    return replace(
        listing,
        version=listing.version + 1,
        proposal=replace(
            proposal,
            document=document,
            findings=tuple(findings),
            corrections=(*proposal.corrections, *made)[:MAX_CORRECTIONS],
        ),
    )


def sent_to_review(listing: Listing, review_id: str) -> Listing:
    """The listing as it waits for a person; `checked` before, in the same step."""
    status = listing.status if listing.is_standing else ListingStatus.IN_REVIEW
    proposal = replace(_open(listing), state=ProposalState.IN_REVIEW, review_id=review_id)
    return replace(listing, status=status, proposal=proposal)


def published(listing: Listing, sku: str, *, owns_product: bool, now: str) -> Listing:
    """The listing with its proposal published; `checked` before, in the same step. A paused one stays paused."""
    proposal = _open(listing)
    return replace(
        listing,
        status=listing.status if listing.status is ListingStatus.PAUSED else ListingStatus.PUBLISHED,
        published={name: value for name, value in proposal.document.items() if name != "prices"},
        findings=proposal.findings,
        corrections=proposal.corrections,
        proposal=None,
        sku=sku,
        owns_product=owns_product,
        published_at=now,
    )


def rejected(listing: Listing) -> Listing:
    """The listing whose proposal was refused. What was published before goes on selling."""
    status = listing.status if listing.is_standing else ListingStatus.REJECTED
    proposal = replace(_open(listing), state=ProposalState.REJECTED)
    return replace(listing, status=status, version=listing.version + 1, proposal=proposal)


def amended(listing: Listing, changes: Sequence[tuple[str, Any]]) -> tuple[Listing, list[Correction]]:
    """The listing with fields (JSON pointers) of its proposal set by a person, and what was changed.

    Raises `NothingProposed`, and `CannotCorrect` for a pointer that leads nowhere.
    """
    proposal = _open(listing)
    document, made = dict(proposal.document), []
    for pointer, after in changes:
        try:
            correction = Correction(pointer, "reviewer", read(document, pointer), after, 100)
            document = corrected(document, [correction])
        except NoSuchField:
            raise CannotCorrect(f"There is no {pointer[:100]} in the listing.") from None
        made.append(correction)
    kept = (*proposal.corrections, *made)[-MAX_CORRECTIONS:]
    after_all = replace(proposal, document=document, corrections=kept)
    return replace(listing, version=listing.version + 1, proposal=after_all), made


def paused(listing: Listing) -> Listing:
    """Not sold for now. Raises `WrongState` unless it is published."""
    if listing.status is not ListingStatus.PUBLISHED:
        raise WrongState.of(listing, "published")
    return replace(listing, status=ListingStatus.PAUSED, version=listing.version + 1)


def resumed(listing: Listing) -> Listing:
    """Sold again. Raises `WrongState` unless it is paused."""
    if listing.status is not ListingStatus.PAUSED:
        raise WrongState.of(listing, "paused")
    return replace(listing, status=ListingStatus.PUBLISHED, version=listing.version + 1)


def withdrawn(listing: Listing, *, place: str | None = None) -> Listing:
    """Not sold any more, and nothing is proposed; `place` as in `Listing`. Raises `WrongState` when it is withdrawn already."""
    if listing.status is ListingStatus.WITHDRAWN:
        raise WrongState.of(listing, "not withdrawn")
    return replace(
        listing,
        status=ListingStatus.WITHDRAWN,
        version=listing.version + 1,
        proposal=None,
        digest="",
        place=place or listing.place,
    )


def _open(listing: Listing) -> Proposal:
    if listing.proposal is None:
        raise NothingProposed(f"Nothing is proposed for {listing.id}.")
    return listing.proposal
