"""Prices and stock as suppliers' systems tell them: at least once, and in any order. The newest holds.

An update that is not newer than what holds is taken without effect, so whoever sends it need not care.
"""

from collections.abc import Mapping
from dataclasses import dataclass, replace

from chalicelib.catalog import service as catalog
from chalicelib.core import clock
from chalicelib.core.auth import Principal
from chalicelib.core.findings import Finding
from chalicelib.core.table import Transaction, find_many
from chalicelib.inventory import service as inventory
from chalicelib.listings import events
from chalicelib.listings.domain import life
from chalicelib.listings.domain.checks import Verdict, price_findings, verdict_of
from chalicelib.listings.domain.listing import Listing, ListingRefused, ListingStatus, Terms
from chalicelib.listings.domain.moments import moment
from chalicelib.listings.service.access import known, must_find_own
from chalicelib.listings.service.gather import asked_by_others
from chalicelib.listings.service.on_sale import settings_now
from chalicelib.listings.service.register_listing import stage_submission
from chalicelib.listings.service.settle import until_settled
from chalicelib.listings.store import items as store


@dataclass(frozen=True, slots=True)
class Updated:
    """What became of an update: whether it holds now (not `applied`: something newer does, a person looks at it first, or one has
    refused it), and the terms as they are."""

    applied: bool
    listing: Listing
    terms: Terms
    changed: bool = False
    in_review: bool = False
    refused: bool = False
    findings: tuple[Finding, ...] = ()


def set_price(
    supplier_id: str, supplier_sku: str, prices: Mapping[str, int], as_of: str | None, *, by: Principal
) -> Updated:
    """Put prices (minor units by currency, tax included) in place of all before them, if they hold from a later moment.

    Such that a person has to look at are proposed. While a person looks at what is not published yet, prices near those that are
    looked at hold once it is, without another look. What was rejected is not proposed again for other prices. Raises `NotFound`,
    `TimeAhead`, `WrongState` for a withdrawn listing, and `ListingRefused` for what is no price.
    """
    known(supplier_id, by)
    return until_settled(lambda: put_price(supplier_id, supplier_sku, prices, as_of, by))


def set_stock(supplier_id: str, supplier_sku: str, on_hand: int, as_of: str | None, *, by: Principal) -> Updated:
    """Take a supplier's word for the units it has, those of orders not shipped yet among them, if it is of a later moment.

    Fewer than are reserved leave none available. Raises `NotFound`, `TimeAhead`, `WrongState` for a withdrawn listing.
    """
    known(supplier_id, by)
    return until_settled(lambda: put_stock(supplier_id, supplier_sku, on_hand, as_of, by))


def put_stock(supplier_id: str, supplier_sku: str, on_hand: int, as_of: str | None, by: Principal) -> Updated:
    """One attempt of `set_stock`, for whoever has checked who may."""
    at = moment(as_of, clock.now())
    listing, terms = _open(supplier_id, supplier_sku)
    if at <= terms.stock_as_of:
        return Updated(False, listing, terms)
    after = replace(terms, on_hand=on_hand, stock_as_of=at, version=terms.version + 1)
    tx = Transaction()
    store.put_terms(tx, terms.version, after)
    if listing.is_standing and listing.sku:
        inventory.restate_stock(tx, supplier_id, listing.sku, on_hand, cause=listing.id, by=by)
    tx.commit()
    return Updated(True, listing, after, changed=on_hand != terms.on_hand)


def put_price(
    supplier_id: str, supplier_sku: str, given: Mapping[str, int], as_of: str | None, by: Principal
) -> Updated:
    """One attempt of `set_price`, for whoever has checked who may."""
    at = moment(as_of, clock.now())
    listing, terms = _open(supplier_id, supplier_sku)
    if at <= life.latest_prices(listing, terms):
        return Updated(False, listing, terms)
    prices = {currency.upper(): amount for currency, amount in given.items()}
    findings = _findings(listing, terms, prices)
    verdict = verdict_of(findings)
    if verdict is Verdict.REFUSE:
        raise ListingRefused.of(findings)
    asked = life.asked_in_proposal(listing, terms)
    said_again = prices == dict(terms.prices if asked is None else asked)
    is_fine = verdict is Verdict.CLEAN or (said_again and asked is None)
    if listing.is_standing and is_fine:
        return _put_in_force(listing, terms, prices, at, findings, by)
    if life.is_rejected(listing) and not listing.is_standing:
        return Updated(False, listing, terms, refused=True, findings=tuple(findings))
    if said_again and asked is not None:
        return _keep(listing, terms, replace(terms, asked_as_of=at), findings)
    if is_fine and life.may_stand_for(listing, prices):
        return _keep(listing, terms, replace(terms, prices=prices, price_as_of=at), findings)
    return _propose(listing, terms, prices, at, findings, by)


def _put_in_force(
    listing: Listing, terms: Terms, prices: Mapping[str, int], at: str, findings: list[Finding], by: Principal
) -> Updated:
    after = replace(terms, prices=prices, price_as_of=at, version=terms.version + 1)
    tx = Transaction()
    store.put_terms(tx, terms.version, after)
    _offer(tx, listing, prices, by)
    tx.commit()
    return Updated(True, listing, after, changed=prices != dict(terms.prices), findings=tuple(findings))


def _keep(listing: Listing, before: Terms, kept: Terms, findings: list[Finding]) -> Updated:
    """Remember prices that are not in force, and leave what is proposed, and who looks at it, alone."""
    after = replace(kept, version=before.version + 1)
    tx = Transaction()
    store.put_terms(tx, before.version, after)
    tx.commit()
    refused = life.is_rejected(listing)
    return Updated(False, listing, after, in_review=not refused, refused=refused, findings=tuple(findings))


def _open(supplier_id: str, supplier_sku: str) -> tuple[Listing, Terms]:
    listing, terms = must_find_own(supplier_id, supplier_sku, find=store.get_after_terms)
    if listing.status is ListingStatus.WITHDRAWN:
        raise life.WrongState.of(listing, "not withdrawn")
    return listing, terms


def _findings(listing: Listing, terms: Terms, prices: Mapping[str, int]) -> list[Finding]:
    others: Mapping[str, list[int]] = {}
    if listing.sku:
        found = find_many([store.book_key(listing.sku), *catalog.offer_keys([listing.sku])], consistent=True)
        variant = catalog.variants_in(found, [listing.sku]).get(listing.sku)
        if variant is not None:
            others = asked_by_others(listing.supplier_id, variant, store.book_in(found, listing.sku))
    last = terms.prices if listing.is_standing else life.prices_looked_at(listing)
    return price_findings(prices, settings_now(), last, others)


def _propose(
    listing: Listing, terms: Terms, prices: Mapping[str, int], as_of: str, findings: list[Finding], by: Principal
) -> Updated:
    now = clock.rfc3339(clock.now())
    after = life.repriced(listing, prices, as_of=as_of, now=now)
    tx = Transaction()
    stage_submission(tx, listing, after, by)
    tx.commit()
    return Updated(False, after, terms, in_review=True, findings=tuple(findings))


def _offer(tx: Transaction, listing: Listing, prices: Mapping[str, int], by: Principal) -> None:
    book = store.get_book(str(listing.sku))
    offer = book.of(listing.supplier_id)
    if offer is None or offer.prices == prices:
        return
    after = book.with_offer(replace(offer, prices=dict(prices)))
    store.put_book(tx, after)
    events.offer_changed(tx, listing.id, after, listing.supplier_id, by)
