"""What bulk imports bring, row by row, and what becomes of it."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import Any

from chalicelib.core.findings import Finding


class Taken(StrEnum):
    """What became of a row. Refused ones leave no trace but their findings; deferred ones met a passing fault: send them again."""

    CREATED = "created"
    UPDATED = "updated"
    UNCHANGED = "unchanged"
    IN_REVIEW = "in_review"
    REFUSED = "refused"
    DEFERRED = "deferred"


@dataclass(frozen=True, slots=True)
class ListingRow:
    """A product as a supplier's file has it. None is the same as not there.

    `prices` are minor units by currency. Numbers may be texts as they stood in the file (`weight_grams` may have a unit:
    "1.5 kg"): what can be read is corrected, what cannot is found. `on_hand` units are taken over when given. `as_of` (RFC 3339)
    is the moment that prices and units hold from, of the supplier's clock, `told_at` the moment that all else does, of ours, which is
    when the file came; None: from now on.
    """

    supplier_sku: str
    title: str | None = None
    description: str | None = None
    brand: str | None = None
    category_id: str | None = None
    sku: str | None = None
    gtin: str | None = None
    attributes: Mapping[str, Any] = field(default_factory=dict)
    images: Sequence[str] = ()
    prices: Mapping[str, Any] = field(default_factory=dict)
    tax_category: str | None = None
    tax_rate_bps: Any = None
    weight_grams: Any = None
    condition: str | None = None
    handling_days: Any = None
    min_quantity: Any = None
    max_quantity: Any = None
    on_hand: int | None = None
    as_of: str | None = None
    told_at: str | None = None

    def document(self) -> dict[str, Any]:
        """The document that it registers."""
        given = {name: getattr(self, name) for name in self.__slots__ if name not in _APART}
        attributes = {name: value for name, value in self.attributes.items() if value is not None}
        given |= {"attributes": attributes, "images": list(self.images), "prices": dict(self.prices)}
        return {name: value for name, value in given.items() if value not in (None, "", {}, [])}


_APART = ("supplier_sku", "on_hand", "as_of", "told_at")


NEWER_KNOWN = "newer_known"


@dataclass(frozen=True, slots=True)
class RowOutcome:
    """What became of a row: `sku` is the catalogue's, once it is known; `code` says why it was deferred, or that it changed nothing
    because something newer is known."""

    outcome: Taken
    findings: tuple[Finding, ...] = ()
    sku: str | None = None
    code: str | None = None
