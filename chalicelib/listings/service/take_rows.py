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
from chalicelib.listings.domain.images import urls_of
from chalicelib.listings.domain.listing import (
    SUPPLIER_SKU,
    Listing,
    ListingStatus,
    ProposalState,
    Terms,
    digest_of,
)
from chalicelib.listings.domain.moments import moment
from chalicelib.listings.domain.rows import NEWER_KNOWN, ListingRow, RowOutcome, Taken
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
    """Register or change a listing as a row of a feed says; what it says of an earlier moment than what is known is left out.

    Never raises: what was refused or deferred is an outcome.
    """
    if not SUPPLIER_SKU.fullmatch(row.supplier_sku):
        words = "Up to 40 letters, digits, dots, hyphens and underscores, of which the first is a letter or digit."
        return _refused(Finding("/supplier_sku", "supplier_sku_invalid", Severity.ERROR, words))
    source = f"{feed_id}:{line}"
    dated = replace(row, told_at=row.told_at or clock.rfc3339(clock.now()))

    def attempt() -> RowOutcome:
        gathered = prepared.take(row) if prepared else None
        if gathered is None:
            gathered = gather(seller, {row.supplier_sku: row.document()})[row.supplier_sku]
        return _take(seller, dated, gathered, source, by, prepared)

    if prepared and prepared.room:
        return _outcome(seller, attempt, line)
    return _outcome(seller, lambda: with_room(seller.id, attempt), line)


def take_stock_row(seller: Seller, supplier_sku: str, on_hand: int, as_of: str | None, *, by: Principal) -> RowOutcome:
    """Units on hand as a row says, as `set_stock`. Never raises."""

    def attempt() -> RowOutcome:
        done = put_stock(seller.id, supplier_sku, on_hand, as_of, by)
        return _told(done, says_otherwise=done.terms.on_hand != on_hand)

    return _outcome(seller, attempt)


def take_price_row(
    seller: Seller, supplier_sku: str, prices: Mapping[str, int], as_of: str | None, *, by: Principal
) -> RowOutcome:
    """Prices (minor units by currency) as a row says, as `set_price`. Never raises."""

    def attempt() -> RowOutcome:
        done = put_price(seller.id, supplier_sku, prices, as_of, by)
        return _told(done, says_otherwise=dict(done.terms.prices) != dict(prices))

    return _outcome(seller, attempt)


def take_withdrawal_row(
    seller: Seller, supplier_sku: str, *, by: Principal, told_at: str | None = None, hold: str | None = None
) -> RowOutcome:
    """Withdraw a listing as was said at `told_at` (RFC 3339, of our clock; now), one of those of a `hold` of `leaving`. One that is
    withdrawn stays so, one that the supplier told something of since stays as it is. Never raises."""
    said = told_at or clock.rfc3339(clock.now())

    def attempt() -> RowOutcome:
        before, terms = must_find_own(seller.id, supplier_sku)
        if before.status is ListingStatus.WITHDRAWN:
            return RowOutcome(Taken.UNCHANGED, sku=before.sku)
        if before.is_told_since(said):
            return RowOutcome(Taken.UNCHANGED, sku=before.sku, code=NEWER_KNOWN)
        tx = Transaction()
        after = stage_withdrawal(tx, before, terms, by, told_at=said, hold=hold)
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


def _told(done: Updated, *, says_otherwise: bool) -> RowOutcome:
    sku = done.listing.sku
    if done.refused:
        return RowOutcome(Taken.REFUSED, done.findings or _state_of(done.listing).findings, sku)
    if done.in_review:
        return RowOutcome(Taken.IN_REVIEW, done.findings, sku)
    if done.changed:
        return RowOutcome(Taken.UPDATED, done.findings, sku)
    return RowOutcome(Taken.UNCHANGED, done.findings, sku, NEWER_KNOWN if says_otherwise and not done.applied else None)


def _take(
    seller: Seller, row: ListingRow, gathered: Gathered, source: str, by: Principal, prepared: Prepared | None
) -> RowOutcome:
    as_of = moment(row.as_of, clock.now())
    if gathered.listing is not None:
        known = _take_known(seller, row, gathered, gathered.listing, as_of, by)
        if known is not None:
            return known
    room = prepared.room if prepared else None
    if room and life.takes_place(gathered.listing):
        room.check(row.supplier_sku)
    urls = urls_of(gathered.fixed.document)
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
        before,
        seller.id,
        row.supplier_sku,
        document,
        as_of=as_of,
        now=now,
        told_at=row.told_at or now,
        source=source,
        place=place,
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


def _take_known(
    seller: Seller, row: ListingRow, gathered: Gathered, listing: Listing, as_of: str, by: Principal
) -> RowOutcome | None:
    """What became of a row whose document says nothing that is to be looked at; None for one that does.

    What the document says is known, or something newer is. Units and prices, whose moments are their own, are taken like updates: what
    is proposed, and who looks at it, stays.
    """
    is_same = listing.digest == digest_of(row.document())
    if not is_same and not listing.is_told_since(row.told_at or as_of):
        return None
    if listing.status is ListingStatus.WITHDRAWN:
        return RowOutcome(Taken.UNCHANGED, sku=listing.sku, code=NEWER_KNOWN)
    if is_same and not _says_news(row, gathered, listing, as_of):
        return _state_of(listing)
    if is_same and (listing.proposal is None or _mends_prices(row, gathered, listing)):
        return None
    return _take_terms(seller, row, gathered, listing, as_of, by, is_same=is_same)


def _says_news(row: ListingRow, gathered: Gathered, listing: Listing, as_of: str) -> bool:
    """Whether there are other units or prices in it, of a later moment."""
    terms = gathered.terms
    if row.on_hand not in (None, terms.on_hand) and as_of > terms.stock_as_of:
        return True
    if not row.prices:
        return False
    asked = life.asked_in_proposal(listing, terms)
    known = dict(terms.prices if asked is None else asked)
    return as_of > life.latest_prices(listing, terms) and known not in _prices(row, gathered)


def _mends_prices(row: ListingRow, gathered: Gathered, listing: Listing) -> bool:
    """Whether it was refused for prices that are others now."""
    proposal = listing.proposal
    if proposal is None or proposal.state is not ProposalState.REJECTED or listing.is_standing:
        return False
    return life.has_price_errors(proposal) and proposal.document.get("prices") not in _prices(row, gathered)


def _prices(row: ListingRow, gathered: Gathered) -> tuple[Mapping[str, int] | None, ...]:
    """The prices of a row, as they are in it and as they were corrected."""
    return dict(row.prices), gathered.fixed.document.get("prices")


def _take_terms(
    seller: Seller,
    row: ListingRow,
    gathered: Gathered,
    listing: Listing,
    as_of: str,
    by: Principal,
    *,
    is_same: bool,
) -> RowOutcome:
    prices = gathered.fixed.document.get("prices")
    done = []
    if row.on_hand is not None:
        done.append(put_stock(seller.id, row.supplier_sku, row.on_hand, as_of, by))
    if prices:
        done.append(put_price(seller.id, row.supplier_sku, prices, as_of, by))
    last = done[-1] if done else Updated(False, listing, gathered.terms)
    now = last.listing
    if now.proposal is not None and (is_same or last.in_review or last.refused):
        state = _state_of(now)
        return replace(state, findings=state.findings or last.findings)
    if any(one.changed for one in done):
        return RowOutcome(Taken.UPDATED, now.findings, now.sku)
    return RowOutcome(Taken.UNCHANGED, now.findings, now.sku, None if is_same else NEWER_KNOWN)


def _state_of(listing: Listing) -> RowOutcome:
    """What became of the row that came before."""
    if listing.proposal is None:
        return RowOutcome(Taken.UNCHANGED, listing.findings, listing.sku)
    outcome = Taken.REFUSED if life.is_rejected(listing) else Taken.IN_REVIEW
    return RowOutcome(outcome, listing.proposal.findings, listing.sku)


def _with_stock(terms: Terms, row: ListingRow, as_of: str) -> Terms:
    if row.on_hand is None or as_of <= terms.stock_as_of:
        return terms
    return replace(terms, on_hand=row.on_hand, stock_as_of=as_of)
