"""The life of a listing: each step gives what it is next, or says why there is none.

submitted → published or rejected, through in_review where a person decides; published ⇄ paused; any → withdrawn. What is published
goes on selling while a change of it is checked.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from chalicelib.core.errors import Conflict, RuleBroken
from chalicelib.core.findings import Correction, Finding, NoSuchField, Severity, corrected, read
from chalicelib.listings.domain.listing import (
    Document,
    Listing,
    ListingStatus,
    Proposal,
    ProposalState,
    Terms,
    digest_of,
)

MAX_CORRECTIONS = 100
"""Kept of a proposal; a document has no more fields that are corrected, and reviewers make a handful."""


class WrongState(Conflict):
    """`listing_status` says which it is in."""

    code = "listing_state"
    title = "The listing is in another state"

    @classmethod
    def of(cls, listing: Listing, wanted: str) -> WrongState:
        """The error of a listing that is not as it is wanted."""
        return cls(
            f"The listing is {listing.status}; this needs one that is {wanted}.", listing_status=str(listing.status)
        )


class CannotCorrect(RuleBroken):
    code = "field_unknown"
    title = "A listing has no such field"


class NothingProposed(Conflict):
    code = "nothing_proposed"
    title = "The listing has no change that could be corrected"


def submitted(
    before: Listing | None,
    supplier_id: str,
    supplier_sku: str,
    document: Document,
    *,
    as_of: str,
    now: str,
    told_at: str,
    source: str | None = None,
    place: str | None = None,
) -> Listing:
    """The listing with a document to be checked, which the supplier sent at `told_at`. What is published goes on selling meanwhile;
    what was proposed before is given up. `place` is for one that `takes_place`."""
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
            told_at=told_at,
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
        told_at=told_at,
    )


def takes_place(before: Listing | None) -> bool:
    """Whether a listing that is registered is one more of its supplier's."""
    return before is None or before.status is ListingStatus.WITHDRAWN


def changed(before: Listing, changes: Mapping[str, Any], *, prices_as_of: str | None, now: str) -> Listing:
    """The listing with a change of what was proposed last, or else is published, to be checked; None takes a field out.

    Raises `WrongState` for one that is withdrawn: it is registered anew.
    """
    if before.status is ListingStatus.WITHDRAWN:
        raise WrongState.of(before, "not withdrawn")
    base = before.proposal.document if before.proposal else before.published or {}
    document = {name: value for name, value in {**base, **changes}.items() if value is not None}
    as_of = prices_as_of or (before.proposal.as_of if before.proposal else "")
    return submitted(before, before.supplier_id, before.supplier_sku, document, as_of=as_of, now=now, told_at=now)


def repriced(before: Listing, prices: Mapping[str, int], *, as_of: str, now: str) -> Listing:
    """The listing with other prices to be looked at, in what it proposes already, or else in what is published. What was rejected is
    no part of it, and is news again when the supplier sends it again."""
    rejected = is_rejected(before)
    base = before.proposal.document if before.proposal and not rejected else before.published or {}
    after = submitted(
        before,
        before.supplier_id,
        before.supplier_sku,
        {**base, "prices": dict(prices)},
        as_of=as_of,
        now=now,
        told_at=before.told_at,
        source=before.source,
    )
    return replace(after, digest="" if rejected else before.digest)


def is_rejected(listing: Listing) -> bool:
    """Whether what it proposed last was refused."""
    return listing.proposal is not None and listing.proposal.state is ProposalState.REJECTED


def has_price_errors(proposal: Proposal) -> bool:
    """Whether something is wrong with its prices."""
    return any(one.severity is Severity.ERROR and one.field.startswith("/prices") for one in proposal.findings)


def prices_looked_at(listing: Listing) -> dict[str, int]:
    """The amounts of the proposal that a person looks at, or will; none of one that was refused."""
    if listing.proposal is None or is_rejected(listing):
        return {}
    prices: Mapping[str, Any] = listing.proposal.document.get("prices") or {}
    return {currency: amount for currency, amount in prices.items() if isinstance(amount, int)}


def may_stand_for(listing: Listing, prices: Mapping[str, int]) -> bool:
    """Whether prices, each a fine step from the one that a person looks at, may hold instead once it is published: unless it is the
    prices that are judged, or one of a currency that nobody sees."""
    proposal = listing.proposal
    if proposal is None or proposal.state is not ProposalState.IN_REVIEW or has_price_errors(proposal):
        return False
    return prices.keys() <= prices_looked_at(listing).keys()


def latest_prices(listing: Listing, terms: Terms) -> str:
    """The moment that the latest prices known of hold from, be they in force, proposed or refused."""
    proposed = listing.proposal.as_of if listing.proposal and "prices" in listing.proposal.document else ""
    return max(terms.price_as_of, terms.asked_as_of, proposed)


def asked_in_proposal(listing: Listing, terms: Terms) -> Mapping[str, Any] | None:
    """The prices of its proposal; None when it has none, or when later ones hold, or will."""
    proposal = listing.proposal
    if proposal is None or "prices" not in proposal.document or proposal.as_of < terms.price_as_of:
        return None
    prices: Mapping[str, Any] = proposal.document["prices"]
    return prices


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


def withdrawn(listing: Listing, *, told_at: str, place: str | None = None) -> Listing:
    """Not sold any more, and nothing is proposed; `told_at` and `place` as in `Listing`. Raises `WrongState` when it is withdrawn already."""
    if listing.status is ListingStatus.WITHDRAWN:
        raise WrongState.of(listing, "not withdrawn")
    return replace(
        listing,
        status=ListingStatus.WITHDRAWN,
        version=listing.version + 1,
        proposal=None,
        digest="",
        place=place or listing.place,
        told_at=told_at,
    )


def _open(listing: Listing) -> Proposal:
    if listing.proposal is None:
        raise NothingProposed(f"Nothing is proposed for {listing.id}.")
    return listing.proposal
