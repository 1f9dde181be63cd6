"""Routes for staff at lockers: doors, compartments, what went wrong, figures."""

from chalice.app import Response

from chalicelib.core import http
from chalicelib.core.errors import NotFound
from chalicelib.fulfilment.service import OnHold
from chalicelib.lockers import service
from chalicelib.lockers.domain.cabinets import CabinetRetired, CompartmentTaken
from chalicelib.lockers.domain.commands import CommandPurpose
from chalicelib.lockers.domain.pickups import NotThisCompartment, PickupOutOfTurn
from chalicelib.lockers.routes.blueprint import SCOPE, routes
from chalicelib.lockers.schemas.cabinets import CompartmentView
from chalicelib.lockers.schemas.pickups import PickupView
from chalicelib.lockers.schemas.staff import (
    ClearCompartment,
    CommandView,
    FiguresQuery,
    FiguresView,
    OpenCompartment,
    RelocatePickup,
    TakeOutOfUse,
    TimelineEntry,
    TimelineView,
)


@routes.endpoint(
    "POST",
    "/v1/cabinets/{cabinet_id}/compartments/{number}/openings",
    summary="Open a door from afar",
    body=OpenCompartment,
    answers={202: CommandView},
    scopes=[SCOPE],
    idempotent=True,
    raises=[NotFound, CabinetRetired],
)
def open_compartment(cabinet_id: str, number: str) -> Response:
    """Who opened it and why stands in the cabinet's timeline. The command tells what became of it."""
    given = http.body(OpenCompartment)
    return http.once(
        lambda once: service.open_by_staff(
            cabinet_id,
            number,
            CommandPurpose(given.purpose),
            given.reason,
            by=http.caller(),
            once=once,
            answer=lambda command: http.answer(
                202,
                CommandView.of(command),
                version=command.version,
                location=f"/v1/cabinets/{cabinet_id}/commands/{command.id}",
            ),
        )
    )


@routes.endpoint(
    "GET",
    "/v1/cabinets/{cabinet_id}/commands/{command_id}",
    summary="Read what became of a command",
    answers={200: CommandView},
    scopes=[SCOPE],
    raises=[NotFound],
)
def read_command(cabinet_id: str, command_id: str) -> Response:
    """Sent, opened, closed, or why not."""
    command = service.read_command(cabinet_id, command_id, http.caller())
    return http.ok(CommandView.of(command), version=command.version)


@routes.endpoint(
    "GET",
    "/v1/cabinets/{cabinet_id}/timeline",
    summary="Read what happened at a cabinet",
    answers={200: TimelineView},
    scopes=[SCOPE],
    raises=[NotFound],
)
def read_cabinet_timeline(cabinet_id: str) -> Response:
    """Every door that was opened, by whom and why, and what went wrong; oldest first."""
    happened = service.read_cabinet_timeline(cabinet_id, http.caller())
    return http.ok(TimelineView(items=[TimelineEntry.of(event) for event in happened]))


@routes.endpoint(
    "POST",
    "/v1/cabinets/{cabinet_id}/compartments/{number}/blocks",
    summary="Take a compartment out of use",
    body=TakeOutOfUse,
    answers={200: CompartmentView},
    scopes=[SCOPE],
    idempotent=True,
    raises=[NotFound, CompartmentTaken, CabinetRetired],
)
def block_compartment(cabinet_id: str, number: str) -> Response:
    """Only an empty one."""
    reason = http.body(TakeOutOfUse).reason
    return http.once(
        lambda once: service.block_compartment(
            cabinet_id,
            number,
            reason,
            by=http.caller(),
            once=once,
            answer=lambda made: http.answer(200, CompartmentView.of(made), version=made.version),
        )
    )


@routes.endpoint(
    "POST",
    "/v1/cabinets/{cabinet_id}/compartments/{number}/releases",
    summary="Put a compartment back into use",
    answers={200: CompartmentView},
    scopes=[SCOPE],
    idempotent=True,
    raises=[NotFound, CompartmentTaken, CabinetRetired],
)
def free_compartment(cabinet_id: str, number: str) -> Response:
    """One that was blocked, or was broken and is mended and empty. Who waits for a compartment gets it."""
    return http.once(
        lambda once: service.free_compartment(
            cabinet_id,
            number,
            by=http.caller(),
            once=once,
            answer=lambda made: http.answer(200, CompartmentView.of(made), version=made.version),
        )
    )


@routes.endpoint(
    "POST",
    "/v1/pickups/{pickup_id}/clearings",
    summary="Record that a compartment was emptied",
    body=ClearCompartment,
    answers={200: PickupView},
    scopes=[SCOPE],
    idempotent=True,
    raises=[NotFound, NotThisCompartment, PickupOutOfTurn],
)
def clear_compartment(pickup_id: str) -> Response:
    """Of a pickup that expired, was cancelled, or whose door did not open: its goods go back into stock."""
    label = http.body(ClearCompartment).compartment
    return http.once(
        lambda once: service.clear_compartment(
            pickup_id,
            label,
            by=http.caller(),
            once=once,
            answer=lambda pickup: http.answer(200, PickupView.of(pickup), version=pickup.version),
        )
    )


@routes.endpoint(
    "POST",
    "/v1/pickups/{pickup_id}/relocations",
    summary="Record that a pickup was moved into another compartment",
    body=RelocatePickup,
    answers={200: PickupView},
    scopes=[SCOPE],
    idempotent=True,
    raises=[NotFound, NotThisCompartment, PickupOutOfTurn, CompartmentTaken],
)
def relocate_pickup(pickup_id: str) -> Response:
    """After a door did not open. It can be collected again, and the shopper gets another passcode."""
    given = http.body(RelocatePickup)
    return http.once(
        lambda once: service.relocate_pickup(
            pickup_id,
            given.from_compartment,
            given.to_compartment,
            by=http.caller(),
            once=once,
            answer=lambda pickup: http.answer(200, PickupView.of(pickup), version=pickup.version),
        )
    )


@routes.endpoint(
    "POST",
    "/v1/pickups/{pickup_id}/handovers",
    summary="Record that staff handed a pickup over",
    answers={200: PickupView},
    scopes=[SCOPE],
    idempotent=True,
    raises=[NotFound, PickupOutOfTurn, OnHold],
)
def hand_out_pickup(pickup_id: str) -> Response:
    """In person, to its shopper: the order is delivered."""
    return http.once(
        lambda once: service.hand_out_pickup(
            pickup_id,
            by=http.caller(),
            once=once,
            answer=lambda pickup: http.answer(200, PickupView.of(pickup), version=pickup.version),
        )
    )


@routes.endpoint(
    "POST",
    "/v1/pickups/{pickup_id}/passcode-requests",
    summary="Have another passcode sent to the shopper",
    answers={202: PickupView},
    scopes=[SCOPE],
    idempotent=True,
    raises=[NotFound, PickupOutOfTurn],
)
def request_passcode(pickup_id: str) -> Response:
    """For one who lost theirs. It goes to the contact of the order; staff does not see it."""
    return http.once(
        lambda once: service.request_passcode(
            pickup_id,
            by=http.caller(),
            once=once,
            answer=lambda pickup: http.answer(
                202, PickupView.of(pickup), version=pickup.version, location=f"/v1/pickups/{pickup_id}"
            ),
        )
    )


@routes.endpoint(
    "GET",
    "/v1/locker-sites/{site_id}/figures",
    summary="Read how a site is used",
    query=FiguresQuery,
    answers={200: FiguresView},
    scopes=[SCOPE],
    raises=[NotFound],
)
def read_site_figures(site_id: str) -> Response:
    """Utilisation now; loads, collections, expiries, faults and dwell times by day."""
    wanted = http.query(FiguresQuery)
    return http.ok(FiguresView.of(service.read_figures(site_id, wanted.since, wanted.until, http.caller())))
