"""Routes of locations: where stock is."""

from chalice.app import Response

from chalicelib.core import http
from chalicelib.core.errors import Conflict, NotFound, Stale
from chalicelib.core.schemas import PageQuery
from chalicelib.inventory import service
from chalicelib.inventory.domain import LocationOfSupplier
from chalicelib.inventory.routes.blueprint import SCOPE, routes
from chalicelib.inventory.schemas import (
    ChangeLocation,
    CreateLocation,
    LocationView,
)


@routes.endpoint(
    "POST",
    "/v1/inventory/locations",
    summary="Create a location",
    body=CreateLocation,
    answers={201: LocationView},
    scopes=[SCOPE],
    idempotent=True,
    raises=[Conflict],
)
def create_location() -> Response:
    """A warehouse, store or locker site, under an id of your own. It is never removed; pause it to take it out of use."""
    location = http.body(CreateLocation).as_location()
    return http.once(
        lambda once: service.create_location(
            location,
            by=http.caller(),
            once=once,
            answer=lambda made: http.answer(
                201, LocationView.of(made), version=made.version, location=f"/v1/inventory/locations/{made.id}"
            ),
        )
    )


@routes.endpoint(
    "GET",
    "/v1/inventory/locations",
    summary="List locations",
    query=PageQuery,
    answers={200: http.list_of(LocationView)},
    scopes=[SCOPE],
)
def list_locations() -> Response:
    """All locations, by id."""
    wanted = http.query(PageQuery)
    return http.listed(service.list_locations(wanted.limit, wanted.cursor, http.caller()), LocationView.of)


@routes.endpoint(
    "GET",
    "/v1/inventory/locations/{location_id}",
    summary="Read a location",
    answers={200: LocationView},
    scopes=[SCOPE],
    raises=[NotFound],
)
def read_location(location_id: str) -> Response:
    """One location."""
    location = service.read_location(location_id, http.caller())
    return http.ok(LocationView.of(location), version=location.version)


@routes.endpoint(
    "PUT",
    "/v1/inventory/locations/{location_id}",
    summary="Change a location",
    body=ChangeLocation,
    answers={200: LocationView},
    scopes=[SCOPE],
    versioned=True,
    raises=[NotFound, LocationOfSupplier, Stale],
)
def change_location(location_id: str) -> Response:
    """Replaces everything but the id. Orders see a change within half a minute."""
    changes = http.body(ChangeLocation).as_changes()
    location = service.change_location(location_id, http.expected_version(), changes, by=http.caller())
    return http.ok(LocationView.of(location), version=location.version)
