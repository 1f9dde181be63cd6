"""What callers send and get of taxes."""

from datetime import date
from typing import Annotated

from pydantic import ConfigDict, Field, StringConstraints

from chalicelib.core.schemas import PageQuery, Schema, View
from chalicelib.taxes.domain import EntryKind, RatePeriod

MAX_PERIODS = 50

Country = Annotated[str, StringConstraints(pattern=r"^[A-Z]{2}$"), Field(description="ISO 3166-1 alpha-2")]
Month = Annotated[str, StringConstraints(pattern=r"^20[0-9]{2}-(0[1-9]|1[0-2])$"), Field(examples=["2026-01"])]
OrderId = Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9_]{1,64}$")]


class Period(Schema):
    """A rate from a day on, until the next one begins."""

    valid_from: date = Field(strict=False, description="In UTC", examples=["2011-01-04"])
    rate_bps: int = Field(ge=0, le=10_000, description="Basis points: 2000 is 20 %", examples=[2000])


class SetRate(Schema):
    """All rates of a category in a jurisdiction, past and to come."""

    periods: list[Period] = Field(min_length=1, max_length=MAX_PERIODS)

    def as_periods(self) -> list[RatePeriod]:
        """The domain's shape of them."""
        return [RatePeriod(period.valid_from, period.rate_bps) for period in self.periods]


class PeriodView(View):
    valid_from: date
    rate_bps: int


class RateView(View):
    """The rates of a tax category in a country (`GB`) or region (`US-CA`)."""

    jurisdiction: str
    category: str
    periods: list[PeriodView]
    version: int


class RatesQuery(PageQuery):
    """Of one country and its regions, or all."""

    country: Country | None = None


class SettleCountry(Schema):
    """How orders to a country are taxed."""

    prices_include_tax: bool = Field(description="False: the catalogue's prices are net there, and tax comes on top")
    reverse_charge: bool = Field(
        default=False,
        description="Businesses with a VAT number of such countries account for the tax of what goes there. Set it for the "
        "member states of the EU other than the one that goods leave from",
    )


class CountryView(View):
    """How orders to a country are taxed; at version 0 nobody has said."""

    country: str
    prices_include_tax: bool
    reverse_charge: bool
    version: int


class ReportQuery(Schema):
    """Whose tax, for which month (UTC)."""

    model_config = ConfigDict(strict=False)

    month: Month
    country: Country


class TotalView(View):
    """Net amount and tax (minor units) of all entries at one rate."""

    jurisdiction: str
    currency: str
    rate_bps: int
    net: int
    tax: int
    entries: int


class ReportView(View):
    """What the operator owes to a country for a month: the sum of the ledger's entries. Units of suppliers that owe their tax themselves
    are not in it."""

    month: str
    country: str
    totals: list[TotalView]


class EntriesQuery(Schema):
    """Of which order."""

    model_config = ConfigDict(strict=False)

    order_id: OrderId


class RowView(View):
    """By how much net amount and tax (minor units) change at a rate."""

    rate_bps: int
    net: int
    tax: int


class EntryView(View):
    """One change of what the operator owes for an order."""

    order_id: str
    number: int
    kind: EntryKind
    jurisdiction: str
    currency: str
    at: str
    month: str
    rows: list[RowView]
