"""The whole replay against a stand-in for the deployed system, over real sockets."""

import csv
import json
import re
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from threading import Barrier
from typing import Any

import pytest

from examples.online_retail import __main__ as cli
from examples.online_retail import api
from examples.online_retail import replay as replays
from examples.online_retail.faults import kind_of
from examples.online_retail.journal import Journal
from examples.online_retail.ledger import COLUMNS
from examples.online_retail.mapping import MAIN, OVERFLOW
from examples.online_retail.matching import Why
from examples.online_retail.stack import Stack
from tests.unit.examples.builders import a_note, a_row
from tests.unit.examples.fakes import FakeSystem, serving

ROWS = [
    a_row(),
    a_row(StockCode="71053", Quantity="2.0", UnitPrice="3.39"),
    a_row(StockCode="POST", Quantity="1.0", UnitPrice="18.0"),
    *[a_row(InvoiceNo="536370", StockCode=str(20000 + n), Quantity="1.0", UnitPrice="0.85") for n in range(70)],
    a_note(StockCode="85123A", Quantity="-5.0", Description="damaged"),
    a_note(InvoiceNo="536415", StockCode="71053", Quantity="3.0", Description="found"),
    a_row(InvoiceNo="C536379", Quantity="-1.0", InvoiceDate="2010-12-01 17:00:00"),
    a_row(InvoiceNo="536380", StockCode="85123a", InvoiceDate="2010-12-02 09:00:00", CustomerID=""),
    a_row(InvoiceNo="536381", StockCode="PADS", UnitPrice="0.001", Quantity="1.0"),
    a_row(InvoiceNo="536382", StockCode="PADS", UnitPrice="0.001", Quantity="1.0"),
    a_row(InvoiceNo="536382"),
    a_row(InvoiceNo="536390", StockCode="71053", Quantity="3.0", InvoiceDate="2010-12-02 09:00:00"),
    a_row(InvoiceNo="536390", StockCode="POST", Quantity="1.0", UnitPrice="9.0", InvoiceDate="2010-12-02 09:00:00"),
    a_row(InvoiceNo="C536391", StockCode="71053", Quantity="-3.0", InvoiceDate="2010-12-02 10:00:00"),
    a_row(InvoiceNo="C536392", Quantity="-2.0", InvoiceDate="2010-12-03 10:00:00"),
    a_row(InvoiceNo="C536392", StockCode="71053", Quantity="-2.0", UnitPrice="3.00", InvoiceDate="2010-12-03 10:00:00"),
    a_row(InvoiceNo="C536392", StockCode="M", Quantity="-1.0", UnitPrice="4.0", InvoiceDate="2010-12-03 10:00:00"),
    a_row(InvoiceNo="C536393", Quantity="-1.0", CustomerID="", InvoiceDate="2010-12-03 11:00:00"),
    a_row(InvoiceNo="C536395", StockCode="M", Quantity="-1.0", UnitPrice="7.0", InvoiceDate="2010-12-03 12:00:00"),
    *[
        a_row(
            InvoiceNo="C536394", StockCode=str(20000 + n), Quantity="-1.0", UnitPrice="0.85", InvoiceDate="2011-01-03"
        )
        for n in range(60)
    ],
]
ORDERS = 5
DONE_ONCE = {
    "/v1/orders": ORDERS,
    "/v1/inventory/adjustments": 2,
    "/v1/orders/{id}/cancellations": 2,
    "/v1/orders/{id}/returns": 5,
    "/v1/returns/{id}/receipts": 5,
    "/v1/returns/{id}/inspections": 5,
    "/v1/orders/{id}/refunds": 1,
}
"""C536379 and C536391 are cancellations; C536392 comes of two orders, C536394 is of 60 lines, so of three returns; of the
charges on C536392 and C536395 nine pounds were never taken, and two are refunded."""


@pytest.fixture
def system() -> FakeSystem:
    return FakeSystem()


@pytest.fixture
def run(system: FakeSystem, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """Runs a command on a small ledger; answers its exit code."""
    file, record = tmp_path / "ledger.csv", tmp_path / "stack.json"
    with file.open("w", newline="") as out:
        writer = csv.DictWriter(out, COLUMNS)
        writer.writeheader()
        writer.writerows(ROWS)
    monkeypatch.setattr(cli, "LOCAL", tmp_path)
    monkeypatch.setattr(replays, "NEXT_LOOK_SECONDS", 0.05)
    monkeypatch.setattr(replays, "FIRST_LOOK_SECONDS", 0.05)
    monkeypatch.setattr(Stack, "aws", lambda *_: system.queue)
    with serving(system) as url:
        user = {"username": "admin", "password": "-", "token": "t"}
        stack = {
            "region": "eu-west-1",
            "stage": "local",
            "user_pool_id": "p",
            "client_id": "c",
            "users": {"admin": user},
        }
        urls = {"fulfilment-shipment-requests": "requests", "fulfilment-warehouse-answers": "answers"}
        record.write_text(json.dumps({**stack, "api_url": url, "endpoint_url": url, "queue_urls": urls}))
        yield lambda command, *more: cli.main([command, "--file", str(file), "--stack", str(record), *more])


@pytest.fixture
def report(tmp_path: Path) -> Any:
    return lambda: json.loads((tmp_path / "online-retail-report.json").read_text())


def done_once(system: FakeSystem) -> dict[str, int]:
    """How often each kind of call had an effect, of those in `DONE_ONCE`."""
    found: Counter[str] = Counter()
    for path, count in system.effects.items():
        found[kind_of(path)] += count
    return {kind: found[kind] for kind in DONE_ONCE}


def unexplained(told: Any) -> list[tuple[str, str, str, str]]:
    return [
        (one["where"], one["what"], one["file"], one["aisle"]) for one in told["differences"] if not one["explained"]
    ]


def order_of(system: FakeSystem, invoice: str) -> str:
    [found] = [id_ for id_, order in system.orders.items() if order["reference"] == invoice]
    return found


def test_a_ledger_is_replayed_and_agrees(run: Any, report: Any, system: FakeSystem) -> None:
    assert run("replay") == 0
    told = report()
    assert told["unexplained"] == 0
    assert [
        (day["invoices"], day["orders"], day["delivered"], day["file_units"], day["aisle_units"])
        for day in told["days"]
    ] == [
        (4, 3, 3, 6 + 2 + 70 + 6, 84),
        (2, 2, 2, 6 + 3, 9),
    ]
    assert [day["aisle_revenue"] for day in told["days"]] == [1530 + 678 + 1800 + 70 * 85 + 1530, 1530 + 765 + 900]
    assert told["not_mapped"] == {
        "charge: the whole invoice is less than a penny": 1,
    }
    assert [(one["where"], one["what"], one["aisle"], one["explained"]) for one in told["differences"]] == [
        ("invoice 536381", "pence", "none", True),
        ("invoice 536382", "pence", "1530", True),
        ("cancellation C536391", "pence", "-900", True),
    ]
    assert (told["skus"], told["skus_balanced"], told["movements"], told["longest"]) == (72, 72, 2, 70)
    assert told["accepted_per_second"] > 0
    assert done_once(system) == DONE_ONCE


def test_every_month_is_reconciled_measure_by_measure(run: Any, report: Any) -> None:
    assert run("replay") == 0
    assert [
        (one["month"], one["measure"], one["file"], one["explained"], one["aisle"]) for one in report()["months"]
    ] == [
        ("2010-12", "goods", "11983.00", "0.00", 11983),
        ("2010-12", "charges", "2700.200", "0.200", 2700),
        ("2010-12", "called off", "1020", "0", 255 + 765),
        ("2010-12", "captured", "13663.200", "900.200", 11983 + 2700 - 1020 - 900),
        ("2010-12", "refunded", "1388", "0", 510 + 678 + 200),
        ("2010-12", "given back", "3485", "1077", 1020 + 1388),
        ("2011-01", "goods", "0", "0", 0),
        ("2011-01", "charges", "0", "0", 0),
        ("2011-01", "called off", "0", "0", 0),
        ("2011-01", "captured", "0", "0", 0),
        ("2011-01", "refunded", "5100", "0", 60 * 85),
        ("2011-01", "given back", "5100", "0", 60 * 85),
    ]


def test_what_of_the_c_rows_is_given_back_and_what_is_explained(run: Any, report: Any) -> None:
    assert run("replay") == 0
    told = report()
    assert {name: (one["rows"], one["units"], one["pence"]) for name, one in told["c_rows"].items()} == {
        "cancellation": (2, 4, 1020),
        "return": (62, 64, 510 + 600 + 5100),
        "refund, in part": (1, 0, 700),
        f"explained: {Why.NOT_CHARGED}": (1, 0, 400),
        f"explained: {Why.NOBODYS}": (1, 1, 255),
    }
    assert {name: (one["rows"], one["units"], one["pence"]) for name, one in told["c_notes"].items()} == {
        str(Why.CHEAPER): (1, 0, -78),
        str(Why.NOT_CHARGED): (2, 0, 900),
        str(Why.NOBODYS): (1, 1, 255),
    }


def test_under_faults_on_every_kind_of_call_all_is_done_once(
    run: Any, report: Any, system: FakeSystem, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(api, "_jitter", lambda _: 0.0)
    assert run("replay", "--faults", "0.3") == 0
    assert report()["unexplained"] == 0
    assert done_once(system) == DONE_ONCE
    assert "Answers lost, by kind of call: " in capsys.readouterr().out


def test_stock_is_received_at_two_places_and_just_enough(run: Any, system: FakeSystem) -> None:
    assert run("load") == 0
    assert system.locations == [MAIN, OVERFLOW]
    assert (system.on_hand["85123A", MAIN], system.on_hand["85123A", OVERFLOW]) == (16, 8)
    assert system.orders == {}


def test_running_again_without_the_journal_orders_nothing_twice(run: Any, report: Any, system: FakeSystem) -> None:
    assert run("replay") == 0
    effects, stock = dict(system.effects), dict(system.on_hand)
    assert run("replay") == 0
    assert (dict(system.effects), system.on_hand) == (effects, stock)
    assert done_once(system) == DONE_ONCE
    assert report()["accepted_per_second"] == 0


def test_resuming_calls_nothing_that_was_done(run: Any, system: FakeSystem) -> None:
    assert run("replay") == 0
    system.calls.clear()
    assert run("replay", "--resume") == 0
    assert {call for call in system.calls if call[0] == "POST"} == {
        ("POST", "/v1/inventory/locations"),
        ("POST", "/v1/categories"),
    }


@pytest.mark.parametrize("lines_kept", [1, 7, 12, 20, 28, 36])
@pytest.mark.parametrize("resume", [[], ["--resume"]])
def test_a_replay_killed_anywhere_is_finished_by_the_next(
    run: Any, report: Any, system: FakeSystem, tmp_path: Path, lines_kept: int, resume: list[str]
) -> None:
    assert run("replay") == 0
    # What a kill leaves: everything done in the system, and a journal that knows less, its last line torn.
    [journal] = tmp_path.glob("*.jsonl")
    lines = journal.read_bytes().splitlines(keepends=True)
    journal.write_bytes(b"".join(lines[:lines_kept]) + lines[lines_kept][:9])
    assert run("replay", *resume) == 0
    assert done_once(system) == DONE_ONCE
    told = report()
    assert (told["unexplained"], told["totals"]["delivered"]) == (0, ORDERS)


def test_a_longer_replay_continues_a_shorter_one(run: Any, report: Any, system: FakeSystem) -> None:
    assert run("replay", "--invoices", "1") == 0
    assert len(system.orders) == 1
    assert run("replay", "--resume") == 0
    assert len(system.orders) == ORDERS
    assert report()["skus_balanced"] == 72


def test_a_wrong_total_fails(run: Any, report: Any, system: FakeSystem) -> None:
    system.skim = 1
    assert run("replay") == cli.EXIT_DIFFERS
    assert unexplained(report()) == [
        ("2010-12", "goods", "11983.00", "11978"),
        ("2010-12", "captured", "12763.000", "12759"),
        ("invoice 536365", "pence", "4008", "4007"),
        ("invoice 536370", "pence", "5950", "5949"),
        ("invoice 536380", "pence", "1530", "1529"),
        ("invoice 536382", "pence", "1530", "1529"),
        ("invoice 536390", "pence", "1665", "1664"),
        ("invoice 536390", "pence captured", "-1", "0"),
    ]


def test_wrong_stock_fails(run: Any, report: Any, system: FakeSystem) -> None:
    assert run("replay") == 0
    system.on_hand["85123A", MAIN] += 1
    assert run("report") == cli.EXIT_DIFFERS
    assert unexplained(report()) == [("85123A", "on hand", "24 + 0 + 2 - 17 - 5 = 4", "5")]


def test_a_refund_that_is_made_twice_fails(run: Any, report: Any, system: FakeSystem) -> None:
    assert run("replay") == 0
    system.payments[order_of(system, "536382")]["refunded"] += 200
    assert run("report") == cli.EXIT_DIFFERS
    assert unexplained(report()) == [("invoice 536382", "pence refunded", "710", "910")]


def test_a_capture_of_what_was_called_off_fails(run: Any, report: Any, system: FakeSystem) -> None:
    assert run("replay") == 0
    system.payments[order_of(system, "536365")]["captured"] += 255
    assert run("report") == cli.EXIT_DIFFERS
    assert unexplained(report()) == [
        ("2010-12", "captured", "12763.000", "13018"),
        ("invoice 536365", "pence captured", "3753", "4008"),
    ]


def test_money_that_stays_held_fails(run: Any, report: Any, system: FakeSystem) -> None:
    system.voids = False
    assert run("replay", "--patience", "2") == cli.EXIT_DIFFERS
    assert unexplained(report()) == [
        ("invoice 536365", "pence held", "0", "255"),
        ("invoice 536390", "pence held", "0", "1665"),
    ]


def test_a_unit_that_is_returned_twice_fails(run: Any, report: Any, system: FakeSystem) -> None:
    assert run("replay") == 0
    system.orders[order_of(system, "536382")]["lines"][0]["returned"] += 1
    assert run("report") == cli.EXIT_DIFFERS
    assert unexplained(report()) == [
        ("invoice 536382", "units returned", "2", "3"),
        ("85123A", "on hand", "24 + 0 + 3 - 17 - 5 = 5", "4"),
    ]


def test_a_return_that_is_refused_is_named(run: Any, report: Any, system: FakeSystem, monkeypatch: Any) -> None:
    refusal = (422, {"code": "return_not_allowed", "detail": "too late", "retryable": False})
    monkeypatch.setattr(system, "_announce", lambda *_: refusal)
    assert run("replay") == cli.EXIT_DIFFERS
    told = report()
    named = [one for one in told["differences"] if one["where"].startswith("return ") and not one["explained"]]
    assert [(one["where"], one["file"], one["aisle"]) for one in named] == [
        ("return C536392", "510", "none"),
        ("return C536392", "678", "none"),
        ("return C536394", "1700", "none"),
        ("return C536394", "1700", "none"),
        ("return C536394", "1700", "none"),
    ]
    assert "too late" in named[0]["reason"]


def test_an_order_that_is_refused_at_the_door_is_named(run: Any, report: Any, system: FakeSystem) -> None:
    assert run("load") == 0
    real = system._order

    def refuse(body: dict[str, Any]) -> tuple[int, Any]:
        if body["reference"] == "536380":
            return 422, {"code": "rule_broken", "detail": "not on a Thursday", "retryable": False}
        return real(body)

    system._order = refuse  # type: ignore[method-assign]
    assert run("replay") == cli.EXIT_DIFFERS
    assert unexplained(report()) == [
        ("2010-12", "goods", "11983.00", "10453"),
        ("2010-12", "captured", "12763.000", "11233"),
        ("invoice 536380", "order", "sold", "none"),
    ]
    [difference] = [one for one in report()["differences"] if one["what"] == "order"]
    assert "not on a Thursday" in difference["reason"]


def test_what_is_stuck_is_named(
    run: Any, system: FakeSystem, monkeypatch: Any, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(system.queue, "put", lambda _: None)
    assert run("replay", "--patience", "1") == cli.EXIT_STUCK
    said = capsys.readouterr().out
    assert "3 orders are not settled" in said
    assert re.search(r"ord_0000\d \(536370\) is confirmed", said)


def test_without_a_stack_it_says_what_to_do(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["replay", "--stack", str(tmp_path / "none.json")]) == cli.EXIT_NO_STACK
    assert "make up" in capsys.readouterr().out


def test_an_order_that_two_watchers_look_at_is_settled_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(replays, "FIRST_LOOK_SECONDS", 0.0)
    both, settled = Barrier(2), list[None]()

    class SlowApi:
        def get(self, path: str) -> Any:
            followed.look_soon("ord_1")  # the warehouse speaks while the first watcher looks
            both.wait(timeout=5)
            return {"id": "ord_1", "status": "delivered", "total": {"amount": 1}, "charges": [], "lines": []}

    slow: Any = SlowApi()
    with Journal(tmp_path / "journal.jsonl") as journal:
        followed = replays.Followed(slow, journal, most=1, on_settled=lambda: settled.append(None))
        followed.add("ord_1", "key")
        followed.wait_for_all(patience=5)
        followed.stop()
    assert (settled, followed.settled_here) == ([None], 1)
