"""The Order Acceptance API, row by row (docs/supplier-api.md), against what a supplier's endpoint may say."""

from datetime import UTC, datetime
from typing import Any

import pytest
from standardwebhooks import Webhook

from chalicelib.core.outside import Failure
from chalicelib.routing.domain.answers import (
    Kind,
    Said,
    heard_of_cancellation,
    heard_of_change,
    heard_of_offer,
    heard_of_status,
)
from chalicelib.routing.store import items as store
from tests.unit.routing.builders import (
    ACCEPTED,
    LATER,
    OLD_SECRET,
    REJECTED,
    SECRET,
    Base,
    Market,
    partial,
    says,
    silent,
)


def test_the_offer_says_what_is_asked_and_nothing_else(market: Market) -> None:
    part = market.requested(3)
    market.endpoint.on("offer", says(ACCEPTED))
    market.offer()
    [asked] = market.endpoint.calls("offer")
    assert (asked.method, asked.path) == ("POST", "/orders")
    value = market.value
    assert asked.json == {
        "allocation_id": part,
        "order_id": market.order_id,
        "placed_at": value.placed_at,
        "answer_by": value.answer_by,
        "currency": value.currency,
        "lines": [
            {"line_id": "1", "supplier_sku": "A", "sku": "A", "name": "A", "quantity": 3, "unit_price": 0},
        ],
        "ship_to": {"name": "Ada", "line1": "12 St James Square", "city": "London", "country": "GB"},
        "held": False,
    }
    assert "Lovelace" not in asked.body.decode(), "the buyer's contact stays here"


def test_every_call_is_signed_under_the_name_of_what_is_asked(market: Market) -> None:
    part = market.requested(3)
    market.endpoint.base = Base("https://orders.example.com/aisle", (SECRET, OLD_SECRET), "tok_1")
    market.endpoint.on("offer", silent()).on("status", says(ACCEPTED))
    market.offer()
    market.offer()
    market.ask()
    assert [one.headers["webhook-id"] for one in market.endpoint.asked] == [part, part, f"{part}.status"]
    for one in market.endpoint.asked:
        headers = {name: one.headers[name] for name in ("webhook-id", "webhook-timestamp", "webhook-signature")}
        assert len(headers["webhook-signature"].split()) == 2
        for secret in (SECRET, OLD_SECRET):
            signature = Webhook(secret).sign(
                headers["webhook-id"],
                datetime.fromtimestamp(int(headers["webhook-timestamp"]), UTC),
                one.body.decode(),
            )
            assert signature in headers["webhook-signature"].split()
        assert one.headers["Authorization"] == "Bearer tok_1"
    assert market.endpoint.calls("status")[0].body == b""


@pytest.mark.parametrize(
    ("said", "outcome", "state", "units"),
    [
        (says(ACCEPTED), "accepted", "accepted", [(3, 0, 0, 0)]),
        (says(partial(line_1=2)), "partial", "accepted", [(2, 1, 0, 0)]),
        (says(partial(line_1=3)), "accepted", "accepted", [(3, 0, 0, 0)]),
        (says(partial(line_1=0)), "rejected", "rejected", [(0, 3, 0, 0)]),
        (says(REJECTED), "rejected", "rejected", [(0, 3, 0, 0)]),
        (says(LATER, 202), "later", "requested", [(0, 0, 0, 0)]),
        (says(b"", 400), "rejected", "rejected", [(0, 3, 0, 0)]),
        (says(b"", 410), "rejected", "rejected", [(0, 3, 0, 0)]),
        (says(b"", 422), "rejected", "rejected", [(0, 3, 0, 0)]),
        (says(b"", 401), "unknown", "requested", [(0, 0, 0, 0)]),
        (says(b"", 403), "unknown", "requested", [(0, 0, 0, 0)]),
        (says(b"", 404), "unknown", "requested", [(0, 0, 0, 0)]),
        (says(b"", 408), "unknown", "requested", [(0, 0, 0, 0)]),
        (says(b"", 429), "unknown", "requested", [(0, 0, 0, 0)]),
        (says(b"", 500), "unknown", "requested", [(0, 0, 0, 0)]),
        (says(b"", 503), "unknown", "requested", [(0, 0, 0, 0)]),
        (says(b"", 302), "unknown", "requested", [(0, 0, 0, 0)]),
        (says(ACCEPTED, 201), "unknown", "requested", [(0, 0, 0, 0)]),
        (silent(Failure.CONNECT), "unknown", "requested", [(0, 0, 0, 0)]),
        (silent(Failure.NOT_ALLOWED), "unknown", "requested", [(0, 0, 0, 0)]),
    ],
)
def test_the_table_of_the_offer(market: Market, said: Any, outcome: str, state: str, units: Any) -> None:
    market.requested(3)
    market.endpoint.on("offer", said)
    assert market.offer()["outcome"] == outcome
    assert (market.value.state, market.units()) == (state, units)


def test_a_refusal_by_status_has_the_reason_other(market: Market) -> None:
    market.requested(3)
    market.endpoint.on("offer", says({"detail": "no such address"}, 422))
    market.offer()
    assert (market.value.decision, market.value.reason) == ("rejected", "other")
    assert market.log() == [("offer", "answer", "status_422")]


def test_an_answer_that_was_lost_is_asked_for(market: Market) -> None:
    market.requested(3)
    market.endpoint.on("offer", silent()).on("status", says(partial(line_1=1)))
    assert market.offer()["next"] == "ask"
    assert market.ask()["outcome"] == "partial"
    assert market.units() == [(1, 2, 0, 0)]
    assert market.endpoint.calls("status")[0].path == f"/orders/{market.part}"


def test_what_never_arrived_is_offered_again(market: Market) -> None:
    market.requested(3)
    market.endpoint.on("offer", silent(), says(ACCEPTED)).on("status", says(b"", 404))
    market.offer()
    assert market.ask()["outcome"] == "never_arrived"
    assert market.offer()["outcome"] == "accepted"


def test_a_supplier_that_is_still_thinking_is_waited_for(market: Market) -> None:
    market.requested(3)
    market.endpoint.on("offer", silent()).on("status", says(LATER))
    market.offer()
    told = market.ask()
    assert (told["outcome"], told["next"]) == ("later", "settle")
    assert market.value.waits


def test_it_is_asked_less_and_less_often(market: Market) -> None:
    market.requested(3)
    market.endpoint.on("offer", silent())
    market.endpoint.on("status", silent())
    waits = [market.offer()["wait_seconds"]] + [market.ask()["wait_seconds"] for _ in range(3)]
    assert waits == [15, 30, 60, 120]


NONSENSE = {
    b"hello": "not_json",
    b"": "not_json",
    b"\xff\xfe": "not_json",
    b"[1]": "not_an_object",
    b'"accepted"': "not_an_object",
    b"[" * 60_000: "not_json",
    b'{"decision": "accepted", "decision": "rejected"}': "not_json",
    b'{"decision": NaN}': "not_json",
    b'{"decision": "maybe"}': "unknown_decision",
    b'{"decision": ["accepted"]}': "unknown_decision",
    b'{"lines": []}': "unknown_decision",
    b'{"decision": "partial"}': "lines",
    b'{"decision": "partial", "lines": []}': "lines",
    b'{"decision": "partial", "lines": {"1": 1}}': "lines",
    b'{"decision": "partial", "lines": [1]}': "lines",
    b'{"decision": "partial", "lines": [{"line_id": 1, "quantity": 1}]}': "lines",
    b'{"decision": "partial", "lines": [{"line_id": "1", "quantity": 4}]}': "more_than_asked",
    b'{"decision": "partial", "lines": [{"line_id": "1", "quantity": -1}]}': "quantity",
    b'{"decision": "partial", "lines": [{"line_id": "1", "quantity": 1.0}]}': "quantity",
    b'{"decision": "partial", "lines": [{"line_id": "1", "quantity": true}]}': "quantity",
    b'{"decision": "partial", "lines": [{"line_id": "1", "quantity": "1"}]}': "quantity",
    b'{"decision": "partial", "lines": [{"line_id": "1"}]}': "quantity",
    b'{"decision": "partial", "lines": [{"line_id": "9", "quantity": 1}]}': "unknown_line",
    b'{"decision": "partial", "lines": [{"line_id":"1","quantity":1},{"line_id":"1","quantity":1}]}': "duplicate_line",
    b'{"decision": "accepted", "supplier_reference": 7}': "supplier_reference",
    b'{"decision": "accepted", "supplier_reference": "' + b"x" * 65 + b'"}': "supplier_reference",
    b'{"decision": "accepted", "supplier_reference": "a\\u0000"}': "supplier_reference",
    b'{"decision": "accepted", "ship_by": "soon"}': "ship_by",
    b'{"decision": "accepted", "ship_by": 20261124}': "ship_by",
    b'{"decision": "accepted", "pad": "' + b"x" * 70_000: "too_long",
}


@pytest.mark.parametrize(("body", "reason"), NONSENSE.items(), ids=lambda one: str(one)[:60])
def test_nonsense_is_no_answer_and_is_told(market: Market, body: bytes, reason: str) -> None:
    market.requested(3)
    market.endpoint.on("offer", says(body[:65_536]))
    assert market.offer()["outcome"] == "unknown"
    assert market.value.state == "requested"
    assert market.log() == [("offer", "nonsense", reason)]
    [told] = market.events("SupplierMisbehaved")
    assert (told["call"], told["reason"]) == ("offer", reason)
    assert market.counted() == {"offered": 1, "units_asked": 3, "misbehaved": 1}


def test_later_is_said_with_202_or_200_and_nothing_else_is_said_with_202(market: Market) -> None:
    market.requested(3)
    market.endpoint.on("offer", says(ACCEPTED, 202))
    assert market.offer()["outcome"] == "unknown"
    assert market.log() == [("offer", "nonsense", "accepted_without_later")]


def test_slowness_is_silence_and_no_nonsense(market: Market) -> None:
    market.requested(3)
    market.endpoint.on("offer", says(b'{"decision": "acc', content_length="400"))
    assert market.offer()["outcome"] == "unknown"
    assert market.log() == [("offer", "silence", "cut_off")]
    assert market.events("SupplierMisbehaved") == []


def test_a_reason_that_nobody_knows_is_other(market: Market) -> None:
    market.requested(3)
    market.endpoint.on("offer", says({"decision": "rejected", "reason": "mercury in retrograde"}))
    market.offer()
    assert market.value.reason == "other"


def test_the_log_quotes_what_was_not_understood_but_no_address(market: Market) -> None:
    market.requested(3)
    market.endpoint.on(
        "offer",
        says(b"<html>" + b"x" * 600),
        says(b"cannot ship to 12 st james square"),
        says(b'["12 St \\u004aames Square"]'),
    )
    for _ in range(3):
        market.offer()
    excerpts = [call.excerpt for call in reversed(store.calls_of(market.part))]
    assert excerpts == ["<html>" + "x" * 494, "", ""]


CANCELLATIONS = [
    (200, b'{"decision": "cancelled"}', Kind.DONE),
    (200, b'{"decision": "too_late"}', Kind.TOO_LATE),
    (404, b"", Kind.NEVER_ARRIVED),
    (200, b'{"decision": "later"}', Kind.NONSENSE),
    (200, b"", Kind.NONSENSE),
    (204, b"", Kind.NONSENSE),
    (500, b"", Kind.SILENCE),
    (400, b"", Kind.SILENCE),
]


@pytest.mark.parametrize(("status", "body", "kind"), CANCELLATIONS)
def test_what_is_said_of_a_cancellation(status: int, body: bytes, kind: Kind) -> None:
    assert heard_of_cancellation(Said(status, body, {})).kind is kind


CHANGES = [
    (200, Kind.DONE),
    (204, Kind.DONE),
    (404, Kind.NEVER_ARRIVED),
    (501, Kind.NOT_SUPPORTED),
    (500, Kind.SILENCE),
    (301, Kind.NONSENSE),
]


@pytest.mark.parametrize(("status", "kind"), CHANGES)
def test_what_is_said_of_a_change(status: int, kind: Kind) -> None:
    assert heard_of_change(Said(status, b"", {})).kind is kind


def test_only_a_question_finds_that_an_offer_never_arrived(market: Market) -> None:
    market.requested(3)
    lost = Said(404, b"", {})
    assert heard_of_status(lost, market.value).kind is Kind.NEVER_ARRIVED
    assert heard_of_offer(lost, market.value).kind is Kind.SILENCE
