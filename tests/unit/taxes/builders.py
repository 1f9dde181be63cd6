"""What the tests of taxes are made of."""

from datetime import UTC, date, datetime
from typing import Any

from chalicelib.taxes import service
from chalicelib.taxes.domain import CountryTaxes, RatePeriod, TaxedLine, TaxedOrder, TaxRate, TaxTable
from tests.conftest import ADMIN

NOON = datetime(2026, 1, 31, 12, tzinfo=UTC)
TODAY = NOON.date()


def a_rate(jurisdiction: str = "GB", category: str = "standard", *periods: tuple[str, int]) -> TaxRate:
    """A rate, of 20 % since 2011 unless periods are given."""
    given = periods or (("2011-01-04", 2000),)
    return TaxRate(jurisdiction, category, tuple(RatePeriod(date.fromisoformat(day), bps) for day, bps in given))


def a_table(*settings: TaxRate | CountryTaxes) -> TaxTable:
    return TaxTable.of(
        (one for one in settings if isinstance(one, TaxRate)),
        (one for one in settings if isinstance(one, CountryTaxes)),
    )


def has_rate(jurisdiction: str = "GB", category: str = "standard", *periods: tuple[str, int]) -> TaxRate:
    """A rate that is stored."""
    rate = a_rate(jurisdiction, category, *periods)
    return service.set_rate(jurisdiction, category, rate.periods, expected_version=0, by=ADMIN)


def has_country(country: str = "GB", **settled: Any) -> CountryTaxes:
    """A country that is settled."""
    said = {"prices_include_tax": True, "reverse_charge": False, **settled}
    return service.settle_country(country, **said, expected_version=0, by=ADMIN)


def a_line(**given: Any) -> TaxedLine:
    """Three units for 36.00, 6.00 of it tax."""
    return TaxedLine(**{"rate_bps": 2000, "gross": 3600, "tax": 600, "units": 3, **given})


def an_order(*lines: TaxedLine, **given: Any) -> TaxedOrder:
    said = {"id": "ord_1", "country": "GB", "region": None, "currency": "GBP", **given}
    return TaxedOrder(lines=lines or (a_line(),), **said)
