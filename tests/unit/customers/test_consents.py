"""Consents: what may be told follows from the last word; every word is kept."""

from datetime import timedelta

import pytest

from chalicelib.core import clock
from chalicelib.core.errors import NotFound, Stale
from chalicelib.customers import service
from chalicelib.customers.domain import ConsentChange, ConsentChannel, Consents, CustomerGone, Purpose
from tests.conftest import ASSOCIATE
from tests.unit.customers.builders import NOON, a_shopper, has_profile, told

pytestmark = pytest.mark.usefixtures("table")
ADA = a_shopper()
EMAIL, SMS = ConsentChannel.EMAIL, ConsentChannel.SMS


def says(
    granted: bool, purpose: Purpose = Purpose.MARKETING, channel: ConsentChannel = EMAIL, **given: object
) -> Consents:
    before = service.read_consents("usr_ada", ADA)
    return service.change_consents(
        "usr_ada",
        [ConsentChange(purpose, channel, granted)],
        **{"source": "account", "wording": "2026-01", "expected_version": before.version, "by": ADA, **given},
    )


def history() -> list[tuple[str, str, bool, str, str | None]]:
    page = service.consent_history("usr_ada", 100, None, ADA)
    return [(one.purpose, one.channel, one.granted, one.source, one.wording) for one in page.items]


@pytest.mark.parametrize("channel", ConsentChannel)
def test_who_said_nothing_hears_of_their_orders_only(channel: ConsentChannel) -> None:
    has_profile()
    for customer_id in ("usr_ada", "usr_without_profile", None):
        assert service.may_tell(customer_id, Purpose.ORDER_UPDATES, channel)
        assert not service.may_tell(customer_id, Purpose.MARKETING, channel)
        assert not service.may_tell(customer_id, Purpose.RESEARCH, channel)


def test_a_yes_is_for_one_purpose_on_one_channel() -> None:
    has_profile()
    says(True)
    assert service.channels_for("usr_ada", Purpose.MARKETING) == {EMAIL}
    assert service.channels_for("usr_ada", Purpose.RESEARCH) == frozenset()


def test_the_last_word_counts() -> None:
    has_profile()
    says(True)
    says(False)
    assert not service.may_tell("usr_ada", Purpose.MARKETING, EMAIL)
    says(False, Purpose.ORDER_UPDATES, SMS)
    assert service.channels_for("usr_ada", Purpose.ORDER_UPDATES) == frozenset(ConsentChannel) - {SMS}


def test_every_word_is_kept_with_what_proves_it() -> None:
    with clock.at(NOON):
        has_profile()
        said = says(True)
    with clock.at(NOON + timedelta(days=1)):
        says(True, wording="2026-02")
        says(False, source="phone", wording="-", by=ASSOCIATE)
    assert history() == [
        ("marketing", "email", True, "account", "2026-01"),
        ("marketing", "email", True, "account", "2026-02"),
        ("marketing", "email", False, "phone", "-"),
    ]
    assert said.current[Purpose.MARKETING, EMAIL].at == "2026-01-01T12:00:00.000000Z"
    assert [data for type, data in told() if type == "ConsentChanged"] == [
        {"changes": [["marketing", "email", True]]},
        {"changes": [["marketing", "email", True]]},
        {"changes": [["marketing", "email", False]]},
    ]


def test_history_comes_in_pages() -> None:
    has_profile()
    for granted in (True, False, True, False, True):
        says(granted)
    seen: list[bool] = []
    cursor = None
    while True:
        page = service.consent_history("usr_ada", 2, cursor, ADA)
        seen += [one.granted for one in page.items]
        cursor = page.next_cursor
        if cursor is None:
            break
    assert seen == [True, False, True, False, True]


def test_an_old_version_is_not_changed() -> None:
    has_profile()
    says(True)
    with pytest.raises(Stale):
        says(False, expected_version=0)
    assert len(history()) == 1


def test_consents_are_for_their_customer_and_for_staff() -> None:
    has_profile()
    says(True)
    eve = a_shopper("usr_eve")
    for attempt in (
        lambda: service.read_consents("usr_ada", eve),
        lambda: service.consent_history("usr_ada", 20, None, eve),
        lambda: says(False, by=eve),
        lambda: service.read_consents("usr_nobody", ASSOCIATE),
    ):
        with pytest.raises(NotFound):
            attempt()
    assert service.may_tell("usr_ada", Purpose.MARKETING, EMAIL)


def test_who_asked_to_be_forgotten_is_told_nothing_and_what_they_said_stays() -> None:
    has_profile()
    says(True)
    service.request_erasure("usr_ada", expected_version=1, by=ADA)
    assert service.channels_for("usr_ada", Purpose.ORDER_UPDATES) == frozenset()
    assert not service.may_tell("usr_ada", Purpose.MARKETING, EMAIL)
    assert history() == [("marketing", "email", True, "account", "2026-01")]
    with pytest.raises(CustomerGone):
        says(True)


# ---- the link in a message ----------------------------------------------------------------------------------------------


def test_a_link_withdraws_what_it_was_sent_for_and_nothing_else() -> None:
    has_profile()
    says(True)
    says(True, Purpose.RESEARCH)
    token = service.unsubscribe_token("usr_ada", Purpose.MARKETING, EMAIL)
    for _ in range(2):
        service.unsubscribe(token)
    assert service.channels_for("usr_ada", Purpose.MARKETING) == frozenset()
    assert service.channels_for("usr_ada", Purpose.RESEARCH) == {EMAIL}
    assert history()[2:] == [("marketing", "email", False, "unsubscribe-link", None)]


@pytest.mark.parametrize(
    "forge",
    [
        lambda t: t.replace("usr_ada", "usr_eve"),
        lambda t: ("1" if t[0] == "0" else "0") + t[1:],
        lambda t: "x",
        lambda t: "ä.b.c",
    ],
)
def test_a_link_that_is_not_ours_does_nothing(forge) -> None:
    for id in ("usr_ada", "usr_eve"):
        has_profile(id)
    says(True)
    token = service.unsubscribe_token("usr_ada", Purpose.MARKETING, EMAIL)
    with pytest.raises(NotFound):
        service.unsubscribe(forge(token))
    assert len(history()) == 1
