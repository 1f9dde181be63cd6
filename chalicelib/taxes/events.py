"""The events that taxes publish. Contract: docs/events.md. What is entered into the ledger follows an event of the order and
publishes none of its own."""

from typing import Any

from chalicelib.core import outbox
from chalicelib.core.auth import Principal
from chalicelib.core.keys import key
from chalicelib.core.outbox import Aggregate
from chalicelib.core.table import Transaction
from chalicelib.taxes.domain import CountryTaxes, TaxRate


def tax_rate_changed(tx: Transaction, before: TaxRate | None, after: TaxRate, by: Principal) -> None:
    """`TaxRateChanged`: orders placed from now on are taxed so."""
    data = {**_named(after), "before": _periods(before), "after": _periods(after)}
    _publish(tx, "TaxRateChanged", "tax_rate", f"{after.jurisdiction}:{after.category}", after.version, data, by)


def tax_rate_removed(tx: Transaction, rate: TaxRate, by: Principal) -> None:
    """`TaxRateRemoved`: the category has no rate of its own there any more."""
    data = {**_named(rate), "before": _periods(rate)}
    _publish(tx, "TaxRateRemoved", "tax_rate", f"{rate.jurisdiction}:{rate.category}", rate.version + 1, data, by)


def tax_country_changed(tx: Transaction, before: CountryTaxes, after: CountryTaxes, by: Principal) -> None:
    """`TaxCountryChanged`: whether prices include tax there, or the reverse charge, was settled."""
    data = {"country": after.country, "before": _settings(before), "after": _settings(after)}
    _publish(tx, "TaxCountryChanged", "tax_country", after.country, after.version, data, by)


def _named(rate: TaxRate) -> dict[str, str]:
    return {"jurisdiction": rate.jurisdiction, "category": rate.category}


def _periods(rate: TaxRate | None) -> list[list[Any]]:
    return [[period.valid_from.isoformat(), period.rate_bps] for period in rate.periods] if rate else []


def _settings(country: CountryTaxes) -> dict[str, bool]:
    return {"prices_include_tax": country.prices_include_tax, "reverse_charge": country.reverse_charge}


def _publish(tx: Transaction, type: str, kind: str, id: str, version: int, data: dict[str, Any], by: Principal) -> None:
    outbox.publish(
        tx,
        pk=key("TAXCHANGES", id),
        source="taxes",
        type=type,
        aggregate=Aggregate(kind, id, version),
        by=by,
        data=data,
    )
