"""place_order: every path through it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import pytest

from tests.workflows.conftest import Cloud
from tests.workflows.definitions import Json, rendered, states
from tests.workflows.theatre import BROKEN, Script, Theatre, outcome, staged

pytestmark = pytest.mark.workflow


def confirmed(*fulfilments: str) -> Json:
    return outcome("confirmed", fulfilments=[{"fulfilment_id": fulfilment} for fulfilment in fulfilments])


def answered(name: str, **more: Any) -> Json:
    """The warehouse answers a dispatched fulfilment."""
    return {"return": {"outcome": "dispatched"}, "complete": {"outcome": name, **more}}


REJECTED = {"return": {"outcome": "dispatched"}, "fail": "FulfilmentFailed"}
UNANSWERED = {"return": {"outcome": "dispatched"}}

AS_HOPED: Script = {
    "authorise_payment": [outcome("authorised")],
    "confirm_order": [confirmed("ful_1")],
    "dispatch_fulfilment": [answered("shipped")],
    "capture_payment": [outcome("captured")],
    "void_payment": [outcome("voided")],
    "refuse_order": [outcome("refused")],
    "park_compensation": [outcome("parked")],
}


STATE_OF = {
    ("dispatch_fulfilment", None): "DispatchFulfilment",
    ("capture_payment", None): "CapturePayment",
    ("park_compensation", "DispatchFulfilment"): "ParkFulfilment",
    ("park_compensation", "CapturePayment"): "ParkCapture",
}


@pytest.fixture(scope="module")
def theatre(cloud: Cloud) -> Iterator[Theatre]:
    with staged(cloud, "place_order", ("orders", "payments", "fulfilment"), AS_HOPED) as theatre:
        yield theatre


def within(theatre: Theatre, order_id: str) -> dict[str, list[str]]:
    """States entered per fulfilment, in order, told from what was asked."""
    entered: dict[str, list[str]] = {}
    for call in theatre.director.asked(order_id):
        if fulfilment_id := call.get("fulfilment_id"):
            path = entered.setdefault(fulfilment_id, [])
            if STATE_OF[call["task"], call.get("state")] not in path:
                path.append(STATE_OF[call["task"], call.get("state")])
    return entered


@dataclass(frozen=True)
class Path:
    """A path: what the functions are told, and what must come of it."""

    id: str
    script: Script
    entered: str
    within: dict[str, str] = field(default_factory=dict)
    error: str | None = None


HAPPY = {"ful_1": "DispatchFulfilment CapturePayment"}
CONFIRMING = "AuthorisePayment PaymentDecided ConfirmOrder"
FULFILLING = f"{CONFIRMING} OrderDecided FulfilOrder"
ASKING = "WaitForPaymentOutcome LookUpPayment"

PATHS = [
    Path("one-fulfilment", {}, FULFILLING, HAPPY),
    Path(
        "two-fulfilments",
        {"confirm_order": [confirmed("ful_1", "ful_2")]},
        FULFILLING,
        {**HAPPY, "ful_2": "DispatchFulfilment CapturePayment"},
    ),
    Path("shipped-short", {"dispatch_fulfilment": [answered("short", missing=1)]}, FULFILLING, HAPPY),
    Path("nothing-to-pay", {"authorise_payment": [outcome("not_required")]}, FULFILLING, HAPPY),
    Path(
        "declined",
        {"authorise_payment": [outcome("declined", reason="insufficient_funds")]},
        "AuthorisePayment PaymentDecided RefuseOrder",
    ),
    Path(
        "unknown-then-authorised",
        {"authorise_payment": [outcome("unknown")], "look_up_payment": [outcome("unknown"), outcome("authorised")]},
        f"AuthorisePayment PaymentDecided {ASKING} PaymentDecided {ASKING} PaymentDecided ConfirmOrder OrderDecided FulfilOrder",
        HAPPY,
    ),
    Path(
        "unknown-then-declined",
        {"authorise_payment": [outcome("unknown")], "look_up_payment": [outcome("declined", reason="lost_card")]},
        f"AuthorisePayment PaymentDecided {ASKING} PaymentDecided RefuseOrder",
    ),
    Path(
        "unknown-for-ever",
        {"authorise_payment": [outcome("unknown")], "look_up_payment": [outcome("unknown")]},
        f"AuthorisePayment PaymentDecided {' '.join([f'{ASKING} PaymentDecided'] * 3)} VoidPayment RefuseOrder",
    ),
    Path(
        "an-outcome-nobody-expects",
        {"authorise_payment": [outcome("perhaps")]},
        "AuthorisePayment PaymentDecided VoidPayment RefuseOrder",
    ),
    Path("authorise-broken", {"authorise_payment": [BROKEN]}, "AuthorisePayment VoidPayment RefuseOrder"),
    Path("authorise-broken-once", {"authorise_payment": [BROKEN, outcome("authorised")]}, FULFILLING, HAPPY),
    Path(
        "look-up-broken",
        {"authorise_payment": [outcome("unknown")], "look_up_payment": [BROKEN]},
        f"AuthorisePayment PaymentDecided {ASKING} VoidPayment RefuseOrder",
    ),
    Path(
        "reservation-lost",
        {"confirm_order": [outcome("reservation_lost")]},
        f"{CONFIRMING} OrderDecided VoidPayment RefuseOrder",
    ),
    Path(
        "refused-meanwhile",
        {"confirm_order": [outcome("refused")]},
        f"{CONFIRMING} OrderDecided VoidPayment RefuseOrder",
    ),
    Path("confirm-broken", {"confirm_order": [BROKEN]}, f"{CONFIRMING} VoidPayment RefuseOrder"),
    Path("all-of-it-waits-for-stock", {"confirm_order": [confirmed()]}, f"{CONFIRMING} OrderDecided FulfilOrder"),
    Path(
        "nothing-to-ship",
        {"confirm_order": [outcome("confirmed_without_goods")]},
        f"{CONFIRMING} OrderDecided CaptureCharges",
    ),
    Path(
        "nothing-to-ship-capture-broken",
        {"confirm_order": [outcome("confirmed_without_goods")], "capture_payment": [BROKEN]},
        f"{CONFIRMING} OrderDecided CaptureCharges ParkCharges",
    ),
    Path(
        "nothing-to-ship-parking-broken",
        {
            "confirm_order": [outcome("confirmed_without_goods")],
            "capture_payment": [BROKEN],
            "park_compensation": [BROKEN],
        },
        f"{CONFIRMING} OrderDecided CaptureCharges ParkCharges ParkingFailed",
        error="ParkingFailed",
    ),
    Path(
        "capture-broken",
        {"capture_payment": [BROKEN]},
        FULFILLING,
        {"ful_1": "DispatchFulfilment CapturePayment ParkCapture"},
    ),
    Path(
        "capture-parking-broken",
        {"capture_payment": [BROKEN], "park_compensation": [BROKEN]},
        FULFILLING,
        {"ful_1": "DispatchFulfilment CapturePayment ParkCapture"},
        error="ParkingFailed",
    ),
    Path(
        "one-of-two-never-shipped",
        {"confirm_order": [confirmed("ful_1", "ful_2")], "dispatch_fulfilment ful_2": [UNANSWERED]},
        FULFILLING,
        {**HAPPY, "ful_2": "DispatchFulfilment ParkFulfilment"},
    ),
    Path(
        "dispatch-broken",
        {"dispatch_fulfilment": [BROKEN]},
        FULFILLING,
        {"ful_1": "DispatchFulfilment ParkFulfilment"},
    ),
    Path(
        "warehouse-says-no",
        {"dispatch_fulfilment": [REJECTED]},
        FULFILLING,
        {"ful_1": "DispatchFulfilment ParkFulfilment"},
    ),
    Path(
        "fulfilment-parking-broken",
        {"dispatch_fulfilment": [REJECTED], "park_compensation": [BROKEN]},
        FULFILLING,
        {"ful_1": "DispatchFulfilment ParkFulfilment"},
        error="ParkingFailed",
    ),
    Path(
        "void-broken",
        {"confirm_order": [outcome("reservation_lost")], "void_payment": [BROKEN]},
        f"{CONFIRMING} OrderDecided VoidPayment ParkCompensation RefuseOrder",
    ),
    Path(
        "void-parking-broken",
        {"confirm_order": [outcome("reservation_lost")], "void_payment": [BROKEN], "park_compensation": [BROKEN]},
        f"{CONFIRMING} OrderDecided VoidPayment ParkCompensation ParkingFailed",
        error="ParkingFailed",
    ),
    Path(
        "refuse-broken",
        {"authorise_payment": [outcome("declined", reason="stolen_card")], "refuse_order": [BROKEN]},
        "AuthorisePayment PaymentDecided RefuseOrder ParkRefusal CompensationParked",
        error="CompensationParked",
    ),
    Path(
        "refuse-parking-broken",
        {
            "authorise_payment": [outcome("declined", reason="stolen_card")],
            "refuse_order": [BROKEN],
            "park_compensation": [BROKEN],
        },
        "AuthorisePayment PaymentDecided RefuseOrder ParkRefusal ParkingFailed",
        error="ParkingFailed",
    ),
]


def test_together_the_paths_enter_every_state() -> None:
    entered = {
        state for path in PATHS for states_ in (path.entered, *path.within.values()) for state in states_.split()
    }
    # The one state within the Map that asks no function, and so is told by its error alone.
    assert entered | {"FulfilmentParkingFailed"} == set(states(rendered("place_order")))


@pytest.mark.parametrize("path", PATHS, ids=lambda path: path.id)
def test_path(theatre: Theatre, path: Path) -> None:
    run = theatre.play(path.id, path.script)
    assert run.top_level == path.entered.split()
    assert within(theatre, path.id) == {fulfilment: entered.split() for fulfilment, entered in path.within.items()}
    assert (run.status, run.error) == ("FAILED" if path.error else "SUCCEEDED", path.error)


def test_an_order_with_one_fulfilment_costs_seven_transitions(theatre: Theatre) -> None:
    run = theatre.play("budget", {})
    assert len(run.top_level) + sum(map(len, within(theatre, "budget").values())) == 7


def test_every_task_is_told_order_and_correlation(theatre: Theatre) -> None:
    theatre.play("told", {"authorise_payment": [outcome("unknown")], "look_up_payment": [outcome("authorised")]})
    calls = theatre.director.asked("told")
    assert {call["correlation_id"] for call in calls} == {"cor_told"}
    [dispatched] = theatre.director.asked("told", "dispatch_fulfilment")
    assert dispatched.keys() == {"task", "order_id", "correlation_id", "fulfilment_id", "task_token"}
    [captured] = theatre.director.asked("told", "capture_payment")
    assert captured == {
        "task": "capture_payment",
        "order_id": "told",
        "correlation_id": "cor_told",
        "fulfilment_id": "ful_1",
    }


def test_without_goods_the_whole_is_captured(theatre: Theatre) -> None:
    theatre.play("whole", {"confirm_order": [outcome("confirmed_without_goods")]})
    [captured] = theatre.director.asked("whole", "capture_payment")
    assert captured["fulfilment_id"] is None


@pytest.mark.parametrize(
    ("reason", "script"),
    [
        ("insufficient_funds", {"authorise_payment": [outcome("declined", reason="insufficient_funds")]}),
        ("reservation_lost", {"confirm_order": [outcome("reservation_lost")]}),
        ("unavailable", {"confirm_order": [BROKEN]}),
        ("unavailable", {"authorise_payment": [outcome("unknown")], "look_up_payment": [outcome("unknown")]}),
    ],
)
def test_the_order_is_refused_for_its_reason(
    theatre: Theatre, reason: str, script: Script, request: pytest.FixtureRequest
) -> None:
    order_id = request.node.name
    theatre.play(order_id, script)
    [refused] = theatre.director.asked(order_id, "refuse_order")
    assert refused["reason"] == reason


def test_a_declined_payment_is_not_voided(theatre: Theatre) -> None:
    theatre.play("declined-only", {"authorise_payment": [outcome("declined", reason="lost_card")]})
    assert theatre.director.asked("declined-only", "void_payment") == []


def test_an_unknown_payment_is_asked_after_and_never_authorised_twice(theatre: Theatre) -> None:
    theatre.play("asked", {"authorise_payment": [outcome("unknown")], "look_up_payment": [outcome("unknown")]})
    assert len(theatre.director.asked("asked", "authorise_payment")) == 1
    assert len(theatre.director.asked("asked", "look_up_payment")) == 3


def test_what_is_parked_says_where_why_and_what_broke(theatre: Theatre) -> None:
    theatre.play("parked", {"capture_payment": [BROKEN]})
    [parked] = theatre.director.asked("parked", "park_compensation")
    error = json.loads(parked.pop("error"))
    assert parked == {
        "task": "park_compensation",
        "order_id": "parked",
        "correlation_id": "cor_parked",
        "fulfilment_id": "ful_1",
        "reason": "capture_failed",
        "state": "CapturePayment",
    }
    assert error["Error"]


def test_a_rejected_or_unanswered_fulfilment_is_dispatched_once(theatre: Theatre) -> None:
    theatre.play("rejected", {"dispatch_fulfilment": [REJECTED]})
    theatre.play("unanswered", {"dispatch_fulfilment": [UNANSWERED]})
    assert len(theatre.director.asked("rejected", "dispatch_fulfilment")) == 1
    assert len(theatre.director.asked("unanswered", "dispatch_fulfilment")) == 1


def test_undoing_is_tried_again_before_it_is_parked(theatre: Theatre) -> None:
    theatre.play("tried", {"confirm_order": [outcome("refused")], "void_payment": [BROKEN, BROKEN, outcome("voided")]})
    assert len(theatre.director.asked("tried", "void_payment")) == 3
    assert theatre.director.asked("tried", "park_compensation") == []
