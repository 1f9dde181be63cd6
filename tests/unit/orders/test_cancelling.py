"""What can be cancelled, by whom, from which parcel, and what it would have cost."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.orders.domain import (
    CancellationPlan,
    Decision,
    NotCancellable,
    OpenPart,
    Order,
    Status,
    cancel,
    confirm,
    due_on_shipment,
    options,
    plan_cancellation,
    ship,
    worth_of,
)
from tests.unit.orders.builders import a_charge, a_note, an_order, wanted


def confirmed(*quantities: int) -> Order:
    order = an_order(*(wanted(f"S{number}", quantity) for number, quantity in enumerate(quantities)))
    return confirm(order, [a_note(1), a_note(2)], order.allocations)


def part(number: int, packed: bool = False, **units: int) -> OpenPart:
    return OpenPart(f"ful_X_{number}", packed, {line.removeprefix("line_"): count for line, count in units.items()})


def rules(refused: NotCancellable) -> list[tuple[str, str]]:
    return [(fault.pointer, fault.code) for fault in refused.faults]


def test_before_the_confirmation_all_is_cancelled_or_nothing() -> None:
    order = an_order(wanted(quantity=2), wanted("B"))
    assert plan_cancellation(order, [], None, staff=False).units == {"1": 2, "2": 1}
    assert plan_cancellation(order, [], {"1": 2, "2": 1}, staff=False).units == {"1": 2, "2": 1}
    with pytest.raises(NotCancellable) as refused:
        plan_cancellation(order, [], {"1": 1}, staff=True)
    assert rules(refused.value) == [("/lines/1", "not_confirmed")]
    gone = cancel(order, {})
    assert (gone.decision, gone.status, [line.cancelled for line in gone.lines]) == (
        Decision.CANCELLED,
        Status.CANCELLED,
        [2, 1],
    )


def test_units_are_taken_from_the_fulfilment_made_last_and_from_packed_ones_at_the_very_end() -> None:
    parts = [part(1, line_1=2), part(2, packed=True, line_1=2), part(10, line_1=1)]
    plan = plan_cancellation(confirmed(5), parts, {"1": 4}, staff=True)
    assert plan.by_part == {"ful_X_10": {"1": 1}, "ful_X_1": {"1": 2}, "ful_X_2": {"1": 1}}


def test_what_no_location_is_asked_for_goes_first() -> None:
    order = ship(confirmed(5), a_note(1, "shipped"), {"1": 1}, {"1": 2})
    plan = plan_cancellation(order, [part(2, line_1=2)], {"1": 3}, staff=False)
    assert (plan.units, plan.by_part) == ({"1": 3}, {"ful_X_2": {"1": 1}})
    line = cancel(order, plan.units).lines[0]
    assert (line.cancelled, line.allocated, line.unassigned, line.open) == (3, 2, 0, 1)


def test_only_staff_stops_what_is_packed() -> None:
    parts = [part(1, packed=True, line_1=2), part(2, line_1=1)]
    with pytest.raises(NotCancellable) as refused:
        plan_cancellation(confirmed(3), parts, {"1": 2}, staff=False)
    assert rules(refused.value) == [("/lines/1", "packed")]
    whole = plan_cancellation(confirmed(3), parts, None, staff=False)
    assert (whole.units, [(one.line_id, one.units, one.rule) for one in whole.stays]) == (
        {"1": 1},
        [("1", 2, "packed")],
    )
    assert plan_cancellation(confirmed(3), parts, None, staff=True).units == {"1": 3}


def test_the_rule_that_decided_is_named() -> None:
    order = ship(confirmed(2, 2), a_note(1, "shipped"), {"1": 2}, {})
    order = cancel(order, {"2": 2})
    for line, rule in (("1", "shipped"), ("2", "cancelled"), ("9", "unknown_line")):
        with pytest.raises(NotCancellable) as refused:
            plan_cancellation(order, [], {line: 1}, staff=True)
        assert rules(refused.value) == [(f"/lines/{line}", rule)]
    with pytest.raises(NotCancellable) as refused:
        plan_cancellation(order, [], None, staff=True)
    assert rules(refused.value) == [("/lines/1", "shipped"), ("/lines/2", "cancelled")]
    assert [(units, stays and stays.rule) for _, units, stays in options(order, [], staff=True)] == [
        (0, "shipped"),
        (0, "cancelled"),
    ]


@pytest.mark.parametrize("units", [4, -1])
def test_no_more_is_cancelled_than_is_open(units: int) -> None:
    with pytest.raises(ValueError, match="open units"):
        cancel(confirmed(3), {"1": units})


@given(
    lines=st.lists(st.tuples(st.integers(1, 20), st.integers(0, 5_000)), min_size=1, max_size=4),
    off=st.integers(0, 100),
    data=st.data(),
)
def test_what_ships_and_what_is_cancelled_add_up_to_the_price(
    lines: list[tuple[int, int]], off: int, data: st.DataObject
) -> None:
    goods = sum(quantity * price for quantity, price in lines)
    charges = tuple(a_charge(amount) for amount in (-(goods * off // 100),) if amount)
    order = an_order(*(wanted(f"S{i}", q, p) for i, (q, p) in enumerate(lines)), charges=charges)
    order = confirm(order, [a_note()], order.allocations)
    charged = called_off = 0
    while any(line.open for line in order.lines):
        units = {line.id: data.draw(st.integers(0, line.open)) for line in order.lines}
        if not any(units.values()):
            units = {line.id: line.open for line in order.lines}
        if data.draw(st.booleans()):
            charged += due_on_shipment(order, units)
            order = ship(order, a_note(), units, {})
        else:
            plan = plan_cancellation(order, [OpenPart("ful_X_1", False, _open(order))], units, staff=True)
            assert isinstance(plan, CancellationPlan)
            called_off += worth_of(order, plan.units)
            order = cancel(order, plan.units)
    assert charged + called_off == order.total.amount


def _open(order: Order) -> dict[str, int]:
    return {line.id: line.allocated - line.shipped for line in order.lines}
