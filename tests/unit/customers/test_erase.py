"""Being forgotten: at once in the profile, step by step elsewhere, whatever fails between."""

import json
from contextlib import suppress
from dataclasses import replace
from datetime import datetime, timedelta
from itertools import count
from threading import Thread
from typing import Any

import pytest
from botocore.exceptions import ClientError
from botocore.stub import Stubber

from chalicelib.core import clock
from chalicelib.core.auth import Principal, system
from chalicelib.core.aws import client
from chalicelib.core.errors import Conflict, Contended, Forbidden, NotFound, Stale
from chalicelib.core.idempotency import no_answer
from chalicelib.core.paging import Page
from chalicelib.core.settings import settings
from chalicelib.customers import gateways, service
from chalicelib.customers.domain import ConsentChange, ConsentChannel, CustomerState, ErasureStep, Means, Purpose
from chalicelib.customers.service import AddressRequest, Contact
from chalicelib.customers.tasks import customers_tasks
from tests.conftest import ADMIN, ASSOCIATE
from tests.unit.customers.builders import (
    ADDRESS,
    NOON,
    a_key,
    a_shopper,
    ask_for_code,
    has_profile,
    has_proven,
    the_customer,
    told,
)

pytestmark = pytest.mark.usefixtures("table")
ADA = a_shopper()
PHONE = "+447700900123"
TASKS = system("customers")


class World:
    """What holds something of a customer beside the profile: orders by customer, accounts, devices."""

    def __init__(self) -> None:
        self.orders: dict[str, list[str]] = {}
        self.under_way: set[str] = set()
        self.forgotten: list[str] = []
        self.sign_ins_removed: list[str] = []
        self.devices_forgotten: list[str] = []
        self.fails: list[Exception] = []

    def remove(self, customer_id: str) -> None:
        self._may_fail()
        self.sign_ins_removed.append(customer_id)

    def list_for_customer(
        self, customer_id: str, limit: int, cursor: str | None, by: Principal
    ) -> Page[dict[str, Any]]:
        start = int(cursor or 0)
        every = self.orders.get(customer_id, [])
        more = start + limit < len(every)
        return Page([{"id": id} for id in every[start : start + limit]], str(start + limit) if more else None)

    def forget_person(self, order_id: str, by: Principal) -> None:
        self._may_fail()
        if order_id in self.under_way:
            raise Conflict("It is under way.")
        self.forgotten.append(order_id)

    def forget_customer(self, customer_id: str) -> None:
        self.devices_forgotten.append(customer_id)

    def _may_fail(self) -> None:
        if self.fails:
            raise self.fails.pop()


@pytest.fixture
def world(monkeypatch: pytest.MonkeyPatch) -> World:
    world = World()
    monkeypatch.setattr("chalicelib.orders.service.list_for_customer", world.list_for_customer)
    monkeypatch.setattr("chalicelib.orders.service.forget_person", world.forget_person, raising=False)
    monkeypatch.setattr("chalicelib.notifications.service.forget_customer", world.forget_customer)
    return world


def a_full_customer() -> int:
    """Ada with everything that can be held of her; answers her profile's version."""
    ada = has_proven()
    version = service.change_profile("usr_ada", {"phone": PHONE}, expected_version=ada.version, by=ADA).version
    service.add_address(
        "usr_ada", AddressRequest(ADDRESS, False, False), by=ADA, once=a_key(), answer=lambda *_: no_answer()
    )
    yes = [ConsentChange(Purpose.MARKETING, ConsentChannel.EMAIL, True)]
    service.change_consents("usr_ada", yes, source="account", wording="1", expected_version=0, by=ADA)
    ask_for_code(means=Means.PHONE)
    return version


def stored(table: Any) -> str:
    """Every item of the table, as text."""
    return json.dumps(table.scan(TableName="aisle-test", ConsistentRead=True)["Items"], default=str)


def erase(version: int, by: Principal = ADA) -> None:
    service.request_erasure("usr_ada", expected_version=version, by=by)


def go_on(world: World, at: datetime, within: float = 60) -> dict[str, int]:
    with clock.at(at):
        return service.continue_erasures(TASKS, within=within, sign_ins=world)


def step() -> str:
    return service.read_erasure("usr_ada", ADMIN).step


AFTER_TOKENS = NOON + timedelta(minutes=65)


def test_the_profile_is_empty_at_once(world: World, table: Any) -> None:
    with clock.at(NOON):
        erase(a_full_customer())
    ada = the_customer()
    assert (ada.name, ada.email, ada.phone, ada.verified, ada.state) == (None, None, None, frozenset(), "erasing")
    assert told()[-1] == ("CustomerErased", {})
    assert "12 St James" not in stored(table)
    assert not table.query(
        TableName="aisle-test",
        IndexName="gsi1",
        KeyConditionExpression="gsi1pk = :pk",
        ExpressionAttributeValues={":pk": {"S": "CUSTOMER_EMAIL"}},
    )["Items"]
    assert service.find_customers(Means.EMAIL, "ada@example.com", 20, None, ADMIN).items == []
    assert service.find_customers(Means.PHONE, PHONE, 20, None, ADMIN).items == []


def test_the_contacts_are_free_for_others_at_once(world: World) -> None:
    erase(a_full_customer())
    assert has_proven("usr_eve", "ada@example.com").verified == {Means.EMAIL}


def test_in_the_end_nothing_is_left_that_tells_who_it_was(world: World, table: Any) -> None:
    world.orders = {"usr_ada": ["ord_2", "ord_1"]}
    with clock.at(NOON):
        erase(a_full_customer())
    assert "ada@example.com" in stored(table)  # for the last message
    assert go_on(world, NOON) == {"done": 1, "failed": 0, "left": 0}
    assert (world.sign_ins_removed, world.forgotten, step()) == (["usr_ada"], [], "records")
    assert go_on(world, AFTER_TOKENS - timedelta(seconds=1)) == {"done": 0, "failed": 0, "left": 0}
    assert go_on(world, AFTER_TOKENS) == {"done": 1, "failed": 0, "left": 0}
    assert (world.forgotten, world.devices_forgotten) == (["ord_2", "ord_1"], ["usr_ada"])
    for personal in ("ada@example.com", PHONE, '"Ada', "12 St James"):
        assert personal not in stored(table)
    proof = service.read_erasure("usr_ada", ADMIN)
    assert (proof.step, proof.forgotten, proof.requested_by, proof.finished_at) == (
        ErasureStep.DONE,
        2,
        {"kind": "user", "id": "usr_ada"},
        "2026-01-01T13:05:00.000000Z",
    )
    assert the_customer().state is CustomerState.ERASED
    assert go_on(world, AFTER_TOKENS + timedelta(days=9)) == {"done": 0, "failed": 0, "left": 0}


def test_they_are_reached_once_more_and_then_never(world: World) -> None:
    with clock.at(NOON):
        has_profile(name="Ada", email="ada@example.com", language="de")
        erase(2)
    go_on(world, NOON)
    assert service.contact_of("usr_ada") == Contact("Ada", "ada@example.com", None, "de", frozenset())
    go_on(world, AFTER_TOKENS)
    assert service.contact_of("usr_ada") is None
    assert service.contact_of("usr_nobody") is None


def test_many_orders_are_forgotten_page_by_page(world: World) -> None:
    world.orders = {"usr_ada": [f"ord_{number}" for number in range(60)]}
    with clock.at(NOON):
        has_profile()
        erase(1)
    go_on(world, NOON)
    ticks = count()  # the clock is asked before each step: time for one
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr("chalicelib.customers.service.erase_customer.monotonic", lambda: float(next(ticks)))
        assert go_on(world, AFTER_TOKENS, within=2) == {"done": 1, "failed": 0, "left": 1}
    assert (len(world.forgotten), step(), world.devices_forgotten) == (25, "records", [])
    assert go_on(world, AFTER_TOKENS) == {"done": 2, "failed": 0, "left": 0}
    assert world.forgotten == world.orders["usr_ada"]
    assert (step(), service.read_erasure("usr_ada", ADMIN).forgotten) == ("done", 60)


def test_an_order_under_way_is_looked_at_again_the_next_day(world: World) -> None:
    world.orders, world.under_way = {"usr_ada": ["ord_2", "ord_1"]}, {"ord_2"}
    with clock.at(NOON):
        has_profile()
        erase(1)
    go_on(world, NOON)
    go_on(world, AFTER_TOKENS)
    assert (world.forgotten, step(), the_customer().state) == (["ord_1"], "records", "erasing")
    assert go_on(world, AFTER_TOKENS + timedelta(hours=23)) == {"done": 0, "failed": 0, "left": 0}
    world.under_way = set()
    go_on(world, AFTER_TOKENS + timedelta(days=1))
    assert (world.forgotten, step()) == (["ord_1", "ord_2", "ord_1"], "done")


@pytest.mark.parametrize("failure", [TimeoutError(), Contended("others"), NotFound("no such order")])
def test_what_fails_is_done_the_next_time_and_keeps_nobody_else(world: World, failure: Exception) -> None:
    world.orders = {"usr_ada": ["ord_1"], "usr_eve": ["ord_2"]}
    with clock.at(NOON):
        for id in ("usr_ada", "usr_eve"):
            has_profile(id)
            service.request_erasure(id, expected_version=1, by=a_shopper(id))
    go_on(world, NOON)
    world.fails = [failure]
    gone = isinstance(failure, NotFound)
    assert go_on(world, AFTER_TOKENS) == {"done": 2 if gone else 1, "failed": 0 if gone else 1, "left": 0}
    go_on(world, AFTER_TOKENS)
    steps = [service.read_erasure(id, ADMIN).step for id in ("usr_ada", "usr_eve")]
    assert steps == ["done", "done"]


def test_a_sign_in_that_cannot_be_removed_is_tried_again(world: World) -> None:
    with clock.at(NOON):
        has_profile()
        erase(1)
    world.fails = [TimeoutError()]
    assert go_on(world, NOON) == {"done": 0, "failed": 1, "left": 0}
    assert go_on(world, NOON) == {"done": 1, "failed": 0, "left": 0}


def test_two_runs_at_once_end_as_one(world: World) -> None:
    world.orders = {"usr_ada": [f"ord_{number}" for number in range(30)]}
    with clock.at(NOON):
        has_profile()
        erase(1)
    go_on(world, NOON)
    with clock.at(AFTER_TOKENS):
        runs = [
            Thread(target=service.continue_erasures, args=(TASKS,), kwargs={"within": 60, "sign_ins": world})
            for _ in range(3)
        ]
        for run in runs:
            run.start()
        for run in runs:
            run.join()
    assert (step(), service.read_erasure("usr_ada", ADMIN).forgotten) == ("done", 30)


def test_asked_again_it_answers_how_far_it_is(world: World) -> None:
    has_profile()
    first = service.request_erasure("usr_ada", expected_version=1, by=ADA)
    assert service.request_erasure("usr_ada", expected_version=99, by=ADMIN) == first
    assert [type for type, _ in told()] == ["CustomerCreated", "CustomerErased"]


def test_it_is_asked_for_by_the_customer_or_an_administrator_at_the_version_they_saw(world: World) -> None:
    has_profile(name="Ada")
    for by in (ASSOCIATE, a_shopper("usr_eve")):
        with pytest.raises(Forbidden):
            erase(2, by)
    with pytest.raises(Stale):
        erase(1)
    with pytest.raises(NotFound):
        service.request_erasure("usr_nobody", expected_version=1, by=ADMIN)
    with pytest.raises(NotFound):
        service.read_erasure("usr_ada", ADA)
    assert the_customer().name == "Ada"
    erase(2, ADMIN)
    assert service.read_erasure("usr_ada", ADA).requested_by == {"kind": "user", "id": "usr_admin"}


def test_a_change_and_the_request_at_once_leave_nothing(world: World) -> None:
    has_profile(name="Ada")

    def change() -> None:
        with suppress(Stale, Conflict):
            service.change_profile("usr_ada", {"email": "ada@example.com"}, expected_version=2, by=ADA)

    def forget() -> None:
        while the_customer().state is CustomerState.ACTIVE:
            with suppress(Stale):
                erase(the_customer().version)

    threads = [Thread(target=change), Thread(target=forget)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert (the_customer().email, the_customer().name) == (None, None)


def test_the_schedule_runs_it(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("chalicelib.customers.service.erase_customer.CognitoSignIns", lambda: world)
    has_profile()
    erase(1)
    outcome = customers_tasks({"task": "continue_erasures"}, None)
    assert outcome == {"outcome": "done", "done": 1, "failed": 0, "left": 0}
    world.fails = [TimeoutError()]
    has_profile("usr_eve")
    service.request_erasure("usr_eve", expected_version=1, by=a_shopper("usr_eve"))
    assert customers_tasks({"task": "continue_erasures"}, None)["outcome"] == "continues"


def test_an_account_is_deleted_from_the_pool_and_may_be_gone_before(monkeypatch: pytest.MonkeyPatch) -> None:
    arn = "arn:aws:cognito-idp:eu-west-1:123456789012:userpool/eu-west-1_Pool"
    monkeypatch.setattr(gateways, "settings", lambda: replace(settings(), user_pool_arn=arn))
    wanted = {"UserPoolId": "eu-west-1_Pool", "Username": "usr_ada"}
    with Stubber(client("cognito-idp")) as cognito:
        cognito.add_response("admin_delete_user", {}, wanted)
        gateways.CognitoSignIns().remove("usr_ada")
        cognito.add_client_error("admin_delete_user", "UserNotFoundException", expected_params=wanted)
        gateways.CognitoSignIns().remove("usr_ada")
        cognito.add_client_error("admin_delete_user", "TooManyRequestsException")
        with pytest.raises(ClientError):
            gateways.CognitoSignIns().remove("usr_ada")
