"""Files of suppliers whose workflow dies, or that are called off, in the middle: what is left is taken when they are tried again,
every row once."""

from __future__ import annotations

import csv
import io
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

import pytest

from examples.marketplace.suppliers import Trader
from infra.local.testing import TestStack
from tests.journeys.conftest import until
from tests.journeys.killed_workflows import ABORTED, Market, at_once, some_died, twice_at_once, twice_in_a_row
from tests.journeys.market import opened
from tests.workflows.definitions import rendered

pytestmark = pytest.mark.xdist_group("crashes of feeds")

OVER = ("finished", "cancelled", "failed", "refused")
DONE = {"created", "updated", "unchanged"}
LANES = {"ImportChunks", "RowsLeft", "LaneDone"}
"""States of a lane; they are within ImportRows, and an execution dies in them as it dies in that."""


@pytest.fixture(scope="module")
def market(stack: TestStack) -> Iterator[Market]:
    with opened(stack, Market) as made:
        yield made


@dataclass(frozen=True)
class Sender:
    """A supplier, and the feeds that it sends."""

    market: Market
    trader: Trader

    @property
    def path(self) -> str:
        return f"/v1/suppliers/{self.trader.id}/feeds"

    def sends(self, rows: int) -> str:
        """A file of so many products; the feed's id."""
        text = io.StringIO()
        writer = csv.writer(text)
        writer.writerow(
            ["supplier_sku", "title", "category_id", "price.GBP", "tax_rate_bps", "handling_days", "on_hand"]
        )
        for number in range(rows):
            writer.writerow([f"ROW-{number}", f"Thing {number}", self.market.shop.category, 999, 2000, 1, 5])
        headers = {"Content-Type": "text/csv", "Idempotency-Key": uuid4().hex}
        made = self.trader.api.call("POST", f"{self.path}?kind=products", text.getvalue().encode(), headers)
        return str(made.body["id"])

    def read(self, feed_id: str) -> Any:
        return self.trader.api.get(f"{self.path}/{feed_id}")

    def ends(self, feed_id: str) -> str:
        """How the feed ended, when it has."""
        return str(until(lambda: (feed := self.read(feed_id))["status"] in OVER and feed["status"]))

    def is_called_off(self, feed_id: str) -> str:
        """What an operator makes of the feed by calling it off: cancelled, where nobody takes its rows; over, where it was."""
        answer = self.market.settled_by_hand(f"{self.path}/{feed_id}/cancellations", "feed_state")
        return str(answer.body["status"]) if answer.status == 202 else "over"

    def is_tried_again(self, feed_id: str) -> str:
        """The feed of what was left; empty where nothing was."""
        answer = self.market.settled_by_hand(f"{self.path}/{feed_id}/retries", "nothing_to_retry")
        return str(answer.body["id"]) if answer.status == 201 else ""

    def took_each_once(self, rows: int, *feeds: str) -> None:
        """Each of the file's rows has one result in the feeds, as they count, and is one listing and one product."""
        lines: list[int] = []
        for feed_id in filter(None, feeds):
            progress = self.read(feed_id)["progress"]
            results = list(self.trader.api.listed(f"{self.path}/{feed_id}/rows"))
            assert {row["outcome"] for row in results} <= DONE
            assert progress["done"] == sum(progress["counts"].values()) == len(results)
            assert progress["total"] in (None, rows - len(lines))
            lines += [row["line"] for row in results]
        assert sorted(lines) == list(range(2, rows + 2))
        listings = list(self.trader.api.listed(f"/v1/suppliers/{self.trader.id}/listings"))
        assert sorted(one["supplier_sku"] for one in listings) == sorted(f"ROW-{number}" for number in range(rows))
        assert {one["status"] for one in listings} == {"published"}
        products = list(self.trader.api.listed("/v1/products", supplier_id=self.trader.id))
        assert sorted(one["title"] for one in products) == sorted(f"Thing {number}" for number in range(rows))


def test_a_feed_whose_workflow_dies_anywhere_is_taken_when_it_is_tried_again(market: Market) -> None:
    machine = market.machine("feeds-import-feed")
    assert set(rendered("import_feed")["States"]["ImportRows"]["ItemProcessor"]["States"]) == LANES
    states = machine.states(without={"FailFeed"})
    rows = 12
    statuses = {}

    def is_taken(state: str) -> list[str]:
        sender = Sender(market, market.approved(f"{state} Feeds"))
        first = sender.sends(rows)
        statuses[state] = machine.kill(first, state)
        assert sender.is_called_off(first) in ("cancelled", "over")
        again = sender.is_tried_again(first)
        ends = [sender.ends(feed) for feed in (first, again) if feed]
        assert machine.is_idle(first)
        sender.took_each_once(rows, first, again)
        return ends

    seen = at_once(is_taken, states)
    assert all(ends[-1] == "finished" for ends in seen.values() if len(ends) == 2), seen
    assert all(ends in (["finished"], ["cancelled"], ["cancelled", "finished"]) for ends in seen.values()), seen
    some_died(statuses.values())


def test_a_large_file_is_killed_and_called_off_in_the_middle_and_taken_to_its_end(market: Market) -> None:
    machine = market.machine("feeds-import-feed")
    sender, rows = Sender(market, market.approved("Large Feeds")), 800
    first = sender.sends(rows)
    until(lambda: machine.history(first)[-1:] == ["ImportRows"])
    until(lambda: market.shop.get("/v1/products", supplier_id=sender.trader.id).body["items"])
    assert machine.kill(first, "ImportRows") == ABORTED
    assert sender.is_called_off(first) == "cancelled", "nobody takes its rows any more"
    second = sender.is_tried_again(first)
    until(lambda: sender.read(second)["status"] == "running" and machine.history(second)[-1:] == ["ImportRows"])
    assert sender.is_called_off(second) == "cancelling"
    assert sender.ends(second) == "cancelled"
    third = sender.is_tried_again(second)
    assert sender.ends(third) == "finished"
    sender.took_each_once(rows, first, second, third)


@pytest.mark.parametrize("twice", [twice_in_a_row, twice_at_once])
def test_each_step_of_a_feed_twice(market: Market, twice: Callable[[Callable[[], Any]], list[Any]]) -> None:
    machine = market.machine("feeds-import-feed")
    sender, rows = Sender(market, market.approved("Twice Feeds")), 12
    feed_id = sender.sends(rows)
    machine.take(feed_id, feed_id="fed_01J00000000000000000000000")

    def step(task: str, **given: Any) -> Any:
        first, second = (answer["outcome"] for answer in twice(lambda: machine.task(task, feed_id=feed_id, **given)))
        return first if first == second else {first, second}

    assert step("split_feed") == "ready"
    assert step("import_chunks", lane=0) == "taken"
    assert step("split_feed") == "taken"
    assert step("finish_feed") == {"finished", "over"}
    # Once more from the start, after the end.
    assert step("split_feed") == "over"
    assert step("import_chunks", lane=0) == "taken"
    assert (step("finish_feed"), step("fail_feed", state="FinishFeed")) == ("over", "over")
    sender.took_each_once(rows, feed_id)
