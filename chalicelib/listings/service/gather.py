"""All that a document is checked against, read for many listings in a few round trips."""

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from chalicelib.catalog import service as catalog
from chalicelib.catalog.service import Category, Product, Variant
from chalicelib.core.table import Item, find_many
from chalicelib.listings.domain.attributes import Attribute, inherited
from chalicelib.listings.domain.checks import Match
from chalicelib.listings.domain.corrections import Fixed, fixed
from chalicelib.listings.domain.images import ImageCheck, urls_of
from chalicelib.listings.domain.listing import Document, Listing, Terms, listing_id
from chalicelib.listings.domain.offers import MAX_OFFERS, OfferBook
from chalicelib.listings.domain.texts import tidied
from chalicelib.listings.store import items as store
from chalicelib.suppliers.service import Seller

_SKU = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}")
_CATEGORY = re.compile(r"[A-Za-z0-9_-]{1,64}")


@dataclass(frozen=True, slots=True)
class Gathered:
    """What is stored around one document: the listing it is of, as it is, and what the document meets in the catalogue."""

    listing: Listing | None
    terms: Terms
    fixed: Fixed
    category: Category | None
    schema: tuple[Attribute, ...]
    match: Match
    book: OfferBook | None
    images: Mapping[str, ImageCheck]


Found = Mapping[tuple[str, str], Item]


def gather(seller: Seller, documents: Mapping[str, Document | None]) -> dict[str, Gathered]:
    """What is known of documents by the supplier's own SKUs; None stands for what the listing proposes now."""
    first = find_many(_first_keys(seller, documents), consistent=True)
    given = {sku: _given(first, seller, sku, document) for sku, document in documents.items()}
    late = [sku for sku, document in documents.items() if document is None]
    if late:
        first |= find_many(catalog.category_keys(_categories(given[sku] for sku in late)), consistent=True)
    categories = catalog.categories_in(first, _categories(given.values()))
    second = find_many(_second_keys(categories.values(), given.values()), consistent=True)
    return _Reading(seller, first, second, categories).of(given)


def _first_keys(seller: Seller, documents: Mapping[str, Document | None]) -> list[tuple[type[Item], str, str]]:
    keys = [one for sku in documents for one in store.listing_keys(seller.id, sku)]
    return keys + catalog.category_keys(_categories(document for document in documents.values() if document))


def _second_keys(categories: Iterable[Category], given: Iterable[Document]) -> list[tuple[type[Item], str, str]]:
    documents = list(given)
    lineages = {one for category in categories for one in category.lineage}
    gtins = {gtin for document in documents if (gtin := _gtin_of(document))}
    urls = {url for document in documents for url in urls_of(document)}
    return [*store.schema_keys(lineages), *catalog.gtin_keys(gtins), *store.image_keys(urls)]


def _given(found: Found, seller: Seller, sku: str, document: Document | None) -> Document:
    if document is not None:
        return document
    listing = store.listing_in(found, listing_id(seller.id, sku))
    return listing.proposal.document if listing and listing.proposal else {}


def _categories(documents: Iterable[Document]) -> set[str]:
    return {category for document in documents if (category := _category_of(document))}


def _category_of(document: Document) -> str | None:
    told = document.get("category_id")
    text = tidied(told) if isinstance(told, str) else ""
    return text if _CATEGORY.fullmatch(text) else None


def _gtin_of(document: Document) -> str | None:
    """The GTIN as it will be corrected, if it is one."""
    bare = {"gtin": document["gtin"]} if document.get("gtin") else {}
    gtin = fixed(bare, brands=(), schema=(), is_gtin=catalog.is_gtin).document.get("gtin")
    return gtin if isinstance(gtin, str) and catalog.is_gtin(gtin) else None


class _Reading:
    """Puts together what was read; reads variants, offers and products, which are known only now."""

    def __init__(self, seller: Seller, first: Found, second: Found, categories: Mapping[str, Category]) -> None:
        self._seller, self._first, self._second, self._categories = seller, first, second, categories
        self._variants: dict[str, Variant] = {}
        self._products: dict[str, Product] = {}
        self._third: Found = {}

    def of(self, given: Mapping[str, Document]) -> dict[str, Gathered]:
        skus = {sku: self._sku_of(sku, document) for sku, document in given.items()}
        wanted = {sku for sku in skus.values() if sku and _SKU.fullmatch(sku)}
        if wanted:
            keys = [*catalog.offer_keys(wanted), *(store.book_key(sku) for sku in wanted)]
            self._third = find_many(keys, consistent=True)
            self._variants = catalog.variants_in(self._third, wanted)
            ids = {variant.product_id for variant in self._variants.values()}
            self._products = catalog.products_in(find_many(catalog.product_keys(ids)), ids)
        return {own: self._gathered(own, document, skus[own]) for own, document in given.items()}

    def _listing(self, own: str) -> Listing | None:
        return store.listing_in(self._first, listing_id(self._seller.id, own))

    def _gtin_sku(self, document: Document) -> str | None:
        gtin = _gtin_of(document)
        return catalog.sku_of_gtin(self._second, gtin) if gtin else None

    def _sku_of(self, own: str, document: Document) -> str | None:
        """The SKU that it is an offer of: for good, once it was published; by name, or else by its GTIN."""
        listing = self._listing(own)
        if listing is not None and listing.sku:
            return listing.sku
        named = document.get("sku")
        return tidied(named) if isinstance(named, str) and named else self._gtin_sku(document)

    def _gathered(self, own: str, document: Document, sku: str | None) -> Gathered:
        listing, category = self._listing(own), self._categories.get(_category_of(document) or "")
        lineage = category.lineage if category else ()
        schema = inherited(store.schemas_in(self._second, lineage))
        book = store.book_in(self._third, sku) if sku and _SKU.fullmatch(sku) else None
        terms = store.terms_in(self._first, listing_id(self._seller.id, own)) or Terms(self._seller.id, own)
        return Gathered(
            listing=listing,
            terms=terms,
            fixed=fixed(document, brands=self._seller.brands, schema=schema, is_gtin=catalog.is_gtin),
            category=category,
            schema=schema,
            match=self._match(own, document, sku, listing, book),
            book=book,
            images=store.images_in(self._second, urls_of(document)),
        )

    def _match(
        self, own: str, document: Document, sku: str | None, listing: Listing | None, book: OfferBook | None
    ) -> Match:
        gtin_sku = self._gtin_sku(document)
        if sku is None:
            return Match()
        variant = self._variants.get(sku)
        if variant is None or book is None or (variant.is_draft and gtin_sku != sku and not (listing and listing.sku)):
            return Match(sku, known=False)
        owned = bool(listing and listing.owns_product)
        product = self._products.get(variant.product_id)
        mine = book.of(self._seller.id)
        return Match(
            sku,
            active=variant.is_for_sale,
            brand=product.brand if product and not owned else None,
            gtin_sku=gtin_sku,
            prices=asked_by_others(self._seller.id, variant, book),
            full=mine is None and len(book.offers) >= MAX_OFFERS,
            taken=mine is not None and mine.supplier_sku != own,
            owned=owned,
        )


def asked_by_others(supplier_id: str, variant: Variant, book: OfferBook) -> dict[str, list[int]]:
    """What the catalogue on its channels, and other suppliers, ask for a SKU: minor units by currency."""
    asked: dict[str, list[int]] = {}
    theirs: list[Mapping[str, Any]] = [offer.prices for offer in book.offers if offer.supplier_id != supplier_id]
    for prices in (*variant.prices.values(), *theirs):
        for currency, amount in prices.items():
            asked.setdefault(currency, []).append(amount)
    return asked
