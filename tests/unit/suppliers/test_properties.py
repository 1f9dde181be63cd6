"""Whatever somebody writes into a profile: it is corrected once, verified, and nothing breaks."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from chalicelib.core.findings import corrected
from chalicelib.suppliers.domain import life
from chalicelib.suppliers.domain.profile import claims_of, seller_of
from chalicelib.suppliers.domain.screening import ScreeningList
from chalicelib.suppliers.domain.shape import check_shape
from chalicelib.suppliers.schemas.profile import ProfileBody
from chalicelib.suppliers.service import corrections, validators

pytestmark = pytest.mark.usefixtures("table")

WORDS = st.one_of(
    st.text(min_size=1, max_size=12),
    st.sampled_from(
        [" a  b ", "ﬁ", "980 7806.84", "GB980780684", "²²²²²²²²²", "SW1Y4JH", "california", "020 7946 0018"]
    ),
)
COUNTRIES = st.one_of(
    WORDS, st.sampled_from(["GB", "gb", "United Kingdom", "US", "usa", "France", "DEU", "QQ", "Österreich", "²²"])
)


def address() -> Any:
    fields = dict.fromkeys(("line1", "city", "region", "postal_code"), WORDS)
    return st.fixed_dictionaries({}, optional={**fields, "country": COUNTRIES})


PROFILES = st.fixed_dictionaries(
    {},
    optional={
        "trading_name": WORDS,
        "brands": st.lists(
            st.fixed_dictionaries(
                {"name": WORDS}, optional={"attestation": st.sampled_from(["owner", "authorised_seller"])}
            ),
            max_size=3,
        ),
        "legal_entity": st.fixed_dictionaries(
            {}, optional={"name": WORDS, "registration_number": WORDS, "country": COUNTRIES}
        ),
        "tax_id": st.fixed_dictionaries(
            {}, optional={"scheme": st.sampled_from(["vat", "ein", "gst"]), "country": COUNTRIES, "value": WORDS}
        ),
        "contacts": st.lists(
            st.fixed_dictionaries(
                {"role": st.sampled_from(["primary", "orders"])},
                optional={
                    "name": WORDS,
                    "email": st.one_of(WORDS, st.emails(), st.just("Ada@GMIAL.com")),
                    "phone": WORDS,
                },
            ),
            max_size=2,
        ),
        "address": address(),
        "return_address": address(),
        "service_countries": st.lists(COUNTRIES, max_size=3),
        "endpoint_url": st.one_of(WORDS, st.just("https://a.example/"), st.just("https://[::1]/x#y")),
        "timezone": st.one_of(WORDS, st.just("Europe/London")),
        "default_currency": st.one_of(WORDS, st.just("gbp")),
    },
)


@given(said=PROFILES)
@settings(max_examples=150, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow])
def test_a_profile_is_corrected_once_and_verified(said: dict[str, Any]) -> None:
    try:
        profile = ProfileBody.model_validate(said).as_profile()
    except ValidationError:
        return
    one = life.applied("sup_1", profile, "2026-01-01T00:00:00.000000Z")
    made, _ = corrections.propose(one)
    after = life.with_corrections(one, made, {}, "2026-01-01T00:00:00.000000Z")
    assert corrections.propose(after)[0] == []
    check_shape(after.profile)
    back = [correction.reversed() for correction in reversed(made)]
    assert corrected(after.profile, back) == profile
    for finding in validators.check_profile(after, ScreeningList(1, ("FR",), ("Ada",), ("DE",))):
        assert finding.rule.count(".") == 1
    assert seller_of(after).sells is False
    assert all(pointer.startswith("/") for pointer in claims_of(after.profile).values())
