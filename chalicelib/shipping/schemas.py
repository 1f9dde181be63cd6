"""What callers send and get of shipping."""

from datetime import date
from typing import Annotated, Any

from pydantic import AfterValidator, ConfigDict, Field, StringConstraints

from chalicelib.core.currencies import CURRENCIES
from chalicelib.core.schemas import Schema, View
from chalicelib.shipping.domain import (
    MONDAY_TO_FRIDAY,
    Band,
    Consignment,
    Reason,
    ShippingMethod,
    Tariff,
    Zone,
)


def _is_currency(code: str) -> str:
    if code not in CURRENCIES:
        raise ValueError("not a currency of ISO 4217")
    return code


def _is_distinct(days: list[Any]) -> list[Any]:
    if len(set(days)) < len(days):
        raise ValueError("named twice")
    return days


Code = Annotated[str, StringConstraints(pattern=r"^[a-z0-9][a-z0-9_-]{0,31}$")]
Text = Annotated[str, StringConstraints(min_length=1, max_length=120)]
Language = Annotated[
    str, StringConstraints(pattern=r"^[a-z]{2,3}(-[A-Za-z0-9]{2,8})*$", max_length=35), Field(description="BCP 47")
]
Country = Annotated[str, StringConstraints(pattern=r"^[A-Z]{2}$"), Field(description="ISO 3166-1 alpha-2")]
CountryOrElsewhere = Annotated[
    str, StringConstraints(pattern=r"^([A-Z]{2}|\*)$"), Field(description="ISO 3166-1 alpha-2, or * for all others")
]
Channel = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_-]{0,31}$")]
Currency = Annotated[str, StringConstraints(pattern=r"^[A-Z]{3}$"), AfterValidator(_is_currency)]
TaxCategory = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_-]{0,31}$")]
Cutoff = Annotated[str, StringConstraints(pattern=r"^([01][0-9]|2[0-3]):[0-5][0-9]$")]
Amount = Annotated[int, Field(ge=0, le=100_000_000_00, description="Minor units")]
Grams = Annotated[int, Field(ge=0, le=1_000_000_000)]
Weekday = Annotated[int, Field(ge=1, le=7, description="1 is Monday (ISO 8601)")]
ClosedDay = Annotated[date, Field(strict=False)]


class BandBody(Schema):
    """What goods of up to so many grams cost to send; without a bound: whatever they weigh."""

    up_to_grams: Grams | None = None
    amount: Amount


class TariffBody(Schema):
    """Charges in a currency by weight, lightest first. Goods of `free_from` or more, after discounts, go for nothing."""

    currency: Currency
    bands: list[BandBody] = Field(min_length=1, max_length=20)
    free_from: Amount | None = None


class ZoneBody(Schema):
    """Countries with the same tariffs and the same days on the way."""

    name: Text
    countries: list[CountryOrElsewhere] = Field(min_length=1, max_length=250)
    transit_days_min: int = Field(ge=0, le=120)
    transit_days_max: int = Field(ge=0, le=120)
    tariffs: list[TariffBody] = Field(min_length=1, max_length=20)

    def as_zone(self) -> Zone:
        """The domain's zone."""
        tariffs = tuple(
            Tariff(one.currency, tuple(Band(band.up_to_grams, band.amount) for band in one.bands), one.free_from)
            for one in self.tariffs
        )
        return Zone(self.name, tuple(self.countries), self.transit_days_min, self.transit_days_max, tariffs)


class SetMethod(Schema):
    """All of a shipping method but its code. Days are working days: the `weekdays` without the `closed_days`."""

    names: dict[Language, Text] = Field(min_length=1, max_length=50, description="By language")
    carrier: Text
    channels: list[Channel] = Field(min_length=1, max_length=20)
    zones: list[ZoneBody] = Field(min_length=1, max_length=30)
    tax_category: TaxCategory = "standard"
    active: bool = True
    handling_days: int = Field(default=0, ge=0, le=60)
    cutoff: Cutoff | None = Field(default=None, description="UTC; ordered later is ordered the next day")
    weekdays: Annotated[list[Weekday], AfterValidator(_is_distinct)] = Field(
        default=list(MONDAY_TO_FRIDAY), min_length=1
    )
    closed_days: Annotated[list[ClosedDay], AfterValidator(_is_distinct)] = Field(default_factory=list, max_length=100)

    def as_method(self, code: str) -> ShippingMethod:
        """The domain's method."""
        return ShippingMethod(
            code=code,
            names=self.names,
            carrier=self.carrier,
            channels=tuple(dict.fromkeys(self.channels)),
            zones=tuple(zone.as_zone() for zone in self.zones),
            tax_category=self.tax_category,
            active=self.active,
            handling_days=self.handling_days,
            cutoff=self.cutoff,
            weekdays=tuple(sorted(self.weekdays)),
            closed_days=tuple(sorted(self.closed_days)),
        )


class BandView(View):
    up_to_grams: int | None
    amount: int


class TariffView(View):
    currency: str
    bands: list[BandView]
    free_from: int | None


class ZoneView(View):
    name: str
    countries: list[str]
    transit_days_min: int
    transit_days_max: int
    tariffs: list[TariffView]


class MethodView(View):
    """A way to send goods."""

    code: str
    names: dict[str, str]
    carrier: str
    channels: list[str]
    zones: list[ZoneView]
    tax_category: str
    active: bool
    handling_days: int
    cutoff: str | None
    weekdays: list[int]
    closed_days: list[date]
    version: int


class OptionsQuery(Schema):
    """Goods to be sent: where to, what they weigh together, and what they cost after discounts (minor units)."""

    model_config = ConfigDict(strict=False)

    country: Country
    currency: Currency
    channel: Channel = "web"
    weight_grams: Grams = 0
    goods_total: Amount = 0
    language: Language = "en"

    def as_consignment(self) -> Consignment:
        """The domain's shape of it."""
        return Consignment(self.country, self.channel, self.currency, self.weight_grams, self.goods_total)


class ChargeView(View):
    """Minor units of an ISO 4217 currency."""

    amount: int
    currency: str


class OptionView(View):
    """A way to send these goods: the charge, the days (UTC) between which they arrive, and which rule made the charge."""

    code: str
    name: str
    carrier: str
    charge: ChargeView
    promised_from: date
    promised_by: date
    why: dict[str, Any]


class NotOfferedView(View):
    """A method that is not offered for these goods."""

    code: str
    reason: Reason
    detail: str


class ExplanationView(View):
    """All methods for these goods."""

    options: list[OptionView]
    not_offered: list[NotOfferedView]
