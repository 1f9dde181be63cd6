"""Use cases of taxes. Carts and orders ask `estimate`, or `rates` and `assess`."""

from chalicelib.taxes.domain import (
    Assessed,
    CountryTaxes,
    RatePeriod,
    Taxable,
    TaxedLine,
    TaxedOrder,
    TaxEntry,
    TaxRate,
    TaxReport,
    TaxRules,
    assess,
)
from chalicelib.taxes.gateways import TaxCalculator, TaxQuery
from chalicelib.taxes.service.apply_rates import estimate, forget_rates, rates
from chalicelib.taxes.service.keep_ledger import entries_of, follow_order, report
from chalicelib.taxes.service.manage_rates import (
    list_countries,
    list_rates,
    read_country,
    read_rate,
    remove_rate,
    set_rate,
    settle_country,
)
from chalicelib.taxes.service.vat_numbers import VatNumberInvalid, checked_vat_number

__all__ = [
    "Assessed",
    "CountryTaxes",
    "RatePeriod",
    "TaxCalculator",
    "TaxEntry",
    "TaxQuery",
    "TaxRate",
    "TaxReport",
    "TaxRules",
    "Taxable",
    "TaxedLine",
    "TaxedOrder",
    "VatNumberInvalid",
    "assess",
    "checked_vat_number",
    "entries_of",
    "estimate",
    "follow_order",
    "forget_rates",
    "list_countries",
    "list_rates",
    "rates",
    "read_country",
    "read_rate",
    "remove_rate",
    "report",
    "set_rate",
    "settle_country",
]
