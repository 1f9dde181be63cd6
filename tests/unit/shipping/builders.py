"""What the tests of shipping are made of."""

from datetime import UTC, datetime
from typing import Any

from chalicelib.shipping import service
from chalicelib.shipping.domain import Band, Consignment, ShippingMethod, Tariff, Zone
from tests.conftest import ADMIN

WEDNESDAY = datetime(2026, 1, 14, 10, tzinfo=UTC)

BANDS = (Band(1_000, 399), Band(5_000, 799), Band(20_000, 1499))


def a_tariff(currency: str = "GBP", bands: tuple[Band, ...] = BANDS, free_from: int | None = 5_000) -> Tariff:
    return Tariff(currency, bands, free_from)


def flat(amount: int, currency: str = "GBP") -> Tariff:
    return Tariff(currency, (Band(None, amount),))


def a_zone(*countries: str, **given: Any) -> Zone:
    """The United Kingdom in two to four days, unless others are given."""
    said = {"name": "home", "transit_days_min": 2, "transit_days_max": 4, "tariffs": (a_tariff(),), **given}
    return Zone(countries=countries or ("GB",), **said)


def a_method(code: str = "standard", **given: Any) -> ShippingMethod:
    said = {"names": {"en": "Standard"}, "carrier": "Royal Mail", "channels": ("web",), "zones": (a_zone(),), **given}
    return ShippingMethod(code, **said)


def some_goods(**given: Any) -> Consignment:
    """A kilogram for 20.00 to the United Kingdom."""
    said = {"country": "GB", "channel": "web", "currency": "GBP", "weight_grams": 1_000, "goods_total": 2_000}
    return Consignment(**{**said, **given})


def has_method(code: str = "standard", **given: Any) -> ShippingMethod:
    """A method that is stored."""
    return service.set_method(a_method(code, **given), expected_version=0, by=ADMIN)
