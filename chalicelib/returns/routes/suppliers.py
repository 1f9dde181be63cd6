"""Returns of what suppliers shipped, for each its own units."""

from chalice.app import Response

from chalicelib.core import http
from chalicelib.core.idempotency import Answer
from chalicelib.core.schemas import PageQuery
from chalicelib.core.table import CommandTooLarge
from chalicelib.inventory.service import TooManyUnits
from chalicelib.returns import service
from chalicelib.returns.domain.life import MoreThanShipped, NothingCame, NotInReturn, NotReceived, ReturnClosed
from chalicelib.returns.domain.model import Return
from chalicelib.returns.routes.blueprint import SUPPLIER_SCOPES, routes
from chalicelib.returns.schemas import InspectOwn, ReceiveOwn, SupplierReturnView

_RETURNS = "/v1/suppliers/{supplier_id}/returns"


@routes.endpoint(
    "GET",
    _RETURNS,
    summary="List the returns of what a supplier shipped",
    query=PageQuery,
    answers={200: http.list_of(SupplierReturnView)},
    scopes=SUPPLIER_SCOPES,
)
def list_supplier_returns(supplier_id: str) -> Response:
    """Newest first, each with the supplier's own units alone."""
    wanted = http.query(PageQuery)
    page = service.list_for_supplier(supplier_id, wanted.limit, wanted.cursor, http.caller())
    return http.listed(page, SupplierReturnView.of)


@routes.endpoint(
    "GET",
    f"{_RETURNS}/{{return_id}}",
    summary="Read a return of what a supplier shipped",
    answers={200: SupplierReturnView},
    scopes=SUPPLIER_SCOPES,
)
def read_supplier_return(supplier_id: str, return_id: str) -> Response:
    """The supplier's own units of it; of what others shipped it says nothing, and one without any is not found."""
    return http.send(_shown(service.read_for_supplier(supplier_id, return_id, http.caller())))


@routes.endpoint(
    "POST",
    f"{_RETURNS}/{{return_id}}/receipts",
    summary="Record that a supplier's goods came back to it",
    body=ReceiveOwn,
    answers={200: SupplierReturnView},
    scopes=SUPPLIER_SCOPES,
    idempotent=True,
    raises=[ReturnClosed, NotInReturn, MoreThanShipped, NothingCame],
)
def receive_supplier_return(supplier_id: str, return_id: str) -> Response:
    """All or some of what it shipped. Units beyond those announced are noted as extra and refunded by no return."""
    given = http.body(ReceiveOwn)
    return http.once(
        lambda once: service.receive_own(
            supplier_id,
            return_id,
            given.units(),
            complete=given.complete,
            by=http.caller(),
            once=once,
            answer=_shown,
        )
    )


@routes.endpoint(
    "POST",
    f"{_RETURNS}/{{return_id}}/inspections",
    summary="Decide on a supplier's goods that came back to it",
    body=InspectOwn,
    answers={200: SupplierReturnView},
    scopes=SUPPLIER_SCOPES,
    idempotent=True,
    raises=[NotInReturn, NotReceived, TooManyUnits, CommandTooLarge],
)
def inspect_supplier_return(supplier_id: str, return_id: str) -> Response:
    """Units are the supplier's stock again, are written off, or go back to the customer. What was paid for those accepted is refunded, and
    what the supplier was owed for them taken back, less the commission. Goods that left in very many parcels may take more than one
    inspection: `command_too_large`."""
    given = http.body(InspectOwn)
    return http.once(
        lambda once: service.inspect_own(
            supplier_id, return_id, given.findings(), by=http.caller(), once=once, answer=_shown
        )
    )


def _shown(value: Return) -> Answer:
    return http.answer(200, SupplierReturnView.of(value), version=value.version)
