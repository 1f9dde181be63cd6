"""What is in the books: balances, entries, statements, the audit, and what is booked by hand."""

from datetime import date, timedelta
from typing import Any, Literal, Self

from pydantic import Field

from chalicelib.core.schemas import PageQuery, Schema, View
from chalicelib.ledger.domain import Entry, Kind, Statement
from chalicelib.ledger.schemas.fields import Currency, Day, Id, Signed, Text
from chalicelib.ledger.service.use_cases import Adjustment, Balance, Check, Totals


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
    """Everything booked for an order, adjustments that name it, too; or, by its id in place of an order's, an adjustment that names none; or
    what concerns no supplier, of a currency and a day."""

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
