"""Sourcing rules as callers send and get them."""

from typing import Annotated

from pydantic import Field, StringConstraints

from chalicelib.core.schemas import Schema, View
from chalicelib.orders.domain.sourcing import MAX_RULES, SourcingRule

SellerName = Annotated[
    str,
    StringConstraints(pattern=r"^(own|sup_[0-7][0-9A-HJKMNP-TV-Z]{25})$"),
    Field(description="`own` is the retailer itself", examples=["own"]),
]


class SourcingRuleBody(Schema):
    """Whom to prefer (lower goes first; 0 is where everybody stands) or leave out, in a category and all below it."""

    seller: SellerName | None = Field(default=None, description="Without one: every supplier")
    category_id: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_-]{1,64}$")] | None = None
    preference: int = Field(default=0, ge=-100, le=100)
    excluded: bool = False

    def as_rule(self) -> SourcingRule:
        return SourcingRule(self.seller, self.category_id, self.preference, self.excluded)


class SetSourcingRules(Schema):
    """All rules. Of those that fit, one that names the seller goes first, then the deepest category, then the first in the list."""

    rules: list[SourcingRuleBody] = Field(max_length=MAX_RULES)
    max_loss_bps: int = Field(
        default=500,
        ge=0,
        le=10_000,
        description="By how much a replacement may be dearer than what the customer pays, in basis points: 500 is 5 %",
    )


class SourcingRuleView(View):
    seller: str | None
    category_id: str | None
    preference: int
    excluded: bool


class SourcingRulesView(View):
    """The rules in force."""

    rules: list[SourcingRuleView]
    max_loss_bps: int
    version: int
