"""Routes of transfers between locations."""

from chalice.app import Response

from chalicelib.core import http
from chalicelib.core.errors import Contended, NotFound
from chalicelib.inventory import service
from chalicelib.inventory.domain import (
    LocationUnknown,
    NothingToDo,
    NotInTransfer,
    SameLocation,
    StockTooLow,
    TooManyUnits,
    TransferSettled,
)
from chalicelib.inventory.routes.blueprint import SCOPE, routes
from chalicelib.inventory.schemas import (
    DispatchTransfer,
    ReceiveTransfer,
    TransfersQuery,
    TransferView,
)


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
