"""What is corrected in a document without asking, because it is plain what was meant; and what is only suggested."""

import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Any

from chalicelib.core.findings import Correction, Finding, Severity, corrected
from chalicelib.listings.domain.attributes import Attribute, attribute_corrections
from chalicelib.listings.domain.measures import measured
from chalicelib.listings.domain.texts import folded, has_active_html, has_html, tidied, without_html

SURE = 90
"""Percent: corrections that are less sure are suggested."""

MAX_TIDIED = 20_000
"""Characters of a text that is looked through; longer ones are refused anyway."""

_LONGER = {11: 13, 12: 13}
"""A GTIN-12 is a GTIN-13 that begins with a zero (GS1 General Specifications, 3.3.2); spreadsheets drop a zero more."""

_COUNTS = ("tax_rate_bps", "handling_days", "min_quantity", "max_quantity")
_MEANT = {"color": "colour", "colour": "color"}


@dataclass(frozen=True, slots=True)
class Fixed:
    """A document as it was corrected, what was done, and what else might be."""

    document: dict[str, Any]
    corrections: tuple[Correction, ...]
    suggestions: tuple[Finding, ...]


def fixed(
    document: Mapping[str, Any],
    *,
    brands: Sequence[str],
    schema: Sequence[Attribute],
    is_gtin: Callable[[str], bool],
) -> Fixed:
    """The document with all that is sure corrected. Correcting it again changes nothing."""
    now, made = dict(document), list[Correction]()
    for step in (
        _texts,
        _numbers,
        lambda given: _gtin(given, is_gtin),
        _prices,
        lambda given: _brand(given, brands),
        lambda given: _attribute_names(given, schema),
        lambda given: attribute_corrections(given.get("attributes") or {}, schema),
    ):
        found = [correction for correction in step(now) if correction.confidence >= SURE]
        now = corrected(now, found)
        made += found
    return Fixed(now, tuple(made), tuple(_suggestions(now, brands)))


def _texts(given: Mapping[str, Any]) -> list[Correction]:
    found = []
    names = ("title", "brand", "category_id", "sku", "condition", "tax_category")
    for field, before, lines in (
        *((f"/{name}", given.get(name), False) for name in names),
        ("/description", given.get("description"), True),
        *((f"/attributes/{_escaped(name)}", value, False) for name, value in (given.get("attributes") or {}).items()),
    ):
        if isinstance(before, str) and len(before) <= MAX_TIDIED:
            found += _text(field, before, lines)
    return found


def _text(field: str, before: str, lines: bool) -> list[Correction]:
    markup = field in ("/title", "/description") and has_html(before) and not has_active_html(before)
    plain = without_html(before) if markup else before
    after = tidied(plain, lines=lines)
    if field in ("/condition", "/tax_category"):
        after = after.lower()
    rule = "html" if markup else "whitespace"
    return [Correction(field, rule, before, after, 95 if markup else 99)] if after != before else []


def _numbers(given: Mapping[str, Any]) -> list[Correction]:
    found = []
    weight = given.get("weight_grams")
    if isinstance(weight, str) and (grams := measured(weight, "g")) is not None and grams >= 0:
        found.append(Correction("/weight_grams", "weight_unit", weight, round(grams), 95))
    for name in _COUNTS:
        text = given.get(name)
        if isinstance(text, str) and re.fullmatch(r"\s*[0-9]{1,6}\s*", text, flags=re.ASCII):
            found.append(Correction(f"/{name}", "number", text, int(text), 99))
    return found


def _gtin(given: Mapping[str, Any], is_gtin: Callable[[str], bool]) -> list[Correction]:
    before = given.get("gtin")
    if not isinstance(before, str):
        return []
    digits = re.sub(r"[\s-]", "", tidied(before))
    after = digits.zfill(_LONGER.get(len(digits), 0))
    if after == before or not after.isascii() or not is_gtin(after):
        return []
    return [Correction("/gtin", "gtin_digits", before, after, 98 if digits == after else 95)]


def _prices(given: Mapping[str, Any]) -> list[Correction]:
    before = given.get("prices") or {}
    after = {currency.strip().upper(): _amount(amount) for currency, amount in before.items()}
    if after == before or len(after) < len(before):  # two spellings of one currency: nobody knows which one is meant
        return []
    return [Correction("/prices", "currency_code", dict(before), after, 99)]


def _amount(amount: Any) -> Any:
    return int(amount) if isinstance(amount, str) and re.fullmatch(r"[0-9]{1,12}", amount, flags=re.ASCII) else amount


def _brand(given: Mapping[str, Any], brands: Sequence[str]) -> list[Correction]:
    before = given.get("brand")
    if not isinstance(before, str) or folded(before) in map(folded, brands):
        return []
    alike = [brand for brand in brands if _letters(brand) == _letters(before)]
    return [Correction("/brand", "brand_spelling", before, alike[0], 92)] if len(alike) == 1 else []


def _letters(text: str) -> str:
    return "".join(char for char in folded(text) if char.isalnum())


def _attribute_names(given: Mapping[str, Any], schema: Sequence[Attribute]) -> list[Correction]:
    attributes = dict(given.get("attributes") or {})
    wanted = {attribute.name for attribute in schema}
    renamed: dict[str, Any] = {}
    for name, value in attributes.items():
        lower = name.strip().lower().replace(" ", "_")
        meant = lower if lower in wanted else _MEANT.get(lower, lower)
        renamed[meant if meant in wanted and meant not in attributes else name] = value
    if renamed == attributes or len(renamed) < len(attributes):
        return []
    return [Correction("/attributes", "attribute_name", attributes, renamed, 95)]


def _suggestions(given: Mapping[str, Any], brands: Sequence[str]) -> list[Finding]:
    found = []
    title = given.get("title")
    if isinstance(title, str) and _shouts(title):
        words = "The title is in capitals."
        found.append(Finding("/title", "title_capitals", Severity.WARNING, words, title.title()))
    brand = given.get("brand")
    if isinstance(brand, str) and folded(brand) not in map(folded, brands):
        near = get_close_matches(folded(brand), [folded(one) for one in brands], n=1, cutoff=0.8)
        if near:
            found.append(Finding("/brand", "brand_near", Severity.INFO, f"{brand} is nearly {near[0]}.", near[0]))
    return found


def _shouts(title: str) -> bool:
    letters = [char for char in title if char.isalpha() and char.lower() != char.upper()]
    return len(letters) > 8 and all(char.isupper() for char in letters)


def _escaped(name: str) -> str:
    return name.replace("~", "~0").replace("/", "~1")
