"""Methods on the table, in memory."""

from dataclasses import replace
from datetime import date, timedelta
from typing import Any

import pytest

from chalicelib.core import clock
from chalicelib.core.auth import NOBODY
from chalicelib.core.errors import Forbidden, Stale, Unauthenticated
from chalicelib.core.money import Money
from chalicelib.core.table import Transaction
from chalicelib.inventory.domain import LocationStatus
from chalicelib.shipping import service, store
from chalicelib.shipping.domain import Reason, ShippingUnavailable
from tests.conftest import ADMIN, ASSOCIATE, SHOPPER, a_machine
from tests.unit.inventory.builders import has_location
from tests.unit.shipping.builders import WEDNESDAY, a_method, a_tariff, a_zone, flat, has_method, some_goods

pytestmark = pytest.mark.usefixtures("table")

GOODS = ("GB", "web", "GBP", 1_000, 2_000, WEDNESDAY)


@pytest.fixture
def reads(monkeypatch: pytest.MonkeyPatch) -> list[bool]:
    """One entry for each time the methods were read: whether consistently."""
    seen: list[bool] = []
    read = store.methods

    def noted(*position: Any, consistent: bool = False) -> Any:
        seen.append(consistent)
        return read(*position, consistent=consistent)

    monkeypatch.setattr(store, "methods", noted)
    return seen


def changed_behind_our_back(code: str = "standard", **changes: Any) -> None:
    """As another process would change it."""
    before = store.method(code)
    tx = Transaction()
    store.put_method(tx, replace(before, **changes, version=before.version + 1))
    tx.commit()


def charges(**more: Any) -> list[tuple[str, int]]:
    return [(one.code, one.charge.amount) for one in service.options(*GOODS, **more)]


def test_a_method_is_stored_as_it_is():
    method = a_method(
        zones=(a_zone(), a_zone("*", name="elsewhere", tariffs=(flat(3_000), a_tariff("EUR", free_from=None)))),
        cutoff="14:00",
        weekdays=(1, 6),
        closed_days=(date(2026, 12, 25),),
        names={"en": "Standard", "de": "Versand"},
        handling_days=1,
        tax_category="reduced",
        active=False,
    )
    assert service.set_method(method, expected_version=0, by=ADMIN) == method
    assert service.read_method("standard", by=ASSOCIATE) == method


def test_options_are_answered_from_memory_for_half_a_minute(reads):
    has_method()
    has_method("flat", zones=(a_zone(tariffs=(flat(250),)),))
    both = [("flat", 250), ("standard", 399)]
    with clock.at(WEDNESDAY):
        assert charges() == both
        changed_behind_our_back("flat", active=False)
        assert charges() == both
    with clock.at(WEDNESDAY + service.LISTED_FOR - timedelta(microseconds=1)):
        assert charges() == both
    with clock.at(WEDNESDAY + service.LISTED_FOR):
        assert charges() == [("standard", 399)]
    assert reads == [False, False]


def test_fresh_options_are_read_consistently_and_remembered(reads):
    has_method()
    assert charges() == [("standard", 399)]
    changed_behind_our_back(active=False)
    assert charges(fresh=True) == charges() == []
    assert reads == [False, True]


def test_a_shop_without_methods_does_not_look_for_them_each_time(reads):
    with clock.at(WEDNESDAY):
        assert charges() == charges() == []
    assert reads == [False]


def test_the_option_of_an_order_is_one_of_those_listed():
    has_method(names={"en": "Standard", "de": "Versand"})
    [listed] = service.options(*GOODS, language="de")
    assert service.option_for("standard", *GOODS, language="de") == listed
    assert (listed.name, listed.charge) == ("Versand", Money(399, "GBP"))


def test_a_method_that_is_not_offered_is_refused_where_it_was_named():
    has_method()
    with pytest.raises(ShippingUnavailable) as refused:
        service.option_for("standard", "FR", *GOODS[1:], pointer="/shipping/method")
    assert [(fault.pointer, fault.code) for fault in refused.value.faults] == [("/shipping/method", Reason.COUNTRY)]
    with pytest.raises(ShippingUnavailable) as refused:
        service.option_for("pigeon", *GOODS)
    assert [(fault.pointer, fault.code) for fault in refused.value.faults] == [("/shipping_method", Reason.UNKNOWN)]


def test_nothing_is_refused_by_what_was_remembered(reads):
    has_method(active=False)
    assert charges() == []
    changed_behind_our_back(active=True)
    assert service.option_for("standard", *GOODS).charge.amount == 399
    assert reads == [False, True]
    assert charges() == [("standard", 399)]


def test_a_fresh_question_is_asked_once(reads):
    with pytest.raises(ShippingUnavailable):
        service.option_for("pigeon", *GOODS, fresh=True)
    assert reads == [True]


def test_a_promise_holds_for_every_location_of_the_channel():
    has_method()
    has_location("leeds", cutoff="16:00")
    has_location("york", cutoff="09:30", priority=2)
    has_location("till", cutoff="06:00", channels=("store",))
    has_location("closed", cutoff="06:00", status=LocationStatus.PAUSED)
    at = WEDNESDAY.replace(hour=9)
    assert _promised(at) == date(2026, 1, 16)
    assert _promised(at.replace(minute=31)) == date(2026, 1, 19)


def _promised(at: Any) -> date:
    [option] = service.options(*GOODS[:-1], at)
    assert service.option_for("standard", *GOODS[:-1], at) == option
    return option.promised_from


def test_staff_see_why_a_method_is_not_offered_now():
    has_method()
    has_method("express", active=False)
    assert charges() == [("standard", 399)]
    changed_behind_our_back("standard", channels=("store",))
    found = service.explain(some_goods(), WEDNESDAY, by=ASSOCIATE)
    assert [(one.code, one.reason) for one in found.not_offered] == [
        ("express", Reason.PAUSED),
        ("standard", Reason.CHANNEL),
    ]
    assert found.options == ()


def test_a_change_counts_at_once_where_it_was_made():
    assert charges() == []
    has_method()
    assert charges() == [("standard", 399)]
    service.remove_method("standard", expected_version=1, by=ADMIN)
    assert charges() == []


def test_of_two_who_change_a_method_at_once_one_is_told():
    before = has_method()
    first, second, third = Transaction(), Transaction(), Transaction()
    for tx in (first, second):
        store.put_method(tx, replace(before, version=2))
    store.remove_method(third, before)
    first.commit()
    for tx in (second, third):
        with pytest.raises(Stale, match="version 2"):
            tx.commit()
    new = [Transaction(), Transaction()]
    for tx in new:
        store.put_method(tx, a_method("new"))
    new[0].commit()
    with pytest.raises(Stale, match="version 1"):
        new[1].commit()


_COMMANDS = {
    "set": lambda by: service.set_method(a_method(), expected_version=0, by=by),
    "remove": lambda by: service.remove_method("standard", expected_version=1, by=by),
    "read": lambda by: service.read_method("standard", by=by),
    "list": lambda by: service.list_methods(1, None, by=by),
    "explain": lambda by: service.explain(some_goods(), WEDNESDAY, by=by),
}


@pytest.mark.parametrize("command", _COMMANDS)
def test_methods_are_for_staff(command):
    for by, error in ((NOBODY, Unauthenticated), (SHOPPER, Forbidden), (a_machine("orders.write"), Forbidden)):
        with pytest.raises(error):
            _COMMANDS[command](by)


@pytest.mark.parametrize("command", ["set", "remove"])
def test_administrators_change_them(command):
    with pytest.raises(Forbidden):
        _COMMANDS[command](ASSOCIATE)
