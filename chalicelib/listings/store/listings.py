"""Listings and their terms."""

from collections.abc import Mapping
from typing import Any, cast

from pynamodb.attributes import NumberAttribute, UnicodeAttribute
from pynamodb.expressions.condition import Condition

from chalicelib.core.errors import AisleError, Stale
from chalicelib.core.findings import Correction, Finding
from chalicelib.core.keys import key
from chalicelib.core.table import Item, Json, OnConflict, RawItem, Transaction, fields_of, find, find_many
from chalicelib.listings.domain.listing import (
    Listing,
    ListingStatus,
    Proposal,
    ProposalState,
    Terms,
    listing_id,
    parts_of,
)


class ListingItem(Item):
    """pk = LISTING#<id>, sk = LISTING. Both documents, what was found and what was corrected in them."""

    version = NumberAttribute()
    status = UnicodeAttribute()
    document = Json()


class TermsItem(Item):
    """pk = LISTING#<id>, sk = TERMS. Less than 1 KB: each update of a price or of stock writes it."""

    version = NumberAttribute()
    document = Json()


class NextListing(Stale):
    """The listing was changed by another command since it was read."""


def listing_pk(listing_id: str) -> str:
    return key("LISTING", listing_id)


def listing_keys(supplier_id: str, supplier_sku: str) -> list[tuple[type[Item], str, str]]:
    """Where the listing and its terms are, for a batch read."""
    pk = listing_pk(listing_id(supplier_id, supplier_sku))
    return [(ListingItem, pk, "LISTING"), (TermsItem, pk, "TERMS")]


def listing_in(found: Mapping[tuple[str, str], Item], listing_id: str) -> Listing | None:
    """The listing out of a batch read, or None."""
    item = found.get((listing_pk(listing_id), "LISTING"))
    return _listing(cast(ListingItem, item)) if item else None


def terms_in(found: Mapping[tuple[str, str], Item], listing_id: str) -> Terms | None:
    """The terms out of a batch read, or None."""
    item = found.get((listing_pk(listing_id), "TERMS"))
    return _terms(cast(TermsItem, item)) if item else None


def get_after_terms(listing_id: str) -> tuple[Listing, Terms] | None:
    """As `get_both`, the terms read before the listing. What begins or ends a listing's sale writes its terms, too: so while these are
    as they were read, the listing is on sale, or not, as it was read. A batch read is no snapshot."""
    _, (_, pk, sk) = listing_keys(*parts_of(listing_id))
    terms = find(TermsItem, pk, sk, consistent=True)
    listing = find(ListingItem, pk, "LISTING", consistent=True)
    return (_listing(listing), _terms(terms)) if listing and terms else None


def get_both(listing_id: str) -> tuple[Listing, Terms] | None:
    """The listing and its terms as the last finished writes left them, or None."""
    found = find_many(listing_keys(*parts_of(listing_id)), consistent=True)
    listing, terms = listing_in(found, listing_id), terms_in(found, listing_id)
    return (listing, terms) if listing and terms else None


def put_listing(tx: Transaction, before: Listing | None, after: Listing) -> None:
    """Write a listing in place of the one that was read, or a new one. `NextListing` at commit when another was quicker."""
    document = {
        name: value for name, value in fields_of(after).items() if name not in _APART and value not in (None, ())
    }
    if after.proposal:
        document["proposal"] = _proposal_document(after.proposal)
    for name in ("findings", "corrections"):
        if name in document:
            document[name] = [one.as_dict() for one in document[name]]
    item = ListingItem(
        listing_pk(after.id),
        "LISTING",
        version=after.version,
        status=after.status,
        document=document,
        gsi1pk=key("LISTINGS", after.supplier_id),
        gsi1sk=after.supplier_sku,
        gsi2pk=key("LISTINGS", after.supplier_id, after.status),
        gsi2sk=after.supplier_sku,
        summary=_summary(after),
    )
    _put(tx, item, before.version if before else 0)


def _summary(listing: Listing) -> dict[str, Any]:
    shown = listing.published or (listing.proposal.document if listing.proposal else {})
    found = listing.proposal.findings if listing.proposal else listing.findings
    return {
        "status": listing.status,
        "title": str(shown.get("title") or "")[:120],
        "sku": listing.sku,
        "proposal": listing.proposal.state if listing.proposal else None,
        "findings": len(found),
        "version": listing.version,
        "told_at": listing.told_at,
    }


def put_terms(tx: Transaction, before: int, after: Terms) -> None:
    """Write terms in place of those at version `before` (0: none). `NextListing` at commit when another was quicker."""
    document = {name: value for name, value in fields_of(after).items() if name not in _APART}
    document["prices"] = dict(after.prices)
    pk = listing_pk(listing_id(after.supplier_id, after.supplier_sku))
    _put(tx, TermsItem(pk, "TERMS", version=after.version, document=document), before)


def check_terms(tx: Transaction, terms: Terms) -> None:
    """Commit only while terms are as they were read. `NextListing` at commit otherwise."""
    item = TermsItem(listing_pk(listing_id(terms.supplier_id, terms.supplier_sku)), "TERMS")
    tx.check(item, *_as_read(item, terms.version))


def _put(tx: Transaction, item: ListingItem | TermsItem, before: int) -> None:
    tx.put(item, *_as_read(item, before))


def _as_read(item: ListingItem | TermsItem, before: int) -> tuple[Condition, OnConflict]:
    """The condition that an item is still at the version that was read (0: not there), and what it means when it is not."""

    def stale(raw: RawItem | None) -> AisleError:
        now = int(raw["version"]["N"]) if raw else 0
        return NextListing(f"The listing is at version {now}, not {before}.", version=now)

    return (type(item).version == before if before else type(item).pk.does_not_exist()), stale


def listings_of(supplier_id: str, status: str | None, after: str | None, count: int) -> list[dict[str, Any]]:
    """Summaries of a supplier's listings (in a status), by its own SKUs."""
    index, name = (ListingItem.by_state, "gsi2sk") if status else (ListingItem.by_owner, "gsi1sk")
    pk = key("LISTINGS", supplier_id, status) if status else key("LISTINGS", supplier_id)
    condition = getattr(ListingItem, name) > after if after else None
    rows = index.query(pk, condition, limit=count)
    return [{"supplier_sku": getattr(row, name), **row.summary} for row, _ in zip(rows, range(count), strict=False)]


_APART = ("supplier_id", "supplier_sku", "status", "version", "proposal")


def _proposal_document(proposal: Proposal) -> dict[str, Any]:
    return {
        **fields_of(proposal),
        "findings": [finding.as_dict() for finding in proposal.findings],
        "corrections": [correction.as_dict() for correction in proposal.corrections],
    }


def _proposal(stored: Mapping[str, Any]) -> Proposal:
    return Proposal(**{**stored, "state": ProposalState(stored["state"]), **_checked(stored)})


def _checked(stored: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "findings": tuple(Finding.from_dict(one) for one in stored.get("findings", ())),
        "corrections": tuple(Correction(**one) for one in stored.get("corrections", ())),
    }


def _listing(item: ListingItem) -> Listing:
    stored = dict(item.document)
    supplier_id, supplier_sku = parts_of(item.pk.partition("#")[2])
    proposal = stored.pop("proposal", None)
    return Listing(
        supplier_id=supplier_id,
        supplier_sku=supplier_sku,
        status=ListingStatus(item.status),
        version=int(item.version),
        proposal=_proposal(proposal) if proposal else None,
        **{**stored, **_checked(stored)},
    )


def _terms(item: TermsItem) -> Terms:
    supplier_id, supplier_sku = parts_of(item.pk.partition("#")[2])
    return Terms(supplier_id, supplier_sku, version=int(item.version), **item.document)
