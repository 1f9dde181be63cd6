"""Whatever is done to stock that is split, levelled and joined meanwhile: no unit is lost, and none is sold twice."""

from __future__ import annotations

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import invariant, rule, run_state_machine_as_test

from chalicelib.inventory import service
from tests.unit.inventory.builders import receive, rows, split
from tests.unit.inventory.test_stock_machine import SITES, SKUS, StockMachine, refusable, sites, skus


class SplitStockMachine(StockMachine):
    """Staff split stock anew at any moment, and the schedule levels it, while all else goes on."""

    def __init__(self) -> None:
        super().__init__()
        for sku in SKUS:
            receive((sku, 9))
            split(sku, 3)

    @rule(sku=skus, site=sites, shards=st.integers(1, 4), kept=st.integers(0, 3))
    def split(self, sku: str, site: str, shards: int, kept: int) -> None:
        with refusable:
            split(sku, shards, site, web=kept)
            assert len(rows(sku, site)) == shards

    @rule()
    def level(self) -> None:
        assert service.level_split_stock(within=30)["failed"] == 0

    @invariant()
    def every_row_is_sound(self) -> None:
        for sku in SKUS:
            for site in SITES:
                lying = rows(sku, site)
                for on_hand, available, reserved in lying:
                    assert on_hand == available + reserved
                    assert min(on_hand, reserved) >= 0
                    assert available >= 0 or len(lying) == 1


@pytest.mark.slow
def test_whatever_is_done_to_split_stock_no_unit_is_lost_or_sold_twice():
    run_state_machine_as_test(
        SplitStockMachine,
        settings=settings(
            max_examples=10,
            stateful_step_count=25,
            deadline=None,
            suppress_health_check=list(HealthCheck),
            derandomize=True,
        ),
    )
