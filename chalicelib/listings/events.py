"""Events of listings. Contract: docs/events.md. What a listing says in words stays out of them."""

from collections.abc import Sequence
from typing import Any

from chalicelib.core import outbox
from chalicelib.core.auth import Principal
from chalicelib.core.findings import Correction
from chalicelib.core.outbox import Aggregate
from chalicelib.core.table import Transaction
from chalicelib.listings.domain.listing import Listing
from chalicelib.listings.domain.offers import OfferBook
from chalicelib.listings.store.listings import listing_pk

SOURCE = "listings"


def listing_submitted(tx: Transaction, listing: Listing, by: Principal) -> None:
    """A document is to be checked; the listing's version names it. Starts register-product."""
    _publish(tx, "ListingSubmitted", listing, by, {"change": listing.is_standing})


def listing_corrected(tx: Transaction, listing: Listing, corrections: Sequence[Correction], by: Principal) -> None:
    """Fields were corrected, by rules or by a reviewer. It is not checked again for that."""
    fields = [{"field": one.field, "rule": one.rule, "confidence": one.confidence} for one in corrections]
    _publish(tx, "ListingCorrected", listing, by, {"corrections": fields})


def listing_sent_to_review(tx: Transaction, listing: Listing, by: Principal) -> None:
    """A person has to judge what was found."""
    proposal = listing.proposal
    rules = sorted({finding.rule for finding in proposal.findings}) if proposal else []
    review_id = proposal.review_id if proposal else None
    _publish(tx, "ListingSentToReview", listing, by, {"review_id": review_id, "rules": rules})


def listing_published(tx: Transaction, listing: Listing, by: Principal, *, again: bool) -> None:
    """A listing is an offer now; `ListingChanged` where it was one before, with another document."""
    data = {"owns_product": listing.owns_product}
    _publish(tx, "ListingChanged" if again else "ListingPublished", listing, by, data)


def listing_rejected(tx: Transaction, listing: Listing, by: Principal) -> None:
    """What was proposed is not published; what was published before is not touched."""
    proposal = listing.proposal
    rules = sorted({finding.rule for finding in proposal.findings}) if proposal else []
    _publish(tx, "ListingRejected", listing, by, {"rules": rules})


def listing_paused(tx: Transaction, listing: Listing, by: Principal) -> None:
    """It is not sold for now."""
    _publish(tx, "ListingPaused", listing, by, {})


def listing_resumed(tx: Transaction, listing: Listing, by: Principal) -> None:
    """It is sold again."""
    _publish(tx, "ListingResumed", listing, by, {})


def listing_withdrawn(tx: Transaction, listing: Listing, by: Principal) -> None:
    """It is not sold any more."""
    _publish(tx, "ListingWithdrawn", listing, by, {})


def offer_changed(tx: Transaction, listing_id: str, book: OfferBook, supplier_id: str, by: Principal) -> None:
    """A supplier's offer of a SKU is another one, or gone (`prices` is null)."""
    offer = book.of(supplier_id)
    on_sale = offer is not None and not offer.paused
    outbox.publish(
        tx,
        pk=listing_pk(listing_id),
        source=SOURCE,
        type="OfferChanged",
        aggregate=Aggregate("offer_book", book.sku, book.version),
        by=by,
        data={
            "sku": book.sku,
            "supplier_id": supplier_id,
            "listing_id": listing_id,
            "prices": dict(offer.prices) if offer and on_sale else None,
        },
    )


def _publish(tx: Transaction, type: str, listing: Listing, by: Principal, data: dict[str, Any]) -> None:
    outbox.publish(
        tx,
        pk=listing_pk(listing.id),
        source=SOURCE,
        type=type,
        aggregate=Aggregate("listing", listing.id, listing.version),
        by=by,
        data={
            "supplier_id": listing.supplier_id,
            "supplier_sku": listing.supplier_sku,
            "sku": listing.sku,
            "status": str(listing.status),
            **data,
        },
    )
