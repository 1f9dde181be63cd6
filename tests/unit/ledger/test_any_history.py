"""Whatever happens, entries balance, balances are the sums of their postings, and in the end everybody has what is theirs."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import hypothesis
import pytest
from hypothesis import strategies as st

from chalicelib.core import clock
from chalicelib.core.ids import new_id
from chalicelib.core.money import share_of_units, tax_within
from chalicelib.ledger import service, store
from chalicelib.ledger.domain import BackLine, PayoutSettings, Run, SaleLine
from chalicelib.ledger.service import use_cases
from chalicelib.ledger.service.read_books import statement_of
from tests.conftest import empty
from tests.unit.ledger.builders import ACME, BOLT, BY, Accounts, ask_back, committed, owed, sell, sums, totals
from tests.unit.ledger.test_audit import audited
from tests.unit.ledger.test_commission import some_terms

START = datetime(2026, 1, 1, tzinfo=UTC)


class World:
    """Orders of one line each, that leave in parcels and come back in parts."""

    def __init__(self) -> None:
        self.now = START
        self.orders: list[dict[str, Any]] = []
        self.paid = {ACME: 0, BOLT: 0}

    def order(self, supplier: str, units: int, price: int, asked: int, terms: Any) -> None:
        number = len(self.orders)
        self.orders.append(
            {
                "id": f"o{number}",
                "supplier": supplier,
                "units": units,
                "charged": price * units - number % 3 * units // 2,
            }
            | {"price": price, "asked": asked, "terms": terms, "gone": 0, "back": 0, "parcels": 0}
        )

    def ship(self, order: dict[str, Any], units: int) -> None:
        units = min(units, order["units"] - order["gone"])
        if not units:
            return
        tax = tax_within(order["charged"], 2000)
        charged, taxed = (share_of_units(one, order["units"], order["gone"], units) for one in (order["charged"], tax))
        line = SaleLine(
            "1",
            units,
            order["price"] * units,
            charged,
            taxed,
            2000,
            before=order["gone"],
            unit_price=order["asked"],
            terms=order["terms"],
        )
        order["gone"] += units
        order["parcels"] += 1
        parcel = f"{order['id']}_{order['parcels']}"
        sell(line, order_id=order["id"], supplier=order["supplier"], fulfilment=parcel)
        if charged:
            committed(lambda tx: service.book_capture(tx, order["id"], f"1:{parcel}", charged, "GBP"))

    def refund(self, order: dict[str, Any], units: int) -> None:
        units = min(units, order["gone"] - order["back"])
        if not units:
            return
        worth = share_of_units(order["charged"], order["units"], order["back"], units)
        key = f"r{order['back']}"
        order["back"] += units
        ask_back(BackLine("1", units, worth), order_id=order["id"], key=key)
        if worth:
            committed(lambda tx: service.book_refund_paid(tx, order["id"], key, worth, "GBP"))

    def pay_out(self, hold_days: int) -> None:
        run = Run(new_id("pyr"), "GBP", clock.rfc3339(clock.now()), clock.rfc3339(clock.now()))
        committed(lambda tx: store.add_run(tx, run))
        settings = store.payout_settings()
        version = settings.version if settings else 0
        committed(lambda tx: store.put_payout_settings(tx, PayoutSettings(hold_days, {}, 0, 0, version=version + 1)))
        assert use_cases.pay_chunk(run.id, None, [], BY, accounts=Accounts())["outcome"] == "all"
        use_cases.finish_run(run.id, [], BY)
        for payout in store.payouts_in(run.id):
            self.paid[payout.supplier_id] += payout.amount


STEPS = st.lists(
    st.one_of(
        st.tuples(
            st.just("order"),
            st.sampled_from([ACME, BOLT]),
            st.integers(1, 4),
            st.integers(2, 900),
            st.integers(0, 900),
            some_terms,
        ),
        st.tuples(st.just("ship"), st.integers(0, 9), st.integers(1, 3)),
        st.tuples(st.just("refund"), st.integers(0, 9), st.integers(1, 3)),
        st.tuples(st.just("pay"), st.integers(0, 14)),
        st.tuples(st.just("wait"), st.integers(1, 20)),
    ),
    min_size=4,
    max_size=14,
)


@pytest.mark.slow
@hypothesis.settings(max_examples=20)
@hypothesis.given(STEPS)
def test_any_history(memory: Any, steps: Any) -> None:
    empty(memory)
    world = World()
    for step in steps:
        _do(world, *step)
        world.now += timedelta(minutes=1)
    with clock.at(world.now):
        _check(world)
        for order in world.orders:
            world.ship(order, order["units"])
            world.refund(order, order["units"])
        _check(world)
        kept = -sum(totals().get(name, 0) for name in ("commission", "commission_tax"))
        left = {name: amount for name, amount in totals().items() if not name.startswith("commission")}
        # The customers have their money back; suppliers were paid, or owe, what they got and the commission that is kept.
        assert left == ({"bank": -sum(world.paid.values())} if sum(world.paid.values()) else {})
        assert owed(ACME) + owed(BOLT) == -sum(world.paid.values()) - kept


def _do(world: World, what: str, *given: Any) -> None:
    with clock.at(world.now):
        if what == "order":
            world.order(*given)
        elif what == "pay":
            world.pay_out(*given)
        elif what == "wait":
            world.now += timedelta(days=given[0])
        elif world.orders:
            getattr(world, what)(world.orders[given[0] % len(world.orders)], given[1])


def _check(world: World) -> None:
    assert {(difference, conclusive) for _, difference, conclusive in audited(50).values()} <= {(0, True)}
    for supplier in (ACME, BOLT):
        entries = list(store.entries_of(supplier, "GBP", "", "~"))
        assert set(sums(entries)) <= {0}
        assert sum(one.due_to_supplier for one in entries) == owed(supplier)
        month = f"{world.now:%Y-%m}"
        assert statement_of(supplier, "GBP", month).closing == owed(supplier)
