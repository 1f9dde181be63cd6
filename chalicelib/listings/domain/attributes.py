"""The attributes that goods of a category have, as the operator wants them told."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from decimal import Decimal
from enum import StrEnum
from typing import Any

from chalicelib.core.findings import Correction, Finding, Severity
from chalicelib.listings.domain.measures import measured
from chalicelib.listings.domain.texts import folded, tidied

MAX_ATTRIBUTES = 60
"""That one category has of its own."""

_YES, _NO = frozenset({"yes", "true", "1", "y"}), frozenset({"no", "false", "0", "n"})


class AttributeType(StrEnum):
    """What an attribute's value is. A measure is a number of its unit."""

    TEXT = "text"
    NUMBER = "number"
    ENUM = "enum"
    BOOLEAN = "boolean"
    MEASURE = "measure"


@dataclass(frozen=True, slots=True)
class Attribute:
    """One attribute: `values` are those that an enum may have, `unit` is a measure's."""

    name: str
    type: AttributeType
    required: bool = False
    values: tuple[str, ...] = ()
    unit: str | None = None


@dataclass(frozen=True, slots=True)
class AttributeSchema:
    """The attributes that a category adds to those of the categories above it, or has instead of theirs of the same name."""

    category_id: str
    attributes: tuple[Attribute, ...] = ()
    version: int = 0


def inherited(schemas: Iterable[AttributeSchema]) -> tuple[Attribute, ...]:
    """What holds for a category: the schemas from the topmost category to itself; the nearest one decides."""
    by_name = {attribute.name: attribute for schema in schemas for attribute in schema.attributes}
    return tuple(by_name.values())


def attribute_corrections(given: Mapping[str, Any], schema: Sequence[Attribute]) -> list[Correction]:
    """How the values would have to be written: as sure as it is plain what was meant."""
    made = []
    for attribute in schema:
        before = given.get(attribute.name)
        if not isinstance(before, str):
            continue
        after, rule = _as_wanted(before, attribute)
        if after is not None and after != before:
            made.append(Correction(f"/attributes/{attribute.name}", rule, before, after, 95))
    return made


def _as_wanted(text: str, attribute: Attribute) -> tuple[Any, str]:
    if attribute.type is AttributeType.ENUM:
        return _one_of(text, attribute.values), "attribute_value"
    if attribute.type is AttributeType.BOOLEAN:
        word = folded(text)
        return True if word in _YES else False if word in _NO else None, "attribute_boolean"
    if attribute.type is AttributeType.TEXT:
        return None, ""
    number = measured(text, attribute.unit or "")
    return None if number is None else _plain(number), "attribute_measure"


def _one_of(text: str, values: Sequence[str]) -> str | None:
    alike = [value for value in values if folded(value) == folded(tidied(text))]
    return alike[0] if len(alike) == 1 and text not in values else None


def _plain(number: Decimal) -> int | float:
    return int(number) if number == number.to_integral_value() else float(number)


def attribute_findings(given: Mapping[str, Any], schema: Sequence[Attribute]) -> list[Finding]:
    """What is missing, and what is not as the category wants it. Attributes that no category knows are told, and kept."""
    known = {attribute.name for attribute in schema}
    found = [finding for attribute in schema if (finding := _finding(given.get(attribute.name), attribute))]
    if schema:
        for name in given.keys() - known:
            text = f"Goods of this category have no attribute {name}."
            found.append(Finding(f"/attributes/{name}", "attribute_unknown", Severity.INFO, text))
    return found


def _finding(value: Any, attribute: Attribute) -> Finding | None:
    at = f"/attributes/{attribute.name}"
    if value is None:
        if not attribute.required:
            return None
        return Finding(at, "attribute_missing", Severity.ERROR, f"Goods of this category need {attribute.name}.")
    if _fits(value, attribute):
        return None
    wanted = {
        AttributeType.ENUM: f"one of {', '.join(attribute.values)}",
        AttributeType.MEASURE: f"a number of {attribute.unit}",
        AttributeType.BOOLEAN: "true or false",
        AttributeType.NUMBER: "a number",
        AttributeType.TEXT: "a text",
    }[attribute.type]
    return Finding(at, "attribute_invalid", Severity.ERROR, f"{attribute.name} is not {wanted}.")


def _fits(value: Any, attribute: Attribute) -> bool:
    if attribute.type is AttributeType.ENUM:
        return value in attribute.values
    if attribute.type is AttributeType.BOOLEAN:
        return isinstance(value, bool)
    if attribute.type is AttributeType.TEXT:
        return isinstance(value, str)
    return isinstance(value, int | float) and not isinstance(value, bool)
