"""Publishing: a document becomes an offer of a SKU, and of a new product where the catalogue has none."""

from collections.abc import Mapping
from dataclasses import replace
from typing import Any

from chalicelib.catalog import service as catalog
from chalicelib.catalog.service import NewProduct, NewVariant, Status
from chalicelib.core import clock
from chalicelib.core.auth import Principal
from chalicelib.core.ids import new_ulid
from chalicelib.core.table import Transaction
from chalicelib.inventory import service as inventory
from chalicelib.ledger import service as ledger
from chalicelib.listings import events
from chalicelib.listings.domain import life
from chalicelib.listings.domain.listing import Listing, ListingStatus, Terms
from chalicelib.listings.domain.offers import OfferBook, offer_of
from chalicelib.listings.domain.settings import ListingSettings
from chalicelib.listings.service.assess import Assessment
from chalicelib.listings.service.gather import Gathered
from chalicelib.listings.store import items as store


def stage_publication(
    tx: Transaction,
    listing: Listing,
    terms: Terms,
    gathered: Gathered,
    assessed: Assessment,
    settings: ListingSettings,
    by: Principal,
) -> Listing:
    """Add to `tx` that what `listing` proposes is published, as it was assessed; returns it as it is then.

    `listing` and `terms` may have changed since they were read, as `gathered` has them. At commit `GtinTaken`, `Contended`,
    `CountOutdated` or a `Stale`: gather and assess again. Raises `VariantTooLarge`.
    """
    again = listing.is_standing
    ready = life.checked(listing, assessed.document, assessed.findings, assessed.corrections)
    sku = gathered.match.sku or stage_new_product(tx, ready, gathered, by)
    owner = ready.owns_product or gathered.match.sku is None
    if ready.owns_product:
        stage_product_text(tx, sku, assessed.document, by)
    after = life.published(ready, sku, owns_product=owner, now=clock.rfc3339(clock.now()))
    held = _with_prices(terms, assessed.document, listing)
    after = _charged(tx, after, held, settings, by)
    if not again or held.stock_as_of != gathered.terms.stock_as_of:
        stage_stock(tx, after, held, by)
    store.put_listing(tx, gathered.listing, after)
    offered = _offer(tx, after, held, gathered.book or OfferBook(sku), by)
    if held != gathered.terms or not again:
        store.put_terms(tx, gathered.terms.version, replace(held, version=gathered.terms.version + 1))
    elif offered:
        store.check_terms(tx, gathered.terms)  # the offer has their prices
    if assessed.corrections:
        events.listing_corrected(tx, after, assessed.corrections, by)
    events.listing_published(tx, after, by, again=again)
    return after


def stage_stock(tx: Transaction, listing: Listing, terms: Terms, by: Principal) -> None:
    """Add to `tx` that there are as many units of a published listing as its terms say; nothing while they say nothing. At commit
    `CountOutdated`."""
    if terms.on_hand is not None:
        inventory.restate_stock(tx, listing.supplier_id, str(listing.sku), terms.on_hand, cause=listing.id, by=by)


def _charged(tx: Transaction, listing: Listing, terms: Terms, settings: ListingSettings, by: Principal) -> Listing:
    """Once in a listing's life, when it is first published while the operator asks for it: in the first of its currencies that has
    a fee."""
    if not settings.listing_fee or listing.fee_charged:
        return listing
    for currency in sorted(terms.prices):
        if ledger.charge_listing_fee(tx, listing.supplier_id, listing.id, currency, by):
            break
    return replace(listing, fee_charged=True)


def _with_prices(terms: Terms, document: Mapping[str, Any], listing: Listing) -> Terms:
    """The terms with the proposal's prices, unless later ones hold already."""
    as_of = listing.proposal.as_of if listing.proposal else ""
    if "prices" not in document or as_of <= terms.price_as_of:
        return terms
    return replace(terms, prices=dict(document["prices"]), price_as_of=as_of)


def _offer(tx: Transaction, listing: Listing, terms: Terms, book: OfferBook, by: Principal) -> bool:
    """Whether the offer is another than before."""
    paused = listing.status is ListingStatus.PAUSED
    offer = offer_of(listing.id, book.sku, listing.published or {}, terms.prices, paused=paused)
    if book.of(listing.supplier_id) == offer:
        return False
    after = book.with_offer(offer)
    store.put_book(tx, after)
    events.offer_changed(tx, listing.id, after, listing.supplier_id, by)
    return True


def stage_new_product(tx: Transaction, listing: Listing, gathered: Gathered, by: Principal) -> str:
    """Add to `tx` a product with one variant, and return its SKU. It has no price of the catalogue's: offers have theirs."""
    document = listing.proposal.document if listing.proposal else {}
    category = gathered.category or catalog.require_category(document["category_id"])
    sku = f"M{new_ulid()}"
    variant = NewVariant(sku=sku, **_variant_fields(document))
    product = NewProduct(
        status=Status.ACTIVE, supplier_id=listing.supplier_id, variants=[variant], **_product_fields(document)
    )
    catalog.stage_product(tx, product, category, by)
    return sku


def stage_product_text(tx: Transaction, sku: str, document: Mapping[str, Any], by: Principal) -> None:
    """Add to `tx` that the product of a SKU reads as its owner's document does."""
    catalog.stage_supplied_change(tx, sku, _product_fields(document), _variant_fields(document), by)


def _product_fields(document: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "title": document["title"],
        "description": document.get("description") or "",
        "brand": document.get("brand"),
        "category_id": document["category_id"],
        "attributes": {name: _as_text(value) for name, value in (document.get("attributes") or {}).items()},
    }


def _variant_fields(document: Mapping[str, Any]) -> dict[str, Any]:
    given = {
        "name": document["title"],
        "tax_rate_bps": document["tax_rate_bps"],
        "weight_grams": document.get("weight_grams") or 0,
        "gtin": document.get("gtin"),
    }
    return given | ({"tax_category": document["tax_category"]} if document.get("tax_category") else {})


def _as_text(value: Any) -> str:
    return ("no", "yes")[value] if isinstance(value, bool) else str(value)
