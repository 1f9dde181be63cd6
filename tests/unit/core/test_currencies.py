from iso4217 import Currency

from chalicelib.core.currencies import CURRENCIES

NOT_PAID_IN = {
    # metals, units of account, tests and "no currency"
    *("XAG", "XAU", "XPD", "XPT", "XBA", "XBB", "XBC", "XBD", "XDR", "XSU", "XUA", "XAD", "XTS", "XXX"),
    # funds codes
    *("BOV", "CHE", "CHW", "CLF", "COU", "MXV", "USN", "UYI", "UYW"),
}


def test_currencies_are_those_of_the_published_list():
    assert {currency.code for currency in Currency} - NOT_PAID_IN == CURRENCIES
