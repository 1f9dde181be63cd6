"""What carts and orders ask: which rules apply, and what tax they make. Answered from memory."""

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime, timedelta

from chalicelib.core import clock
from chalicelib.taxes import store
from chalicelib.taxes.domain import Assessed, TaxRules, TaxTable, country_of_vat_number
from chalicelib.taxes.gateways import TableCalculator, TaxCalculator, TaxQuery
from chalicelib.taxes.service.vat_numbers import checked_vat_number

LISTED_FOR = timedelta(seconds=30)
"""How long a process keeps the rates: so long after a change, orders may be taxed as before it."""

_listed: tuple[datetime, TaxTable] | None = None


def rates(
    country: str,
    region: str | None,
    categories: Iterable[str],
    at: datetime,
    *,
    vat_number: str | None = None,
    fresh: bool = False,
) -> TaxRules:
    """What applies to goods of these tax categories for a country (ISO 3166-1) and region, bought at `at`.

    Up to 30 s old unless `fresh`. `vat_number`: of the business that buys, if one does; with it the reverse charge may apply.
    Raises `VatNumberInvalid`.
    """
    if fresh:
        forget_rates()
    buyer = country_of_vat_number(checked_vat_number(vat_number)) if vat_number else None
    return _table(consistent=fresh).rules(country, region, categories, at.astimezone(UTC).date(), buyer=buyer)


def estimate(query: TaxQuery) -> Sequence[Assessed]:
    """The tax of each line, by whoever works taxes out. Raises `VatNumberInvalid`."""
    return calculator().estimate(query)


def calculator() -> TaxCalculator:
    """Whoever works taxes out."""
    return TableCalculator(_rules_for)


def _rules_for(query: TaxQuery) -> TaxRules:
    categories = {line.category for line in query.lines}
    return rates(query.country, query.region, categories, query.at, vat_number=query.vat_number)


def _table(*, consistent: bool) -> TaxTable:
    global _listed
    now = clock.now()
    # A shop without rates is one, too: an empty table is kept as well, or each of its orders would read it.
    if _listed is not None and timedelta() <= now - _listed[0] < LISTED_FOR:
        return _listed[1]
    table = store.table(consistent=consistent)
    _listed = (now, table)
    return table


def forget_rates() -> None:
    """Read the rates anew next time; after a change, and between tests."""
    global _listed
    _listed = None
