"""Each command's conditions and effects, on a table in memory."""

from datetime import timedelta

import pytest

from chalicelib.core import clock
from chalicelib.core.auth import Principal
from chalicelib.core.errors import Conflict, Contended, NotFound, Stale
from chalicelib.core.idempotency import Replay, no_answer
from chalicelib.core.outbox import timeline
from chalicelib.core.table import Item, Transaction, find_many
from chalicelib.inventory import service, store
from chalicelib.inventory.domain import (
    MAX_UNITS,
    AdjustmentReason,
    AlreadySettled,
    CountBelowReserved,
    CountOutdated,
    LocationStatus,
    LocationUnknown,
    NothingToDo,
    ReservationLost,
    ReservationState,
    ReservedTooLow,
    SameLocation,
    StockTooLow,
    TooManyUnits,
    TransferSettled,
    TransferStatus,
    WrongDirection,
)
from chalicelib.inventory.service import Move, ReturnedUnits, Settlement, StockLine
from chalicelib.inventory.store.reservation import ReservationItem
from chalicelib.inventory.store.stock import StockItem
from tests.unit.inventory.builders import (
    ADMIN,
    ASSOCIATE,
    NOON,
    a_key,
    a_location,
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
    set_safety,
    settle,
    stock,
    take_back,
    the_reservation,
)

pytestmark = pytest.mark.usefixtures("leeds")

SYSTEM = Principal("system", "inventory")


def types_of(pk: str) -> list[str]:
    return [event.type for event in timeline(pk)]


# ---- locations ----------------------------------------------------------------------------------------------------------


def test_a_location_id_is_taken_once():
    with pytest.raises(Conflict):
        has_location("leeds", name="another")
    assert service.read_location("leeds", ADMIN).name == "leeds warehouse"


def test_a_location_is_stored_as_given():
    has_location("shop", cutoff="14:30", channels=("web", "store"), priority=7)
    assert service.read_location("shop", ADMIN) == a_location(
        "shop", cutoff="14:30", channels=("web", "store"), priority=7
    )


def test_a_change_needs_the_present_version():
    changed = service.change_location("leeds", 1, {"priority": 5}, by=ADMIN)
    assert (changed.priority, changed.version) == (5, 2)
    with pytest.raises(Stale):
        service.change_location("leeds", 1, {"priority": 6}, by=ADMIN)
    assert service.read_location("leeds", ADMIN).priority == 5


def test_of_two_changes_of_one_version_one_is_kept():
    first, second = (Transaction(), Transaction())
    for tx, priority in ((first, 3), (second, 4)):
        store.change_location(tx, a_location("leeds", priority=priority, version=2))
    first.commit()
    with pytest.raises(Stale):
        second.commit()


def test_a_paused_location_is_sourced_from_no_more():
    has_location("york", priority=0)
    assert [one.id for one in service.sourcing_locations("web")] == ["york", "leeds"]
    service.change_location("york", 1, {"status": LocationStatus.PAUSED}, by=ADMIN)
    assert [one.id for one in service.sourcing_locations("web")] == ["leeds"]


def test_locations_are_remembered_for_thirty_seconds():
    with clock.at(NOON):
        assert [one.id for one in service.sourcing_locations("web")] == ["leeds"]
        tx = Transaction()
        store.add_location(tx, a_location("york", priority=0))  # by another process
        tx.commit()
        assert [one.id for one in service.sourcing_locations("web")] == ["leeds"]
        assert [one.id for one in service.sourcing_locations("web", fresh=True)] == ["york", "leeds"]
        tx = Transaction()
        store.add_location(tx, a_location("hull", priority=2))
        tx.commit()
    with clock.at(NOON + timedelta(seconds=30)):
        assert [one.id for one in service.sourcing_locations("web")] == ["york", "leeds", "hull"]


def test_locations_are_listed_page_by_page():
    has_location("york")
    has_location("hull")
    first = service.list_locations(2, None, ASSOCIATE)
    assert [one.id for one in first.items] == ["hull", "leeds"]
    second = service.list_locations(2, first.next_cursor, ASSOCIATE)
    assert ([one.id for one in second.items], second.next_cursor) == (["york"], None)


# ---- receive, adjust, count ---------------------------------------------------------------------------------------------


def test_received_units_are_on_hand_and_available_with_a_movement_each():
    booked = receive(("A", 5), ("B", 1), ("A", 2))
    assert counters("A") == (7, 7, 0)
    assert counters("B") == (1, 1, 0)
    assert movements("A") == [("received", "leeds", 7)]
    assert [one.quantity for one in booked.movements] == [7, 1]
    assert types_of(f"STOCKCHANGE#{booked.id}") == ["StockReceived"]


def test_a_movement_says_who_when_and_why():
    with clock.at(NOON):
        service.adjust_stock(
            "leeds",
            [("A", 3)],
            AdjustmentReason.FOUND,
            reference="behind the shelf",
            by=ASSOCIATE,
            once=a_key(),
            answer=lambda _: no_answer(),
        )
    [found] = service.movements_of("A", 10, None, ASSOCIATE).items
    assert (found.kind, found.quantity, found.reason, found.reference) == ("adjusted", 3, "found", "behind the shelf")
    assert (found.actor, found.at) == ({"kind": "user", "id": "usr_associate"}, "2026-01-01T12:00:00.000000Z")
    assert found.cause.startswith("adj_")


def test_forty_lines_are_received_at_once():
    receive(*((f"SKU{number}", number + 1) for number in range(40)))
    assert counters("SKU39") == (40, 40, 0)


def test_a_location_holds_no_more_than_a_billion_units_of_a_sku():
    receive(("A", 1))
    with pytest.raises(TooManyUnits):
        receive(("A", MAX_UNITS), ("B", 1))
    assert counters("A") == (1, 1, 0)
    assert counters("B") == (0, 0, 0)
    receive(("A", MAX_UNITS - 1))
    assert counters("A")[0] == MAX_UNITS


def test_nothing_is_received_at_a_location_that_is_not_there():
    with pytest.raises(LocationUnknown) as refused:
        receive(("A", 1), at="paris")
    assert refused.value.faults[0].pointer == "/location_id"
    with pytest.raises(LocationUnknown):
        receive(("A", 1), at="a#b")


def test_only_units_that_nobody_was_promised_are_written_off():
    receive(("A", 5), ("B", 5))
    reserve("ord_1", ("A", 3))
    with pytest.raises(StockTooLow) as refused:
        adjust(("B", -1), ("A", -3), reason=AdjustmentReason.DAMAGE)
    assert refused.value.members == {"shortages": [{"sku": "A", "location_id": "leeds", "wanted": 3, "left": 2}]}
    assert counters("B") == (5, 5, 0)
    adjust(("A", -2), reason=AdjustmentReason.DAMAGE)
    assert counters("A") == (3, 0, 3)
    assert movements("A")[-1] == ("adjusted", "leeds", -2)


def test_nothing_is_written_off_where_there_never_was_any():
    with pytest.raises(StockTooLow) as refused:
        adjust(("A", -1))
    assert refused.value.members["shortages"][0]["left"] == 0
    assert counters("A") == (0, 0, 0)


def test_lines_that_cancel_out_are_refused_and_directions_checked():
    with pytest.raises(NothingToDo):
        adjust(("A", 1), ("A", -1))
    with pytest.raises(WrongDirection):
        adjust(("A", 1), reason=AdjustmentReason.THEFT)


def test_a_count_sets_on_hand_and_leaves_what_is_reserved():
    receive(("A", 10))
    reserve("ord_1", ("A", 3))
    booked = count_units(("A", 10, 8))
    assert counters("A") == (8, 5, 3)
    assert movements("A")[-1] == ("counted", "leeds", -2)
    assert types_of(f"STOCKCHANGE#{booked.id}") == ["StockCounted"]


def test_a_count_of_what_is_there_is_recorded():
    receive(("A", 10))
    count_units(("A", 10, 10))
    assert movements("A")[-1] == ("counted", "leeds", 0)


def test_a_count_finds_what_was_never_booked():
    count_units(("A", 0, 4))
    assert counters("A") == (4, 4, 0)


def test_a_count_of_what_has_moved_is_told_what_it_is_now():
    receive(("A", 10), ("B", 2))
    reserve("ord_1", ("A", 3))
    with pytest.raises(CountOutdated) as refused:
        count_units(("A", 9, 8), ("B", 1, 1))
    assert refused.value.code == "count_outdated"
    assert refused.value.members["counts"] == [
        {"sku": "A", "location_id": "leeds", "expected_on_hand": 9, "on_hand": 10, "reserved": 3},
        {"sku": "B", "location_id": "leeds", "expected_on_hand": 1, "on_hand": 2, "reserved": 0},
    ]
    with pytest.raises(CountOutdated):
        count_units(("A", 0, 5))
    with pytest.raises(CountOutdated):
        count_units(("C", 5, 5))
    assert counters("A") == (10, 7, 3)


def test_a_count_below_what_is_promised_is_refused():
    receive(("A", 10))
    reserve("ord_1", ("A", 3))
    with pytest.raises(CountBelowReserved):
        count_units(("A", 10, 2))
    count_units(("A", 10, 3))
    assert counters("A") == (3, 0, 3)


def test_a_command_under_the_same_key_books_once():
    key = a_key()
    for expected in (None, Replay):
        command = lambda: service.receive_stock(  # noqa: E731
            "leeds", [("A", 5)], reference=None, by=ASSOCIATE, once=key, answer=lambda _: no_answer()
        )
        if expected is None:
            command()
        else:
            with pytest.raises(expected):
                command()
    assert counters("A") == (5, 5, 0)


def test_every_command_counts_the_version_up():
    receive(("A", 5))
    reserve("ord_1", ("A", 1))
    count_units(("A", 5, 6))
    set_safety("A", {"web": 1})
    assert stock("A").version == 4


def test_counters_are_in_no_index(table):
    receive(("A", 5))
    before = _index_entries(table)
    reserve("ord_1", ("A", 1))
    receive(("A", 5))
    assert _index_entries(table) == before


def _index_entries(table):
    rows = table.query(
        TableName="aisle-test",
        IndexName="gsi1",
        KeyConditionExpression="gsi1pk = :pk",
        ExpressionAttributeValues={":pk": {"S": "STOCK_AT#leeds"}},
    )["Items"]
    assert [sorted(set(row) & {"gsi1pk", "gsi1sk", "pk", "sk", "summary"}) for row in rows] == [
        ["gsi1pk", "gsi1sk", "pk", "sk"]
    ]
    return [(row["pk"], row["sk"], row["gsi1sk"]) for row in rows]


# ---- availability and safety stock --------------------------------------------------------------------------------------


def test_availability_is_by_location_in_order_of_choice_less_safety():
    has_location("york", priority=0)
    receive(("A", 5))
    receive(("A", 2), at="york")
    set_safety("A", {"web": 2})
    set_safety("A", {"web": 9}, at="york")
    [answer] = service.availability(["A"], "web")
    assert (answer.by_location, answer.total) == ((("york", 0), ("leeds", 3)), 3)


def test_availability_of_what_nobody_knows_is_none():
    assert [one.total for one in service.availability(["A", "B", "A"], "web")] == [0, 0]
    assert service.availability(["A"], "moon")[0].by_location == ()


def test_safety_stock_is_replaced_as_a_whole_and_may_come_before_the_goods():
    set_safety("A", {"web": 2})
    set_safety("A", {"store": 1})
    receive(("A", 5))
    assert stock("A").policy.safety == {"store": 1}
    assert counters("A") == (5, 5, 0)


def test_stock_is_read_by_sku_and_by_location():
    has_location("york")
    receive(("A", 5), ("B", 1))
    receive(("A", 2), at="york")
    assert [(one.location_id, one.on_hand) for one in service.stock_of_sku("A", ASSOCIATE)] == [
        ("leeds", 5),
        ("york", 2),
    ]
    first = service.stock_at_location("leeds", 1, None, ASSOCIATE)
    assert [(one.sku, one.on_hand) for one in first.items] == [("A", 5)]
    second = service.stock_at_location("leeds", 1, first.next_cursor, ASSOCIATE)
    assert ([(one.sku, one.on_hand) for one in second.items], second.next_cursor) == ([("B", 1)], None)


def test_movements_are_read_page_by_page_oldest_first():
    for units in (1, 2, 3):
        receive(("A", units))
    first = service.movements_of("A", 2, None, ASSOCIATE)
    second = service.movements_of("A", 2, first.next_cursor, ASSOCIATE)
    assert [one.quantity for one in [*first.items, *second.items]] == [1, 2, 3]
    assert second.next_cursor is None


@pytest.mark.parametrize("sku", ["never", "a#b", ""])
def test_stock_of_what_never_was_is_not_found(sku):
    with pytest.raises(NotFound):
        service.stock_of_sku(sku, ASSOCIATE)


# ---- reservations -------------------------------------------------------------------------------------------------------


def test_reserving_moves_units_out_of_what_is_available():
    receive(("A", 5))
    reserve("ord_1", ("A", 2), ("A", 1))
    assert counters("A") == (5, 2, 3)
    assert the_reservation("ord_1").lines == (StockLine("A", "leeds", 3),)
    assert movements("A") == [("received", "leeds", 5)]


def test_what_is_not_there_is_not_reserved_and_every_short_sku_is_named():
    receive(("A", 5), ("B", 1), ("C", 5))
    with pytest.raises(StockTooLow) as refused:
        reserve("ord_1", ("A", 6), ("B", 2), ("C", 5), ("D", 1))
    assert refused.value.members["shortages"] == [
        {"sku": "A", "location_id": "leeds", "wanted": 6, "left": 5},
        {"sku": "B", "location_id": "leeds", "wanted": 2, "left": 1},
        {"sku": "D", "location_id": "leeds", "wanted": 1, "left": 0},
    ]
    assert counters("C") == (5, 5, 0)
    assert service.find_reservation("ord_1") is None


def test_safety_stock_of_the_channel_is_not_sold():
    receive(("A", 5))
    set_safety("A", {"web": 3})
    with pytest.raises(StockTooLow) as refused:
        reserve("ord_1", ("A", 3))
    assert refused.value.members["shortages"][0]["left"] == 2
    reserve("ord_2", ("A", 2))
    reserve("ord_3", ("A", 3), channel="store")
    assert counters("A") == (5, 0, 5)


def test_an_old_read_oversells_nothing():
    receive(("A", 5))
    old = find_many(service.stock_keys(["A"], ["leeds"]))
    reserve("ord_1", ("A", 4), found=old)
    with pytest.raises(StockTooLow):
        reserve("ord_2", ("A", 4), found=old)
    assert counters("A") == (5, 1, 4)


def test_a_reservation_id_is_used_once():
    receive(("A", 5))
    reserve("ord_1", ("A", 1))
    with pytest.raises(Conflict):
        reserve("ord_1", ("A", 1))
    assert counters("A") == (5, 4, 1)


def test_committed_it_expires_no_more():
    receive(("A", 5))
    with clock.at(NOON):
        reserve("ord_1", ("A", 1))
        commit("ord_1")
    with clock.at(NOON + timedelta(days=1)):
        assert service.release_expired(SYSTEM, within=5) == {"released": 0, "settled": 0, "failed": 0, "left": 0}
    assert the_reservation("ord_1").state is ReservationState.COMMITTED
    assert counters("A") == (5, 4, 1)


def test_past_its_time_it_is_lost_before_the_schedule_comes_by():
    receive(("A", 5))
    with clock.at(NOON):
        reserve("ord_1", ("A", 1), seconds=60)
    with clock.at(NOON + timedelta(seconds=60)), pytest.raises(ReservationLost):
        commit("ord_1")
    with clock.at(NOON + timedelta(seconds=59)):
        commit("ord_1")


def test_a_released_or_unknown_reservation_is_lost():
    receive(("A", 5))
    reserve("ord_1", ("A", 1))
    release("ord_1")
    for id in ("ord_1", "ord_2"):
        with pytest.raises(ReservationLost):
            commit(id)


@pytest.mark.parametrize("committed", [False, True])
def test_released_its_units_are_available_once(committed):
    receive(("A", 5))
    reserve("ord_1", ("A", 2))
    reserve("ord_2", ("A", 2))
    if committed:
        commit("ord_1")
    before = the_reservation("ord_1")
    release("ord_1")
    assert counters("A") == (5, 3, 2)
    assert the_reservation("ord_1").state is ReservationState.RELEASED
    tx = Transaction()
    service.release_reservation(tx, before, ASSOCIATE)
    with pytest.raises(AlreadySettled):
        tx.commit()
    assert counters("A") == (5, 3, 2)


def test_a_reservation_that_was_never_made_is_none():
    assert service.find_reservation("ord_1") is None
    assert service.find_reservation("a#b") is None


def test_the_schedule_releases_what_is_past_its_time_and_tells():
    receive(("A", 50))
    with clock.at(NOON):
        for number in range(12):
            reserve(f"ord_{number}", ("A", 1), seconds=60 if number < 10 else 61)
    with clock.at(NOON + timedelta(seconds=60)):
        assert service.release_expired(SYSTEM, within=30) == {"released": 10, "settled": 0, "failed": 0, "left": 0}
        assert counters("A") == (50, 48, 2)
        assert service.release_expired(SYSTEM, within=30)["released"] == 0
    assert the_reservation("ord_0").state is ReservationState.EXPIRED
    assert the_reservation("ord_11").state is ReservationState.OPEN
    [event] = timeline("RESERVATION#ord_0")
    assert (event.type, event.aggregate.version) == ("ReservationExpired", 2)
    assert event.data["lines"] == [{"sku": "A", "location_id": "leeds", "quantity": 1}]


def test_the_schedule_leaves_what_another_settled_meanwhile(monkeypatch):
    receive(("A", 5))
    with clock.at(NOON):
        reserve("ord_1", ("A", 1), seconds=60)
        due = list(store.due_reservations(NOON + timedelta(hours=1)))
        commit("ord_1")
    monkeypatch.setattr(store, "due_reservations", lambda _: iter(due))
    with clock.at(NOON + timedelta(hours=1)):
        assert service.release_expired(SYSTEM, within=5) == {"released": 0, "settled": 1, "failed": 0, "left": 0}
    assert counters("A") == (5, 4, 1)


def test_the_schedule_does_not_take_what_is_not_due(monkeypatch):
    receive(("A", 5))
    with clock.at(NOON):
        reserve("ord_1", ("A", 1), seconds=60)
        monkeypatch.setattr(store, "due_reservations", lambda _: iter(["ord_1", "ord_gone"]))
        assert service.release_expired(SYSTEM, within=5)["settled"] == 2
    assert counters("A") == (5, 4, 1)


def test_one_that_cannot_be_released_does_not_keep_the_others_from_it():
    receive(("A", 5))
    with clock.at(NOON):
        reserve("ord_1", ("A", 1), seconds=60)
        reserve("ord_2", ("A", 1), seconds=60)
    item = ReservationItem.get("RESERVATION#ord_1", "RESERVATION")
    item.update([ReservationItem.lines.set([["A", "leeds", 4]])])
    with clock.at(NOON + timedelta(hours=1)):
        assert service.release_expired(SYSTEM, within=5) == {"released": 1, "settled": 0, "failed": 1, "left": 0}
    assert counters("A") == (5, 4, 1)


def test_the_schedule_stops_in_time_and_goes_on_next_time():
    receive(("A", 5))
    with clock.at(NOON):
        reserve("ord_1", ("A", 1), seconds=60)
    with clock.at(NOON + timedelta(hours=1)):
        assert service.release_expired(SYSTEM, within=0) == {"released": 0, "settled": 0, "failed": 0, "left": 1}
        assert service.release_expired(SYSTEM, within=5)["released"] == 1


# ---- what becomes of reserved units -------------------------------------------------------------------------------------


def test_settled_units_leave_with_a_movement_of_each_kind():
    receive(("A", 9), ("B", 9))
    reserve("ord_1", ("A", 5), ("B", 2))
    settle(Settlement("A", "leeds", 2, 1), Settlement("A", "leeds", 2, 0), Settlement("B", "leeds", 0, 2))
    assert counters("A") == (4, 4, 0)
    assert counters("B") == (7, 7, 0)
    assert movements("A") == [("received", "leeds", 9), ("shipped", "leeds", -4), ("short", "leeds", -1)]
    assert movements("B") == [("received", "leeds", 9), ("short", "leeds", -2)]


def test_units_are_settled_once():
    receive(("A", 9))
    reserve("ord_1", ("A", 5))
    settle(Settlement("A", "leeds", 4, 0))
    with pytest.raises(ReservedTooLow):
        settle(Settlement("A", "leeds", 1, 1))
    assert counters("A") == (5, 4, 1)


def test_thirty_lines_with_shorts_leave_room_for_the_rest_of_the_command():
    tx = Transaction()
    service.settle(tx, [Settlement(f"S{n}", "leeds", 1, 1) for n in range(30)], reference="ful_1", by=ASSOCIATE)
    assert len(tx) == 90


def test_reserved_units_move_to_another_location():
    has_location("york")
    receive(("A", 5))
    receive(("A", 2), at="york")
    set_safety("A", {"web": 1}, at="york")
    reserve("ord_1", ("A", 2))
    move(Move("A", "leeds", "york", 2))
    assert counters("A") == (5, 5, 0)
    assert counters("A", "york") == (2, 0, 2)


def test_what_is_not_reserved_or_not_available_does_not_move():
    has_location("york")
    receive(("A", 5))
    receive(("A", 1), at="york")
    reserve("ord_1", ("A", 2))
    with pytest.raises(StockTooLow):
        move(Move("A", "leeds", "york", 2))
    with pytest.raises(ReservedTooLow):
        move(Move("A", "york", "leeds", 1))
    assert counters("A") == (5, 3, 2)
    assert counters("A", "york") == (1, 1, 0)


def test_what_is_put_back_is_available_again_and_no_movement():
    receive(("A", 5))
    reserve("ord_1", ("A", 3))
    put_back([StockLine("A", "leeds", 1), StockLine("A", "leeds", 1)])
    assert counters("A") == (5, 4, 1)
    with pytest.raises(ReservedTooLow):
        put_back([StockLine("A", "leeds", 2)])
    assert len(movements("A")) == 1


# ---- returned goods -----------------------------------------------------------------------------------------------------


def test_returned_units_can_be_sold_again_or_are_written_off_in_the_books():
    receive(("A", 5))
    take_back(ReturnedUnits("A", "leeds", 1, 0), ReturnedUnits("A", "leeds", 1, 3), ReturnedUnits("B", "leeds", 0, 2))
    assert counters("A") == (7, 7, 0)
    assert counters("B") == (0, 0, 0)
    assert movements("A") == [("received", "leeds", 5), ("returned", "leeds", 5), ("adjusted", "leeds", -3)]
    assert movements("B") == [("returned", "leeds", 2), ("adjusted", "leeds", -2)]


def test_a_returns_movements_name_it_and_the_reason_of_what_is_written_off():
    take_back(ReturnedUnits("A", "leeds", 1, 1), reference="ret_7")
    page = service.movements_of("A", 10, None, ASSOCIATE)
    assert [(one.kind, one.reason, one.cause) for one in page.items] == [
        ("returned", None, "ret_7"),
        ("adjusted", "damage", "ret_7"),
    ]


def test_what_comes_back_does_not_touch_what_is_reserved():
    receive(("A", 2))
    reserve("ord_1", ("A", 2))
    take_back(ReturnedUnits("A", "leeds", 1, 1))
    assert counters("A") == (3, 1, 2)


def test_more_than_a_location_holds_does_not_come_back():
    receive(("A", MAX_UNITS))
    with pytest.raises(TooManyUnits):
        take_back(ReturnedUnits("A", "leeds", 1, 0))
    assert movements("A") == [("received", "leeds", MAX_UNITS)]


def test_a_returned_line_takes_at_most_three_actions():
    tx = Transaction()
    service.take_back(
        tx,
        [ReturnedUnits("A", "leeds", 1, 1), ReturnedUnits("B", "leeds", 1, 0), ReturnedUnits("C", "leeds", 0, 1)],
        reference="ret_1",
        by=ASSOCIATE,
    )
    assert len(tx) == 3 + 2 + 2


# ---- holds --------------------------------------------------------------------------------------------------------------


def hold(*lines: tuple[str, int], by: Principal = ASSOCIATE, seconds: int = 60) -> str:
    made: list[str] = []
    service.hold_stock(
        [StockLine(sku, "leeds", quantity) for sku, quantity in lines],
        channel="store",
        seconds=seconds,
        by=by,
        once=a_key(),
        answer=noting(made),
    )
    return made[0]


def test_a_till_holds_units_and_gives_them_back():
    receive(("A", 5))
    id = hold(("A", 2), ("A", 1))
    assert counters("A") == (5, 2, 3)
    assert service.read_hold(id, ASSOCIATE).owner == "user:usr_associate"
    with pytest.raises(Stale):
        service.release_hold(id, 2, by=ASSOCIATE)
    assert counters("A") == (5, 2, 3)
    service.release_hold(id, 1, by=ASSOCIATE)
    assert counters("A") == (5, 5, 0)
    with pytest.raises(Stale):
        service.release_hold(id, 1, by=ASSOCIATE)
    with pytest.raises(AlreadySettled):
        service.release_hold(id, 2, by=ASSOCIATE)
    assert counters("A") == (5, 5, 0)


def test_a_hold_expires():
    receive(("A", 5))
    with clock.at(NOON):
        hold(("A", 2), seconds=60)
    with clock.at(NOON + timedelta(seconds=60)):
        service.release_expired(SYSTEM, within=5)
    assert counters("A") == (5, 5, 0)


def test_what_is_held_for_an_order_is_not_given_back_by_hand():
    receive(("A", 5))
    reserve("ord_1", ("A", 2), owner="ord_1")
    with pytest.raises(NotFound):
        service.release_hold("ord_1", 1, by=ADMIN)
    assert counters("A") == (5, 3, 2)


def test_a_hold_names_locations_that_are_there():
    with pytest.raises(LocationUnknown):
        service.hold_stock(
            [StockLine("A", "paris", 1)],
            channel="store",
            seconds=60,
            by=ASSOCIATE,
            once=a_key(),
            answer=lambda _: no_answer(),
        )


# ---- transfers ----------------------------------------------------------------------------------------------------------


def dispatch(*units: tuple[str, int], to: str = "york") -> str:
    made: list[str] = []
    service.dispatch_transfer(
        "leeds",
        to,
        units,
        reference=None,
        by=ASSOCIATE,
        once=a_key(),
        answer=noting(made),
    )
    return made[0]


def arrived(id: str, units: dict[str, int], *, complete: bool = False) -> None:
    service.receive_transfer(id, units, complete=complete, by=ASSOCIATE, once=a_key(), answer=lambda _: no_answer())


def cancel(id: str) -> None:
    service.cancel_transfer(id, by=ASSOCIATE, once=a_key(), answer=lambda _: no_answer())


@pytest.fixture
def york(leeds) -> str:
    receive(("A", 10), ("B", 4))
    return has_location("york")


def test_dispatched_units_are_at_neither_location(york):
    id = dispatch(("A", 4), ("A", 2), ("B", 1))
    assert counters("A") == (4, 4, 0)
    assert counters("A", york) == (0, 0, 0)
    assert movements("A")[-1] == ("transfer_out", "leeds", -6)
    assert [(line.sku, line.sent) for line in service.read_transfer(id, ASSOCIATE).lines] == [("A", 6), ("B", 1)]
    assert types_of(f"TRANSFER#{id}") == ["TransferDispatched"]


def test_only_available_units_are_dispatched(york):
    reserve("ord_1", ("A", 8))
    with pytest.raises(StockTooLow):
        dispatch(("A", 3), ("B", 1))
    assert counters("A") == (10, 2, 8)
    assert counters("B") == (4, 4, 0)


def test_a_transfer_needs_two_locations_that_are_there(york):
    with pytest.raises(SameLocation):
        dispatch(("A", 1), to="leeds")
    with pytest.raises(LocationUnknown) as refused:
        dispatch(("A", 1), to="paris")
    assert refused.value.faults[0].pointer == "/to_location"


def test_received_in_parts_with_the_discrepancy_booked_at_the_end(york):
    id = dispatch(("A", 6), ("B", 2))
    arrived(id, {"A": 3})
    assert counters("A", york) == (3, 3, 0)
    arrived(id, {"A": 1, "B": 3}, complete=True)
    assert counters("A", york) == (4, 4, 0)
    assert counters("B", york) == (3, 3, 0)
    assert movements("A")[1:] == [
        ("transfer_out", "leeds", -6),
        ("transfer_in", york, 3),
        ("transfer_in", york, 3),
        ("transfer_discrepancy", york, -2),
    ]
    assert movements("B")[1:] == [
        ("transfer_out", "leeds", -2),
        ("transfer_in", york, 2),
        ("transfer_discrepancy", york, 1),
    ]
    assert service.read_transfer(id, ASSOCIATE).status is TransferStatus.RECEIVED
    assert types_of(f"TRANSFER#{id}") == ["TransferDispatched", "TransferReceived", "TransferReceived"]


def test_a_transfer_of_which_nothing_arrived_is_a_loss(york):
    id = dispatch(("A", 6))
    arrived(id, {}, complete=True)
    assert counters("A", york) == (0, 0, 0)
    assert movements("A")[-2:] == [("transfer_in", york, 6), ("transfer_discrepancy", york, -6)]


def test_called_back_it_returns(york):
    id = dispatch(("A", 6))
    arrived(id, {"A": 2})
    cancel(id)
    assert counters("A") == (8, 8, 0)
    assert counters("A", york) == (2, 2, 0)
    assert movements("A")[-1] == ("transfer_cancelled", "leeds", 4)
    for again in (lambda: cancel(id), lambda: arrived(id, {"A": 1})):
        with pytest.raises(TransferSettled):
            again()


def test_of_two_receipts_at_once_one_is_booked(york, monkeypatch):
    id = dispatch(("A", 6))
    read = store.get_transfer(id)
    monkeypatch.setattr(store, "get_transfer", lambda _: read)
    arrived(id, {"A": 6})
    for late in (lambda: arrived(id, {"A": 6}), lambda: cancel(id)):
        with pytest.raises(Contended):
            late()
    assert counters("A", york) == (6, 6, 0)
    assert counters("A") == (4, 4, 0)


def test_the_largest_transfer_fits_into_a_transaction(york):
    skus = [f"T{number}" for number in range(30)]
    receive(*((sku, 2) for sku in skus))
    id = dispatch(*((sku, 2) for sku in skus))
    arrived(id, dict.fromkeys(skus, 1), complete=True)
    assert counters("T29", york) == (1, 1, 0)


def test_transfers_are_listed_by_status(york):
    first, second = dispatch(("A", 1)), dispatch(("A", 1))
    arrived(second, {"A": 1})
    listed = {
        status: [one.id for one in service.list_transfers(status, 10, None, ASSOCIATE).items]
        for status in TransferStatus
    }
    assert listed == {
        TransferStatus.IN_TRANSIT: [first],
        TransferStatus.RECEIVED: [second],
        TransferStatus.CANCELLED: [],
    }


@pytest.mark.parametrize("id", ["trf_gone", "a#b"])
def test_a_transfer_that_is_not_there(id):
    with pytest.raises(NotFound):
        cancel(id)


# ---- the rest -----------------------------------------------------------------------------------------------------------


def test_a_machine_with_the_scope_may():
    till = Principal("machine", "till", scopes=frozenset({"inventory.write"}))
    assert service.read_location("leeds", till).id == "leeds"


def test_every_item_of_inventory_is_of_the_one_table():
    assert StockItem.Meta.table_name == Item.Meta.table_name == "aisle-test"
