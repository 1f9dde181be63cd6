"""Bank accounts: IBAN by ISO 13616, BIC by ISO 9362, and the numbers of countries without IBANs."""

from __future__ import annotations

import re
from typing import Any

from stdnum import bic as bics
from stdnum import iban as ibans
from stdnum.exceptions import ValidationError
from stdnum.us import rtn

from chalicelib.core.errors import Fault
from chalicelib.core.findings import Finding, Severity
from chalicelib.suppliers.domain.bank import BankAccount, BankAccountRefused
from chalicelib.suppliers.domain.profile import part
from chalicelib.suppliers.domain.record import BankSummary, Profile
from chalicelib.suppliers.domain.screening import SIMILAR, similarity

_ROUTING = {"GB": (r"\d{6}", "a sort code of 6 digits"), "AU": (r"\d{6}", "a BSB of 6 digits")} | {
    "CA": (r"\d{8,9}", "transit and institution number"),
    "IN": (r"[A-Z]{4}0[A-Z0-9]{6}", "an IFSC"),
}
"""What banks go by where there is no IBAN, or beside it."""


def bank_account(given: dict[str, Any]) -> BankAccount:
    """The account in its normal form. Raises `BankAccountRefused` that names every fault by its place, not by its value."""
    faults: list[Fault] = []
    country = given["country"].upper()
    iban = _checked(ibans, given.get("iban"), "/iban", "iban", faults)
    bic = _checked(bics, given.get("bic"), "/bic", "bic", faults)
    number, routing = _plain(given.get("account_number")), _plain(given.get("routing_number"))
    if iban is None and not any(fault.pointer == "/iban" for fault in faults):
        faults += _national(country, number, routing)
    if iban is not None and iban[:2] != country:
        faults.append(Fault("/iban", "iban_country", "The IBAN is of another country."))
    if bic is not None and bic[4:6] != country:
        faults.append(Fault("/bic", "bic_country", "The BIC is of another country."))
    if faults:
        raise BankAccountRefused("; ".join(f"{fault.pointer}: {fault.detail}" for fault in faults), faults=faults)
    return BankAccount(given["holder"], country, given["currency"], iban, number, routing, bic)


def _checked(format: Any, given: str | None, pointer: str, code: str, faults: list[Fault]) -> str | None:
    if not given:
        return None
    try:
        valid: str = format.validate(given)
    except ValidationError:
        faults.append(Fault(pointer, f"{code}_invalid", "The form or the check digits are wrong."))
        return None
    return valid


def _national(country: str, number: str | None, routing: str | None) -> list[Fault]:
    if not number or not routing:
        return [Fault("/iban", "account_missing", "Send an IBAN, or account_number and routing_number.")]
    faults = []
    if not re.fullmatch(r"[A-Z0-9]{4,20}", number):
        faults.append(Fault("/account_number", "account_number_invalid", "Send 4 to 20 letters and digits."))
    shape, name = _ROUTING.get(country, (r"[A-Z0-9]{3,12}", "3 to 12 letters and digits"))
    if country == "US" and not rtn.is_valid(routing):
        faults.append(Fault("/routing_number", "routing_number_invalid", "The form or the check digit is wrong."))
    elif not re.fullmatch(shape, routing):
        faults.append(Fault("/routing_number", "routing_number_invalid", f"This country has {name}."))
    return faults


def _plain(given: str | None) -> str | None:
    return re.sub(r"[\s.-]", "", given).upper() if given else None


def check_bank(profile: Profile, bank: BankSummary | None) -> list[Finding]:
    """Whether the bank account fits the profile: asked at each verification, since either may have changed."""
    if bank is None:
        return []
    found = []
    if similarity(bank.holder, part(profile, "/legal_entity/name") or "") < SIMILAR:
        message = "The account's holder is not the legal entity."
        found.append(Finding("/bank_account", "bank_account.holder", Severity.ERROR, message))
    if bank.country != part(profile, "/legal_entity/country"):
        message = "The account is in another country than the legal entity."
        found.append(Finding("/bank_account", "bank_account.country", Severity.WARNING, message))
    return found
