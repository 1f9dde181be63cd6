"""A supplier has so many listings at most. One by one they are counted in their own transactions; rows of a feed, of which 32 are
written at a time, would queue up at the counter, so a batch of them takes its places in advance and gives back what it did not need.

Each listing that a batch registered or withdrew names the batch's hold, so what it used is found out also when it died on the way.
"""

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from datetime import timedelta
from threading import Lock
from typing import TypeVar

from ulid import ULID

from chalicelib.core import clock, observability
from chalicelib.core.errors import AisleError, Contended, Stale
from chalicelib.core.ids import new_ulid
from chalicelib.core.table import Transaction, find_many
from chalicelib.listings.domain.life import takes_place
from chalicelib.listings.domain.listing import Listing, ListingLimitReached, listing_id
from chalicelib.listings.service.on_sale import settings_now
from chalicelib.listings.store import items as store
from chalicelib.listings.store.items import Hold

FORGOTTEN_AFTER = timedelta(minutes=15)
"""No function runs longer, so nobody is at work under an older hold."""

_ATTEMPTS = 8

_Result = TypeVar("_Result")


class Room:
    """The places that are held for a batch of new listings, for its threads to share."""

    def __init__(self, supplier_id: str, hold: Hold | None, wanted: Sequence[str]) -> None:
        self._supplier_id, self._hold = supplier_id, hold
        self._left = hold.places if hold else 0
        self._is_short = self._left < len(wanted)
        self._claimed: set[str] = set()
        self._wanted = frozenset(wanted)
        self._lock = Lock()

    def claim(self, supplier_sku: str) -> str | None:
        """The hold under which this listing has a place, also when it asks again; None: it has to take one for itself. Raises
        `ListingLimitReached`."""
        with self._lock:
            if supplier_sku not in self._claimed:
                self._check(supplier_sku)
                if supplier_sku not in self._wanted or not self._left:
                    return None
                self._left -= 1
                self._claimed.add(supplier_sku)
        return self._hold.id if self._hold else None

    def check(self, supplier_sku: str) -> None:
        """Raise `ListingLimitReached` if `claim` would."""
        with self._lock:
            self._check(supplier_sku)

    def _check(self, supplier_sku: str) -> None:
        if self._is_short and not self._left and supplier_sku not in self._claimed:
            limit = settings_now().max_listings
            raise ListingLimitReached(f"The supplier has as many listings as it may: {limit}.", limit=limit)


def stage_place(
    tx: Transaction, supplier_id: str, supplier_sku: str, before: Listing | None, room: Room | None = None
) -> str | None:
    """Add to `tx` that a listing takes a place, unless it has one, or one of those of `room`: then returns whose hold that is.
    Raises `ListingLimitReached`, also at commit, and there `Stale`."""
    if not takes_place(before):
        return None
    if before is not None and stage_leaving_hold(tx, before):
        return None
    held = room.claim(supplier_sku) if room else None
    if held is None:
        store.take_places(tx, supplier_id, 1, settings_now().max_listings)
    return held


def stage_leaving_hold(tx: Transaction, before: Listing) -> bool:
    """Add to `tx` that a listing, which is to name another hold or none, has no part any more in the one that it names, if that is not
    counted yet. Whether it was withdrawn under it: its place is not free yet, then, and stays its own. `Stale` at commit."""
    hold = store.get_hold(before.supplier_id, before.place) if before.place else None
    if hold is None or before.supplier_sku not in hold.supplier_skus:
        return False
    store.change_hold(tx, before.supplier_id, hold.without(before.supplier_sku))
    return hold.is_leaving


def with_room(supplier_id: str, attempt: Callable[[], _Result]) -> _Result:
    """What `attempt` returns; once more, if it found no place and batches that died had kept some. Raises `ListingLimitReached`."""
    try:
        return attempt()
    except ListingLimitReached:
        if not settle_forgotten(supplier_id):
            raise
    return attempt()


@contextmanager
def room_for(supplier_id: str, supplier_skus: Sequence[str]) -> Iterator[Room | None]:
    """Hold places for new listings while a batch of rows is taken, as many as are free; None for no listings."""
    if not supplier_skus:
        yield None
        return
    hold = _take(supplier_id, supplier_skus)
    try:
        yield Room(supplier_id, hold, supplier_skus)
    finally:
        if hold:
            _settle_or_forget(supplier_id, hold)


@contextmanager
def leaving(supplier_id: str, supplier_skus: Sequence[str]) -> Iterator[str]:
    """The id of a hold under which listings are withdrawn; their places are free together, when all are."""
    hold = Hold(new_ulid(), tuple(supplier_skus), is_leaving=True)
    tx = Transaction()
    store.add_hold(tx, supplier_id, hold)
    tx.commit()
    try:
        yield hold.id
    finally:
        _settle_or_forget(supplier_id, hold)


def _take(supplier_id: str, supplier_skus: Sequence[str]) -> Hold | None:
    limit = settings_now().max_listings
    wanted, has_mended = min(len(supplier_skus), limit), False
    while wanted > 0:
        hold = Hold(new_ulid(), tuple(supplier_skus), wanted)
        tx = Transaction()
        store.take_places(tx, supplier_id, wanted, limit)
        store.add_hold(tx, supplier_id, hold)
        try:
            tx.commit()
        except ListingLimitReached as reached:
            if has_mended or not settle_forgotten(supplier_id):
                wanted = limit - int(reached.members["taken"])
            has_mended = True
            continue
        return hold
    return None


def settle_forgotten(supplier_id: str) -> bool:
    """Count what batches did that died on the way, whose places are missing else; whether there were any."""
    oldest = str(ULID.from_datetime(clock.now() - FORGOTTEN_AFTER))
    forgotten = store.holds_of(supplier_id, oldest)
    for hold in forgotten:
        _settle(supplier_id, hold)
    return bool(forgotten)


def _settle_or_forget(supplier_id: str, hold: Hold) -> None:
    try:
        _settle(supplier_id, hold)
    except AisleError as error:
        # The rows are taken, and what they say counts; whoever finds no place settles it later.
        observability.log.warning("places are not counted yet", supplier_id=supplier_id, hold=hold.id, error=error.code)


def _settle(supplier_id: str, hold: Hold) -> None:
    """Count what was done under a hold, once. Raises `Contended`."""
    for _ in range(_ATTEMPTS):
        now = store.get_hold(supplier_id, hold.id)
        if now is None:
            return  # settled by another
        done = _done_under(supplier_id, now)
        free = done if now.is_leaving else now.places - done
        tx = Transaction()
        store.end_hold(tx, supplier_id, now)
        if free:
            store.free_places(tx, supplier_id, free)
        with suppress(Stale):
            tx.commit()
            return
    raise Contended("Listings kept leaving the batch.")


def _done_under(supplier_id: str, hold: Hold) -> int:
    keys = [store.listing_keys(supplier_id, sku)[0] for sku in hold.supplier_skus]
    found = find_many(keys, consistent=True)
    listings = (store.listing_in(found, listing_id(supplier_id, sku)) for sku in hold.supplier_skus)
    return sum(listing is not None and listing.place == hold.id for listing in listings)
