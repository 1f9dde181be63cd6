"""Routes of pickups: loading for staff, opening for shoppers, passcodes for our own functions."""

from collections.abc import Callable, Mapping
from typing import Any

from chalice.app import Response

from chalicelib.core import http
from chalicelib.core.auth import INTERNAL, Principal
from chalicelib.core.errors import Forbidden, NotFound
from chalicelib.core.idempotency import Answer, Idempotency
from chalicelib.core.table import Transaction
from chalicelib.fulfilment.service import OnHold, OutOfTurn
from chalicelib.lockers import service
from chalicelib.lockers.domain.cabinets import CompartmentTaken
from chalicelib.lockers.domain.pickups import NotThisCompartment, PickupOutOfTurn
from chalicelib.lockers.routes.blueprint import SCOPE, routes
from chalicelib.lockers.schemas.pickups import (
    ConfirmPickup,
    IssuePasscode,
    LoadCompartment,
    OpeningView,
    PasscodeView,
    PickupsQuery,
    PickupSummary,
    PickupView,
)
from chalicelib.lockers.service import PasscodeLocked, PasscodeRefused
from chalicelib.orders import service as orders
from chalicelib.orders.service import WarehouseAnswer


@routes.endpoint(
    "GET",
    "/v1/locker-sites/{site_id}/pickups",
    summary="List the pickups of a site by status",
    query=PickupsQuery,
    answers={200: http.list_of(PickupSummary)},
    scopes=[SCOPE],
)
def list_pickups(site_id: str) -> Response:
    """Oldest first: what is to be put in, waits for its shopper, or is to be taken out. For staff."""
    wanted = http.query(PickupsQuery)
    return http.listed(
        service.list_pickups(site_id, wanted.status, wanted.limit, wanted.cursor, http.caller()),
        PickupSummary.model_validate,
    )


@routes.endpoint(
    "GET",
    "/v1/pickups/{pickup_id}",
    summary="Read a pickup",
    answers={200: PickupView},
    scopes=[SCOPE],
    raises=[NotFound],
)
def read_pickup(pickup_id: str) -> Response:
    """Where it belongs, and how far it is. For staff."""
    pickup = service.read_pickup(pickup_id, http.caller())
    return http.ok(PickupView.of(pickup), version=pickup.version)


@routes.endpoint(
    "POST",
    "/v1/pickups/{pickup_id}/loadings",
    summary="Record that packages were put into a compartment",
    body=LoadCompartment,
    answers={200: PickupView},
    scopes=[SCOPE],
    idempotent=True,
    raises=[NotThisCompartment, PickupOutOfTurn, CompartmentTaken, OutOfTurn],
)
def load_compartment(pickup_id: str) -> Response:
    """By scanning both. With the last compartment the order is ready, and the shopper is told."""
    given = http.body(LoadCompartment)
    by = http.caller()
    return http.once(
        lambda once: service.load_compartment(
            pickup_id,
            given.compartment,
            given.packages,
            make_ready=_making_ready(by),
            by=by,
            once=once,
            answer=lambda pickup: http.answer(200, PickupView.of(pickup), version=pickup.version),
        )
    )


def _making_ready(by: Principal) -> service.MakeReady:
    def make_ready(
        fulfilment_id: str,
        waiting: Mapping[str, Any],
        alongside: Callable[[Transaction], None],
        once: Idempotency,
        answer: Answer,
    ) -> None:
        given = WarehouseAnswer("ready", waiting=waiting)
        orders.record_answer(fulfilment_id, given, by=by, once=once, answer=lambda _: answer, alongside=alongside)

    return make_ready


@routes.endpoint(
    "POST",
    "/v1/pickups/{pickup_id}/confirmations",
    summary="Open a pickup with its passcode",
    body=ConfirmPickup,
    answers={200: OpeningView},
    public=True,
    idempotent=True,
    raises=[PasscodeRefused, PasscodeLocked, OnHold],
)
def confirm_pickup(pickup_id: str) -> Response:
    """For whoever has the code and stands in front of the locker. Whatever is wrong, with the code or the pickup, the answer is the
    same."""
    given = http.body(ConfirmPickup)
    return http.once(
        lambda once: service.confirm_by_link(
            pickup_id,
            given.code,
            caller=http.caller_name(),
            by=http.caller(),
            once=once,
            answer=lambda pickup: http.answer(200, OpeningView.of(pickup)),
        ),
        service.fingerprint_of(pickup_id, given.code),
    )


@routes.endpoint(
    "POST",
    "/v1/internal/pickups/{pickup_id}/passcodes",
    summary="Issue a passcode, to be sent",
    body=IssuePasscode,
    answers={201: PasscodeView},
    internal=True,
    raises=[Forbidden, PickupOutOfTurn],
)
def issue_passcode(pickup_id: str) -> Response:
    """For the function that sends it. The code before opens nothing any more; this one is kept as a keyed hash alone."""
    if not http.caller().may(scope=INTERNAL):
        raise Forbidden("Passcodes are given to the function that sends them.")
    issued = service.issue_passcode(pickup_id, http.body(IssuePasscode).whose)
    view = PasscodeView(
        pickup_id=pickup_id, whose=issued.whose, code=issued.digits, expires_at=str(issued.pickup.expires_at)
    )
    answer = http.send(http.answer(201, view, location=f"/v1/pickups/{pickup_id}"))
    answer.headers["Cache-Control"] = "no-store"
    return answer
