"""The rules that a document is held to. Each is a small function that says what it finds; nothing here reads or asks anything."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from math import isfinite
from statistics import median
from typing import Any

from chalicelib.core.currencies import CURRENCIES
from chalicelib.core.findings import Finding, Severity
from chalicelib.listings.domain.attributes import Attribute, attribute_findings
from chalicelib.listings.domain.images import ImageCheck, ImageState, image_finding
from chalicelib.listings.domain.listing import MAX_IMAGES, TAX_CATEGORY, Condition
from chalicelib.listings.domain.settings import ListingSettings
from chalicelib.listings.domain.texts import folded, has_active_html, words_in

MAX_TITLE = 120
MAX_DESCRIPTION = 10_000
MAX_ATTRIBUTE = 120
MAX_ATTRIBUTES = 60
MAX_PRICE = 100_000_000_00
MAX_WEIGHT_GRAMS = 10_000_000
MAX_HANDLING_DAYS = 60
MAX_QUANTITY = 1_000_000

JUDGED = frozenset(
    {"brand_not_registered", "forbidden_word", "price_changed_much", "price_far_from_others", "gtin_not_of_sku"}
    | {"image_not_an_image", "attribute_missing", "attribute_invalid", "product_not_active", "check_failed"}
)
"""Errors that a person may pass over. All others are of what cannot be sold whoever looks at it."""


_NO_URL = ImageCheck(ImageState.NOT_ALLOWED)


class Verdict(StrEnum):
    """What the findings come to."""

    CLEAN = "clean"
    REVIEW = "review"
    REFUSE = "refuse"


@dataclass(frozen=True, slots=True)
class Match:
    """The SKU that a document is an offer of, or would be. None: a new product.

    `prices` are what the catalogue and other suppliers ask (minor units, by currency). `gtin_sku` is the SKU that the document's
    GTIN belongs to. `full` and `taken`: the SKU has no room for the offer, or one of another listing of the supplier's.
    """

    sku: str | None = None
    known: bool = True
    active: bool = True
    brand: str | None = None
    gtin_sku: str | None = None
    prices: Mapping[str, Sequence[int]] = field(default_factory=dict)
    full: bool = False
    taken: bool = False
    owned: bool = False


@dataclass(frozen=True, slots=True)
class Surroundings:
    """All that a document is checked against. `last_prices` are the listing's own that hold now."""

    settings: ListingSettings
    brands: Sequence[str]
    category_known: bool
    schema: Sequence[Attribute]
    gtin_valid: bool
    match: Match
    last_prices: Mapping[str, int] = field(default_factory=dict)
    images: Mapping[str, ImageCheck] = field(default_factory=dict)


def verdict_of(findings: Sequence[Finding]) -> Verdict:
    """Refuse what nobody may pass over, let a person judge other errors; warnings publish."""
    errors = [finding.rule for finding in findings if finding.severity is Severity.ERROR]
    if not errors:
        return Verdict.CLEAN
    return Verdict.REVIEW if JUDGED.issuperset(errors) else Verdict.REFUSE


def all_findings(document: Mapping[str, Any], around: Surroundings) -> list[Finding]:
    """What every rule finds, in the order of the document's fields."""
    match = around.match
    offered = match.sku is not None and not match.owned
    return [
        *completeness(document, offered=offered),
        *text_findings(document),
        *word_findings(document, around.settings.forbidden_words),
        *category_findings(document, known=around.category_known, offered=offered),
        *gtin_findings(document, valid=around.gtin_valid, match=match),
        *brand_findings(document, around.brands, match),
        *match_findings(match),
        *attribute_shape_findings(document.get("attributes") or {}),
        *attribute_findings(document.get("attributes") or {}, () if offered else around.schema),
        *tax_findings(document),
        *price_findings(document.get("prices") or {}, around.settings, around.last_prices, match.prices),
        *number_findings(document, around.settings),
        *image_findings(document, around.images, around.settings.min_image_side),
    ]


def completeness(document: Mapping[str, Any], *, offered: bool) -> list[Finding]:
    """What has to be there. What is an offer of a known SKU needs no text of its own but a title."""
    needed = ["title", "prices", "handling_days"] + ([] if offered else ["category_id", "tax_rate_bps"])
    return [
        _error(f"/{name}", "missing", f"{name} is needed.") for name in needed if document.get(name) in (None, "", {})
    ]


def text_findings(document: Mapping[str, Any]) -> list[Finding]:
    """Titles and descriptions of a length that can be shown, without anything that a browser would run."""
    found = []
    for name, most in (("title", MAX_TITLE), ("brand", MAX_TITLE), ("description", MAX_DESCRIPTION)):
        text = document.get(name)
        if text is None:
            continue
        if len(text) > most:
            found.append(_error(f"/{name}", "too_long", f"{name} has {len(text)} characters; at most {most} are kept."))
        if has_active_html(text):
            found.append(_error(f"/{name}", "html_active", f"{name} holds code that a browser would run."))
    if document.get("title") and len(document["title"]) < 3:
        found.append(_warning("/title", "title_short", "A title should say what is sold."))
    return found


def attribute_shape_findings(attributes: Mapping[str, Any]) -> list[Finding]:
    """Not too many, each a text, a number, or true or false, none too long to be shown."""
    found = []
    if len(attributes) > MAX_ATTRIBUTES:
        found.append(_error("/attributes", "too_many_attributes", f"Goods have at most {MAX_ATTRIBUTES} attributes."))
    for name, value in attributes.items():
        if not isinstance(value, str | int | float) or (isinstance(value, float) and not isfinite(value)):
            words = f"{name[:40]}: a value is a text, a number, true or false."
            found.append(_error("/attributes", "attribute_shape", words))
        elif len(name) > MAX_ATTRIBUTE or len(str(value)) > MAX_ATTRIBUTE:
            words = f"{name[:40]}: names and values have up to {MAX_ATTRIBUTE} characters."
            found.append(_error("/attributes", "too_long", words))
    return found


def tax_findings(document: Mapping[str, Any]) -> list[Finding]:
    """The tax category is a word as rates have it: one that no rate has would be taxed at the standard rate."""
    category = document.get("tax_category")
    if category is None or TAX_CATEGORY.fullmatch(category):
        return []
    return [_error("/tax_category", "tax_category_invalid", "A tax category is a word such as standard or reduced.")]


def word_findings(document: Mapping[str, Any], forbidden: Sequence[str]) -> list[Finding]:
    """Words that the operator does not want to see, in title, brand and description."""
    return [
        _error(f"/{name}", "forbidden_word", f"{name} holds “{word}”.")
        for name in ("title", "brand", "description")
        for word in words_in(document.get(name) or "", forbidden)
    ]


def category_findings(document: Mapping[str, Any], *, known: bool, offered: bool) -> list[Finding]:
    """The category exists; it is not asked for where the catalogue has the product already."""
    category = document.get("category_id")
    if category is None or known or offered:
        return []
    return [_error("/category_id", "category_unknown", f"There is no category {category}.")]


def gtin_findings(document: Mapping[str, Any], *, valid: bool, match: Match) -> list[Finding]:
    """The check digit holds, and the GTIN is the SKU's, if the SKU is known."""
    if document.get("gtin") is None:
        return []
    if not valid:
        return [_error("/gtin", "gtin_invalid", "Not a GTIN of 8, 12, 13 or 14 digits with a right check digit.")]
    if match.sku is None or match.gtin_sku == match.sku:
        return []
    if match.gtin_sku is not None:
        return [_error("/gtin", "gtin_of_other_sku", f"The GTIN belongs to {match.gtin_sku}, not to {match.sku}.")]
    if match.owned:
        return []
    return [_error("/gtin", "gtin_not_of_sku", f"{match.sku} has another GTIN, or none.")]


def brand_findings(document: Mapping[str, Any], brands: Sequence[str], match: Match) -> list[Finding]:
    """The supplier may sell the brand: that of the product, or what the document says. Goods without one are anybody's."""
    brand = match.brand or document.get("brand")
    if not brand or folded(brand) in map(folded, brands):
        return []
    words = f"{brand[:120]} is not among the brands that the supplier may sell."
    return [_error("/brand", "brand_not_registered", words)]


def match_findings(match: Match) -> list[Finding]:
    """The SKU that the document names or meets can take the offer."""
    found = []
    if not match.known:
        found.append(_error("/sku", "sku_unknown", f"There is no SKU {match.sku}."))
    elif not match.active:
        found.append(_error("/sku", "product_not_active", f"{match.sku} is not for sale in the catalogue."))
    if match.full:
        found.append(_error("/sku", "too_many_offers", f"{match.sku} has no room for more offers."))
    if match.taken:
        found.append(_error("/sku", "sku_listed_already", f"Another listing of the supplier sells {match.sku}."))
    return found


def price_findings(
    prices: Mapping[str, Any],
    settings: ListingSettings,
    last: Mapping[str, int],
    others: Mapping[str, Sequence[int]],
) -> list[Finding]:
    """Prices are amounts of real currencies, near the last ones and not far from what others ask."""
    found = []
    for currency, amount in prices.items():
        at = f"/prices/{currency}"
        if currency not in CURRENCIES:
            found.append(_error(at, "currency_unknown", f"{currency[:10]} is no currency of ISO 4217."))
        elif not _is_whole(amount) or not 0 < amount <= MAX_PRICE:
            found.append(_error(at, "price_invalid", "A price is a whole number of minor units above zero."))
        else:
            found += _step(at, amount, last.get(currency), settings)
            found += _distance(at, amount, others.get(currency, ()), settings)
    return found


def _step(at: str, amount: int, last: int | None, settings: ListingSettings) -> list[Finding]:
    if not last:
        return []
    percent = abs(amount - last) * 100 / last
    words = f"The price changes from {last} to {amount}, by {percent:.0f} %."
    if percent > settings.price_change_review:
        return [_error(at, "price_changed_much", words)]
    return [_warning(at, "price_changed", words)] if percent > settings.price_change_warning else []


def _distance(at: str, amount: int, others: Sequence[int], settings: ListingSettings) -> list[Finding]:
    if not others:
        return []
    usual = median(others)
    if usual <= amount * settings.price_factor and amount <= usual * settings.price_factor:
        return []
    return [
        _error(
            at, "price_far_from_others", f"Others ask {usual:g}; this is more than {settings.price_factor} times off."
        )
    ]


def number_findings(document: Mapping[str, Any], settings: ListingSettings) -> list[Finding]:
    """Weights, days and quantities that can be."""
    found = []
    for name, least, most in (
        ("weight_grams", 0, MAX_WEIGHT_GRAMS),
        ("tax_rate_bps", 0, 10_000),
        ("handling_days", 0, MAX_HANDLING_DAYS),
        ("min_quantity", 1, MAX_QUANTITY),
        ("max_quantity", 1, MAX_QUANTITY),
    ):
        value = document.get(name)
        if value is not None and (not _is_whole(value) or not least <= value <= most):
            found.append(_error(f"/{name}", "number_invalid", f"{name} is a whole number from {least} to {most}."))
    if found:
        return found
    highest = document.get("max_quantity")
    if highest is not None and highest < (document.get("min_quantity") or 1):
        found.append(_error("/max_quantity", "quantity_order", "max_quantity is below min_quantity."))
    weight = document.get("weight_grams")
    if weight is not None and (weight == 0 or weight > settings.max_weight_grams):
        found.append(_warning("/weight_grams", "weight_unusual", f"{weight} g is an unusual weight."))
    if document.get("condition", "new") not in [str(one) for one in Condition]:
        found.append(_error("/condition", "condition_unknown", "The condition is new, refurbished or used."))
    return found


def image_findings(document: Mapping[str, Any], checks: Mapping[str, ImageCheck], min_side: int) -> list[Finding]:
    """Not too many, each a URL, and what was seen there."""
    given = document.get("images") or ()
    if not isinstance(given, list | tuple):
        given = [given]
    if len(given) > MAX_IMAGES:
        return [_error("/images", "too_many_images", f"A listing shows at most {MAX_IMAGES} images.")]
    known = {place: checks.get(url) if isinstance(url, str) else _NO_URL for place, url in enumerate(given)}
    found = [image_finding(f"/images/{place}", check, min_side) for place, check in known.items() if check]
    return [finding for finding in found if finding]


def _is_whole(value: Any) -> bool:
    return isinstance(value, int) and not isinstance(value, bool)


def _error(at: str, rule: str, words: str) -> Finding:
    return Finding(at, rule, Severity.ERROR, words)


def _warning(at: str, rule: str, words: str) -> Finding:
    return Finding(at, rule, Severity.WARNING, words)
