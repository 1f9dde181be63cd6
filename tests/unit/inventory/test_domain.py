"""The rules of stock, without a table."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.core.auth import Principal
from chalicelib.core.errors import NotFound
from chalicelib.inventory.domain import (
    AdjustmentReason,
    Arrival,
    LocationStatus,
    Move,
    NothingToDo,
    NotInTransfer,
    Reservation,
    ReservationState,
    ReturnedUnits,
    Settlement,
    Stock,
    StockLine,
    StockPolicy,
    StockTooLow,
    Transfer,
    TransferLine,
    TransferSettled,
    TransferStatus,
    WrongDirection,
    arrive,
    call_back,
    check_direction,
    check_own_hold,
    is_name,
    net_of_moves,
    sources,
    summed,
    summed_returns,
    summed_settlements,
)
from tests.unit.inventory.builders import ADMIN, ASSOCIATE, NOON, a_location


def a_transfer(*lines: TransferLine) -> Transfer:
    return Transfer("trf_1", "leeds", "york", TransferStatus.IN_TRANSIT, lines or (TransferLine("A", 10),))


def test_sellable_is_what_is_left_beyond_the_channels_safety_stock():
    stock = Stock("A", "leeds", on_hand=7, available=5, reserved=2, policy=StockPolicy({"web": 2, "store": 9}))
    assert [stock.sellable(channel) for channel in ("web", "store", "marketplace")] == [3, 0, 5]


def test_sources_are_active_serve_the_channel_and_come_by_priority_then_id():
    locations = [
        a_location("d", priority=2),
        a_location("c", priority=1, channels=("web", "store")),
        a_location("b", priority=1),
        a_location("a", priority=0, status=LocationStatus.PAUSED),
        a_location("e", priority=0, channels=("store",)),
    ]
    assert [one.id for one in sources(locations, "web")] == ["b", "c", "d"]


def test_sources_are_at_most_eight():
    locations = [a_location(f"l{number}", priority=number) for number in range(10)]
    assert [one.id for one in sources(locations, "web")] == [f"l{number}" for number in range(8)]


def test_lines_are_summed_per_sku_and_location_and_those_of_nothing_left_out():
    lines = [StockLine("A", "x", 2), StockLine("B", "x", 1), StockLine("A", "x", 3), StockLine("A", "y", 1)]
    assert summed([*lines, StockLine("B", "x", -1)]) == [StockLine("A", "x", 5), StockLine("A", "y", 1)]


def test_settlements_are_summed_per_sku_and_location():
    given_lines = [Settlement("A", "x", 2, 1), Settlement("A", "x", 1, 0), Settlement("B", "x", 0, 0)]
    assert summed_settlements(given_lines) == [Settlement("A", "x", 3, 1)]


def test_returns_are_summed_per_sku_and_location():
    given_lines = [ReturnedUnits("A", "x", 2, 0), ReturnedUnits("A", "x", 1, 3), ReturnedUnits("B", "x", 0, 0)]
    assert summed_returns(given_lines) == [ReturnedUnits("A", "x", 3, 3)]


def test_moves_that_pass_through_a_location_cancel_out_there():
    assert net_of_moves([Move("A", "x", "y", 2), Move("A", "y", "z", 2)]) == [
        StockLine("A", "x", -2),
        StockLine("A", "z", 2),
    ]


@pytest.mark.parametrize(
    ("reason", "quantity"),
    [
        (AdjustmentReason.DAMAGE, 1),
        (AdjustmentReason.THEFT, 1),
        (AdjustmentReason.SAMPLE, 2),
        (AdjustmentReason.FOUND, -1),
    ],
)
def test_losses_take_and_finds_add(reason, quantity):
    with pytest.raises(WrongDirection) as refused:
        check_direction(reason, [-quantity, quantity])
    assert [fault.pointer for fault in refused.value.faults] == ["/lines/1/quantity"]


def test_corrections_go_either_way():
    check_direction(AdjustmentReason.CORRECTION, [1, -1])


def test_shortages_of_several_conditions_are_told_together():
    errors = [StockTooLow.of([{"sku": sku, "location_id": "leeds", "wanted": 2, "left": 1}]) for sku in ("A", "B")]
    assert [short["sku"] for short in StockTooLow.combine(errors).members["shortages"]] == ["A", "B"]


@pytest.mark.parametrize("text", ["", "#", "A#B", "A B", "-A", "A" * 65, "Ä", "A\n"])
def test_what_is_no_name_is_not_looked_up(text):
    assert not is_name(text)


@pytest.mark.parametrize("text", ["85123A", "wh-1", "gift_0001.40", "A" * 64])
def test_names(text):
    assert is_name(text)


# ---- holds --------------------------------------------------------------------------------------------------------------


def a_hold(owner: str = "user:usr_associate") -> Reservation:
    return Reservation("rsv_1", ReservationState.OPEN, (StockLine("A", "leeds", 1),), "store", owner, NOON)


def test_a_hold_is_its_makers_and_the_administrators():
    check_own_hold(a_hold(), ASSOCIATE)
    check_own_hold(a_hold(), ADMIN)


@pytest.mark.parametrize(
    ("owner", "by"),
    [
        ("user:usr_other", ASSOCIATE),
        ("machine:usr_associate", ASSOCIATE),
        ("ord_1", ADMIN),
        ("user:usr_other", Principal("machine", "till", scopes=frozenset({"inventory.write"}))),
    ],
)
def test_a_hold_is_nobody_elses(owner, by):
    with pytest.raises(NotFound):
        check_own_hold(a_hold(owner), by)


def test_what_is_being_built_is_open_or_committed_holds_stock():
    holding = [state for state in ReservationState if replace(a_hold(), state=state).holds_stock]
    assert holding == [ReservationState.BUILDING, ReservationState.OPEN, ReservationState.COMMITTED]


# ---- transfers ----------------------------------------------------------------------------------------------------------


def test_all_that_was_sent_arrives():
    after, booked = arrive(a_transfer(), {"A": 10}, complete=False)
    assert (after.status, after.version, booked) == (TransferStatus.RECEIVED, 2, [Arrival("A", 10, 0)])


def test_a_part_arrives_and_the_rest_is_awaited():
    after, booked = arrive(a_transfer(), {"A": 4}, complete=False)
    assert (after.status, after.lines[0].outstanding, booked) == (TransferStatus.IN_TRANSIT, 6, [Arrival("A", 4, 0)])


def test_what_is_missing_at_the_end_is_a_discrepancy():
    part, _ = arrive(a_transfer(), {"A": 4}, complete=False)
    after, booked = arrive(part, {"A": 3}, complete=True)
    assert booked == [Arrival("A", landed=6, discrepancy=-3)]
    assert (after.status, after.lines) == (TransferStatus.RECEIVED, (TransferLine("A", 10, 7, 3),))


def test_more_than_was_sent_is_a_discrepancy_at_once():
    after, booked = arrive(a_transfer(), {"A": 12}, complete=False)
    assert booked == [Arrival("A", landed=10, discrepancy=2)]
    assert (after.status, after.lines[0].missing) == (TransferStatus.RECEIVED, -2)


def test_nothing_at_all_arrived():
    after, booked = arrive(a_transfer(), {}, complete=True)
    assert (after.status, booked, booked[0].came) == (TransferStatus.RECEIVED, [Arrival("A", 10, -10)], 0)


def test_an_arrival_of_nothing_is_none():
    with pytest.raises(NothingToDo):
        arrive(a_transfer(), {"A": 0}, complete=False)


def test_skus_of_another_transfer_do_not_arrive():
    with pytest.raises(NotInTransfer) as refused:
        arrive(a_transfer(), {"A": 1, "B": 1}, complete=False)
    assert refused.value.members == {"skus": ["B"]}


def test_called_back_returns_what_is_still_on_its_way():
    part, _ = arrive(a_transfer(TransferLine("A", 10), TransferLine("B", 2)), {"A": 4, "B": 2}, complete=False)
    after, back = call_back(part)
    assert (after.status, back) == (TransferStatus.CANCELLED, [StockLine("A", "leeds", 6)])


@pytest.mark.parametrize("status", [TransferStatus.RECEIVED, TransferStatus.CANCELLED])
def test_a_settled_transfer_stays_so(status):
    settled = replace(a_transfer(), status=status)
    with pytest.raises(TransferSettled):
        arrive(settled, {"A": 1}, complete=False)
    with pytest.raises(TransferSettled):
        call_back(settled)


@given(
    st.dictionaries(st.sampled_from("ABC"), st.integers(1, 9), min_size=1),
    st.lists(st.tuples(st.dictionaries(st.sampled_from("ABC"), st.integers(0, 12)), st.booleans()), max_size=4),
)
def test_what_was_sent_arrived_is_missing_or_is_on_its_way(sent, receipts):
    transfer = a_transfer(*(TransferLine(sku, units) for sku, units in sent.items()))
    landed = dict.fromkeys(sent, 0)
    came = dict.fromkeys(sent, 0)
    for units, complete in receipts:
        try:
            transfer, booked = arrive(transfer, {k: v for k, v in units.items() if k in sent}, complete=complete)
        except (NothingToDo, TransferSettled):
            continue
        for one in booked:
            landed[one.sku] += one.landed
            came[one.sku] += one.came
    for line in transfer.lines:
        assert line.sent == landed[line.sku] + line.outstanding
        assert line.arrived == came[line.sku]
        assert line.outstanding >= 0
    assert (transfer.status is TransferStatus.RECEIVED) == all(line.outstanding == 0 for line in transfer.lines)
