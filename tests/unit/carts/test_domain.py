from dataclasses import replace
from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from chalicelib.carts import domain
from chalicelib.carts.domain import (
    MAX_COUPONS,
    MAX_LINES,
    MAX_QUANTITY,
    CartClosed,
    CartFull,
    CartLine,
    CartsDiffer,
    Hint,
    State,
    hint,
)
from chalicelib.core.errors import NotFound
from tests.unit.carts.builders import NOON, a_cart, a_guest_cart, contents

LATER = NOON + timedelta(hours=1)
FULL = tuple((f"S{number}", 1) for number in range(MAX_LINES))


def test_a_line_is_set_whatever_there_was():
    cart = domain.set_line(a_cart(("A", 1), ("B", 2)), ("A", None), 5, LATER)
    assert (contents(cart), cart.version, cart.changed_at) == ({"A": 5, "B": 2}, 2, LATER)
    assert [line.sku for line in domain.set_line(cart, ("C", None), 1, LATER).lines] == ["A", "B", "C"]


def test_a_line_keeps_the_price_that_was_shown():
    cart = domain.set_line(a_cart(CartLine("A", 1, 100)), ("A", None), 5, LATER)
    assert cart.lines == (CartLine("A", 5, 100),)


def test_the_same_sku_is_a_line_of_its_own_for_each_seller_that_is_named():
    cart = domain.set_line(a_cart(("A", 1)), ("A", "own"), 2, LATER)
    cart = domain.set_line(cart, ("A", "sup_1"), 3, LATER)
    cart = domain.set_line(cart, ("A", "own"), 4, LATER)
    assert cart.lines == (CartLine("A", 1), CartLine("A", 4, seller="own"), CartLine("A", 3, seller="sup_1"))
    without = domain.remove_line(cart, ("A", "own"), LATER)
    assert without.lines == (CartLine("A", 1), CartLine("A", 3, seller="sup_1"))
    with pytest.raises(NotFound):
        domain.remove_line(without, ("A", "own"), LATER)
    seen = domain.show(cart, {("A", None): 10, ("A", "sup_1"): 12})
    assert [line.shown for line in seen.lines] == [10, None, 12]


def test_a_cart_holds_so_many_lines():
    full = a_cart(*FULL)
    assert contents(domain.set_line(full, ("S0", None), 9, LATER))["S0"] == 9
    with pytest.raises(CartFull):
        domain.set_line(full, ("ONE-MORE", None), 1, LATER)


def test_a_line_is_removed_if_there_is_one():
    cart = domain.remove_line(a_cart(("A", 1), ("B", 2)), ("A", None), LATER)
    assert (contents(cart), cart.version) == ({"B": 2}, 2)
    with pytest.raises(NotFound):
        domain.remove_line(cart, ("A", None), LATER)


def test_in_another_currency_no_price_was_shown_yet():
    cart = a_cart(CartLine("A", 1, 100))
    assert domain.configure(cart, {"country": "FR"}, LATER).lines[0].shown == 100
    euros = domain.configure(cart, {"currency": "EUR"}, LATER)
    assert (euros.currency, euros.lines[0].shown) == ("EUR", None)


def test_what_is_shown_is_remembered_and_what_is_not_stays():
    cart = domain.show(
        a_cart(CartLine("A", 1, 100), CartLine("B", 1, 200), CartLine("C", 1)), {("A", None): 90, ("C", None): 5}
    )
    assert [line.shown for line in cart.lines] == [90, 200, 5]
    assert cart.version == 1


@pytest.mark.parametrize("state", [State.ORDERED, State.MERGED])
def test_a_cart_that_has_ended_stays_as_it_is(state):
    ended = replace(a_cart(("A", 1)), state=state, order_id="ord_1")
    for change in (
        lambda: domain.set_line(ended, ("A", None), 2, LATER),
        lambda: domain.remove_line(ended, ("A", None), LATER),
        lambda: domain.configure(ended, {"country": "FR"}, LATER),
        lambda: domain.merge(ended, a_guest_cart(), LATER),
        lambda: domain.merge(a_cart(), replace(a_guest_cart(), state=state), LATER),
        lambda: domain.order(ended, "ord_2"),
    ):
        with pytest.raises(CartClosed) as caught:
            change()
        assert caught.value.members["state"] == state


def test_an_ordered_cart_names_its_order():
    cart = domain.order(a_cart(("A", 1), due_at=NOON), "ord_1")
    assert (cart.state, cart.order_id, cart.version, cart.due_at) == (State.ORDERED, "ord_1", 2, None)


def test_a_cart_is_gone_a_month_after_its_last_change():
    cart = a_cart()
    assert cart.is_open(NOON + timedelta(days=30) - timedelta(microseconds=1))
    assert not cart.is_open(NOON + timedelta(days=30))


# ---- merging ----------------------------------------------------------------------------------------------------------------


def test_quantities_are_added_and_the_customer_s_lines_come_first():
    whole, emptied = domain.merge(a_cart(("A", 1), ("B", 2)), a_guest_cart(("C", 4), ("B", 3)), LATER)
    assert [(line.sku, line.quantity) for line in whole.lines] == [("A", 1), ("B", 5), ("C", 4)]
    assert (whole.version, whole.changed_at, whole.id) == (2, LATER, "crt_1")
    assert (emptied.state, emptied.merged_into, emptied.version) == (State.MERGED, "crt_1", 2)


def test_only_lines_of_one_seller_are_added():
    mine = a_cart(CartLine("A", 1, 100), CartLine("A", 2, 90, "sup_1"))
    theirs = a_guest_cart(CartLine("A", 4, 80, "sup_1"), CartLine("A", 8, 95, "own"))
    whole, _ = domain.merge(mine, theirs, LATER)
    assert whole.lines == (CartLine("A", 1, 100), CartLine("A", 6, 90, "sup_1"), CartLine("A", 8, 95, "own"))


def test_added_quantities_stop_at_the_most_that_a_line_holds():
    whole, _ = domain.merge(a_cart(("A", MAX_QUANTITY - 1)), a_guest_cart(("A", 5)), LATER)
    assert contents(whole) == {"A": MAX_QUANTITY}


def test_the_customer_s_word_goes_before_the_guest_s():
    mine = a_cart(CartLine("A", 1, 100), coupons=("MINE", "BOTH"), country="GB")
    theirs = a_guest_cart(
        CartLine("A", 1, 90), CartLine("B", 1, 50), coupons=("BOTH", "THEIRS"), country="US", region="CA"
    )
    whole, _ = domain.merge(mine, theirs, LATER)
    assert [line.shown for line in whole.lines] == [100, 50]
    assert whole.coupons == ("MINE", "BOTH", "THEIRS")
    assert (whole.country, whole.region) == ("GB", None)
    unsaid, _ = domain.merge(a_cart(), theirs, LATER)
    assert (unsaid.country, unsaid.region) == ("US", "CA")


def test_coupons_stop_at_the_most_that_a_cart_holds():
    mine = a_cart(coupons=tuple("ABCD"))
    whole, _ = domain.merge(mine, a_guest_cart(coupons=tuple("EFG")), LATER)
    assert whole.coupons == tuple("ABCDE")
    assert len(whole.coupons) == MAX_COUPONS


@pytest.mark.parametrize("given", [{"channel": "till"}, {"currency": "EUR"}])
def test_carts_of_two_kinds_do_not_merge(given):
    with pytest.raises(CartsDiffer):
        domain.merge(a_cart(), a_guest_cart(**given), LATER)


def test_a_merge_that_does_not_fit_is_refused():
    with pytest.raises(CartFull):
        domain.merge(a_cart(*FULL), a_guest_cart(("ONE-MORE", 1)), LATER)


quantities = st.dictionaries(st.sampled_from("ABCDEF"), st.integers(1, MAX_QUANTITY))


@given(quantities, quantities)
def test_a_merge_loses_and_invents_no_unit_below_the_bound(mine, theirs):
    whole, _ = domain.merge(a_cart(*mine.items()), a_guest_cart(*theirs.items()), LATER)
    assert contents(whole) == {
        sku: min(MAX_QUANTITY, mine.get(sku, 0) + theirs.get(sku, 0)) for sku in mine.keys() | theirs.keys()
    }


# ---- idleness ---------------------------------------------------------------------------------------------------------------


def test_a_cart_with_lines_is_looked_at_a_day_later():
    assert domain.set_line(a_cart(), ("A", None), 1, LATER).due_at == LATER + timedelta(days=1)


def test_an_earlier_look_stays_where_it_is():
    early = a_cart(("A", 1), due_at=NOON + timedelta(hours=5))
    assert domain.set_line(early, ("A", None), 2, LATER).due_at == NOON + timedelta(hours=5)


def test_an_empty_cart_is_not_looked_at():
    assert domain.remove_line(a_cart(("A", 1), due_at=NOON), ("A", None), LATER).due_at is None


@pytest.mark.parametrize(("hours", "idle"), [(23, False), (24, True)])
def test_a_cart_is_idle_after_a_day(hours, idle):
    assert a_cart(("A", 1)).is_idle(NOON + timedelta(hours=hours)) is idle
    assert not a_cart().is_idle(NOON + timedelta(hours=hours))
    assert not replace(a_cart(("A", 1)), state=State.ORDERED).is_idle(NOON + timedelta(hours=hours))


# ---- what is left -----------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("wanted", "left", "said"),
    [
        (1, 6, Hint.IN_STOCK),
        (6, 6, Hint.IN_STOCK),
        (1, 5, Hint.ONLY_LEFT),
        (7, 6, Hint.ONLY_LEFT),
        (1, 0, Hint.NOT_AVAILABLE),
    ],
)
def test_what_is_said_of_what_is_left(wanted, left, said):
    assert hint(wanted, left) is said
