"""What the operator settles: commission, and when suppliers are paid."""

from typing import Annotated, Self

from pydantic import Field

from chalicelib.core.schemas import Schema, View
from chalicelib.ledger.domain import USUAL, CommissionRules, PayoutSettings, Rule, TaxOwedBy
from chalicelib.ledger.schemas.fields import Amount, Currency, Id

Bps = Annotated[int, Field(ge=0, le=10_000, description="Basis points: 1500 is 15 %")]
Days = Annotated[int, Field(ge=0, le=365)]


class RuleBody(Schema):
    """What is charged on sales of a supplier, or in a category and all below it, or, naming neither, on all others. The rate is of
    what the supplier asked, its tax included; `fixed` comes on top for each unit, `floor` and `cap` bound what a unit is charged."""

    currency: Currency
    rate_bps: Bps = 0
    fixed: Amount = 0
    floor: Amount = 0
    cap: Amount | None = None
    tax_rate_bps: Bps = Field(default=0, description="Tax on the commission, in basis points")
    supplier_id: Id | None = None
    category_id: Id | None = None


class RulesBody(Schema):
    """All commission rules. `kept_bps`: of the commission, when goods come back. `tax_owed_by`: who owes the tax that customers pay
    on suppliers' goods. `listing_fees`: of a listing that is approved, by currency."""

    rules: list[RuleBody] = Field(max_length=500)
    kept_bps: Bps = 0
    tax_owed_by: Annotated[TaxOwedBy, Field(strict=False)] = TaxOwedBy.SUPPLIER
    listing_fees: dict[Currency, Amount] = Field(default_factory=dict, max_length=50)

    def as_rules(self) -> CommissionRules:
        """The domain's rules."""
        rules = tuple(Rule(**one.model_dump()) for one in self.rules)
        return CommissionRules(rules, self.kept_bps, self.tax_owed_by, self.listing_fees)


class RuleView(View):
    """A commission rule."""

    currency: str
    rate_bps: int
    fixed: int
    floor: int
    cap: int | None
    tax_rate_bps: int
    supplier_id: str | None
    category_id: str | None


class RulesView(View):
    """The commission rules; version 0 before there were any."""

    rules: list[RuleView]
    kept_bps: int
    tax_owed_by: TaxOwedBy
    listing_fees: dict[str, int]
    version: int


class PayoutSettingsBody(Schema):
    """When all suppliers are paid. `hold_days`: how long what they earn is kept after a parcel left. `minimum`: below it nothing is
    paid, by currency. `every_days`: from one payout to the next at least. `reserve_bps`: of what one is owed, always kept."""

    hold_days: Days = USUAL.hold_days or 0
    minimum: dict[Currency, Amount] = Field(default_factory=dict, max_length=50)
    every_days: Days = 0
    reserve_bps: Bps = 0

    def as_settings(self) -> PayoutSettings:
        """The domain's settings."""
        return PayoutSettings(**self.model_dump())


class SupplierPayoutSettingsBody(Schema):
    """When one supplier is paid; what is left out is as for all."""

    hold_days: Days | None = None
    minimum: Annotated[dict[Currency, Amount], Field(max_length=50)] | None = None
    every_days: Days | None = None
    reserve_bps: Bps | None = None

    def as_settings(self) -> PayoutSettings:
        """The domain's settings."""
        return PayoutSettings(**self.model_dump())


class PayoutSettingsView(View):
    """When suppliers are paid."""

    hold_days: int | None
    minimum: dict[str, int] | None
    every_days: int | None
    reserve_bps: int | None
    version: int


class SupplierPayoutSettingsView(View):
    """What was settled with a supplier, and what holds for it."""

    own: PayoutSettingsView
    effective: PayoutSettingsView
    version: int

    @classmethod
    def of(cls, value: tuple[PayoutSettings, PayoutSettings], /) -> Self:
        own, effective = value
        return cls(own=PayoutSettingsView.of(own), effective=PayoutSettingsView.of(effective), version=own.version)
