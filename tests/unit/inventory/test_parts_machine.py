"""Large reservations live and die in any order, and processes with them: what they hold is what is reserved, always."""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from datetime import timedelta
from typing import Any

import boto3
import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import Bundle, RuleBasedStateMachine, invariant, rule, run_state_machine_as_test
from moto import mock_aws

from chalicelib.core import clock
from chalicelib.core.errors import Conflict
from chalicelib.inventory import service, store
from chalicelib.inventory.domain import ReservationState, StockTooLow, summed
from chalicelib.inventory.service import Settlement, StockLine, large_reservations
from tests.conftest import create_table
from tests.unit.inventory.builders import (
    ASSOCIATE,
    NOON,
    adjust,
    commit,
    has_location,
    on_shelf,
    open_parts,
    release,
    reserve,
    set_safety,
    settle,
    stock,
)
from tests.unit.inventory.crashes import Crash, dying_at

SKUS = ["A", "B", "C"]
skus = st.sampled_from(SKUS)
some_lines = st.lists(st.tuples(skus, st.integers(1, 4)), min_size=1, max_size=3)
deaths = st.just((0, False)) | st.tuples(st.integers(1, 6), st.booleans())
"""At which transaction a process dies (0: it does not), and whether that is committed."""

ENDED = (ReservationState.RELEASED, ReservationState.EXPIRED)


class PartsMachine(RuleBasedStateMachine):
    """One line a part, at one location."""

    large = Bundle("large")

    def __init__(self) -> None:
        super().__init__()
        self.mock = mock_aws()
        self.mock.start()
        self.dynamodb = boto3.client("dynamodb")
        create_table(self.dynamodb)
        service.forget_locations()
        has_location()
        on_shelf(*((sku, 12) for sku in SKUS))
        self.now = NOON
        self.ids: list[str] = []
        self.small: Counter[str] = Counter()
        self.shipped: set[str] = set()
        self.part_lines, large_reservations.PART_LINES = large_reservations.PART_LINES, 1

    def teardown(self) -> None:
        large_reservations.PART_LINES = self.part_lines
        self.mock.stop()
        service.forget_locations()

    def _run(self, work: Callable[[], Any], dies: tuple[int, bool]) -> None:
        number, committed = dies
        with clock.at(self.now), dying_at(number, committed=committed), suppress(Crash):
            work()

    @rule(sku=skus, quantity=st.integers(-3, 6).filter(bool))
    def adjust(self, sku: str, quantity: int) -> None:
        with suppress(Conflict):
            adjust((sku, quantity))

    @rule(sku=skus, quantity=st.integers(0, 3))
    def keep_back(self, sku: str, quantity: int) -> None:
        set_safety(sku, {"web": quantity})

    @rule(sku=skus, quantity=st.integers(1, 3))
    def another_buys(self, sku: str, quantity: int) -> None:
        with suppress(Conflict):
            reserve(f"ord_{len(self.small)}.{self.small[sku]}", (sku, quantity))
            self.small[sku] += quantity

    @rule(target=large, lines=some_lines, dies=deaths)
    def take(self, lines: list[tuple[str, int]], dies: tuple[int, bool]) -> str:
        id = f"big_{len(self.ids)}"
        self.ids.append(id)
        wanted = summed(StockLine(sku, "leeds", quantity) for sku, quantity in lines)
        short = {line.sku: line.quantity for line in wanted if stock(line.sku).sellable("web") < line.quantity}

        def take() -> None:
            try:
                expiry = self.now + timedelta(seconds=60)
                service.reserve_in_parts(id, wanted, channel="web", expires_at=expiry, owner=id, by=ASSOCIATE)
                assert not short
            except StockTooLow as error:
                told.append({one["sku"]: one["wanted"] for one in error.members["shortages"]})

        told: list[dict[str, int]] = []
        self._run(take, dies)
        assert told in ([], [short])
        return id

    @rule(id=large, dies=deaths)
    def open_it(self, id: str, dies: tuple[int, bool]) -> None:
        self._bind(open_parts, id, dies, ReservationState.BUILDING)

    @rule(id=large, dies=deaths)
    def commit_it(self, id: str, dies: tuple[int, bool]) -> None:
        self._bind(commit, id, dies, ReservationState.OPEN)

    def _bind(self, bind: Any, id: str, dies: tuple[int, bool], wanted: ReservationState) -> None:
        before = service.find_reservation(id)
        if before is None:
            return
        possible = (before.state, before.expires_at > self.now) == (wanted, True)

        def work() -> None:
            try:
                bind(id)
                assert possible
            except Conflict:
                assert not possible

        self._run(work, dies)

    @rule(id=large, dies=deaths)
    def release_it(self, id: str, dies: tuple[int, bool]) -> None:
        before = service.find_reservation(id)
        if before is None or f"RESERVATION#{id}" in self.shipped:
            return

        def work() -> None:
            try:
                release(id)
                assert before.holds_stock
            except Conflict:
                assert not before.holds_stock

        self._run(work, dies)

    @rule(id=large, dies=deaths)
    def finish_it(self, id: str, dies: tuple[int, bool]) -> None:
        self._run(lambda: service.finish_release(id, ASSOCIATE), dies)

    @rule(target=large, lines=some_lines, until=st.integers(1, 4), dawdles=st.integers(0, 4), dies=deaths)
    def live(self, lines: list[tuple[str, int]], until: int, dawdles: int, dies: tuple[int, bool]) -> str:
        """One after the other, so that long lives are common, too; its time may run out before one of the steps."""
        id = self.take(lines, (0, False))
        for number, step in enumerate((self.open_it, self.commit_it, self.release_it)[:until]):
            self.now += timedelta(seconds=60 * (number == dawdles))
            step(id, dies)
        if until > 3:
            self.the_schedule_comes_by((0, False))
        return id

    @rule(id=large)
    def ship_it(self, id: str) -> None:
        reservation = service.find_reservation(id)
        if reservation and reservation.state is ReservationState.COMMITTED and f"RESERVATION#{id}" not in self.shipped:
            for part in store.held_parts(id):
                settle(*(Settlement(line.sku, line.location_id, line.quantity, 0) for line in part.lines))
            self.shipped.add(f"RESERVATION#{id}")

    @rule(seconds=st.sampled_from([20, 60]))
    def time_passes(self, seconds: int) -> None:
        self.now += timedelta(seconds=seconds)

    @rule(dies=deaths)
    def the_schedule_comes_by(self, dies: tuple[int, bool]) -> None:
        def come_by() -> None:
            assert service.release_expired(ASSOCIATE, within=30)["failed"] == 0
            for id in self.ids:
                one = service.find_reservation(id)
                assert one is None or one.state is not ReservationState.RELEASING
                assert one is None or one.expires_at > self.now or one.state in (*ENDED, ReservationState.COMMITTED)

        self._run(come_by, dies)

    @invariant()
    def what_is_reserved_is_held_by_somebody(self) -> None:
        rows = self.dynamodb.scan(TableName="aisle-test", ConsistentRead=True)["Items"]
        ended = {row["pk"]["S"] for row in rows if row["sk"]["S"] == "RESERVATION" and row["state"]["S"] in ENDED}
        held = self.small.copy()
        for row in rows:
            if row["sk"]["S"].startswith("PART#") and row["state"]["S"] == "held":
                assert row["pk"]["S"] not in ended
                if row["pk"]["S"] not in self.shipped:
                    held.update({sku: quantity for sku, _, quantity in json.loads(row["lines"]["S"])})
        for row in rows:
            if row["sk"]["S"] == "LOCATION#leeds":
                on_hand, available, reserved = (int(row[name]["N"]) for name in ("on_hand", "available", "reserved"))
                assert on_hand == available + reserved
                assert min(available, reserved) >= 0
                assert reserved == held[row["pk"]["S"].removeprefix("STOCK#")]


@pytest.mark.slow
def test_whatever_dies_what_is_held_is_what_is_reserved():
    run_state_machine_as_test(
        PartsMachine,
        settings=settings(
            max_examples=14,
            stateful_step_count=15,
            deadline=None,
            suppress_health_check=list(HealthCheck),
            derandomize=True,
        ),
    )
