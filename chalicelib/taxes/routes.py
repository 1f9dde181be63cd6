"""Routes of taxes: rates and countries for staff, report and ledger for administrators."""

from chalice.app import Response

from chalicelib.core import http
from chalicelib.core.errors import Invalid, NotFound, Stale
from chalicelib.core.http import Routes
from chalicelib.core.paging import Page
from chalicelib.core.schemas import PageQuery
from chalicelib.taxes import service
from chalicelib.taxes.domain import CategoryUntaxed, NotInEu, PeriodTwice
from chalicelib.taxes.schemas import (
    CountryView,
    EntriesQuery,
    EntryView,
    RatesQuery,
    RateView,
    ReportQuery,
    ReportView,
    SetRate,
    SettleCountry,
)

routes = Routes(__name__, "taxes")


# ---- rates --------------------------------------------------------------------------------------------------------------


@routes.endpoint(
    "GET",
    "/v1/tax-rates",
    summary="List tax rates",
    query=RatesQuery,
    answers={200: http.list_of(RateView)},
)
def list_tax_rates() -> Response:
    """By jurisdiction and category. For staff."""
    wanted = http.query(RatesQuery)
    page = service.list_rates(wanted.country, wanted.limit, wanted.cursor, by=http.caller())
    return http.listed(page, RateView.of)


@routes.endpoint(
    "GET",
    "/v1/tax-rates/{jurisdiction}/{category}",
    summary="Read the rates of a tax category",
    answers={200: RateView},
    raises=[NotFound],
)
def read_tax_rate(jurisdiction: str, category: str) -> Response:
    """In a country (`GB`) or a region of one (`US-CA`, ISO 3166-2). For staff."""
    rate = service.read_rate(jurisdiction, category, by=http.caller())
    return http.ok(RateView.of(rate), version=rate.version)


@routes.endpoint(
    "PUT",
    "/v1/tax-rates/{jurisdiction}/{category}",
    summary="Set the rates of a tax category",
    body=SetRate,
    answers={200: RateView},
    versioned=True,
    raises=[CategoryUntaxed, PeriodTwice, Stale],
)
def set_tax_rate(jurisdiction: str, category: str) -> Response:
    """All of them at once, each with the day it begins; `If-Match: "0"` where there are none yet.

    Orders see a change within half a minute; those that were placed keep theirs. For administrators.
    """
    periods = http.body(SetRate).as_periods()
    rate = service.set_rate(jurisdiction, category, periods, expected_version=http.expected_version(), by=http.caller())
    return http.ok(RateView.of(rate), version=rate.version)


@routes.endpoint(
    "DELETE",
    "/v1/tax-rates/{jurisdiction}/{category}",
    summary="Remove the rates of a tax category",
    answers={204: None},
    versioned=True,
    raises=[NotFound, Stale],
)
def remove_tax_rate(jurisdiction: str, category: str) -> Response:
    """The category is taxed as `standard` then, or, where no rate is left, as each variant says. For administrators."""
    service.remove_rate(jurisdiction, category, expected_version=http.expected_version(), by=http.caller())
    return http.send(http.answer(204))


# ---- countries ----------------------------------------------------------------------------------------------------------


@routes.endpoint(
    "GET",
    "/v1/tax-countries",
    summary="List how countries are taxed",
    query=PageQuery,
    answers={200: http.list_of(CountryView)},
)
def list_tax_countries() -> Response:
    """Those that somebody has settled, by code. For staff."""
    wanted = http.query(PageQuery)
    return http.listed(service.list_countries(wanted.limit, wanted.cursor, by=http.caller()), CountryView.of)


@routes.endpoint(
    "GET",
    "/v1/tax-countries/{country}",
    summary="Read how a country is taxed",
    answers={200: CountryView},
    raises=[Invalid],
)
def read_tax_country(country: str) -> Response:
    """Where nobody has said, prices include tax, and the version is 0. For staff."""
    settled = service.read_country(country, by=http.caller())
    return http.ok(CountryView.of(settled), version=settled.version)


@routes.endpoint(
    "PUT",
    "/v1/tax-countries/{country}",
    summary="Settle how a country is taxed",
    body=SettleCountry,
    answers={200: CountryView},
    versioned=True,
    raises=[NotInEu, Stale],
)
def settle_tax_country(country: str) -> Response:
    """Whether prices include tax there, and the reverse charge; `If-Match: "0"` where nobody has said. For administrators."""
    given = http.body(SettleCountry)
    settled = service.settle_country(
        country,
        prices_include_tax=given.prices_include_tax,
        reverse_charge=given.reverse_charge,
        expected_version=http.expected_version(),
        by=http.caller(),
    )
    return http.ok(CountryView.of(settled), version=settled.version)


# ---- ledger -------------------------------------------------------------------------------------------------------------


@routes.endpoint(
    "GET",
    "/v1/tax-report",
    summary="Report the tax owed to a country for a month",
    query=ReportQuery,
    answers={200: ReportView},
)
def report_tax() -> Response:
    """Per jurisdiction, currency and rate: the sum of the ledger's entries at this moment. For administrators."""
    wanted = http.query(ReportQuery)
    return http.ok(ReportView.of(service.report(wanted.country, wanted.month, by=http.caller())))


@routes.endpoint(
    "GET",
    "/v1/tax-entries",
    summary="List the tax entries of an order",
    query=EntriesQuery,
    answers={200: http.list_of(EntryView)},
)
def list_tax_entries() -> Response:
    """What was committed, voided and refunded of its tax, oldest first. For administrators."""
    wanted = http.query(EntriesQuery)
    return http.listed(Page(service.entries_of(wanted.order_id, by=http.caller()), None), EntryView.of)
