"""Routes for staff, warehouse systems and tills; what can be sold, for everybody."""

from chalice.app import Response

from chalicelib.core import http
from chalicelib.core.errors import Conflict, Contended, NotFound, Stale
from chalicelib.core.http import Routes
from chalicelib.core.paging import Page
from chalicelib.core.schemas import PageQuery
from chalicelib.inventory import service
from chalicelib.inventory.domain import (
    AlreadySettled,
    CountBelowReserved,
    CountOutdated,
    LocationUnknown,
    NothingToDo,
    NotInTransfer,
    SameLocation,
    StockTooLow,
    TooManyUnits,
    TransferSettled,
    WrongDirection,
)
from chalicelib.inventory.schemas import (
    AdjustStock,
    AvailabilityQuery,
    AvailabilityView,
    BookedView,
    ChangeLocation,
    CountStock,
    CreateLocation,
    DispatchTransfer,
    HoldStock,
    LocationView,
    MovementView,
    ReceiveStock,
    ReceiveTransfer,
    ReservationView,
    SetSafetyStock,
    StockQuery,
    StockView,
    TransfersQuery,
    TransferView,
)

routes = Routes(__name__, "inventory")
SCOPE = "inventory.write"


# ---- locations ----------------------------------------------------------------------------------------------------------


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
    raises=[NotFound, Stale],
)
def change_location(location_id: str) -> Response:
    """Replaces everything but the id. Orders see a change within half a minute."""
    changes = http.body(ChangeLocation).as_changes()
    location = service.change_location(location_id, http.expected_version(), changes, by=http.caller())
    return http.ok(LocationView.of(location), version=location.version)


# ---- commands -----------------------------------------------------------------------------------------------------------


@routes.endpoint(
    "POST",
    "/v1/inventory/receipts",
    summary="Receive stock",
    body=ReceiveStock,
    answers={201: BookedView},
    scopes=[SCOPE],
    idempotent=True,
    raises=[LocationUnknown, TooManyUnits],
)
def receive_stock() -> Response:
    """Goods that came in, up to 40 lines, all or none of them. Lines of one SKU are added up."""
    given = http.body(ReceiveStock)
    return http.once(
        lambda once: service.receive_stock(
            given.location_id,
            given.units(),
            reference=given.reference,
            by=http.caller(),
            once=once,
            answer=lambda booked: http.answer(201, BookedView.of(booked)),
        )
    )


@routes.endpoint(
    "POST",
    "/v1/inventory/adjustments",
    summary="Adjust stock",
    body=AdjustStock,
    answers={201: BookedView},
    scopes=[SCOPE],
    idempotent=True,
    raises=[LocationUnknown, StockTooLow, TooManyUnits, WrongDirection, NothingToDo],
)
def adjust_stock() -> Response:
    """Writes stock up or down with a reason, up to 40 lines, all or none. Reserved units cannot be written down."""
    given = http.body(AdjustStock)
    return http.once(
        lambda once: service.adjust_stock(
            given.location_id,
            given.units(),
            given.reason,
            reference=given.reference,
            by=http.caller(),
            once=once,
            answer=lambda booked: http.answer(201, BookedView.of(booked)),
        )
    )


@routes.endpoint(
    "POST",
    "/v1/inventory/counts",
    summary="Count stock",
    body=CountStock,
    answers={201: BookedView},
    scopes=[SCOPE],
    idempotent=True,
    raises=[LocationUnknown, CountOutdated, CountBelowReserved],
)
def count_stock() -> Response:
    """Sets on-hand stock to what was counted if it is still what the counter was told; else says what it is now."""
    given = http.body(CountStock)
    return http.once(
        lambda once: service.count_stock(
            given.location_id,
            given.counts(),
            reference=given.reference,
            by=http.caller(),
            once=once,
            answer=lambda booked: http.answer(201, BookedView.of(booked)),
        )
    )


@routes.endpoint(
    "POST",
    "/v1/inventory/safety-stock",
    summary="Set safety stock",
    body=SetSafetyStock,
    answers={204: None},
    scopes=[SCOPE],
    idempotent=True,
    raises=[LocationUnknown],
)
def set_safety_stock() -> Response:
    """Keeps units back from channels. It bounds what is promised from now on and moves nothing."""
    given = http.body(SetSafetyStock)
    return http.once(
        lambda once: service.set_safety_stock(
            given.location_id, given.by_sku(), by=http.caller(), once=once, answer=lambda: http.answer(204)
        )
    )


# ---- reading ------------------------------------------------------------------------------------------------------------


@routes.endpoint(
    "GET",
    "/v1/availability",
    summary="What can be sold",
    query=AvailabilityQuery,
    answers={200: http.list_of(AvailabilityView)},
    public=True,
)
def read_availability() -> Response:
    """Units that a channel may sell of up to 20 SKUs: what is available beyond its safety stock."""
    wanted = http.query(AvailabilityQuery)
    found = service.availability(wanted.sku, wanted.channel)
    return http.listed(Page(found, None), lambda one: AvailabilityView.for_channel(one, wanted.channel))


@routes.endpoint(
    "GET",
    "/v1/inventory/stock",
    summary="List the stock at a location",
    query=StockQuery,
    answers={200: http.list_of(StockView)},
    scopes=[SCOPE],
    raises=[NotFound],
)
def list_stock() -> Response:
    """Every SKU that the location has or had, by SKU."""
    wanted = http.query(StockQuery)
    page = service.stock_at_location(wanted.location, wanted.limit, wanted.cursor, http.caller())
    return http.listed(page, StockView.of)


@routes.endpoint(
    "GET",
    "/v1/inventory/stock/{sku}",
    summary="Read the stock of a SKU",
    answers={200: http.list_of(StockView)},
    scopes=[SCOPE],
    raises=[NotFound],
)
def read_stock(sku: str) -> Response:
    """The counters at every location that has or had it."""
    return http.listed(Page(service.stock_of_sku(sku, http.caller()), None), StockView.of)


@routes.endpoint(
    "GET",
    "/v1/inventory/stock/{sku}/movements",
    summary="List the movements of a SKU",
    query=PageQuery,
    answers={200: http.list_of(MovementView)},
    scopes=[SCOPE],
    raises=[NotFound],
)
def list_movements(sku: str) -> Response:
    """Every change of on-hand stock at any location, oldest first. They add up to what is on hand."""
    wanted = http.query(PageQuery)
    page = service.movements_of(sku, wanted.limit, wanted.cursor, http.caller())
    return http.listed(page, MovementView.of)


# ---- reservations -------------------------------------------------------------------------------------------------------


@routes.endpoint(
    "POST",
    "/v1/reservations",
    summary="Hold stock",
    body=HoldStock,
    answers={201: ReservationView},
    scopes=[SCOPE],
    idempotent=True,
    raises=[LocationUnknown, StockTooLow],
)
def hold_stock() -> Response:
    """For tills: units are nobody else's until they are given back or `seconds` have passed."""
    given = http.body(HoldStock)
    return http.once(
        lambda once: service.hold_stock(
            given.stock_lines(),
            channel=given.channel,
            seconds=given.seconds,
            by=http.caller(),
            once=once,
            answer=lambda held: http.answer(
                201, ReservationView.of(held), version=held.version, location=f"/v1/reservations/{held.id}"
            ),
        )
    )


@routes.endpoint(
    "GET",
    "/v1/reservations/{reservation_id}",
    summary="Read a hold",
    answers={200: ReservationView},
    scopes=[SCOPE],
    raises=[NotFound],
)
def read_reservation(reservation_id: str) -> Response:
    """A hold, for who made it and for administrators."""
    reservation = service.read_hold(reservation_id, http.caller())
    return http.ok(ReservationView.of(reservation), version=reservation.version)


@routes.endpoint(
    "DELETE",
    "/v1/reservations/{reservation_id}",
    summary="Give a hold back",
    answers={204: None},
    scopes=[SCOPE],
    versioned=True,
    raises=[NotFound, Stale, AlreadySettled],
)
def release_reservation(reservation_id: str) -> Response:
    """Its units can be sold again at once."""
    service.release_hold(reservation_id, http.expected_version(), by=http.caller())
    return http.send(http.answer(204))


# ---- transfers ----------------------------------------------------------------------------------------------------------


@routes.endpoint(
    "POST",
    "/v1/inventory/transfers",
    summary="Dispatch a transfer",
    body=DispatchTransfer,
    answers={201: TransferView},
    scopes=[SCOPE],
    idempotent=True,
    raises=[LocationUnknown, SameLocation, StockTooLow],
)
def dispatch_transfer() -> Response:
    """Goods leave a location, up to 30 lines; until they are received elsewhere they can be sold nowhere."""
    given = http.body(DispatchTransfer)
    return http.once(
        lambda once: service.dispatch_transfer(
            given.from_location,
            given.to_location,
            given.units(),
            reference=given.reference,
            by=http.caller(),
            once=once,
            answer=lambda sent: http.answer(
                201, TransferView.of(sent), version=sent.version, location=f"/v1/inventory/transfers/{sent.id}"
            ),
        )
    )


@routes.endpoint(
    "GET",
    "/v1/inventory/transfers",
    summary="List transfers",
    query=TransfersQuery,
    answers={200: http.list_of(TransferView)},
    scopes=[SCOPE],
)
def list_transfers() -> Response:
    """Transfers in a status, oldest first."""
    wanted = http.query(TransfersQuery)
    page = service.list_transfers(wanted.status, wanted.limit, wanted.cursor, http.caller())
    return http.listed(page, TransferView.of)


@routes.endpoint(
    "GET",
    "/v1/inventory/transfers/{transfer_id}",
    summary="Read a transfer",
    answers={200: TransferView},
    scopes=[SCOPE],
    raises=[NotFound],
)
def read_transfer(transfer_id: str) -> Response:
    """One transfer."""
    transfer = service.read_transfer(transfer_id, http.caller())
    return http.ok(TransferView.of(transfer), version=transfer.version)


@routes.endpoint(
    "POST",
    "/v1/inventory/transfers/{transfer_id}/receipts",
    summary="Receive a transfer",
    body=ReceiveTransfer,
    answers={200: TransferView},
    scopes=[SCOPE],
    idempotent=True,
    raises=[NotFound, NotInTransfer, NothingToDo, TransferSettled, TooManyUnits, Contended],
)
def receive_transfer(transfer_id: str) -> Response:
    """Books what arrived, in one go or several; extra units at once, missing ones when it is said to be complete."""
    given = http.body(ReceiveTransfer)
    return http.once(
        lambda once: service.receive_transfer(
            transfer_id,
            given.units(),
            complete=given.complete,
            by=http.caller(),
            once=once,
            answer=lambda came: http.answer(200, TransferView.of(came), version=came.version),
        )
    )


@routes.endpoint(
    "POST",
    "/v1/inventory/transfers/{transfer_id}/cancellation",
    summary="Call a transfer back",
    answers={200: TransferView},
    scopes=[SCOPE],
    idempotent=True,
    raises=[NotFound, TransferSettled, TooManyUnits, Contended],
)
def cancel_transfer(transfer_id: str) -> Response:
    """What is on its way is on hand again where it came from; what arrived stays."""
    return http.once(
        lambda once: service.cancel_transfer(
            transfer_id,
            by=http.caller(),
            once=once,
            answer=lambda back: http.answer(200, TransferView.of(back), version=back.version),
        )
    )
