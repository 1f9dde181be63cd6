"""Rows of bulk imports, each in a transaction of its own. What is clean is published at once; the rest goes through register-product.

Taking a row twice changes nothing: what says what was said before is not written.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from types import TracebackType
from typing import Self

from chalicelib.core import clock, observability
from chalicelib.core.auth import Principal
from chalicelib.core.errors import AisleError
from chalicelib.core.findings import Finding, Severity
from chalicelib.core.table import Transaction
from chalicelib.listings.domain import life
from chalicelib.listings.domain.checks import Verdict
from chalicelib.listings.domain.listing import (
    SUPPLIER_SKU,
    Listing,
    ListingStatus,
    ProposalState,
    Terms,
    digest_of,
)
from chalicelib.listings.domain.moments import moment
from chalicelib.listings.domain.rows import ListingRow, RowOutcome, Taken
from chalicelib.listings.service.access import must_find_own
from chalicelib.listings.service.assess import Assessment, assess, look_at_images
from chalicelib.listings.service.change_state import stage_withdrawal
from chalicelib.listings.service.gather import Gathered, gather
from chalicelib.listings.service.on_sale import settings_now
from chalicelib.listings.service.places import Room, room_for, stage_place, with_room
from chalicelib.listings.service.publish import stage_publication, stage_stock
from chalicelib.listings.service.register_listing import give_up_review, stage_submission
from chalicelib.listings.service.settle import until_settled
from chalicelib.listings.service.update_terms import Updated, put_price, put_stock
from chalicelib.listings.store import items as store
from chalicelib.suppliers.service import Seller

IMAGES_AT_ONCE = 40
"""Images that a batch of rows looks at; the others are looked at when their listings change next. Eight at a time take up to five
seconds, and a batch has a minute."""

_STATES = {
    ListingStatus.SUBMITTED: Taken.IN_REVIEW,
    ListingStatus.IN_REVIEW: Taken.IN_REVIEW,
    ListingStatus.REJECTED: Taken.REFUSED,
}


class Prepared:
    """What is stored of some rows, read ahead in batches. Writes are guarded by conditions, so it may be outdated. While it is entered,
    places are held for new listings."""

    def __init__(self, seller: Seller, rows: Mapping[str, ListingRow], gathered: dict[str, Gathered]) -> None:
        self._rows, self._gathered = rows, gathered
        self.images_left = IMAGES_AT_ONCE
        self.room: Room | None = None
        new = [sku for sku, one in gathered.items() if life.takes_place(one.listing)]
        self._holding = room_for(seller.id, new)

    def __enter__(self) -> Self:
        self.room = self._holding.__enter__()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.room = None
        self._holding.__exit__(kind, error, traceback)

    @classmethod
    def of(cls, seller: Seller, rows: Sequence[ListingRow]) -> "Prepared":
        """Read what is needed to take `rows`: six round trips per hundred of them, or fewer."""
        named = {row.supplier_sku: row for row in rows if SUPPLIER_SKU.fullmatch(row.supplier_sku)}
        return cls(seller, named, gather(seller, {sku: row.document() for sku, row in named.items()}))

    def take(self, row: ListingRow) -> Gathered | None:
        """What was read for the row, once: after its first attempt it does not hold any more."""
        if self._rows.get(row.supplier_sku) is not row:
            return None
        return self._gathered.pop(row.supplier_sku, None)


def take_row(
    seller: Seller, row: ListingRow, *, feed_id: str, line: int, by: Principal, prepared: Prepared | None = None
) -> RowOutcome:
    """Register or change a listing as a row of a feed says; prices and units of an earlier moment than what holds are left out.

    Never raises: what was refused or deferred is an outcome.
    """
    if not SUPPLIER_SKU.fullmatch(row.supplier_sku):
        words = "Up to 40 letters, digits, dots, hyphens and underscores, of which the first is a letter or digit."
        return _refused(Finding("/supplier_sku", "supplier_sku_invalid", Severity.ERROR, words))
    source = f"{feed_id}:{line}"

    def attempt() -> RowOutcome:
        gathered = prepared.take(row) if prepared else None
        if gathered is None:
            gathered = gather(seller, {row.supplier_sku: row.document()})[row.supplier_sku]
        return _take(seller, row, gathered, source, by, prepared)

    if prepared and prepared.room:
        return _outcome(seller, attempt, line)
    return _outcome(seller, lambda: with_room(seller.id, attempt), line)


def take_stock_row(seller: Seller, supplier_sku: str, on_hand: int, as_of: str | None, *, by: Principal) -> RowOutcome:
    """Units on hand as a row says, as `set_stock`. Never raises."""
    return _outcome(seller, lambda: _told(put_stock(seller.id, supplier_sku, on_hand, as_of, by)))


def take_price_row(
    seller: Seller, supplier_sku: str, prices: Mapping[str, int], as_of: str | None, *, by: Principal
) -> RowOutcome:
    """Prices (minor units by currency) as a row says, as `set_price`. Never raises."""
    return _outcome(seller, lambda: _told(put_price(seller.id, supplier_sku, prices, as_of, by)))


def take_withdrawal_row(seller: Seller, supplier_sku: str, *, by: Principal, hold: str | None = None) -> RowOutcome:
    """Withdraw a listing as a row says, one of those of a `hold` of `leaving`; one that is withdrawn stays so. Never raises."""

    def attempt() -> RowOutcome:
        before, terms = must_find_own(seller.id, supplier_sku)
        if before.status is ListingStatus.WITHDRAWN:
            return RowOutcome(Taken.UNCHANGED, sku=before.sku)
        tx = Transaction()
        after = stage_withdrawal(tx, before, terms, by, hold=hold)
        store.put_listing(tx, before, after)
        tx.commit()
        return RowOutcome(Taken.UPDATED, sku=after.sku)

    return _outcome(seller, attempt)


def _outcome(seller: Seller, attempt: Callable[[], RowOutcome], line: int = 0) -> RowOutcome:
    if not seller.sells:
        words = f"The supplier is {seller.status}."
        return _refused(Finding("", "supplier_not_approved", Severity.ERROR, words))
    try:
        return until_settled(attempt)
    except AisleError as error:
        if error.retryable:
            return RowOutcome(Taken.DEFERRED, code=error.code)
        faults = [Finding(fault.pointer, fault.code, Severity.ERROR, fault.detail) for fault in error.faults]
        return _refused(*faults or [Finding("", error.code, Severity.ERROR, error.detail)])
    except Exception:
        # The other rows' results must not be lost with this one.
        observability.log.exception("a row failed", supplier_id=seller.id, line=line)
        return RowOutcome(Taken.DEFERRED, code="internal_error")


def _refused(*findings: Finding) -> RowOutcome:
    return RowOutcome(Taken.REFUSED, findings)


def _told(updated: Updated) -> RowOutcome:
    outcome = Taken.UPDATED if updated.changed else Taken.IN_REVIEW if updated.in_review else Taken.UNCHANGED
    return RowOutcome(outcome, updated.findings, updated.listing.sku)


def _take(
    seller: Seller, row: ListingRow, gathered: Gathered, source: str, by: Principal, prepared: Prepared | None
) -> RowOutcome:
    as_of = moment(row.as_of, clock.now())
    known = _known(row, gathered, as_of)
    if known is not None:
        return known
    room = prepared.room if prepared else None
    if room and life.takes_place(gathered.listing):
        room.check(row.supplier_sku)
    urls = gathered.fixed.document.get("images") or ()
    images = look_at_images(urls, gathered.images, most=_looks(prepared, len(urls)))
    assessed = assess(seller, gathered, settings_now(), images)
    if assessed.verdict is Verdict.REFUSE:
        return _refused(*assessed.findings)
    return _write(seller, row, gathered, assessed, room, as_of, source, by)


def _write(
    seller: Seller,
    row: ListingRow,
    gathered: Gathered,
    assessed: Assessment,
    room: Room | None,
    as_of: str,
    source: str,
    by: Principal,
) -> RowOutcome:
    before, document = gathered.listing, row.document()
    tx = Transaction()
    place = stage_place(tx, seller.id, row.supplier_sku, before, room)
    now = clock.rfc3339(clock.now())
    proposed = life.submitted(
        before, seller.id, row.supplier_sku, document, as_of=as_of, now=now, source=source, place=place
    )
    terms = _with_stock(gathered.terms, row, as_of)
    if assessed.verdict is Verdict.REVIEW:
        stage_submission(tx, before, proposed, by)
        store.put_terms(tx, gathered.terms.version, replace(terms, version=gathered.terms.version + 1))
        if proposed.is_standing and terms != gathered.terms:
            stage_stock(tx, proposed, terms, by)  # what is published goes on selling, with the units that there are now
        tx.commit()
        return RowOutcome(Taken.IN_REVIEW, assessed.findings, proposed.sku)
    give_up_review(tx, before, by)
    after = stage_publication(tx, proposed, terms, gathered, assessed, settings_now(), by)
    tx.commit()
    return RowOutcome(Taken.UPDATED if before else Taken.CREATED, assessed.findings, after.sku)


def _looks(prepared: Prepared | None, wanted: int) -> int:
    if prepared is None:
        return wanted
    looks = min(wanted, prepared.images_left)
    prepared.images_left -= looks
    return looks


def _known(row: ListingRow, gathered: Gathered, as_of: str) -> RowOutcome | None:
    """What became of the row when it came before, if it says nothing new."""
    listing, terms = gathered.listing, gathered.terms
    if listing is None or listing.digest != digest_of(row.document()):
        return None
    if row.on_hand not in (None, terms.on_hand) and as_of > terms.stock_as_of:
        return None
    told = (dict(row.prices), gathered.fixed.document.get("prices"))
    if as_of > life.latest_prices(listing, terms) and _prices(listing, terms) not in told:
        return None
    state = listing.proposal.state if listing.proposal else None
    if state is ProposalState.REJECTED or listing.status in _STATES:
        findings = listing.proposal.findings if listing.proposal else ()
        outcome = Taken.REFUSED if state is ProposalState.REJECTED else _STATES[listing.status]
        return RowOutcome(outcome, findings, listing.sku)
    return RowOutcome(Taken.IN_REVIEW if state else Taken.UNCHANGED, listing.findings, listing.sku)


def _prices(listing: Listing, terms: Terms) -> Mapping[str, int]:
    proposed = listing.proposal.document.get("prices") if listing.proposal else None
    return proposed or dict(terms.prices)


def _with_stock(terms: Terms, row: ListingRow, as_of: str) -> Terms:
    if row.on_hand is None or as_of <= terms.stock_as_of:
        return terms
    return replace(terms, on_hand=row.on_hand, stock_as_of=as_of)
