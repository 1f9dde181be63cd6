"""What is checked of a profile. Each validator is a function that gives findings; rules begin with the requirement they count for."""

from __future__ import annotations

from chalicelib.core.findings import Finding
from chalicelib.suppliers.domain.profile import missing, unattested
from chalicelib.suppliers.domain.record import Supplier
from chalicelib.suppliers.domain.screening import ScreeningList, screen
from chalicelib.suppliers.service.validators.addresses import check_addresses
from chalicelib.suppliers.service.validators.bank import check_bank
from chalicelib.suppliers.service.validators.contacts import check_contacts, check_locale
from chalicelib.suppliers.service.validators.countries import check_countries
from chalicelib.suppliers.service.validators.duplicates import check_duplicates
from chalicelib.suppliers.service.validators.endpoint import check_url
from chalicelib.suppliers.service.validators.tax_ids import check_tax_id


def check_profile(one: Supplier, against: ScreeningList) -> list[Finding]:
    """All that can be said without calling anybody: of the proposed profile, and of the bank account that is proposed."""
    profile = one.profile
    return [
        *missing(profile),
        *unattested(profile),
        *check_countries(profile),
        *check_tax_id(profile),
        *check_contacts(profile),
        *check_locale(profile),
        *check_addresses(profile),
        *check_url(profile),
        *check_bank(profile, one.bank),
        *screen(profile, against),
        *check_duplicates(profile, one.id),
    ]
