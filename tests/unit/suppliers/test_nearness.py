"""How near a supplier is, as far as addresses say."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.suppliers.domain import Place, Seller, SupplierStatus, life
from chalicelib.suppliers.domain.nearness import ABROAD, IN_ONE_AREA, IN_ONE_COUNTRY, IN_ONE_REGION, distance
from chalicelib.suppliers.domain.profile import seller_of
from chalicelib.suppliers.store import SupplierItem, as_stored, seller, supplier_key
from tests.unit.suppliers.builders import a_profile

NOW = "2026-01-01T00:00:00.000000Z"


@pytest.mark.parametrize(
    ("one", "other", "far"),
    [
        (Place("GB"), Place("GB"), IN_ONE_COUNTRY),
        (Place("GB"), Place("FR"), ABROAD),
        (Place(""), Place("FR"), IN_ONE_COUNTRY),
        (Place("US", "California"), Place("US", "ca"), IN_ONE_REGION),
        (Place("US", "California"), Place("US", "Nevada"), IN_ONE_COUNTRY),
        (Place("US", "CA"), Place("CA", "CA"), ABROAD),
        (Place("IT", "Emilia  Romagna"), Place("IT", " emilia romagna "), IN_ONE_REGION),
        (Place("IT", ""), Place("IT", ""), IN_ONE_COUNTRY),
        (Place("IT", "Lazio", "00184"), Place("IT", None, "00184"), IN_ONE_COUNTRY),
        (Place("GB", None, "SW1Y 4JH"), Place("GB", None, "sw19 5ae"), IN_ONE_AREA),
        (Place("GB", None, "S1 2AB"), Place("GB", None, "SW1Y 4JH"), IN_ONE_COUNTRY),
        (Place("DE", None, "80331"), Place("DE", None, "80999"), IN_ONE_AREA),
        (Place("DE", None, "80331"), Place("DE", None, "81541"), IN_ONE_COUNTRY),
        (Place("DE", None, "D-80331"), Place("DE", None, "D-80331"), IN_ONE_COUNTRY),
        (Place("US", "CA", "94105"), Place("US", "CA", "94110-1234"), IN_ONE_AREA),
        (Place("US", "CA", "94105"), Place("US", "CA", "90001"), IN_ONE_REGION),
        (Place("CA", None, "K1A 0B1"), Place("CA", None, "k1a 9z9"), IN_ONE_AREA),
        (Place("FR", None, "69001"), Place("FR", None, "69100"), IN_ONE_AREA),
        (Place("FR", None, "97110"), Place("FR", None, "97400"), IN_ONE_COUNTRY),
        (Place("ES", None, "28013"), Place("ES", None, "28100"), IN_ONE_AREA),
    ],
)
def test_the_least_that_both_addresses_say_counts(one: Place, other: Place, far: int) -> None:
    assert (distance(one, other), distance(other, one)) == (far, far)


_TEXTS = st.none() | st.sampled_from(["", "CA", "california", "Nevada", "94105", "SW1Y 4JH", "  ", "#", "80331"])
_PLACES = st.builds(Place, st.sampled_from(["", "US", "GB", "DE", "CA", "XX"]), _TEXTS, _TEXTS)


@given(_PLACES, _PLACES)
def test_it_is_as_far_there_as_back_and_more_words_never_make_it_farther(one: Place, other: Place) -> None:
    assert distance(one, other) == distance(other, one)
    assert distance(one, other) <= distance(Place(one.country), Place(other.country))


def test_a_supplier_says_where_it_ships_from(table: object) -> None:
    known = Seller(
        "sup_01J9Z3K4M5N6P7Q8R9S0T1V2W3", "A", SupplierStatus.APPROVED, "US", region="CA", postal_code="94105"
    )
    _, *at = supplier_key(known.id)
    SupplierItem(*at, version=1, status="approved", seller=as_stored(known)).save()
    assert seller(known.id) == known
    assert known.place == Place("US", "CA", "94105")
    before = {name: value for name, value in as_stored(known).items() if name not in ("region", "postal_code")}
    SupplierItem(*at, version=2, status="approved", seller=before).save()
    found = seller(known.id)
    assert found is not None
    assert found.place == Place("US")


def test_the_approved_address_says_it_if_it_names_its_country() -> None:
    address = {"line1": "1 Pier", "city": "San Francisco", "region": "CA", "postal_code": "94105", "country": "US"}

    def place(**profile: object) -> Place:
        return seller_of(life.approved(life.applied("sup_1", a_profile(**profile), NOW), (), NOW)).place

    assert place(address=address) == Place("US", "CA", "94105")
    abroad = {"name": "Red Mugs Ltd", "country": "GB"}
    assert place(address={**address, "country": None}, legal_entity=abroad) == Place("GB")
    assert place(address=None, legal_entity=abroad) == Place("GB")
    proposed = life.applied("sup_1", a_profile(address=address), NOW)
    assert seller_of(proposed).place == Place("US")
