"""A listing and what is proposed for it.

What a supplier sends is a document: JSON, as it was sent. The published document goes on selling while a proposal is checked. What
changes often, prices and stock, are the listing's terms, kept apart from it.

A document may have: title, description, brand, category_id, sku (the SKU it is an offer of), gtin, attributes, images, prices (minor
units by currency, tax included), tax_category, tax_rate_bps, weight_grams, condition, handling_days, min_quantity, max_quantity.
"""

import json
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from hashlib import sha256
from typing import Any

from chalicelib.core.errors import Conflict, Fault, Invalid, NotFound, RuleBroken
from chalicelib.core.findings import Correction, Finding, Severity

Document = Mapping[str, Any]

SUPPLIER_SKU = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,39}")
TAX_CATEGORY = re.compile(r"[a-z][a-z0-9_-]{0,31}")
MAX_IMAGES = 8


class ListingStatus(StrEnum):
    """`submitted`: its workflow checks it. `in_review`: a person does. Only a published one is sold; a paused one was, and may be
    again; a withdrawn one only when it is registered anew."""

    SUBMITTED = "submitted"
    IN_REVIEW = "in_review"
    PUBLISHED = "published"
    REJECTED = "rejected"
    PAUSED = "paused"
    WITHDRAWN = "withdrawn"


class ProposalState(StrEnum):
    """Of what is to be published next."""

    SUBMITTED = "submitted"
    IN_REVIEW = "in_review"
    REJECTED = "rejected"


class Condition(StrEnum):
    """Of the goods."""

    NEW = "new"
    REFURBISHED = "refurbished"
    USED = "used"


STANDING = frozenset({ListingStatus.PUBLISHED, ListingStatus.PAUSED})
"""States in which there is a published document."""


class ListingExists(Conflict):
    code = "listing_exists"
    title = "The supplier has registered this SKU of its own already"


class ListingLimitReached(Conflict):
    """`limit` says how many it may have; one that is withdrawn makes room for another."""

    code = "listing_limit_reached"
    title = "The supplier has as many listings as it may"


class ListingRefused(RuleBroken):
    """Each fault is a rule that nobody can waive."""

    code = "listing_refused"
    title = "This cannot be listed"

    @classmethod
    def of(cls, findings: Sequence[Finding]) -> "ListingRefused":
        """The error for what was found."""
        grave = [finding for finding in findings if finding.severity is Severity.ERROR]
        faults = [Fault(finding.field, finding.rule, finding.message) for finding in grave]
        return cls(" ".join(fault.detail for fault in faults[:3]), faults=faults)


class TimeAhead(RuleBroken):
    code = "time_ahead"
    title = "The time of the update has not come yet"


class NotATime(Invalid):
    code = "time_invalid"
    title = "Not a time"


@dataclass(frozen=True, slots=True)
class Proposal:
    """A document that is to be published: first, or in place of the one that is.

    `version` is that of the listing when it was submitted, and names it. A change of what is published has prices only if it changes
    them; `as_of` is the moment (RFC 3339) that they hold from.
    """

    document: Document
    version: int
    as_of: str
    state: ProposalState = ProposalState.SUBMITTED
    findings: tuple[Finding, ...] = ()
    corrections: tuple[Correction, ...] = ()
    review_id: str | None = None


@dataclass(frozen=True, slots=True)
class Listing:
    """What a supplier sells under a SKU of its own.

    `sku` is the catalogue's, once it is known; `owns_product` says that this listing made its product, whose text follows it.
    `digest` tells what the supplier sent last from anything else, `source` is the row of the feed that brought it. `fee_charged`: once
    in a listing's life. `place` names the hold of a batch, if it was one that registered or withdrew the listing last. `told_at` is
    when (RFC 3339, of our clock) the supplier said last what it sells, or that it does not any more.
    """

    supplier_id: str
    supplier_sku: str
    status: ListingStatus
    version: int
    submitted_at: str
    digest: str
    published: Document | None = None
    proposal: Proposal | None = None
    sku: str | None = None
    owns_product: bool = False
    findings: tuple[Finding, ...] = ()
    corrections: tuple[Correction, ...] = ()
    published_at: str | None = None
    fee_charged: bool = False
    source: str | None = None
    place: str | None = None
    told_at: str = ""

    @property
    def id(self) -> str:
        """How other contexts name it."""
        return listing_id(self.supplier_id, self.supplier_sku)

    @property
    def is_standing(self) -> bool:
        """Whether it has a published document."""
        return self.status in STANDING

    def is_told_since(self, moment: str) -> bool:
        """Whether the supplier said something of it later than at a moment: then what it said at that moment does not hold."""
        return moment < self.told_at


@dataclass(frozen=True, slots=True)
class Terms:
    """What changes often: `prices` that hold since `price_as_of`, units `on_hand` as the supplier said at `stock_as_of` (times of
    the supplier's system, RFC 3339). `asked_as_of` is the moment of the latest prices that it asked for, also when those do not hold:
    they wait for a person, or were refused. Terms of a listing that is not published yet hold once it is."""

    supplier_id: str
    supplier_sku: str
    prices: Mapping[str, int] = field(default_factory=dict)
    price_as_of: str = ""
    asked_as_of: str = ""
    on_hand: int | None = None
    stock_as_of: str = ""
    version: int = 0


def listing_id(supplier_id: str, supplier_sku: str) -> str:
    """`sup_01J…:MUG-RED`."""
    return f"{supplier_id}:{supplier_sku}"


def parts_of(listing_id: str) -> tuple[str, str]:
    """The supplier and its SKU. Raises `NotFound` for what is no id of a listing."""
    supplier_id, _, supplier_sku = listing_id.partition(":")
    if not supplier_id or not SUPPLIER_SKU.fullmatch(supplier_sku):
        raise NotFound(f"There is no listing {listing_id[:80]}.")
    return supplier_id, supplier_sku


def digest_of(document: Document) -> str:
    """Equal for equal documents. Prices are compared by themselves: they change in other ways, too."""
    told = {name: value for name, value in document.items() if name != "prices"}
    return sha256(json.dumps(told, sort_keys=True, ensure_ascii=False).encode()).hexdigest()[:32]
