import json
from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from pathlib import Path
from typing import Any

import pytest

from examples.online_retail.api import Api, Problem, Reply
from examples.online_retail.journal import Journal
from examples.online_retail.load import LoadFailed, import_rows, in_scope, load, make_categories, move_stock
from examples.online_retail.mapping import MAIN, OVERFLOW, Opening, StockMovement
from tests.unit.examples.fakes import FakeSystem, FakeTokens, serving


class Importer:
    """Answers imports with the given outcomes, one list a call."""

    def __init__(self, *answers: Sequence[str]) -> None:
        self.answers = list(answers)
        self.sent: list[tuple[str, list[str]]] = []

    def call(self, method: str, path: str, payload: bytes, headers: Mapping[str, str]) -> Reply:
        skus = [json.loads(line)["sku"] for line in payload.splitlines()]
        self.sent.append((headers["Idempotency-Key"], skus))
        rows = [{"line": n, "outcome": outcome} for n, outcome in enumerate(self.answers.pop(0), start=1)]
        return Reply(200, {"rows": rows}, False)


def test_rows_that_were_put_off_are_sent_again() -> None:
    api: Any = Importer(["created", "deferred", "deferred"], ["unchanged", "deferred"], ["created"])
    import_rows(api, "k", [{"sku": "A"}, {"sku": "B"}, {"sku": "C"}])
    assert api.sent == [("k-0", ["A", "B", "C"]), ("k-1", ["B", "C"]), ("k-2", ["C"])]


def test_rows_that_are_refused_end_the_load() -> None:
    api: Any = Importer(["created", "refused"])
    with pytest.raises(LoadFailed, match="refused 1 rows"):
        import_rows(api, "k", [{"sku": "A"}, {"sku": "B"}])


def test_rows_that_are_put_off_for_ever_end_the_load() -> None:
    api: Any = Importer(*[["deferred"]] * 5)
    with pytest.raises(LoadFailed, match="5 times over"):
        import_rows(api, "k", [{"sku": "A"}])


def test_a_category_that_is_there_is_used() -> None:
    class Shop:
        def post(self, path: str, body: Any, *, key: str) -> Reply:
            if body["slug"] == "gifts":
                raise Problem("POST", 409, {"code": "slug_taken"})
            return Reply(201, {"id": "cat_new"}, False)

        def listed(self, path: str) -> Iterator[Any]:
            yield from [{"slug": "gifts", "id": "cat_old"}, {"slug": "other", "id": "cat_other"}]

    shop: Any = Shop()
    assert make_categories(shop, ["bags", "gifts"]) == {"bags": "cat_new", "gifts": "cat_old"}


def test_a_shorter_load_is_the_beginning_of_a_longer_one() -> None:
    skus = [f"S{n:03}" for n in range(300)]
    assert in_scope(skus, {"S001"}, str) == skus[:120]
    assert in_scope(skus, {"S001", "S150"}, str) == skus[:240]
    assert in_scope(skus, {"S299"}, str) == skus
    assert in_scope(skus, set(), str) == []


def test_no_receipt_of_a_shorter_load_differs_from_that_of_a_longer_one(tmp_path: Path) -> None:
    openings = [Opening(f"S{n:03}", 8, 4) for n in range(300)]
    system = FakeSystem()
    with serving(system) as url, Journal(tmp_path / "j") as journal:
        for needed in ("S001", "S130", "S299"):
            scope = in_scope(openings, {needed}, lambda one: one.sku)
            load(Api(url, FakeTokens()), journal, "f", [], scope, clients=4, on_step=lambda: None)
    assert system.on_hand == {(f"S{n:03}", at): units for n in range(300) for at, units in ((MAIN, 8), (OVERFLOW, 4))}


@pytest.mark.parametrize(
    ("overflow", "main", "left"),
    [
        (5, 5, {OVERFLOW: 1, MAIN: 5}),
        (3, 5, {OVERFLOW: 3, MAIN: 1}),
        (3, 2, {OVERFLOW: 0, MAIN: 1}),
        (0, 4, {OVERFLOW: 0, MAIN: 0}),
    ],
)
def test_a_write_off_is_taken_from_the_overflow_the_main_place_or_both(
    overflow: int, main: int, left: dict[str, int]
) -> None:
    system = FakeSystem()
    system.on_hand = {("A", OVERFLOW): overflow, ("A", MAIN): main}
    movement = StockMovement("k", "A", -4, "damage", "Row 1", date(2010, 12, 1), 1)
    with serving(system) as url:
        api = Api(url, FakeTokens())
        for _ in range(2):  # a repetition must not take it from the other place
            move_stock(api, movement)
    assert {place: system.on_hand["A", place] for place in (OVERFLOW, MAIN)} == left


def test_a_write_off_that_was_taken_from_the_main_place_stays_one_when_the_overflow_fills_up() -> None:
    system = FakeSystem()
    system.on_hand = {("A", OVERFLOW): 0, ("A", MAIN): 9}
    movement = StockMovement("k", "A", -4, "damage", "Row 1", date(2010, 12, 1), 1)
    with serving(system) as url:
        api = Api(url, FakeTokens())
        move_stock(api, movement)
        system.on_hand["A", OVERFLOW] = 50
        move_stock(api, movement)
    assert (system.on_hand["A", OVERFLOW], system.on_hand["A", MAIN]) == (50, 5)


def test_a_write_off_that_was_stopped_between_two_places_goes_on_with_the_second() -> None:
    system = FakeSystem()
    system.on_hand = {("A", OVERFLOW): 0, ("A", MAIN): 9}
    system.movements = [{"sku": "A", "location_id": OVERFLOW, "quantity": -3, "reference": "Row 1"}]
    with serving(system) as url:
        move_stock(Api(url, FakeTokens()), StockMovement("k", "A", -4, "damage", "Row 1", date(2010, 12, 1), 1))
    assert (system.on_hand["A", OVERFLOW], system.on_hand["A", MAIN]) == (0, 8)


def test_a_write_off_of_more_than_there_is_takes_nothing() -> None:
    system = FakeSystem()
    system.on_hand = {("A", OVERFLOW): 2, ("A", MAIN): 1}
    with serving(system) as url, pytest.raises(Problem, match="stock_too_low"):
        move_stock(Api(url, FakeTokens()), StockMovement("k", "A", -4, "damage", "Row 1", date(2010, 12, 1), 1))
    assert (system.on_hand["A", OVERFLOW], system.on_hand["A", MAIN]) == (2, 1)


def test_units_that_are_nowhere_cannot_be_written_off() -> None:
    with serving(FakeSystem()) as url, pytest.raises(Problem, match="stock_too_low"):
        move_stock(Api(url, FakeTokens()), StockMovement("k", "A", -4, "damage", "Row 1", date(2010, 12, 1), 1))
