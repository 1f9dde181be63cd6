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
from chalicelib.inventory.service import Move, ReturnedUnits, Settlement, StockLine
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
    put_back,
    receive,
    release,
    reserve,
    serve,
    set_policy,
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
        self.waiting: dict[tuple[str, str], int] = {}
        self.limits: dict[tuple[str, str], int] = {}

    def teardown(self) -> None:
        self.mock.stop()
        service.forget_locations()

    def _hold(self, sku: str, site: str, quantity: int, waiting: int = 0) -> None:
        self.held[sku, site] = self.held.get((sku, site), 0) + quantity
        self.waiting[sku, site] = self.waiting.get((sku, site), 0) + waiting

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

    @rule(sku=skus, site=sites, limit=st.integers(0, 9))
    def sell_before_it_is_there(self, sku: str, site: str, limit: int) -> None:
        set_policy(sku, limit, site)
        self.limits[sku, site] = max(limit, self.limits.get((sku, site), 0))

    @rule(target=placed, sku=skus, site=sites, quantity=units, later=st.integers(0, 5))
    def reserve(self, sku: str, site: str, quantity: int, later: int) -> Any:
        before = stock(sku, site)
        self.orders += 1
        id = f"ord_{self.orders}"
        # Nobody plans to wait for stock that is split.
        waits = min(later, quantity) if before.rows == 1 else 0
        there = quantity - waits
        possible = before.sellable("web") + (before.backorderable("web") if waits else 0)
        allowed = possible >= quantity and (not there or before.sellable("web") >= there)
        with clock.at(self.now):
            try:
                reserve(id, (sku, quantity, waits), at=site, seconds=60)
            except Conflict:
                assert not allowed
                return None
        assert allowed
        self._hold(sku, site, quantity, waits)
        return id, sku, site, quantity, waits

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
            self._hold(one[1], one[2], -one[3], -one[4])

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
                    self._hold(line.sku, line.location_id, -line.quantity, -line.waiting)

    @rule(target=confirmed, one=consumes(confirmed))
    def serve_who_waits(self, one: Any) -> Any:
        if one is None or not one[4]:
            return one
        id, sku, site, quantity, waits = one
        before = stock(sku, site)
        firm = before.reserved - before.waiting
        try:
            serve(sku, waits, site)
        except Conflict:
            assert before.on_hand - firm < waits
            return one
        assert before.on_hand - firm >= waits
        self._hold(sku, site, 0, -waits)
        return id, sku, site, quantity, 0

    @rule(one=consumes(confirmed))
    def cancel(self, one: Any) -> None:
        if one is not None:
            _, sku, site, quantity, waits = one
            put_back([StockLine(sku, site, quantity, waits)])
            self._hold(sku, site, -quantity, -waits)

    @rule(target=confirmed, one=consumes(confirmed), short=st.integers(0, 8))
    def ship(self, one: Any, short: int) -> Any:
        """What waits is not shipped: its parcel is not asked for."""
        if one is None or one[4]:
            return one
        _, sku, site, quantity, _ = one
        missing = min(short, quantity)
        settle(Settlement(sku, site, quantity - missing, missing))
        self._hold(sku, site, -quantity)
        return None

    @rule(sku=skus, site=sites, restock=st.integers(0, 4), write_off=st.integers(0, 4))
    def take_back(self, sku: str, site: str, restock: int, write_off: int) -> None:
        take_back(ReturnedUnits(sku, site, restock, write_off))

    @rule(target=confirmed, one=consumes(confirmed))
    def ship_from_elsewhere(self, one: Any) -> Any:
        if one is None:
            return None
        id, sku, site, quantity, waits = one
        if 0 < waits < quantity:
            # Such a one has a parcel that waits and one that does not, each moved by itself.
            return one
        other = next(name for name in SITES if name != site)
        try:
            move(Move(sku, site, other, quantity, waited=bool(waits)))
        except Conflict:
            return one
        self._hold(sku, site, -quantity, -waits)
        self._hold(sku, other, quantity)
        return id, sku, other, quantity, 0

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
                now = stock(sku, site)
                assert min(on_hand, reserved, now.waiting) >= 0
                assert available >= -self.limits.get((sku, site), 0)
                assert reserved - now.waiting <= on_hand
                assert (reserved, now.waiting) == (self.held.get((sku, site), 0), self.waiting.get((sku, site), 0))
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
