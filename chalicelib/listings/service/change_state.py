"""Listings are paused, resumed and withdrawn, and their proposals corrected by reviewers."""

from collections.abc import Callable, Sequence
from dataclasses import replace
from typing import Any

from chalicelib.core import clock
from chalicelib.core.auth import Principal
from chalicelib.core.errors import Stale
from chalicelib.core.idempotency import Answer, Idempotency
from chalicelib.core.table import Transaction
from chalicelib.inventory import service as inventory
from chalicelib.listings import events
from chalicelib.listings.domain import life
from chalicelib.listings.domain.listing import Listing, ListingStatus, Terms
from chalicelib.listings.domain.offers import OfferBook
from chalicelib.listings.service.access import known, must_find, must_find_own
from chalicelib.listings.service.places import stage_leaving_hold
from chalicelib.listings.service.register_listing import give_up_review
from chalicelib.listings.service.settle import until_settled
from chalicelib.listings.store import items as store

Show = Callable[[Listing], Answer]


def pause_listing(supplier_id: str, supplier_sku: str, *, by: Principal, once: Idempotency, answer: Show) -> Answer:
    """Stop selling a published listing for now; its offer keeps its place. Raises `NotFound`, `WrongState`."""

    def pause(tx: Transaction, before: Listing, terms: Terms) -> Listing:
        after = life.paused(before)
        _show_offer(tx, after, by, paused=True)
        events.listing_paused(tx, after, by)
        return after

    return _change(supplier_id, supplier_sku, pause, by, once, answer)


def resume_listing(supplier_id: str, supplier_sku: str, *, by: Principal, once: Idempotency, answer: Show) -> Answer:
    """Sell a paused listing again. Raises `NotFound`, `WrongState`."""

    def resume(tx: Transaction, before: Listing, terms: Terms) -> Listing:
        after = life.resumed(before)
        _show_offer(tx, after, by, paused=False)
        events.listing_resumed(tx, after, by)
        return after

    return _change(supplier_id, supplier_sku, resume, by, once, answer)


def withdraw_listing(supplier_id: str, supplier_sku: str, *, by: Principal, once: Idempotency, answer: Show) -> Answer:
    """Stop selling for good: the offer goes, nothing is available of it, and what was proposed is given up. What was ordered stays
    ordered. Raises `NotFound`, `WrongState` when it was withdrawn before."""
    return _change(
        supplier_id, supplier_sku, lambda tx, before, terms: stage_withdrawal(tx, before, terms, by), by, once, answer
    )


def stage_withdrawal(
    tx: Transaction,
    before: Listing,
    terms: Terms,
    by: Principal,
    *,
    told_at: str | None = None,
    hold: str | None = None,
) -> Listing:
    """Add to `tx` that a listing is withdrawn, as was said at `told_at` (now), all but the listing itself; its place is free with it,
    or with the others of a `hold`. Raises `WrongState`."""
    after = life.withdrawn(before, told_at=told_at or clock.rfc3339(clock.now()), place=hold)
    if hold is None:
        store.free_places(tx, before.supplier_id, 1)
    else:
        stage_leaving_hold(tx, before)
    give_up_review(tx, before, by)
    if before.is_standing and before.sku:
        book = store.get_book(before.sku).without(before.supplier_id)
        store.put_book(tx, book)
        events.offer_changed(tx, before.id, book, before.supplier_id, by)
        inventory.restate_stock(tx, before.supplier_id, before.sku, 0, cause=before.id, by=by)
    store.put_terms(tx, terms.version, Terms(terms.supplier_id, terms.supplier_sku, version=terms.version + 1))
    events.listing_withdrawn(tx, after, by)
    return after


def stage_correction(
    tx: Transaction,
    subject_id: str,
    changes: Sequence[tuple[str, Any]],
    by: Principal,
    *,
    expected_version: int | None,
) -> int:
    """Add to `tx` that a reviewer gave fields (JSON pointers) of what the listing `subject_id` proposes other values; returns the version that
    makes of it. It is not checked for that: the reviewer decides to.

    Raises `NotFound`, `NothingProposed`, `CannotCorrect` for a pointer that leads nowhere, and `Stale`, also at commit.
    """
    before, _ = must_find(subject_id)
    if expected_version is not None and before.version != expected_version:
        raise Stale(f"The listing is at version {before.version}.", version=before.version)
    after, made = life.amended(before, changes)
    store.put_listing(tx, before, after)
    events.listing_corrected(tx, after, made, by)
    return after.version


def _change(
    supplier_id: str,
    supplier_sku: str,
    move: Callable[[Transaction, Listing, Terms], Listing],
    by: Principal,
    once: Idempotency,
    answer: Show,
) -> Answer:
    known(supplier_id, by)

    def attempt() -> Answer:
        before, terms = must_find_own(supplier_id, supplier_sku)
        tx = Transaction()
        after = move(tx, before, terms)
        store.put_listing(tx, before, after)
        final = answer(after)
        once.record(tx, final)
        tx.commit()
        return final

    return until_settled(attempt)


def _show_offer(tx: Transaction, listing: Listing, by: Principal, *, paused: bool) -> None:
    book: OfferBook = store.get_book(str(listing.sku))
    offer = book.of(listing.supplier_id)
    if offer is None:
        raise life.WrongState.of(listing, str(ListingStatus.PUBLISHED))
    after = book.with_offer(replace(offer, paused=paused))
    store.put_book(tx, after)
    events.offer_changed(tx, listing.id, after, listing.supplier_id, by)
