"""Rates and countries, kept by administrators."""

from collections.abc import Iterable

from chalicelib.core.auth import Principal, Role
from chalicelib.core.errors import NotFound, Stale
from chalicelib.core.paging import Page, page_of
from chalicelib.core.table import Transaction
from chalicelib.taxes import domain, events, store
from chalicelib.taxes.domain import CountryTaxes, RatePeriod, TaxRate
from chalicelib.taxes.service.apply_rates import forget_rates


def set_rate(
    jurisdiction: str, category: str, periods: Iterable[RatePeriod], *, expected_version: int, by: Principal
) -> TaxRate:
    """Put `periods` in the place of all rates of a category in a jurisdiction; at version 0 there are none yet.

    Raises `Invalid`, `CategoryUntaxed`, `PeriodTwice`, and `Stale` when they are not at `expected_version`.
    """
    by.require(Role.ADMIN)
    domain.checked_jurisdiction(jurisdiction)
    domain.checked_category(category)
    before = store.rate(jurisdiction, category)
    _check_version(before.version if before else 0, expected_version)
    after = TaxRate(jurisdiction, category, domain.checked_periods(periods), expected_version + 1)
    tx = Transaction()
    store.put_rate(tx, after)
    events.tax_rate_changed(tx, before, after, by)
    tx.commit()
    forget_rates()
    return after


def remove_rate(jurisdiction: str, category: str, *, expected_version: int, by: Principal) -> None:
    """Remove a category's rates in a jurisdiction. Raises `NotFound`, and `Stale` unless they are at `expected_version`."""
    by.require(Role.ADMIN)
    before = _must_find(jurisdiction, category)
    _check_version(before.version, expected_version)
    tx = Transaction()
    store.remove_rate(tx, before)
    events.tax_rate_removed(tx, before, by)
    tx.commit()
    forget_rates()


def read_rate(jurisdiction: str, category: str, *, by: Principal) -> TaxRate:
    """A category's rates in a jurisdiction, for staff. Raises `NotFound`."""
    _require_staff(by)
    return _must_find(jurisdiction, category)


def list_rates(country: str | None, limit: int, cursor: str | None, *, by: Principal) -> Page[TaxRate]:
    """Rates by jurisdiction and category, of one country and its regions or of all, for staff."""
    _require_staff(by)
    return page_of(
        f"tax rates {country}",
        limit,
        cursor,
        lambda after, count: store.rates(country, after, count),
        store.rate_position,
    )


def settle_country(
    country: str, *, prices_include_tax: bool, reverse_charge: bool, expected_version: int, by: Principal
) -> CountryTaxes:
    """Say how orders to a country are taxed. Raises `Invalid`, `NotInEu`, and `Stale` unless it is at `expected_version`."""
    by.require(Role.ADMIN)
    domain.checked_country(country)
    domain.checked_reverse_charge(country, reverse_charge)
    before = store.country(country) or CountryTaxes(country)
    _check_version(before.version, expected_version)
    after = CountryTaxes(country, prices_include_tax, reverse_charge, expected_version + 1)
    tx = Transaction()
    store.put_country(tx, after)
    events.tax_country_changed(tx, before, after, by)
    tx.commit()
    forget_rates()
    return after


def read_country(country: str, *, by: Principal) -> CountryTaxes:
    """How orders to a country are taxed, for staff; at version 0 nobody has said. Raises `Invalid`."""
    _require_staff(by)
    return store.country(domain.checked_country(country)) or CountryTaxes(country)


def list_countries(limit: int, cursor: str | None, *, by: Principal) -> Page[CountryTaxes]:
    """The countries that somebody has settled, by code, for staff."""
    _require_staff(by)
    return page_of("tax countries", limit, cursor, store.countries, store.country_position)


def _require_staff(by: Principal) -> None:
    by.require(Role.ASSOCIATE, Role.ADMIN)


def _must_find(jurisdiction: str, category: str) -> TaxRate:
    rate = store.rate(jurisdiction, category)
    if rate is None:
        raise NotFound(f"There is no rate for {category} in {jurisdiction}.")
    return rate


def _check_version(version: int, expected: int) -> None:
    if version != expected:
        raise Stale(f"It is at version {version}, not {expected}.", version=version)
