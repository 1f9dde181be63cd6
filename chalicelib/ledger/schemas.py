"""What callers send and get of the books."""

from collections.abc import Mapping
from datetime import date, timedelta
from typing import Annotated, Any, Literal, Self

from pydantic import AfterValidator, AwareDatetime, Field, StringConstraints

from chalicelib.core.currencies import CURRENCIES
from chalicelib.core.schemas import PageQuery, Schema, View
from chalicelib.ledger.domain import (
    USUAL,
    CommissionRules,
    Entry,
    Kind,
    Payout,
    PayoutSettings,
    Rule,
    Run,
    Statement,
    TaxOwedBy,
)
from chalicelib.ledger.service.use_cases import Adjustment, Balance, Check, Totals


def _is_currency(code: str) -> str:
    if code not in CURRENCIES:
        raise ValueError("not a currency of ISO 4217")
    return code


MAX_AMOUNT = 100_000_000_00
"""A hundred million of the major unit: beyond any retail price, far below where sums could leave 64 bits."""

Currency = Annotated[str, StringConstraints(pattern=r"^[A-Z]{3}$"), AfterValidator(_is_currency)]
Id = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$")]
Amount = Annotated[int, Field(ge=0, le=MAX_AMOUNT, description="Minor units")]
Signed = Annotated[int, Field(ge=-MAX_AMOUNT, le=MAX_AMOUNT, description="Minor units")]
Bps = Annotated[int, Field(ge=0, le=10_000, description="Basis points: 1500 is 15 %")]
Text = Annotated[str, StringConstraints(min_length=1, max_length=200)]
Days = Annotated[int, Field(ge=0, le=365)]
Moment = Annotated[AwareDatetime, Field(strict=False)]
Day = Annotated[date, Field(strict=False)]


# ---- commission ---------------------------------------------------------------------------------------------------------


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


# ---- when suppliers are paid --------------------------------------------------------------------------------------------


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


# ---- balances, entries, statements --------------------------------------------------------------------------------------


class CurrencyQuery(Schema):
    """In one currency."""

    currency: Currency


class BalanceView(View):
    """What the operator owes a supplier in a currency; what the supplier owes, where negative."""

    currency: str
    amount: int = Field(description="Minor units")
    last_payout_at: str | None

    @classmethod
    def of(cls, value: Balance, /) -> Self:
        return cls(currency=value.currency, amount=value.amount, last_payout_at=value.paid_at)


class EntriesQuery(PageQuery):
    """Entries in a currency, posted from a day and until another, both in UTC and counted in."""

    currency: Currency
    since: Day | None = None
    until: Day | None = None

    def bounds(self) -> tuple[str, str]:
        """Moments from which and before which."""
        until = self.until + timedelta(days=1) if self.until and self.until < date.max else None
        return (self.since.isoformat() if self.since else "", until.isoformat() if until else "~")


class SupplierEntryView(View):
    """A movement of what a supplier is owed. `gross`: what it asked, before `commission` and the tax on it; `fee`: kept for it of a
    refund. Amounts in minor units."""

    id: str
    kind: Kind
    posted_at: str
    currency: str
    amount: int = Field(description="By how much it is owed more; less, where negative")
    order_id: str | None
    fulfilment_id: str | None
    run_id: str | None
    listing_id: str | None
    reason: str | None
    units: int | None
    gross: int | None
    commission: int | None
    commission_tax: int | None
    fee: int | None

    @classmethod
    def of(cls, value: Entry, /) -> Self:
        # Of a refund these go the other way.
        sign = -1 if value.kind is Kind.REFUND else 1
        money = {
            name: sign * value.about[name] if name in value.about else None
            for name in ("units", "gross", "commission", "commission_tax")
        }
        named = {name: value.about.get(name) for name in ("fulfilment_id", "run_id", "listing_id", "reason", "fee")}
        return cls(
            id=value.id,
            kind=value.kind,
            posted_at=value.posted_at,
            currency=value.currency,
            amount=value.due_to_supplier,
            order_id=value.order_id,
            **money,
            **named,
        )


class StatementQuery(PageQuery):
    """A statement in a currency, its entries page by page."""

    currency: Currency


class StatementView(View):
    """A supplier's month: `opening` and what happened, by kind and entry by entry, make `closing`. Until it is `final` entries may be
    added. Amounts in minor units; what the supplier is owed is positive."""

    supplier_id: str
    period: str
    currency: str
    opening: int
    closing: int
    by_kind: dict[str, int]
    count: int
    final: bool
    items: list[SupplierEntryView]
    next_cursor: str | None

    @classmethod
    def shown(cls, value: Statement, items: list[Entry], next_cursor: str | None) -> Self:
        """The statement with a page of its entries."""
        return cls(
            supplier_id=value.supplier_id,
            period=value.month,
            currency=value.currency,
            opening=value.opening,
            closing=value.closing,
            by_kind=dict(value.by_kind),
            count=value.entries,
            final=value.final,
            items=[SupplierEntryView.of(one) for one in items],
            next_cursor=next_cursor,
        )


class EntryView(View):
    """An entry: signed amounts by account (minor units, debits positive), which add up to zero."""

    id: str
    kind: Kind
    posted_at: str
    currency: str
    postings: dict[str, int]
    supplier_id: str | None
    order_id: str | None
    about: dict[str, Any]


class OperatorEntriesQuery(PageQuery):
    """Everything booked for an order, or the adjustment of this id; or what concerns no supplier, of a currency and a day."""

    order_id: Id | None = None
    currency: Currency | None = None
    day: Day | None = None


class TotalsView(View):
    """The operator's accounts (minor units, debits positive); `suppliers` is all of theirs together, so that all add up to zero."""

    currency: str
    accounts: dict[str, int]
    suppliers: int

    @classmethod
    def of(cls, value: Totals, /) -> Self:
        accounts = {str(account): amount for account, amount in value.accounts.items()}
        return cls(currency=value.currency, accounts=accounts, suppliers=-sum(accounts.values()))


class AuditQuery(Schema):
    """A step of the audit of a currency; `cursor` goes on where another ended."""

    currency: Currency
    cursor: str | None = Field(default=None, max_length=4_000)


class CheckView(View):
    """An account as its balance is kept and as its entries add up (minor units, debits positive). Where the two differ and it is not
    `conclusive`, something was booked meanwhile: check again."""

    account: str
    stored: int
    computed: int
    difference: int
    conclusive: bool


class AuditView(View):
    """Accounts that this step finished. Without `next_cursor` the audit is done; `sound`: no account of this step is off."""

    currency: str
    checks: list[CheckView]
    sound: bool
    next_cursor: str | None

    @classmethod
    def shown(cls, currency: str, checks: list[Check], next_cursor: str | None) -> Self:
        """The step."""
        sound = all(not check.difference for check in checks)
        views = [CheckView.of(check) for check in checks]
        return cls(currency=currency, checks=views, sound=sound, next_cursor=next_cursor)


# ---- adjustments --------------------------------------------------------------------------------------------------------


class PostingBody(Schema):
    """To an account of the operator, or to `supplier`, the account of the supplier that is named. Debits are positive."""

    account: Literal[
        "supplier",
        "customers",
        "cash",
        "stored_value",
        "commission",
        "commission_tax",
        "sales_tax",
        "own_sales",
        "price_difference",
        "discounts",
        "listing_fees",
        "refunds_payable",
        "goodwill",
        "bank",
        "chargeback_losses",
        "bad_debt",
    ]
    amount: Signed


class AdjustmentBody(Schema):
    """An entry by hand: its postings add up to zero. `reason` stands in the supplier's statement."""

    currency: Currency
    postings: list[PostingBody] = Field(min_length=2, max_length=20)
    reason: Text
    supplier_id: Id | None = None
    order_id: Id | None = None

    def as_adjustment(self) -> Adjustment:
        """The service's request."""
        postings = [(one.account, one.amount) for one in self.postings]
        return Adjustment(self.currency, postings, self.reason, self.supplier_id, self.order_id)


# ---- payouts ------------------------------------------------------------------------------------------------------------


class StartRun(Schema):
    """Pay suppliers what they are owed in a currency, of what was posted up to `cutoff`, by default now."""

    currency: Currency
    cutoff: Moment | None = None


class RunView(View):
    """A payout run and its sums so far (minor units); `error` says why it stopped."""

    id: str
    currency: str
    cutoff: str
    state: str
    started_at: str
    finished_at: str | None
    error: str | None
    payouts: int
    amount: int
    carried: int
    version: int

    @classmethod
    def of(cls, value: Run, /) -> Self:
        return cls(**{name: getattr(value, name) for name in cls.model_fields})


class PayoutView(View):
    """What a supplier got in a run; or why not, and then `balance` is carried. Amounts in minor units."""

    run_id: str
    supplier_id: str
    currency: str
    state: str
    at: str
    amount: int
    balance: int
    reason: str | None
    account_ending: str | None
    reference: str | None

    @classmethod
    def of(cls, value: Payout, /) -> Self:
        known: Mapping[str, Any] = {name: getattr(value, name) for name in cls.model_fields if name != "account_ending"}
        return cls(**known, account_ending=value.account.last4 if value.account else None)


class ConfirmPayouts(Schema):
    """Payouts of the run that arrived, by supplier."""

    supplier_ids: list[Id] = Field(min_length=1, max_length=50)

    def distinct(self) -> list[str]:
        """Each once."""
        return list(dict.fromkeys(self.supplier_ids))


class ReturnPayout(Schema):
    """A payout of the run that did not arrive, and why."""

    supplier_id: Id
    reason: Text
