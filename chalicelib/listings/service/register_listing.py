"""Suppliers register what they sell, and change it: a workflow checks either."""

from collections.abc import Callable, Mapping
from dataclasses import replace
from typing import Any

from chalicelib.core import clock
from chalicelib.core.auth import Principal
from chalicelib.core.idempotency import Answer, Idempotency
from chalicelib.core.table import Transaction
from chalicelib.listings import events
from chalicelib.listings.domain import life
from chalicelib.listings.domain.listing import (
    Document,
    Listing,
    ListingExists,
    ListingStatus,
    ProposalState,
    Terms,
    listing_id,
)
from chalicelib.listings.service.access import must_find_own, selling
from chalicelib.listings.service.places import stage_place, with_room
from chalicelib.listings.service.settle import NotAtVersion, until_settled
from chalicelib.listings.store import items as store
from chalicelib.reviews import service as reviews


def register_listing(
    supplier_id: str,
    supplier_sku: str,
    document: Document,
    on_hand: int | None,
    *,
    by: Principal,
    once: Idempotency,
    answer: Callable[[Listing], Answer],
) -> Answer:
    """Take what a supplier sells, to be checked by register-product; `on_hand` units are on sale once it is published.

    A withdrawn listing is registered anew under its SKU. Raises `NotFound`, `SupplierNotApproved`, `ListingExists`,
    `ListingLimitReached`.
    """
    seller = selling(supplier_id, by)

    def attempt() -> Answer:
        now = clock.rfc3339(clock.now())
        found = store.get_both(listing_id(seller.id, supplier_sku))
        before, terms = found or (None, Terms(seller.id, supplier_sku))
        if before is not None and before.status is not ListingStatus.WITHDRAWN:
            raise ListingExists(
                f"{supplier_sku} is {before.status}; change it instead.", listing_status=str(before.status)
            )
        after = life.submitted(before, seller.id, supplier_sku, document, as_of=now, now=now, told_at=now)
        tx = Transaction()
        stage_place(tx, seller.id, supplier_sku, before)
        stage_submission(tx, before, after, by)
        held = terms if on_hand is None else replace(terms, on_hand=on_hand, stock_as_of=now)
        store.put_terms(tx, terms.version, replace(held, version=terms.version + 1))
        final = answer(after)
        once.record(tx, final)
        tx.commit()
        return final

    return until_settled(lambda: with_room(seller.id, attempt))


def change_listing(
    supplier_id: str, supplier_sku: str, changes: Mapping[str, Any], *, expected_version: int, by: Principal
) -> Listing:
    """Propose a change of a listing, None taking a field out; what is published goes on selling until it was checked.

    Raises `NotFound`, `SupplierNotApproved`, `WrongState` for a withdrawn listing, `Stale`.
    """
    selling(supplier_id, by)

    def attempt() -> Listing:
        before, _ = must_find_own(supplier_id, supplier_sku)
        if before.version != expected_version:
            raise NotAtVersion(f"The listing is at version {before.version}.", version=before.version)
        now = clock.rfc3339(clock.now())
        after = life.changed(before, changes, prices_as_of=now if changes.get("prices") else None, now=now)
        tx = Transaction()
        stage_submission(tx, before, after, by)
        tx.commit()
        return after

    return until_settled(attempt)


def stage_submission(tx: Transaction, before: Listing | None, after: Listing, by: Principal) -> None:
    """Add to `tx` a listing with a document to be checked, which starts its workflow."""
    give_up_review(tx, before, by)
    store.put_listing(tx, before, after)
    events.listing_submitted(tx, after, by)


def give_up_review(tx: Transaction, before: Listing | None, by: Principal) -> None:
    """Add to `tx` that nobody needs to judge any more what a listing proposed."""
    if before and before.proposal and before.proposal.state is ProposalState.IN_REVIEW:
        reviews.withdraw(tx, "listing", before.id, by)
