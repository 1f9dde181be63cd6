"""What happens to a return, and what its counters then say."""

from dataclasses import replace

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.core.errors import NotFound
from chalicelib.returns.domain import life
from chalicelib.returns.domain.life import (
    Arrived,
    Finding,
    GoodsCame,
    LocationNeeded,
    MoreThanShipped,
    NothingCame,
    NotInReturn,
    NotReceived,
    ReturnClosed,
)
from chalicelib.returns.domain.model import (
    Disposition,
    Exchange,
    InspectedLine,
    Replacement,
    ReturnStatus,
    order_of,
    return_id,
)
from chalicelib.returns.domain.refunds import PostageTally
from chalicelib.returns.domain.tally import Counts, Tally
from tests.unit.returns.builders import ORDER_ID, RETURN_ID, a_line, a_return

RESTOCK, WRITE_OFF, REFUSE = Disposition
MOST = {"1": 9, "2": 9}


def received(value, units, at="leeds", complete=False, most=MOST, seller=None):
    return life.receive(value, at, seller, units, most, complete=complete)[0]


def inspected(value, *findings, at="leeds", seller=None):
    return life.inspect(value, at, seller, [Finding(*one) for one in findings])[0]


def test_the_id_tells_the_order():
    assert return_id(ORDER_ID, 12) == "ret_01J00000000000000000000000_12"
    assert order_of("ret_01J00000000000000000000000_12") == (ORDER_ID, "12")


@pytest.mark.parametrize(
    "id", ["ret_01J_01", "ret_01J", "ret__1", "ful_01J_1", "ret_01J_x", "ret_01J_", "ret_01J_²", ""]
)
def test_what_is_no_id_names_nothing(id):
    with pytest.raises(NotFound):
        order_of(id)


def test_the_status_follows_from_the_counters():
    value = a_return(a_line("1", 2), a_line("2", 1))
    assert value.status is ReturnStatus.AUTHORISED
    value = received(value, {"1": 2})
    assert (value.status, value.version) == (ReturnStatus.RECEIVING, 2)
    value = inspected(value, ("1", 2, RESTOCK))
    assert value.status is ReturnStatus.RECEIVING
    value, given_up = life.expire(value)
    assert (value.status, given_up) == (ReturnStatus.SETTLED, {"2": 1})


def test_nothing_that_came_in_time_is_expired():
    value, given_up = life.expire(a_return(a_line("1", 2)))
    assert (value.status, given_up, value.lines[0].given_up) == (ReturnStatus.EXPIRED, {"1": 2}, 2)
    assert life.expire(value) == (value, {})


def test_expiry_leaves_what_waits_for_inspection():
    value = received(a_return(a_line("1", 3)), {"1": 1})
    value, given_up = life.expire(value)
    assert (value.status, given_up, value.lines[0].waiting) == (ReturnStatus.RECEIVING, {"1": 2}, {"leeds": 1})
    assert life.expire(value) == (value, {})


def test_a_return_is_cancelled_before_anything_came():
    value, given_up = life.cancel(a_return(a_line("1", 2)))
    assert (value.status, given_up, value.version) == (ReturnStatus.CANCELLED, {"1": 2}, 2)
    with pytest.raises(ReturnClosed):
        life.cancel(value)
    with pytest.raises(GoodsCame):
        life.cancel(received(a_return(a_line("1", 2)), {"1": 1}))


def test_a_return_of_which_only_extra_units_came_is_not_cancelled():
    only_extra = a_return(a_line("1", 1, extra=1), a_line("2", 1))
    assert only_extra.status is ReturnStatus.RECEIVING
    with pytest.raises(GoodsCame):
        life.cancel(only_extra)


def test_units_beyond_those_announced_are_noted():
    value, arrived = life.receive(a_return(a_line("1", 2)), "leeds", None, {"1": 3}, {"1": 3}, complete=False)
    assert arrived == (Arrived("1", "SKU-1", 3, 1),)
    assert (value.lines[0].waiting, value.lines[0].extra, value.lines[0].expected) == ({"leeds": 2}, 1, 0)


def test_more_than_the_customer_has_cannot_come():
    value = received(a_return(a_line("1", 2)), {"1": 2})
    with pytest.raises(MoreThanShipped) as refused:
        received(value, {"1": 2}, most={"1": 3})
    assert [(fault.pointer, fault.detail) for fault in refused.value.faults] == [
        ("/lines/0", "The customer can have 1 units of line 1.")
    ]


def test_lines_that_are_not_in_the_return_are_named():
    with pytest.raises(NotInReturn) as refused:
        received(a_return(a_line("1")), {"1": 1, "7": 1, "8": 1})
    assert [fault.pointer for fault in refused.value.faults] == ["/lines/1", "/lines/2"]


def test_a_receipt_names_units_unless_it_says_that_no_more_will_come():
    with pytest.raises(NothingCame):
        received(a_return(), {})
    with pytest.raises(NothingCame):
        received(a_return(), {}, complete=True)
    value = received(received(a_return(a_line("1", 2)), {"1": 1}), {}, complete=True)
    assert (value.lines[0].given_up, value.lines[0].expected) == (1, 0)


def test_a_complete_receipt_after_the_inspection_settles_the_return():
    value = inspected(received(a_return(a_line("1", 2)), {"1": 1}), ("1", 1, RESTOCK))
    assert value.status is ReturnStatus.RECEIVING
    assert received(value, {}, complete=True).status is ReturnStatus.SETTLED


def test_nothing_comes_to_a_closed_return():
    with pytest.raises(ReturnClosed):
        received(life.expire(a_return())[0], {"1": 1})


def test_an_inspection_decides_on_units_where_they_are():
    value = received(received(a_return(a_line("1", 3), a_line("2", 1)), {"1": 2, "2": 1}), {"1": 1}, at="york")
    value, lines = life.inspect(
        value,
        "leeds",
        None,
        [Finding("1", 1, RESTOCK, "fine"), Finding("2", 1, REFUSE, "worn"), Finding("1", 1, WRITE_OFF, "torn")],
    )
    assert lines == (InspectedLine("1", 1, 1, 0, "fine; torn"), InspectedLine("2", 0, 0, 1, "worn"))
    first, second = value.lines
    assert (first.waiting, first.restocked, first.written_off, first.accepted) == ({"york": 1}, 1, 1, 2)
    assert (second.refused, second.accepted, second.is_settled) == (1, 0, True)
    with pytest.raises(NotReceived) as refused:
        inspected(value, ("1", 1, RESTOCK), at="leeds")
    assert refused.value.faults[0].detail == "0 units of line 1 wait at leeds."


def test_units_are_inspected_once_within_one_command_too():
    value = received(a_return(a_line("1", 2)), {"1": 2})
    with pytest.raises(NotReceived) as refused:
        inspected(value, ("1", 1, RESTOCK), ("1", 2, REFUSE))
    assert [fault.pointer for fault in refused.value.faults] == ["/lines/1/quantity"]
    with pytest.raises(NotInReturn):
        inspected(value, ("9", 1, RESTOCK))


def test_where_an_inspection_takes_place():
    value = a_return(a_line("1", 3))
    with pytest.raises(NotReceived):
        life.inspecting_at(value, None)
    value = received(value, {"1": 1})
    assert life.inspecting_at(value, None) == "leeds"
    value = received(value, {"1": 1}, at="york")
    assert life.inspecting_at(value, "york") == "york"
    with pytest.raises(LocationNeeded) as refused:
        life.inspecting_at(value, None)
    assert refused.value.detail == "Units wait at leeds, york: say where these are."


def test_what_was_accepted_is_replaced_and_no_more():
    wanted = (Replacement("1", "RED", 1), Replacement("1", "BLUE", 2), Replacement("2", "RED", 1))
    value = a_return(a_line("1", 3, restocked=1, written_off=1, refused=1), a_line("2", 1, restocked=1))
    assert life.replacements(replace(value, exchange=Exchange(wanted))) == {"RED": 2, "BLUE": 1}
    assert life.replacements(value) == {}


# ---- counters -----------------------------------------------------------------------------------------------------------


def test_the_tally_of_an_order():
    tally = Tally(ORDER_ID).announce({"1": 3, "2": 1})
    assert (tally.returns, tally.version, tally.of("1")) == (1, 1, Counts(open=3))
    tally = tally.settle({"1": 1}, {"1": 1, "2": 1}, PostageTally(refunded=5))
    assert tally.of("1") == Counts(open=1, returned=1, refused=1)
    assert tally.of("2") == Counts(refused=1)
    assert tally.postage == PostageTally(refunded=5)
    tally = tally.give_up({"1": 1})
    assert (tally.of("1"), tally.version, tally.returns) == (Counts(0, 1, 1), 3, 1)
    with pytest.raises(ValueError, match="0 units in returns"):
        tally.give_up({"1": 1})
    assert tally.of("7") == Counts()


@given(st.data())
def test_whatever_happens_every_unit_is_somewhere_once(data):
    quantity = data.draw(st.integers(1, 5))
    value, extra = a_return(a_line("1", quantity)), 0
    for _ in range(data.draw(st.integers(1, 8))):
        line = value.lines[0]
        step = data.draw(st.sampled_from(["receive", "inspect", "expire"]))
        if step == "receive" and not value.is_closed:
            units = data.draw(st.integers(1, 6))
            extra += max(0, units - line.expected)
            at = data.draw(st.sampled_from(["leeds", "york"]))
            value = received(value, {"1": units}, at=at, complete=data.draw(st.booleans()), most={"1": 1_000})
        elif step == "inspect" and line.waiting:
            at = data.draw(st.sampled_from(sorted(line.waiting)))
            units = data.draw(st.integers(1, line.waiting[at]))
            value = inspected(value, ("1", units, data.draw(st.sampled_from(Disposition))), at=at)
        elif step == "expire":
            value = life.expire(value)[0]
        line = value.lines[0]
        somewhere = (
            line.expected,
            *line.waiting.values(),
            line.restocked,
            line.written_off,
            line.refused,
            line.given_up,
        )
        assert sum(somewhere) == quantity
        assert min(somewhere) >= 0
        assert line.extra == extra
        assert value.is_closed == (line.expected == 0 and not line.waiting)
    assert value.id == RETURN_ID
