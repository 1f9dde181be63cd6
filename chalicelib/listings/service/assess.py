"""Judging a document: corrected, checked, and what follows from it."""

from collections.abc import Collection, Mapping
from dataclasses import dataclass
from typing import Any

from chalicelib.catalog import service as catalog
from chalicelib.core.findings import Correction, Finding
from chalicelib.listings.domain.checks import Surroundings, Verdict, all_findings, verdict_of
from chalicelib.listings.domain.images import ImageCheck
from chalicelib.listings.domain.listing import MAX_IMAGES
from chalicelib.listings.domain.settings import ListingSettings
from chalicelib.listings.gateways import ImageSource, Web, unseen
from chalicelib.listings.service.gather import Gathered
from chalicelib.listings.store import items as store
from chalicelib.suppliers.service import Seller


@dataclass(frozen=True, slots=True)
class Assessment:
    """The document as it was corrected, how, what was found in it, and what that comes to."""

    document: dict[str, Any]
    corrections: tuple[Correction, ...]
    findings: tuple[Finding, ...]
    verdict: Verdict


def assess(
    seller: Seller, gathered: Gathered, settings: ListingSettings, images: Mapping[str, ImageCheck]
) -> Assessment:
    """What there is to say of a document. A change that names no prices is checked with those that hold."""
    fixed, listing = gathered.fixed, gathered.listing
    last = dict(gathered.terms.prices) if listing and listing.is_standing else {}
    whole = fixed.document if "prices" in fixed.document or not last else {**fixed.document, "prices": last}
    gtin = fixed.document.get("gtin")
    around = Surroundings(
        settings=settings,
        brands=seller.brands,
        category_known=gathered.category is not None,
        schema=gathered.schema,
        gtin_valid=isinstance(gtin, str) and catalog.is_gtin(gtin),
        match=gathered.match,
        last_prices=last,
        images=images,
    )
    findings = (*all_findings(whole, around), *fixed.suggestions)
    return Assessment(fixed.document, fixed.corrections, findings, verdict_of(findings))


def look_at_images(
    urls: Collection[str], known: Mapping[str, ImageCheck], *, most: int = MAX_IMAGES, web: ImageSource | None = None
) -> dict[str, ImageCheck]:
    """What is at the URLs, out of what is `known`; up to `most` others are looked at, all at once, and kept for a
    day; of the rest only the form of the URL."""
    from concurrent.futures import ThreadPoolExecutor  # late: most commands look at no image

    new = [url for url in dict.fromkeys(urls) if url not in known]
    looked, left = new[:most], new[most:]
    seen: dict[str, ImageCheck] = {}
    if looked:
        source = web or Web()
        with ThreadPoolExecutor(MAX_IMAGES) as pool:
            seen = dict(zip(looked, pool.map(source.look, looked), strict=True))
        store.keep_images(seen)
    return {**{url: known[url] for url in urls if url in known}, **seen, **{url: unseen(url) for url in left}}
