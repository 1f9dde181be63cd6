"""Whatever is done to stock, in whatever order: the equation holds, and the movements add up to what is on hand."""

from __future__ import annotations

import contextlib
from datetime import timedelta
from typing import Any

import boto3
import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, consumes, invariant, rule, run_state_machine_as_test
from moto import mock_aws

from chalicelib.core import clock
from chalicelib.core.errors import Conflict, RuleBroken
from chalicelib.core.idempotency import no_answer
from chalicelib.inventory import service
from chalicelib.inventory.domain import ReservationState
from chalicelib.inventory.service import Move, ReturnedUnits, Settlement
from tests.conftest import create_table
from tests.unit.inventory.builders import (
    ASSOCIATE,
    NOON,
    a_key,
    adjust,
    commit,
    count_units,
    counters,
    has_location,
    move,
    movements,
    noting,
    receive,
    release,
    reserve,
    set_safety,
    settle,
    stock,
    take_back,
    the_reservation,
)

SITES = ["leeds", "york"]
SKUS = ["A", "B"]
sites = st.sampled_from(SITES)
skus = st.sampled_from(SKUS)
units = st.integers(1, 8)
refusable = contextlib.suppress(Conflict, RuleBroken)


class StockMachine(RuleBasedStateMachine):
    """Staff, orders and warehouses act in any order; whatever the conditions refuse is refused without effect."""

    placed = Bundle("placed")
    confirmed = Bundle("confirmed")
    under_way = Bundle("under_way")

    def __init__(self) -> None:
        super().__init__()
        self.mock = mock_aws()
        self.mock.start()
        create_table(boto3.client("dynamodb"))
        service.forget_locations()
        for site in SITES:
            has_location(site)
        self.now = NOON
        self.orders = 0
        self.held: dict[tuple[str, str], int] = {}

    def teardown(self) -> None:
        self.mock.stop()
        service.forget_locations()

    def _hold(self, sku: str, site: str, quantity: int) -> None:
        self.held[sku, site] = self.held.get((sku, site), 0) + quantity

    @rule(sku=skus, site=sites, quantity=units)
    def receive(self, sku: str, site: str, quantity: int) -> None:
        receive((sku, quantity), at=site)

    @rule(sku=skus, site=sites, quantity=st.integers(-8, 8).filter(bool))
    def adjust(self, sku: str, site: str, quantity: int) -> None:
        with refusable:
            adjust((sku, quantity), at=site)

    @rule(sku=skus, site=sites, counted=st.integers(0, 12), stale=st.booleans())
    def count(self, sku: str, site: str, counted: int, stale: bool) -> None:
        expected = stock(sku, site).on_hand + stale
        with refusable:
            count_units((sku, expected, counted), at=site)
            assert not stale

    @rule(sku=skus, site=sites, quantity=st.integers(0, 3))
    def keep_back(self, sku: str, site: str, quantity: int) -> None:
        set_safety(sku, {"web": quantity}, at=site)

    @rule(target=placed, sku=skus, site=sites, quantity=units)
    def reserve(self, sku: str, site: str, quantity: int) -> Any:
        before = stock(sku, site)
        self.orders += 1
        id = f"ord_{self.orders}"
        with clock.at(self.now):
            try:
                reserve(id, (sku, quantity), at=site, seconds=60)
            except Conflict:
                assert before.sellable("web") < quantity
                return None
        assert before.sellable("web") >= quantity
        self._hold(sku, site, quantity)
        return id, sku, site, quantity

    @rule(target=confirmed, one=consumes(placed))
    def confirm(self, one: Any) -> Any:
        if one is None or not the_reservation(one[0]).holds_stock:
            return None
        with clock.at(self.now):
            try:
                commit(one[0])
            except Conflict:
                assert the_reservation(one[0]).expires_at <= self.now
                return None
        return one

    @rule(one=placed)
    def refuse(self, one: Any) -> None:
        if one is not None and the_reservation(one[0]).holds_stock:
            release(one[0])
            self._hold(one[1], one[2], -one[3])

    @rule(minutes=st.integers(0, 2))
    def time_passes_and_the_schedule_comes_by(self, minutes: int) -> None:
        self.now += timedelta(minutes=minutes)
        before = {
            id: the_reservation(id)
            for id in [f"ord_{n}" for n in range(1, self.orders + 1)]
            if service.find_reservation(id)
        }
        with clock.at(self.now):
            assert service.release_expired(ASSOCIATE, within=30)["failed"] == 0
        for id, was in before.items():
            if was.state is ReservationState.OPEN and was.expires_at <= self.now:
                assert the_reservation(id).state is ReservationState.EXPIRED
                for line in was.lines:
                    self._hold(line.sku, line.location_id, -line.quantity)

    @rule(one=consumes(confirmed), short=st.integers(0, 8))
    def ship(self, one: Any, short: int) -> None:
        if one is None:
            return
        _, sku, site, quantity = one
        missing = min(short, quantity)
        settle(Settlement(sku, site, quantity - missing, missing))
        self._hold(sku, site, -quantity)

    @rule(sku=skus, site=sites, restock=st.integers(0, 4), write_off=st.integers(0, 4))
    def take_back(self, sku: str, site: str, restock: int, write_off: int) -> None:
        take_back(ReturnedUnits(sku, site, restock, write_off))

    @rule(target=confirmed, one=consumes(confirmed))
    def ship_from_elsewhere(self, one: Any) -> Any:
        if one is None:
            return None
        id, sku, site, quantity = one
        other = next(name for name in SITES if name != site)
        try:
            move(Move(sku, site, other, quantity))
        except Conflict:
            return one
        self._hold(sku, site, -quantity)
        self._hold(sku, other, quantity)
        return id, sku, other, quantity

    @rule(target=under_way, sku=skus, site=sites, quantity=units)
    def dispatch(self, sku: str, site: str, quantity: int) -> Any:
        other = next(name for name in SITES if name != site)
        made: list[str] = []
        with refusable:
            service.dispatch_transfer(
                site,
                other,
                [(sku, quantity)],
                reference=None,
                by=ASSOCIATE,
                once=a_key(),
                answer=noting(made),
            )
            return made[0], sku
        return None

    @rule(one=under_way, quantity=st.integers(0, 9), complete=st.booleans())
    def arrive(self, one: Any, quantity: int, complete: bool) -> None:
        if one is not None:
            with refusable:
                service.receive_transfer(
                    one[0],
                    {one[1]: quantity},
                    complete=complete,
                    by=ASSOCIATE,
                    once=a_key(),
                    answer=lambda _: no_answer(),
                )

    @rule(one=under_way)
    def call_back(self, one: Any) -> None:
        if one is not None:
            with refusable:
                service.cancel_transfer(one[0], by=ASSOCIATE, once=a_key(), answer=lambda _: no_answer())

    @invariant()
    def the_equation_holds(self) -> None:
        for sku in SKUS:
            booked = movements(sku) if any(counters(sku, site) != (0, 0, 0) for site in SITES) else []
            for site in SITES:
                on_hand, available, reserved = counters(sku, site)
                assert on_hand == available + reserved
                assert min(on_hand, available, reserved) >= 0
                assert reserved == self.held.get((sku, site), 0)
                if booked:
                    assert on_hand == sum(quantity for _, where, quantity in booked if where == site)


@pytest.mark.slow
def test_whatever_is_done_no_unit_is_lost_or_sold_twice():
    run_state_machine_as_test(
        StockMachine,
        settings=settings(
            max_examples=8,
            stateful_step_count=20,
            deadline=None,
            suppress_health_check=list(HealthCheck),
            derandomize=True,
        ),
    )
