"""Amounts add up, status follows counters, and what is due over any parcelling ends at the total."""

from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.core.table import Transaction
from chalicelib.orders import store
from chalicelib.orders.domain import (
    Allocation,
    Decision,
    NotPending,
    Status,
    TotalNegative,
    cancel,
    confirm,
    deliver,
    due_on_shipment,
    is_settled,
    price_lines,
    reassign,
    refuse,
    ship,
)
from tests.unit.orders.builders import a_charge, a_note, an_order, wanted


def test_total_is_goods_plus_charges_and_tax_is_inside() -> None:
    order = an_order(wanted(quantity=6, unit_price=255), charges=(a_charge(1800),))
    assert order.total.amount == 6 * 255 + 1800
    assert order.lines[0].tax == 255  # 1,530 gross at 20 % holds 255


def test_a_discount_is_shared_over_lines_exactly() -> None:
    lines = price_lines([wanted("A", 1, 100), wanted("B", 1, 100), wanted("C", 1, 100)], [a_charge(-100, "D")])
    assert [line.discount for line in lines] == [34, 33, 33]
    assert [line.charged for line in lines] == [66, 67, 67]


def test_a_discount_beyond_the_goods_is_refused() -> None:
    with pytest.raises(TotalNegative):
        price_lines([wanted("A", 1, 100)], [a_charge(-101, "D")])


def _confirmed(*lines: object, charges: tuple[object, ...] = ()) -> object:
    order = an_order(*lines, charges=charges)  # type: ignore[arg-type]
    return confirm(order, [a_note()], order.allocations)


@pytest.mark.parametrize(
    ("counters", "status"),
    [
        ({}, Status.CONFIRMED),
        ({"shipped": 2}, Status.PARTIALLY_SHIPPED),
        ({"shipped": 5}, Status.SHIPPED),
        ({"shipped": 3, "cancelled": 2}, Status.SHIPPED),
        ({"shipped": 5, "delivered": 1}, Status.PARTIALLY_DELIVERED),
        ({"shipped": 5, "delivered": 5}, Status.DELIVERED),
        ({"shipped": 3, "delivered": 3, "cancelled": 2}, Status.DELIVERED),
        ({"cancelled": 5}, Status.CANCELLED),
        ({"shipped": 5, "delivered": 5, "returned": 5}, Status.RETURNED),
        ({"shipped": 5, "delivered": 5, "returned": 1}, Status.DELIVERED),
    ],
)
def test_status_follows_the_counters(counters: dict[str, int], status: Status) -> None:
    order = _confirmed(wanted(quantity=5))
    assert replace(order, lines=(replace(order.lines[0], **counters),)).status is status


def test_a_confirmed_order_without_goods_is_delivered() -> None:
    order = replace(an_order(charges=(a_charge(500),)), lines=(), allocations=())
    assert order.status is Status.PLACED
    assert confirm(order, [], []).status is Status.DELIVERED


def test_an_order_is_decided_once() -> None:
    order = an_order()
    assert refuse(order, "insufficient_funds").status is Status.REFUSED
    with pytest.raises(NotPending):
        confirm(refuse(order, "insufficient_funds"), [], [])
    with pytest.raises(NotPending):
        refuse(refuse(order, "insufficient_funds"), "again")


def test_what_left_the_house_cannot_be_refused() -> None:
    order = ship(_confirmed(wanted(quantity=2)), a_note(status="shipped"), {"1": 1}, {})
    with pytest.raises(NotPending):
        refuse(order, "late")


def test_refusing_undoes_a_confirmation_of_which_nothing_left() -> None:
    refused = refuse(_confirmed(wanted(quantity=2)), "unavailable")
    assert refused.decision is Decision.REFUSED
    assert [line.allocated for line in refused.lines] == [0]
    assert [note.status for note in refused.fulfilments] == ["cancelled"]


def test_short_units_have_no_location_until_they_are_reassigned_or_cancelled() -> None:
    order = _confirmed(wanted(quantity=3, unit_price=333), charges=(a_charge(500),))
    assert due_on_shipment(order, {"1": 2}) == 666 + 500
    after = ship(order, a_note(status="shipped"), {"1": 2}, {"1": 1})
    assert (after.lines[0].shipped, after.lines[0].unassigned, after.status) == (2, 1, Status.PARTIALLY_SHIPPED)
    assert not is_settled(after)

    elsewhere = reassign(after, {"1": 1}, [a_note(2)], a_note().id)
    assert (elsewhere.lines[0].unassigned, [note.id[-1] for note in elsewhere.fulfilments]) == (0, ["1", "2"])

    given_up = cancel(after, {"1": 1})
    assert (given_up.lines[0].cancelled, given_up.lines[0].allocated, given_up.status) == (1, 2, Status.SHIPPED)
    assert is_settled(given_up)
    assert deliver(given_up, a_note(status="delivered"), {"1": 2}).status is Status.DELIVERED


_STEPS = st.tuples(st.sampled_from(["short", "found", "called off"]), st.integers(0, 2), st.integers(0, 6))


@given(st.lists(_STEPS, max_size=12))
def test_each_unit_that_nobody_is_asked_for_is_one_fulfilments_shortage(steps: list[tuple[str, int, int]]) -> None:
    order = confirm(an_order(wanted(quantity=12)), [a_note(1), a_note(2), a_note(3)], [Allocation("1", "loc_1", 12)])
    for what, number, units in steps:
        note, line = order.fulfilments[number], order.lines[0]
        before = {one.id: order.missing(one.id).get("1", 0) for one in order.fulfilments}
        if what == "short":
            order = ship(order, note, {}, {"1": min(units, line.allocated)})
        elif what == "found":
            order = reassign(order, {"1": min(units, before[note.id])}, [], note.id)
        else:
            order = cancel(order, {"1": min(units, before[note.id])}, missing_of=note.id)
        after = {one.id: order.missing(one.id).get("1", 0) for one in order.fulfilments}
        assert sum(after.values()) == order.lines[0].unassigned
        assert [one for one in after if after[one] != before[one]] in ([], [note.id])


def test_of_an_order_that_was_refused_nothing_is_missing() -> None:
    after = ship(_confirmed(wanted(quantity=3)), a_note(), {}, {"1": 1})
    assert after.missing(a_note().id) == {"1": 1}
    assert refuse(after, "payment_lost").missing(a_note().id) == {}


def test_nothing_is_due_when_nothing_is_found() -> None:
    assert due_on_shipment(_confirmed(wanted(quantity=3), charges=(a_charge(500),)), {"1": 0}) == 0


@given(
    lines=st.lists(st.tuples(st.integers(1, 50), st.integers(0, 10_000)), min_size=1, max_size=6),
    postage=st.integers(0, 2_000),
    off=st.integers(0, 100),
    data=st.data(),
)
def test_any_parcelling_ends_at_the_total(
    lines: list[tuple[int, int]], postage: int, off: int, data: st.DataObject
) -> None:
    goods = sum(quantity * price for quantity, price in lines)
    charges = tuple(a_charge(amount) for amount in (postage, -(goods * off // 100)) if amount)
    order = an_order(*(wanted(f"S{i}", q, p) for i, (q, p) in enumerate(lines)), charges=charges)
    order = confirm(order, [a_note()], order.allocations)
    due = 0
    while not is_settled(order):
        parcel = {line.id: data.draw(st.integers(0, line.open), label=line.id) for line in order.lines}
        if not any(parcel.values()):
            parcel = {line.id: line.open for line in order.lines}
        due += due_on_shipment(order, parcel)
        order = ship(order, a_note(), parcel, {})
    assert due == order.total.amount
    assert order.status is Status.SHIPPED


def test_the_terms_of_a_supplier_are_kept_with_the_allocation(table: Any) -> None:
    terms = {"supplier_id": "sup_1", "unit_price": 90, "commission": {"rate_bps": 1500}}
    order = an_order(wanted("A"), wanted("B"), wanted("C"))
    ours, theirs, late = order.allocations
    kept = (ours, replace(theirs, location_id="sup_1", terms=terms), replace(late, waits=True))
    tx = Transaction()
    store.add(tx, replace(order, allocations=kept))
    tx.commit()
    found = store.get(order.id)
    assert found is not None
    assert found.allocations == kept
