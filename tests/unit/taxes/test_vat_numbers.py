"""VAT numbers, by shape and check digits."""

import pytest

from chalicelib.taxes import service
from chalicelib.taxes.domain import EU
from chalicelib.taxes.service import VatNumberInvalid


@pytest.mark.parametrize(
    ("text", "number"),
    [
        ("DE136695976", "DE136695976"),
        (" fr 40 303 265 045 ", "FR40303265045"),
        ("ATU13585627", "ATU13585627"),
        ("EL094259216", "EL094259216"),
        ("ESB58378431", "ESB58378431"),
    ],
)
def test_a_number_is_kept_as_it_is_written_in_short(text, number):
    assert service.checked_vat_number(text) == number


@pytest.mark.parametrize(
    "text",
    [
        "DE136695977",  # a wrong check digit
        "136695976",  # of no country
        "GB980780684",  # no member state any more
        "XI980780684",  # Northern Ireland
        "EU372022452",  # a seller's number for the one-stop shop
        "US123456789",
        "",
        "DE" + "1" * 500,
    ],
)
def test_what_can_be_no_number_is_refused_where_it_stood(text):
    with pytest.raises(VatNumberInvalid) as refused:
        service.checked_vat_number(text, pointer="/contact/vat_number")
    assert [fault.pointer for fault in refused.value.faults] == ["/contact/vat_number"]
    assert len(refused.value.detail) < 120


def test_the_member_states_are_those_whose_numbers_can_be_checked():
    from stdnum.eu.vat import MEMBER_STATES

    assert {code.upper() for code in MEMBER_STATES} - {"XI"} == EU
