"""A pickup's life: which way leads where, and which nowhere."""

from dataclasses import replace
from datetime import datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from chalicelib.core.clock import rfc3339
from chalicelib.core.errors import Conflict, RuleBroken
from chalicelib.lockers.domain import pickups
from chalicelib.lockers.domain.packing import Choice
from chalicelib.lockers.domain.pickups import (
    NoMoreExtensions,
    NotThisCompartment,
    Pickup,
    PickupOutOfTurn,
    PickupStatus,
    PlaceState,
    is_collectable,
)
from chalicelib.lockers.domain.sites import HoldPolicy
from tests.unit.lockers.builders import CABINET, NOON, a_compartment, a_pickup, a_plan

HOUR = timedelta(hours=1)
END = NOON + timedelta(days=3)
"""When a pickup that was ready at noon may not be collected any more."""

WAITLISTED, ALLOCATED, READY = PickupStatus.WAITLISTED, PickupStatus.ALLOCATED, PickupStatus.READY
OPENING, COLLECTED, FAULTED = PickupStatus.OPENING, PickupStatus.COLLECTED, PickupStatus.FAULTED
EXPIRED, CANCELLED, CLEARED = PickupStatus.EXPIRED, PickupStatus.CANCELLED, PickupStatus.CLEARED

TRANSITIONS = {
    "allocate": lambda pickup: pickups.allocate(pickup, a_plan()),
    "load": lambda pickup: pickups.load(pickup, CABINET, "1", ["p1"]),
    "issue_code": lambda pickup: pickups.issue_code(pickup, "shopper", "code-3"),
    "confirm": lambda pickup: pickups.confirm(pickup, NOON + HOUR),
    "emptied": lambda pickup: pickups.emptied(pickup, CABINET, "1"),
    "fault": lambda pickup: pickups.fault(pickup, "jammed"),
    "extend": lambda pickup: pickups.extend(pickup, NOON + HOUR),
    "expire": lambda pickup: pickups.expire(pickup, END),
    "cancel": lambda pickup: pickups.cancel(pickup, "changed_mind"),
    "clear": lambda pickup: pickups.clear(pickup, CABINET, "1"),
}
LEADS = {
    "allocate": {WAITLISTED: ALLOCATED},
    "load": {ALLOCATED: ALLOCATED},
    "issue_code": {READY: READY},
    "confirm": {READY: OPENING},
    "emptied": {OPENING: COLLECTED, FAULTED: COLLECTED},
    "fault": {OPENING: FAULTED, FAULTED: FAULTED},
    "extend": {READY: READY},
    "expire": {READY: EXPIRED},
    "cancel": {WAITLISTED: CLEARED, ALLOCATED: CLEARED, READY: CANCELLED},
    "clear": {FAULTED: CLEARED, EXPIRED: CLEARED, CANCELLED: CLEARED},
}
"""For a pickup in one compartment: from which status a transition leads to which. All others are refused."""


@pytest.mark.parametrize("status", list(PickupStatus))
@pytest.mark.parametrize("transition", list(TRANSITIONS))
def test_a_transition_leads_where_it_should_or_is_refused(transition, status):
    before = a_pickup(status, version=7)
    leads_to = LEADS[transition].get(status)
    if leads_to is None:
        with pytest.raises(PickupOutOfTurn, match=status):
            TRANSITIONS[transition](before)
    else:
        after = TRANSITIONS[transition](before)
        assert (after.status, after.version) == (leads_to, 8)
        assert before == a_pickup(status, version=7)


def test_the_whole_way():
    pickup = pickups.allocate(a_pickup(places=2), a_plan(2))
    assert [(one.label, one.package_ids, one.state) for one in pickup.places] == [
        ("cab_1/1", ("p1",), PlaceState.EMPTY),
        ("cab_1/2", ("p2",), PlaceState.EMPTY),
    ]
    pickup = pickups.load(pickup, CABINET, "2", ["p2"])
    assert not pickups.all_loaded(pickup)
    pickup = pickups.load(pickup, CABINET, "1", ["p1"])
    assert pickups.all_loaded(pickup)
    pickup = pickups.ready(pickup, NOON)
    assert (pickup.status, pickup.version) == (READY, 4)
    pickup = pickups.issue_code(pickup, "shopper", "code-1")
    assert (pickup.codes, pickup.issue) == ({"shopper": "code-1"}, 1)
    pickup = pickups.confirm(pickup, NOON + HOUR)
    assert (pickup.status, pickup.codes, pickup.confirmed_at) == (OPENING, {}, rfc3339(NOON + HOUR))
    pickup = pickups.emptied(pickup, CABINET, "1")
    assert (pickup.status, pickup.has_goods_inside) == (OPENING, True)
    pickup = pickups.emptied(pickup, CABINET, "2")
    assert (pickup.status, pickup.has_goods_inside, pickup.version) == (COLLECTED, False, 8)


# ---- putting in ---------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("cabinet", "number", "package_ids"),
    [
        ("cab_2", "1", ["p1"]),
        (CABINET, "3", ["p1"]),
        (CABINET, "2", ["p1"]),
        (CABINET, "1", []),
        (CABINET, "1", ["p1", "p2"]),
    ],
)
def test_what_belongs_elsewhere_is_not_put_in(cabinet, number, package_ids):
    with pytest.raises(NotThisCompartment) as refused:
        pickups.load(a_pickup(ALLOCATED, places=2), cabinet, number, package_ids)
    assert refused.value.members == {
        "places": [
            {"compartment": "cab_1/1", "packages": ["p1"]},
            {"compartment": "cab_1/2", "packages": ["p2"]},
        ]
    }


def test_packages_are_scanned_in_any_order_and_a_compartment_once():
    waiting = a_pickup()
    allocated = pickups.allocate(waiting, [Choice(a_compartment(), ("p1", "p2"))])
    loaded = pickups.load(allocated, CABINET, "1", ["p2", "p1"])
    with pytest.raises(PickupOutOfTurn, match="loaded before"):
        pickups.load(loaded, CABINET, "1", ["p1", "p2"])


def test_the_window_begins_when_it_is_ready():
    loaded = pickups.load(a_pickup(ALLOCATED), CABINET, "1", ["p1"])
    pickup = pickups.ready(loaded, NOON)
    assert (pickup.ready_at, pickup.expires_at) == (rfc3339(NOON), rfc3339(END))
    assert pickup.remind_at == rfc3339(NOON + timedelta(days=2))
    assert pickup.version == loaded.version


def test_a_reminder_is_never_before_it_is_ready():
    short = HoldPolicy(window_seconds=3600, reminder_seconds=7200, extension_seconds=1800)
    loaded = pickups.load(a_pickup(ALLOCATED, hold=short), CABINET, "1", ["p1"])
    pickup = pickups.ready(loaded, NOON)
    assert pickup.remind_at == rfc3339(NOON)
    assert pickups.extend(pickup, NOON + HOUR / 2).remind_at == rfc3339(NOON + HOUR / 2)


# ---- codes --------------------------------------------------------------------------------------------------------------


def test_a_code_takes_the_place_of_the_one_before():
    pickup = pickups.issue_code(a_pickup(READY), "shopper", "code-3")
    assert (pickup.codes, pickup.issue) == ({"shopper": "code-3", "delegate": "code-2"}, 3)


def test_a_code_may_be_called_back():
    pickup = pickups.revoke_code(a_pickup(READY), "delegate")
    assert (pickup.codes, pickup.issue, pickup.version) == ({"shopper": "code-1"}, 2, 2)
    assert pickups.revoke_code(pickup, "delegate").codes == {"shopper": "code-1"}


@pytest.mark.parametrize("transition", ["confirm", "expire", "cancel"])
def test_nothing_opens_it_after(transition):
    assert TRANSITIONS[transition](a_pickup(READY)).codes == {}


def test_what_was_extended_keeps_its_codes():
    assert pickups.extend(a_pickup(READY), NOON).codes == a_pickup(READY).codes


# ---- the end of the window ----------------------------------------------------------------------------------------------


def succeeds(transition, *arguments) -> bool:
    try:
        transition(*arguments)
    except PickupOutOfTurn:
        return False
    return True


instants = st.integers(-2_000_000, 2_000_000).map(lambda microseconds: END + timedelta(microseconds=microseconds))
instants |= st.datetimes(datetime(2025, 1, 1), datetime(2027, 1, 1)).map(lambda at: at.replace(tzinfo=NOON.tzinfo))  # noqa: DTZ001


@given(instants)
def test_at_each_moment_it_can_be_confirmed_or_expired_and_never_both(at):
    pickup = a_pickup(READY)
    assert is_collectable(pickup, at) is (at < END)
    assert succeeds(pickups.confirm, pickup, at) is is_collectable(pickup, at)
    assert succeeds(pickups.extend, pickup, at) is is_collectable(pickup, at)
    assert succeeds(pickups.expire, pickup, at) is not is_collectable(pickup, at)


@given(st.sampled_from([one for one in PickupStatus if one is not READY]), instants)
def test_only_what_is_ready_can_be_confirmed_or_expired(status, at):
    pickup = a_pickup(status)
    assert not is_collectable(pickup, at)
    assert not succeeds(pickups.confirm, pickup, at)
    assert not succeeds(pickups.expire, pickup, at)


def test_the_last_moment():
    pickup = a_pickup(READY)
    assert is_collectable(pickup, END - timedelta(microseconds=1))
    assert not is_collectable(pickup, END)
    assert pickups.expire(pickup, END).reason == "not_collected"


@pytest.mark.parametrize("most", [0, 1, 3])
def test_it_is_extended_so_often_and_by_so_much(most):
    pickup = a_pickup(READY, hold=HoldPolicy(max_extensions=most, extension_seconds=3600, reminder_seconds=1800))
    for number in range(1, most + 1):
        pickup = pickups.extend(pickup, NOON)
        assert (pickup.extensions, pickup.expires_at) == (number, rfc3339(END + number * HOUR))
        assert pickup.remind_at == rfc3339(END + number * HOUR - HOUR / 2)
    with pytest.raises(NoMoreExtensions):
        pickups.extend(pickup, NOON)
    assert is_collectable(pickup, END + most * HOUR - timedelta(microseconds=1))
    assert not is_collectable(pickup, END + most * HOUR)


def test_what_is_over_is_not_extended():
    with pytest.raises(PickupOutOfTurn):
        pickups.extend(a_pickup(READY), END)


# ---- taking out ---------------------------------------------------------------------------------------------------------


def test_one_that_faulted_goes_on_from_there():
    pickup = pickups.fault(a_pickup(OPENING, places=2), "jammed")
    assert (pickup.status, pickup.reason) == (FAULTED, "jammed")
    pickup = pickups.emptied(pickup, CABINET, "1")
    assert (pickup.status, pickup.reason) == (FAULTED, "jammed")
    pickup = pickups.emptied(pickup, CABINET, "2")
    assert (pickup.status, pickup.reason) == (COLLECTED, None)


@pytest.mark.parametrize("status", [OPENING, FAULTED])
def test_a_door_that_is_none_of_its_own(status):
    with pytest.raises(NotThisCompartment):
        pickups.emptied(a_pickup(status), CABINET, "9")


@pytest.mark.parametrize("status", [EXPIRED, CANCELLED, FAULTED])
def test_staff_takes_out_what_is_in(status):
    pickup = pickups.clear(a_pickup(status, places=2), CABINET, "2")
    assert (pickup.status, pickup.has_goods_inside) == (status, True)
    pickup = pickups.clear(pickup, CABINET, "1")
    assert (pickup.status, pickup.has_goods_inside) == (CLEARED, False)
    with pytest.raises(NotThisCompartment):
        pickups.clear(a_pickup(status), "cab_2", "1")


def test_what_was_put_in_before_it_was_called_off_is_taken_out():
    loaded = pickups.load(a_pickup(ALLOCATED, places=2), CABINET, "1", ["p1"])
    pickup = pickups.cancel(loaded, "changed_mind")
    assert (pickup.status, pickup.reason) == (CANCELLED, "changed_mind")
    assert pickups.clear(pickup, CABINET, "1").status is CLEARED


def test_a_pickup_is_named_after_its_fulfilment():
    assert pickups.pickup_id("ful_01J00000000000000000000000_2") == "pck_01J00000000000000000000000_2"


# ---- whatever is done to it ---------------------------------------------------------------------------------------------

REFUSALS = (Conflict, RuleBroken)
numbers = st.sampled_from(["1", "2", "3"])
whose = st.sampled_from(["shopper", "delegate"])


class PickupMachine(RuleBasedStateMachine):
    """Staff, shopper, schedule and cabinets do what they like, when they like."""

    @initialize(
        status=st.sampled_from([WAITLISTED, ALLOCATED, READY, OPENING]),
        places=st.integers(1, 3),
        hold=st.builds(
            HoldPolicy,
            st.integers(1, 5).map(lambda hours: hours * 3600),
            st.just(1800),
            st.just(7200),
            st.integers(0, 2),
        ),
    )
    def begin(self, status: PickupStatus, places: int, hold: HoldPolicy) -> None:
        self.pickup = a_pickup(status, places, hold=hold)
        self.pickup = replace(self.pickup, remind_at=self.pickup.ready_at)
        self.now = NOON
        self.steps = 0
        self.done: list[str] = ["confirm"] if status is OPENING else []
        self.opened: set[str] = set()
        self.taken_out: set[str] = set()

    def step(self, name: str, *arguments) -> bool:
        """Do it, or be refused without effect; says which."""
        before = self.pickup
        try:
            after: Pickup = getattr(pickups, name)(before, *arguments)
        except REFUSALS:
            return False
        assert after.version == before.version + 1
        assert before.status not in (COLLECTED, CLEARED) or name == "revoke_code"
        self.pickup = after
        self.steps += 1
        self.done.append(name)
        return True

    @rule(minutes=st.integers(1, 120))
    def time_passes(self, minutes: int) -> None:
        self.now += timedelta(minutes=minutes)

    @precondition(lambda self: self.pickup.status is WAITLISTED)
    @rule()
    def allocate(self) -> None:
        assert self.step("allocate", a_plan(len(self.pickup.packages)))

    @rule(number=numbers, with_more=st.sampled_from([False, False, False, True]))
    def load(self, number: str, with_more: bool) -> None:
        package_ids = [f"p{number}", "p9"] if with_more else [f"p{number}"]
        if self.step("load", CABINET, number, package_ids):
            assert not with_more
            if pickups.all_loaded(self.pickup):
                self.pickup = pickups.ready(self.pickup, self.now)

    @rule(whose=whose)
    def issue_code(self, whose: str) -> None:
        self.step("issue_code", whose, f"code-{self.pickup.issue + 1}")

    @rule(whose=whose)
    def revoke_code(self, whose: str) -> None:
        assert self.step("revoke_code", whose)

    @rule()
    def confirm(self) -> None:
        collectable = is_collectable(self.pickup, self.now)
        assert self.step("confirm", self.now) is collectable

    @rule()
    def expire(self) -> None:
        over = self.pickup.status is READY and not is_collectable(self.pickup, self.now)
        assert self.step("expire", self.now) is over

    @rule()
    def extend(self) -> None:
        possible = is_collectable(self.pickup, self.now)
        possible = possible and self.pickup.extensions < self.pickup.hold.max_extensions
        assert self.step("extend", self.now) is possible

    @rule(number=numbers)
    def a_door_opens(self, number: str) -> None:
        if self.step("emptied", CABINET, number):
            self.opened.add(number)

    @rule()
    def a_door_does_not_open(self) -> None:
        self.step("fault", "jammed")

    @rule()
    def cancel(self) -> None:
        self.step("cancel", "changed_mind")

    @rule(number=numbers)
    def clear(self, number: str) -> None:
        if self.step("clear", CABINET, number):
            self.taken_out.add(number)

    @invariant()
    def each_step_is_a_version(self) -> None:
        assert self.pickup.version == 1 + self.steps

    @invariant()
    def it_is_collected_when_each_place_was_emptied_and_not_before(self) -> None:
        places = {place.number for place in self.pickup.places}
        emptied = {place.number for place in self.pickup.places if place.state is PlaceState.EMPTIED}
        cleared = {place.number for place in self.pickup.places if place.state is PlaceState.CLEARED}
        assert emptied | cleared == self.opened | self.taken_out
        if self.pickup.status is COLLECTED:
            assert places
            assert emptied == places
            assert self.opened
            assert self.pickup.confirmed_at is not None
        if self.pickup.status in (COLLECTED, CLEARED):
            assert not self.pickup.has_goods_inside
        if self.pickup.status in (READY, EXPIRED, CANCELLED, OPENING):
            assert self.pickup.has_goods_inside
        if self.pickup.status is FAULTED:
            assert self.pickup.has_goods_inside or (emptied and cleared)

    @invariant()
    def only_what_is_ready_has_codes(self) -> None:
        assert self.pickup.status is READY or not self.pickup.codes

    @invariant()
    def it_ends_in_one_way(self) -> None:
        ends = [name for name in self.done if name in ("confirm", "expire", "cancel")]
        assert len(ends) <= 1
        assert (self.pickup.confirmed_at is not None) == (ends == ["confirm"])
        assert (self.pickup.status is EXPIRED) <= (ends == ["expire"])

    @invariant()
    def it_is_kept_as_long_as_was_said(self) -> None:
        hold = self.pickup.hold
        assert self.pickup.extensions <= hold.max_extensions
        if self.pickup.ready_at is not None:
            seconds = hold.window_seconds + self.pickup.extensions * hold.extension_seconds
            until = datetime.fromisoformat(self.pickup.ready_at) + timedelta(seconds=seconds)
            assert self.pickup.expires_at == rfc3339(until)
            assert self.pickup.ready_at <= str(self.pickup.remind_at) < rfc3339(until)


def test_whatever_is_done_to_it_a_pickup_is_where_it_says():
    run_state_machine_as_test(PickupMachine, settings=settings(max_examples=150, stateful_step_count=30, deadline=None))


def test_what_a_pickup_holds_is_in_the_place_that_it_names():
    pickup = a_pickup(READY, places=2)
    assert pickup.place(CABINET, "2") is pickup.places[1]
    assert pickup.place("cab_2", "2") is None
    assert not replace(pickup, places=()).has_goods_inside
