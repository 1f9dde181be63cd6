"""What callers get."""

from typing import Annotated, Any, Literal, Self

from pydantic import Field, StringConstraints

from chalicelib.core.schemas import PageQuery, Schema, View
from chalicelib.listings.domain.listing import Listing, Proposal
from chalicelib.listings.domain.offers import Offer, OfferOnSale
from chalicelib.listings.service.use_cases import ListingFile, Updated

StatusName = Literal["submitted", "in_review", "published", "rejected", "paused", "withdrawn"]


class ListingsQuery(PageQuery):
    """Which of a supplier's listings."""

    status: StatusName | None = None


class OffersQuery(Schema):
    """For which channel units are counted; with a `currency`, the cheapest offer comes first, and others are left out."""

    channel: Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_-]{0,31}$")] = "web"
    currency: Annotated[str, StringConstraints(pattern=r"^[A-Z]{3}$")] | None = None


class FindingView(View):
    """What a check found: where (JSON pointer), against which rule, how grave, and what would mend it."""

    field: str
    rule: str
    severity: str
    message: str
    suggested_fix: Any = None


class CorrectionView(View):
    """A field that was corrected, from what to what, and how sure that is in percent."""

    field: str
    rule: str
    before: Any
    after: Any
    confidence: int


class ProposalView(View):
    """What is to be published next: the document as it is checked, and what was found in it."""

    version: int
    state: str
    document: dict[str, Any]
    findings: list[FindingView]
    corrections: list[CorrectionView]

    @classmethod
    def of(cls, value: Proposal, /) -> Self:
        return cls(
            version=value.version,
            state=value.state,
            document=dict(value.document),
            findings=[FindingView.of(one) for one in value.findings],
            corrections=[CorrectionView.of(one) for one in value.corrections],
        )


class OfferView(View):
    """A supplier's offer as it stands."""

    prices: dict[str, int]
    handling_days: int
    condition: str
    min_quantity: int
    max_quantity: int | None
    paused: bool

    @classmethod
    def of(cls, value: Offer, /) -> Self:
        shown = {name: getattr(value, name) for name in cls.model_fields}
        return cls(**{**shown, "prices": dict(value.prices)})


class ListingStateView(View):
    """Where a listing is after a command."""

    listing_id: str
    supplier_sku: str
    status: str
    sku: str | None
    proposal: str | None = Field(description="State of what is to be published next: submitted, in_review or rejected")
    version: int

    @classmethod
    def of(cls, value: Listing, /) -> Self:
        return cls(
            listing_id=value.id,
            supplier_sku=value.supplier_sku,
            status=value.status,
            sku=value.sku,
            proposal=value.proposal.state if value.proposal else None,
            version=value.version,
        )


class ListingSummary(View):
    """A listing in a list. `findings` counts them."""

    supplier_sku: str
    status: str
    title: str
    sku: str | None
    proposal: str | None
    findings: int
    version: int


class ListingView(View):
    """A listing: what is published, what is proposed, what holds, and its offer."""

    listing_id: str
    supplier_id: str
    supplier_sku: str
    status: str
    sku: str | None
    owns_product: bool = Field(description="Whether the product of the catalogue was made of this listing")
    submitted_at: str
    published_at: str | None
    published: dict[str, Any] | None
    findings: list[FindingView]
    corrections: list[CorrectionView]
    proposal: ProposalView | None
    prices: dict[str, int]
    prices_as_of: str | None
    on_hand: int | None
    on_hand_as_of: str | None
    offer: OfferView | None
    version: int

    @classmethod
    def of(cls, value: ListingFile, /) -> Self:
        listing, terms = value.listing, value.terms
        return cls(
            listing_id=listing.id,
            supplier_id=listing.supplier_id,
            supplier_sku=listing.supplier_sku,
            status=listing.status,
            sku=listing.sku,
            owns_product=listing.owns_product,
            submitted_at=listing.submitted_at,
            published_at=listing.published_at,
            published=dict(listing.published) if listing.published else None,
            findings=[FindingView.of(one) for one in listing.findings],
            corrections=[CorrectionView.of(one) for one in listing.corrections],
            proposal=ProposalView.of(listing.proposal) if listing.proposal else None,
            prices=dict(terms.prices),
            prices_as_of=terms.price_as_of or None,
            on_hand=terms.on_hand,
            on_hand_as_of=terms.stock_as_of or None,
            offer=OfferView.of(value.offer) if value.offer else None,
            version=listing.version,
        )


class UpdatedPriceView(View):
    """What became of an update: not `applied` when something newer holds, while a person looks at it (`in_review`), or after one has
    rejected it. Prices of a listing that is not published yet hold once it is."""

    applied: bool
    in_review: bool
    prices: dict[str, int]
    as_of: str | None
    findings: list[FindingView]

    @classmethod
    def of(cls, value: Updated, /) -> Self:
        return cls(
            applied=value.applied,
            in_review=value.in_review,
            prices=dict(value.terms.prices),
            as_of=value.terms.price_as_of or None,
            findings=[FindingView.of(one) for one in value.findings],
        )


class UpdatedStockView(View):
    """What became of an update: not `applied` when something newer holds."""

    applied: bool
    on_hand: int | None
    as_of: str | None

    @classmethod
    def of(cls, value: Updated, /) -> Self:
        return cls(applied=value.applied, on_hand=value.terms.on_hand, as_of=value.terms.stock_as_of or None)


class OfferOnSaleView(View):
    """Who sells a SKU, for what, and how many units there are."""

    supplier_id: str
    supplier_name: str
    prices: dict[str, int]
    handling_days: int
    condition: str
    min_quantity: int
    max_quantity: int | None
    available: int

    @classmethod
    def of(cls, value: OfferOnSale, /) -> Self:
        offer = value.offer
        return cls(
            supplier_id=offer.supplier_id,
            supplier_name=value.supplier_name,
            prices=dict(offer.prices),
            handling_days=offer.handling_days,
            condition=offer.condition,
            min_quantity=offer.min_quantity,
            max_quantity=offer.max_quantity,
            available=value.available,
        )
