"""From a file to its results: whatever happens in between, every row is taken and counted once."""

from __future__ import annotations

import json
from hashlib import sha256
from typing import Any

import pytest

from chalicelib.core.table import Transaction
from chalicelib.feeds import gateways, store
from chalicelib.feeds.domain import split as splitting
from chalicelib.feeds.gateways import FeedFiles
from chalicelib.feeds.service import lanes, results, use_cases
from chalicelib.feeds.service.finish_feed import RowsMissing
from chalicelib.listings.service.use_cases import RowOutcome, Taken
from tests.unit.feeds.builders import AS_OF, csv_file, jsonl_file, stock_file, synthetic_csv
from tests.unit.feeds.conftest import ACME, ANN, TASK, Inbox, busy

SEVEN = stock_file(*[(f"S{number}", number) for number in range(7)])


@pytest.fixture(autouse=True)
def small_chunks(monkeypatch: pytest.MonkeyPatch) -> None:
    """Chunks of two rows, batches of one."""
    monkeypatch.setattr(splitting, "CHUNK_ROWS", 2)
    monkeypatch.setattr(lanes, "BATCH_ROWS", 1)


def test_a_small_file_is_taken_row_by_row(inbox: Inbox) -> None:
    feed_id = inbox.send(SEVEN)
    assert inbox.read(feed_id)["status"] == "waiting"
    assert inbox.run(feed_id) == "finished"
    seen = inbox.read(feed_id)
    assert seen["status"] == "finished"
    assert seen["progress"]["total"] == seen["progress"]["done"] == 7
    assert seen["progress"]["counts"] == {"created": 7}
    assert seen["progress"]["rows_per_second"] > 0
    assert [(row["line"], row["supplier_sku"], row["sku"]) for row in inbox.rows(feed_id)] == [
        (number + 2, f"S{number}", f"cat-S{number}") for number in range(7)
    ]
    assert inbox.events(feed_id) == ["FeedReceived", "FeedStarted", "FeedFinished"]


def test_the_same_file_again_changes_nothing(inbox: Inbox) -> None:
    inbox.run(inbox.send(SEVEN))
    again = inbox.send(SEVEN)
    assert inbox.run(again) == "finished"
    assert inbox.read(again)["progress"]["counts"] == {"unchanged": 7}


def test_an_uploaded_file_is_checked_and_taken(inbox: Inbox) -> None:
    reply = inbox.announce(SEVEN, sha256=sha256(SEVEN).hexdigest().upper())
    assert reply.status == 201
    feed_id, upload = reply.json["id"], reply.json["upload"]
    assert upload["method"] == "POST"
    assert upload["fields"]["key"] == f"uploads/{feed_id}"
    assert upload["fields"]["Content-Type"] == "text/csv"
    assert "x-amz-signature" in upload["fields"]
    assert inbox.call("POST", f"/{feed_id}/completions").code == "not_uploaded"
    inbox.files.put_object(Bucket="aisle-test-feeds", Key=f"uploads/{feed_id}", Body=SEVEN + b"x")
    assert inbox.call("POST", f"/{feed_id}/completions").code == "other_file"
    inbox.files.put_object(Bucket="aisle-test-feeds", Key=f"uploads/{feed_id}", Body=SEVEN)
    done = inbox.call("POST", f"/{feed_id}/completions")
    assert (done.status, done.json["status"], done.json["upload"]) == (202, "waiting", None)
    assert inbox.call("POST", f"/{feed_id}/completions").code == "feed_state"
    assert inbox.run(feed_id) == "finished"


@pytest.mark.parametrize(
    ("body", "kind", "code"),
    [
        (b"supplier_sku,on_hand\nA,1\n", "stock", "bad_header"),
        (b"supplier_sku,on_hand,as_of\n", "stock", "no_rows"),
        (stock_file(("A", 1)) + b"\xe9", "stock", "not_utf8"),
    ],
)
def test_a_file_that_cannot_be_read_is_refused_as_a_whole(inbox: Inbox, body: bytes, kind: str, code: str) -> None:
    feed_id = inbox.send(body, kind)
    assert inbox.run(feed_id) == "refused"
    seen = inbox.read(feed_id)
    assert seen["status"] == "refused"
    assert [finding["rule"] for finding in seen["findings"]] == [code]
    assert inbox.events(feed_id)[-1] == "FeedFailed"
    assert inbox.shelf.taken == []


def test_a_file_with_another_hash_is_refused(inbox: Inbox) -> None:
    feed_id = inbox.announce(SEVEN, sha256="0" * 64).json["id"]
    FeedFiles().put(gateways.upload_key(feed_id), SEVEN)
    inbox.call("POST", f"/{feed_id}/completions")
    assert inbox.run(feed_id) == "refused"
    assert inbox.read(feed_id)["findings"][0]["rule"] == "other_file"


def test_each_row_has_its_result(inbox: Inbox) -> None:
    rows: list[Any] = [
        {"supplier_sku": "A", "title": "fine"},
        {"supplier_sku": "B", "title": "bad"},
        {"title": "whose"},
        {"supplier_sku": "A", "title": "finer", "shelf": 1},
        {"supplier_sku": "C", "title": "busy"},
        {"supplier_sku": "D", "title": "busier"},
        {"supplier_sku": "E", "title": "broken"},
    ]
    inbox.shelf.faults = {"C": busy(2), "D": busy(9), "E": [RuntimeError("boom")] * 9}
    feed_id = inbox.send(jsonl_file(rows), "products", "jsonl")
    assert inbox.run(feed_id) == "finished"
    said = [(row["line"], row["supplier_sku"], row["outcome"], row["code"]) for row in inbox.rows(feed_id)]
    assert said == [
        (1, "A", "superseded", "superseded"),
        (2, "B", "refused", "bad_title"),
        (3, None, "refused", "missing"),
        (4, "A", "created", None),
        (5, "C", "created", None),
        (6, "D", "deferred", "contended"),
        (7, "E", "deferred", "internal_error"),
    ]
    assert inbox.read(feed_id)["progress"]["counts"] == {"superseded": 1, "refused": 2, "created": 2, "deferred": 2}
    assert [row["line"] for row in inbox.rows(feed_id, "?outcome=refused")] == [2, 3]
    assert inbox.rows(feed_id)[3]["findings"][0]["rule"] == "unknown_column"


def test_results_are_paged(inbox: Inbox) -> None:
    feed_id = inbox.send(SEVEN)
    inbox.run(feed_id)
    seen, cursor = [], ""
    while True:
        page = inbox.call("GET", f"/{feed_id}/rows?limit=3&outcome=created{cursor}").json
        seen.append([row["line"] for row in page["items"]])
        if page["next_cursor"] is None:
            break
        cursor = f"&cursor={page['next_cursor']}"
    assert seen == [[2, 3, 4], [5, 6, 7], [8]]


def test_all_results_can_be_had_at_once(inbox: Inbox) -> None:
    header = ("supplier_sku", "title")
    feed_id = inbox.send(csv_file(header, [("A", "fine"), ("B", "bad"), ("=C", "x")]), "products")
    assert inbox.call("GET", f"/{feed_id}/results").code == "results_not_ready"
    inbox.run(feed_id)
    link = inbox.call("GET", f"/{feed_id}/results?format=csv").json
    assert f"results/{feed_id}/all.csv" in link["url"]
    assert "X-Amz-Signature" in link["url"]
    whole = inbox.stored(gateways.whole_key(feed_id, "jsonl")) or b""
    assert [json.loads(line)["outcome"] for line in whole.splitlines()] == ["created", "refused", "refused"]
    table = (inbox.stored(gateways.whole_key(feed_id, "csv")) or b"").decode().splitlines()
    assert table[0] == "line,supplier_sku,outcome,sku,code,detail"
    assert table[1] == "2,A,created,cat-A,,"


# ---- repeated, interrupted, at the same time -----------------------------------------------------------------------------


def test_a_step_that_runs_out_of_time_goes_on(inbox: Inbox) -> None:
    """A budget of nothing: every call takes one batch, and every row is taken once."""
    feed_id = inbox.send(SEVEN)
    assert inbox.run(feed_id, budget_seconds=0.0) == "finished"
    assert sorted(inbox.shelf.taken) == [f"S{number}" for number in range(7)]
    assert inbox.read(feed_id)["progress"]["counts"] == {"created": 7}
    assert len(store.parts_of(feed_id)) == 7


def test_a_lane_that_is_repeated_counts_once(inbox: Inbox) -> None:
    feed_id = inbox.send(SEVEN)
    inbox.split(feed_id)
    for _ in range(2):
        for lane in range(4):
            assert inbox.lane(feed_id, lane) == "taken"
    assert len(inbox.shelf.taken) == 7
    assert inbox.read(feed_id)["progress"]["counts"] == {"created": 7}


def test_a_crash_before_results_are_written_takes_the_rows_again(inbox: Inbox, monkeypatch: pytest.MonkeyPatch) -> None:
    feed_id = inbox.send(SEVEN)
    inbox.split(feed_id)
    with monkeypatch.context() as patch:
        patch.setattr(FeedFiles, "put_once", _crash)
        with pytest.raises(_Crash):
            inbox.lane(feed_id, 0)
    inbox.run(feed_id)
    assert inbox.read(feed_id)["progress"]["counts"] == {"created": 5, "unchanged": 2}


def test_a_crash_before_they_are_counted_counts_them_later(inbox: Inbox, monkeypatch: pytest.MonkeyPatch) -> None:
    """They are not even taken again: what was written of them stands."""
    feed_id = inbox.send(SEVEN)
    inbox.split(feed_id)
    with monkeypatch.context() as patch:
        patch.setattr(Transaction, "commit", _crash)
        with pytest.raises(_Crash):
            inbox.lane(feed_id, 0)
    assert inbox.read(feed_id)["progress"]["done"] == 0
    inbox.run(feed_id)
    assert inbox.read(feed_id)["progress"]["counts"] == {"created": 7}
    assert len(inbox.shelf.taken) == 7


def test_a_crash_after_they_are_counted_counts_nothing(inbox: Inbox, monkeypatch: pytest.MonkeyPatch) -> None:
    feed_id = inbox.send(SEVEN)
    inbox.split(feed_id)
    commit = Transaction.commit

    def commit_and_crash(tx: Transaction) -> None:
        commit(tx)
        raise _Crash

    with monkeypatch.context() as patch:
        patch.setattr(Transaction, "commit", commit_and_crash)
        with pytest.raises(_Crash):
            inbox.lane(feed_id, 0)
    assert inbox.read(feed_id)["progress"]["done"] == 2
    inbox.run(feed_id)
    assert inbox.read(feed_id)["progress"]["counts"] == {"created": 7}
    assert len(inbox.shelf.taken) == 7


def test_two_who_take_the_same_lane_agree(inbox: Inbox) -> None:
    """One that was given up for dead goes on: the results that were written first stand for both."""
    feed_id = inbox.send(SEVEN)
    inbox.split(feed_id)
    inbox.shelf.before = lambda sku: _twice(inbox, feed_id)
    inbox.lane(feed_id, 0)
    inbox.shelf.before = None
    inbox.run(feed_id)
    seen = inbox.read(feed_id)["progress"]
    assert seen["total"] == seen["done"] == sum(seen["counts"].values()) == 7
    assert len(inbox.results(feed_id)) == 7
    assert [result.line for result in inbox.results(feed_id)] == list(range(2, 9))
    counted = seen["counts"]
    written: dict[str, int] = {}
    for result in inbox.results(feed_id):
        written[str(result.outcome)] = written.get(str(result.outcome), 0) + 1
    assert written == counted


def _twice(inbox: Inbox, feed_id: str) -> None:
    inbox.shelf.before = None
    inbox.lane(feed_id, 0)


class _Crash(BaseException):
    """The function is gone."""


def _crash(*args: object, **named: object) -> None:
    raise _Crash


def test_every_step_can_be_repeated(inbox: Inbox) -> None:
    feed_id = inbox.send(SEVEN)
    assert inbox.split(feed_id) == inbox.split(feed_id) == {"outcome": "ready", "lanes": [0, 1, 2, 3]}
    for lane in range(4):
        inbox.lane(feed_id, lane)
    assert inbox.split(feed_id)["outcome"] == "taken"
    assert inbox.finish(feed_id) == {"outcome": "finished"}
    assert inbox.finish(feed_id) == {"outcome": "over"}
    assert use_cases.fail_feed(feed_id, "ImportRows", TASK) == {"outcome": "over"}
    assert inbox.lane(feed_id, 0) == "taken"
    assert inbox.split(feed_id) == {"outcome": "over"}
    assert inbox.events(feed_id) == ["FeedReceived", "FeedStarted", "FeedFinished"]


def test_a_feed_is_not_finished_before_its_rows(inbox: Inbox) -> None:
    feed_id = inbox.send(SEVEN)
    inbox.split(feed_id)
    inbox.lane(feed_id, 0)
    with pytest.raises(RowsMissing):
        use_cases.finish_feed(feed_id, TASK, inbox.shelf)


def test_splitting_is_put_aside_and_taken_up(inbox: Inbox, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(splitting, "_LOOK_AT_CLOCK_EVERY", 2)
    feed_id = inbox.send(SEVEN)
    inbox.deliver(feed_id)
    told = [use_cases.split_feed(feed_id, TASK, budget_seconds=0.0)["outcome"] for _ in range(4)]
    assert told == ["continue", "continue", "continue", "ready"]
    assert inbox.run(feed_id) == "finished"
    assert inbox.read(feed_id)["progress"]["counts"] == {"created": 7}


# ---- called off, failed, tried again ------------------------------------------------------------------------------------


def test_a_feed_is_called_off_in_the_middle(inbox: Inbox) -> None:
    feed_id = inbox.send(SEVEN)
    inbox.split(feed_id)
    inbox.lane(feed_id, 0)
    reply = inbox.call("POST", f"/{feed_id}/cancellations")
    assert (reply.status, reply.json["status"]) == (202, "cancelling")
    assert inbox.lane(feed_id, 1) == "cancelled"
    assert inbox.finish(feed_id) == {"outcome": "cancelled"}
    seen = inbox.read(feed_id)
    assert (seen["status"], seen["progress"]["done"], seen["progress"]["total"]) == ("cancelled", 2, 7)
    assert inbox.events(feed_id)[-1] == "FeedCancelled"
    assert inbox.call("POST", f"/{feed_id}/cancellations").code == "feed_state"
    assert len(inbox.shelf.taken) == 2


def test_rows_at_hand_are_counted_when_a_feed_is_called_off(inbox: Inbox) -> None:
    feed_id = inbox.send(SEVEN)
    inbox.split(feed_id)

    def cancel(sku: str) -> None:
        inbox.shelf.before = None
        use_cases.cancel_feed(ACME, feed_id, by=ANN, once=_once(), answer=_nothing)

    inbox.shelf.before = cancel
    assert [inbox.lane(feed_id, lane) for lane in (0, 1)] == ["taken", "cancelled"]
    assert inbox.read(feed_id)["progress"]["done"] == 2


def _once() -> Any:
    from chalicelib.core.idempotency import Idempotency

    return Idempotency.of("test", "key", b"")


def _nothing(feed: Any) -> Any:
    from chalicelib.core.idempotency import no_answer

    return no_answer()


def test_a_feed_whose_workflow_died_is_called_off_at_once(inbox: Inbox) -> None:
    first, second = inbox.send(SEVEN), inbox.send(SEVEN)
    inbox.split(first)
    inbox.running.clear()
    assert inbox.call("POST", f"/{first}/cancellations").json["status"] == "cancelled"
    inbox.deliver(first)
    assert inbox.started == [first, second]
    assert inbox.lane(first, 0) == "over"


def test_a_lane_that_lost_its_feed_stops(inbox: Inbox) -> None:
    """The feed ends between the taking of rows and their counting."""
    feed_id = inbox.send(SEVEN)
    inbox.split(feed_id)

    def fail(sku: str) -> None:
        inbox.shelf.before = None
        use_cases.fail_feed(feed_id, "ImportRows", TASK)

    inbox.shelf.before = fail
    assert inbox.lane(feed_id, 0) == "over"
    assert inbox.read(feed_id)["progress"]["done"] == 0


def test_a_failed_feed_is_tried_again_from_where_it_stood(inbox: Inbox) -> None:
    feed_id = inbox.send(SEVEN)
    inbox.split(feed_id)
    inbox.lane(feed_id, 1)
    assert use_cases.fail_feed(feed_id, "ImportRows", TASK) == {"outcome": "failed"}
    seen = inbox.read(feed_id)
    assert (seen["status"], seen["failure"]) == ("failed", "ImportRows")
    reply = inbox.call("POST", f"/{feed_id}/retries")
    assert (reply.status, reply.json["retry_of"]) == (201, feed_id)
    again = reply.json["id"]
    assert inbox.run(again) == "finished"
    assert inbox.read(again)["progress"]["total"] == 5
    assert sorted(inbox.shelf.taken) == [f"S{number}" for number in range(7)]


def test_a_feed_that_died_before_its_file_was_looked_through_is_tried_again_whole(inbox: Inbox) -> None:
    """And so is one that tried it again, and died as early."""
    feed_id, tried = inbox.send(SEVEN, mode="replace"), []
    for _ in range(2):
        inbox.deliver(feed_id)
        inbox.running.discard(inbox.feed(feed_id).execution)
        assert inbox.call("POST", f"/{feed_id}/cancellations").json["status"] == "cancelled"
        reply = inbox.call("POST", f"/{feed_id}/retries")
        assert (reply.status, reply.json["retry_of"], reply.json["mode"]) == (201, feed_id, "upsert")
        tried.append(feed_id)
        feed_id = reply.json["id"]
    assert inbox.run(feed_id) == "finished"
    assert inbox.read(feed_id)["progress"]["counts"] == {"created": 7}
    assert [inbox.read(one)["progress"]["total"] for one in tried] == [None, None]


def test_what_a_feed_left_is_left_when_the_one_that_tries_it_again_dies_early(inbox: Inbox) -> None:
    first = inbox.send(SEVEN)
    inbox.split(first)
    inbox.lane(first, 1)
    use_cases.fail_feed(first, "ImportRows", TASK)
    second = inbox.call("POST", f"/{first}/retries").json["id"]
    inbox.call("POST", f"/{second}/cancellations")
    third = inbox.call("POST", f"/{second}/retries").json["id"]
    assert inbox.run(third) == "finished"
    assert inbox.read(third)["progress"]["total"] == 5
    assert sorted(inbox.shelf.taken) == [f"S{number}" for number in range(7)]


def test_a_file_that_was_never_sent_is_not_tried_again(inbox: Inbox) -> None:
    feed_id = inbox.announce(SEVEN).json["id"]
    inbox.call("POST", f"/{feed_id}/cancellations")
    assert inbox.call("POST", f"/{feed_id}/retries").code == "nothing_to_retry"


def test_what_was_found_in_a_file_and_is_gone_is_not_found_anew(inbox: Inbox) -> None:
    """It would take rows again that were taken."""
    feed_id = inbox.send(SEVEN)
    inbox.split(feed_id)
    use_cases.fail_feed(feed_id, "ImportRows", TASK)
    again = inbox.call("POST", f"/{feed_id}/retries").json["id"]
    inbox.files.delete_object(Bucket="aisle-test-feeds", Key=gateways.work_key(feed_id, "manifest"))
    assert inbox.run(again) == "refused"
    assert inbox.read(again)["findings"][0]["rule"] == "file_gone"


def test_only_refused_and_deferred_rows_are_tried_again(inbox: Inbox) -> None:
    rows: list[Any] = [{"supplier_sku": sku, "title": "bad" if sku in "BE" else "x"} for sku in "ABCDEAB"]
    inbox.shelf.faults = {"D": busy(9)}
    feed_id = inbox.send(jsonl_file(rows), "products", "jsonl")
    inbox.run(feed_id)
    inbox.shelf.taken.clear()
    inbox.shelf.faults.clear()
    again = inbox.call("POST", f"/{feed_id}/retries").json["id"]
    assert inbox.run(again) == "finished"
    assert sorted(inbox.shelf.taken) == ["B", "D", "E"]
    said = [(row["line"], row["supplier_sku"], row["outcome"]) for row in inbox.rows(again)]
    assert said == [(4, "D", "created"), (5, "E", "refused"), (7, "B", "refused")]
    third = inbox.call("POST", f"/{again}/retries").json["id"]
    assert inbox.run(third) == "finished"
    assert [row["line"] for row in inbox.rows(third)] == [5, 7]


def test_what_is_outdated_is_not_tried_again(inbox: Inbox) -> None:
    rows = [("A", "bad")]
    old = inbox.send(csv_file(("supplier_sku", "title"), rows), "products")
    inbox.run(old)
    inbox.send(csv_file(("supplier_sku", "title"), rows), "products")
    assert inbox.call("POST", f"/{old}/retries").code == "newer_feed"


def test_nothing_is_left_to_try_again(inbox: Inbox) -> None:
    feed_id = inbox.send(SEVEN)
    assert inbox.call("POST", f"/{feed_id}/retries").code == "feed_state"
    inbox.run(feed_id)
    assert inbox.call("POST", f"/{feed_id}/retries").code == "nothing_to_retry"


def test_a_file_that_is_gone_ends_its_feed(inbox: Inbox) -> None:
    feed_id = inbox.send(SEVEN)
    inbox.files.delete_object(Bucket="aisle-test-feeds", Key=gateways.upload_key(feed_id))
    assert inbox.run(feed_id) == "refused"
    assert inbox.read(feed_id)["findings"][0]["rule"] == "file_gone"


# ---- files that replace ------------------------------------------------------------------------------------------------


def replaced(inbox: Inbox, count: int, keeps: int, extra: bytes = b"") -> str:
    """`count` SKUs stand; a file names `keeps` of them."""
    inbox.shelf.held = {f"S{number:02d}": {} for number in range(count)}
    body = stock_file(*[(f"S{number:02d}", 1) for number in range(keeps)]) + extra
    return inbox.send(body, mode="replace")


def test_what_a_file_does_not_name_goes(inbox: Inbox) -> None:
    feed_id = replaced(inbox, 20, 17)
    assert inbox.run(feed_id) == "finished"
    assert sorted(inbox.shelf.held) == [f"S{number:02d}" for number in range(17)]
    seen = inbox.read(feed_id)
    assert seen["missing"] == 3
    assert seen["progress"]["counts"] == {"updated": 17, "withdrawn": 3}
    assert (seen["progress"]["done"], seen["progress"]["total"]) == (17, 17)
    gone = inbox.rows(feed_id, "?outcome=withdrawn")
    assert [(row["line"], row["supplier_sku"]) for row in gone] == [(None, "S17"), (None, "S18"), (None, "S19")]


def test_when_too_much_would_go_somebody_has_to_confirm(inbox: Inbox) -> None:
    feed_id = replaced(inbox, 20, 16)
    assert inbox.run(feed_id) == "parked"
    seen = inbox.read(feed_id)
    assert (seen["status"], seen["missing"], len(inbox.shelf.held)) == ("to_confirm", 4, 20)
    # What is listed after the file was looked at is not what was confirmed.
    inbox.shelf.held["S99"] = {}
    reply = inbox.call("POST", f"/{feed_id}/confirmations")
    assert (reply.status, reply.json["status"]) == (202, "waiting")
    assert inbox.run(feed_id) == "finished"
    assert inbox.started == [feed_id, f"{feed_id}-confirmed"]
    assert sorted(inbox.shelf.held) == [*(f"S{number:02d}" for number in range(16)), "S99"]
    assert inbox.events(feed_id).count("FeedFinished") == 2
    assert inbox.call("POST", f"/{feed_id}/confirmations").code == "feed_state"


def test_a_row_that_names_nobody_might_have_named_anybody(inbox: Inbox) -> None:
    feed_id = replaced(inbox, 20, 19, b",5,x\r\n")
    assert inbox.run(feed_id) == "parked"


@pytest.mark.parametrize("row", [b"S19,5,2026-01-01T00:00:00Z,x\r\n", b"no sku,5,x\r\n"])
def test_a_row_whose_cells_are_not_what_they_seem_names_nobody(inbox: Inbox, row: bytes) -> None:
    feed_id = replaced(inbox, 20, 19, row)
    assert inbox.run(feed_id) == "parked"


def test_a_sku_in_json_is_named_without_the_spaces_around_it(inbox: Inbox) -> None:
    inbox.shelf.held = {f"S{number:02d}": {} for number in range(20)}
    rows = [{"supplier_sku": f"S{number:02d} ", "title": "x"} for number in range(20)]
    feed_id = inbox.send(jsonl_file(rows), "products", "jsonl", mode="replace")
    assert inbox.run(feed_id) == "finished"
    assert (inbox.read(feed_id)["missing"], len(inbox.shelf.held)) == (0, 20)


def test_what_is_refused_is_named_all_the_same(inbox: Inbox) -> None:
    feed_id = replaced(inbox, 20, 19, b"S19,x,x\r\n")
    assert inbox.run(feed_id) == "finished"
    assert len(inbox.shelf.held) == 20


def test_a_confirmation_comes_too_late_after_a_newer_file(inbox: Inbox) -> None:
    feed_id = replaced(inbox, 20, 10)
    inbox.run(feed_id)
    inbox.send(SEVEN)
    assert inbox.call("POST", f"/{feed_id}/confirmations").code == "newer_feed"
    assert inbox.call("POST", f"/{feed_id}/cancellations").json["status"] == "finished"
    assert len(inbox.shelf.held) == 20


def test_a_confirmed_feed_that_is_called_off_takes_nothing_away(inbox: Inbox) -> None:
    feed_id = replaced(inbox, 20, 10)
    inbox.run(feed_id)
    inbox.call("POST", f"/{feed_id}/confirmations")
    assert inbox.call("POST", f"/{feed_id}/cancellations").json["status"] == "finished"
    assert store.get_turn(ACME, inbox.feed(feed_id).kind).running is None
    assert len(inbox.shelf.held) == 20


def test_letting_go_is_interrupted_and_goes_on(inbox: Inbox) -> None:
    feed_id = replaced(inbox, 20, 17)
    inbox.split(feed_id)
    for lane in range(4):
        inbox.lane(feed_id, lane)
    inbox.finish(feed_id)
    assert inbox.read(feed_id)["progress"]["counts"] == {"updated": 17, "withdrawn": 3}


def test_finishing_stops_when_time_runs_out_and_goes_on(inbox: Inbox, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(results, "SECTION_PARTS", 3)
    feed_id = replaced(inbox, 20, 17)
    inbox.shelf.page = 8
    inbox.split(feed_id)
    for lane in range(4):
        inbox.lane(feed_id, lane)
    calls = [use_cases.finish_feed(feed_id, TASK, inbox.shelf, budget_seconds=0)["outcome"]]
    while calls[-1] == "continue":
        calls.append(use_cases.finish_feed(feed_id, TASK, inbox.shelf, budget_seconds=0)["outcome"])
    # Three pages of listings, three batches that go, four sections of the twelve parts, and one of two files; then the other.
    assert calls == ["continue"] * (2 + 3 + 4 + 1) + ["finished"]
    assert inbox.read(feed_id)["progress"]["counts"] == {"updated": 17, "withdrawn": 3}
    whole = [json.loads(line) for line in (inbox.stored(gateways.whole_key(feed_id, "jsonl")) or b"").splitlines()]
    assert [row["supplier_sku"] for row in whole] == [f"S{number:02d}" for number in range(20)]
    cells = (inbox.stored(gateways.whole_key(feed_id, "csv")) or b"").decode().splitlines()
    assert (cells[0], len(cells)) == ("line,supplier_sku,outcome,sku,code,detail", 21)


def test_what_is_confirmed_is_added_to_the_results(inbox: Inbox) -> None:
    feed_id = replaced(inbox, 20, 16)
    inbox.run(feed_id, budget_seconds=0)
    assert len((inbox.stored(gateways.whole_key(feed_id, "jsonl")) or b"").splitlines()) == 16
    inbox.call("POST", f"/{feed_id}/confirmations")
    assert inbox.run(feed_id, budget_seconds=0) == "finished"
    for format, lines in (("jsonl", 20), ("csv", 21)):
        assert len((inbox.stored(gateways.whole_key(feed_id, format)) or b"").splitlines()) == lines


def test_what_cannot_go_is_kept_and_says_why(inbox: Inbox) -> None:
    feed_id = replaced(inbox, 20, 17)
    inbox.shelf.stays = {
        "S18": RowOutcome(Taken.UNCHANGED, code="newer_known"),
        "S19": RowOutcome(Taken.DEFERRED, code="contended"),
    }
    assert inbox.run(feed_id) == "finished"
    seen = inbox.read(feed_id)
    assert seen["progress"]["counts"] == {"updated": 17, "withdrawn": 1, "kept": 2}
    assert (seen["progress"]["done"], seen["missing"], inbox.feed(feed_id).done) == (17, 3, 17)
    kept = inbox.rows(feed_id, "?outcome=kept")
    assert [(row["line"], row["supplier_sku"], row["code"]) for row in kept] == [
        (None, "S18", "newer_known"),
        (None, "S19", "contended"),
    ]
    assert inbox.call("POST", f"/{feed_id}/retries").code == "nothing_to_retry", "they are no rows of the file"


def test_prices_cannot_be_replaced(inbox: Inbox) -> None:
    header = ("supplier_sku", "currency", "amount", "as_of")
    body = csv_file(header, [("A", "GBP", 1, AS_OF)])
    reply = inbox.call("POST", "?kind=prices&mode=replace", body=body, headers={"Content-Type": "text/csv"})
    assert reply.code == "replace_not_of_prices"


def test_a_thousand_rows_are_counted_right(inbox: Inbox, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(lanes, "BATCH_ROWS", 100)
    monkeypatch.setattr(splitting, "CHUNK_ROWS", 30)
    feed_id = inbox.send(synthetic_csv("products", 100), "products")
    inbox.run(feed_id)
    assert inbox.read(feed_id)["progress"]["counts"] == {"created": 100}
