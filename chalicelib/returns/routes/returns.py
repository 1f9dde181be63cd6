"""Routes of returns, for customers and the staff."""

from chalice.app import Response

from chalicelib.catalog.service import OffersRefused
from chalicelib.core import http
from chalicelib.core.errors import Forbidden
from chalicelib.core.idempotency import Answer
from chalicelib.core.schemas import PageQuery
from chalicelib.core.table import CommandTooLarge
from chalicelib.inventory.service import LocationUnknown, TooManyUnits
from chalicelib.returns import service
from chalicelib.returns.domain.life import (
    GoodsCame,
    LocationNeeded,
    MoreThanShipped,
    NothingCame,
    NotInReturn,
    NotReceived,
    ReturnClosed,
)
from chalicelib.returns.domain.model import Return
from chalicelib.returns.routes.blueprint import SCOPE, routes
from chalicelib.returns.schemas import (
    AnnounceReturn,
    InspectReturn,
    LineOptionsView,
    OptionsQuery,
    ReceiveReturn,
    ReturnsQuery,
    ReturnSummary,
    ReturnView,
)

# ---- returns of an order ------------------------------------------------------------------------------------------------


@routes.endpoint(
    "GET",
    "/v1/orders/{order_id}/return-options",
    summary="Read what of an order may be returned",
    query=OptionsQuery,
    answers={200: http.list_of(LineOptionsView)},
    scopes=[SCOPE],
)
def read_return_options(order_id: str) -> Response:
    """Line by line: how many units, for which reasons, until when; or the rule that keeps them. What was promised when the order
    was placed holds, whatever the policies say now."""
    wanted = http.query(OptionsQuery)
    page = service.read_options(order_id, wanted.channel, wanted.limit, wanted.cursor, http.caller())
    return http.listed(page, LineOptionsView.of)


@routes.endpoint(
    "POST",
    "/v1/orders/{order_id}/returns",
    summary="Announce a return",
    body=AnnounceReturn,
    answers={201: ReturnView},
    scopes=[SCOPE],
    idempotent=True,
    raises=[Forbidden, service.ReturnNotAllowed, service.AccountNeeded, service.ExchangeMismatch, OffersRefused],
)
def announce_return(order_id: str) -> Response:
    """Authorised at once, or refused with the rule for each line. Up to 20 lines. `send_to` says where to send what: units go back to
    who shipped them. A label for each parcel follows."""
    wanted = http.body(AnnounceReturn).as_announcement()
    return http.once(
        lambda once: service.announce_return(
            order_id,
            wanted,
            by=http.caller(),
            once=once,
            answer=lambda made: http.answer(
                201, ReturnView.of(made), version=made.version, location=f"/v1/returns/{made.id}"
            ),
        )
    )


@routes.endpoint(
    "GET",
    "/v1/orders/{order_id}/returns",
    summary="List the returns of an order",
    query=PageQuery,
    answers={200: http.list_of(ReturnView)},
    scopes=[SCOPE],
)
def list_returns_of_order(order_id: str) -> Response:
    """The latest first, for its customer and for staff."""
    wanted = http.query(PageQuery)
    page = service.list_for_order(order_id, wanted.limit, wanted.cursor, http.caller())
    return http.listed(page, ReturnView.of)


# ---- returns ------------------------------------------------------------------------------------------------------------


@routes.endpoint(
    "GET",
    "/v1/returns",
    summary="List returns",
    query=ReturnsQuery,
    answers={200: http.list_of(ReturnSummary)},
    scopes=[SCOPE],
)
def list_returns() -> Response:
    """For staff: those announced on a UTC day that are in a status now, newest first."""
    wanted = http.query(ReturnsQuery)
    day, status = wanted.day.isoformat(), wanted.status
    page = service.list_for_staff(day, status, wanted.limit, wanted.cursor, http.caller())
    return http.listed(page, ReturnSummary.of)


@routes.endpoint("GET", "/v1/returns/{return_id}", summary="Read a return", answers={200: ReturnView}, scopes=[SCOPE])
def read_return(return_id: str) -> Response:
    """For its customer and for staff; anyone else's is not found."""
    value = service.read_return(return_id, http.caller())
    return http.ok(ReturnView.of(value), version=value.version)


@routes.endpoint(
    "DELETE",
    "/v1/returns/{return_id}",
    summary="Cancel a return",
    answers={200: ReturnView},
    scopes=[SCOPE],
    versioned=True,
    raises=[ReturnClosed, GoodsCame],
)
def cancel_return(return_id: str) -> Response:
    """Before any of it came. Its units can be announced again."""
    value = service.cancel_return(return_id, http.expected_version(), http.caller())
    return http.ok(ReturnView.of(value), version=value.version)


@routes.endpoint(
    "POST",
    "/v1/returns/{return_id}/receipts",
    summary="Record that goods came back",
    body=ReceiveReturn,
    answers={200: ReturnView},
    scopes=[SCOPE],
    idempotent=True,
    raises=[LocationUnknown, ReturnClosed, NotInReturn, MoreThanShipped, NothingCame],
)
def receive_return(return_id: str) -> Response:
    """All or some of it, at a location of ours, or, with a supplier's id as `location_id`, what that supplier shipped, in its stead. Units
    beyond those announced are noted as extra and refunded by no return."""
    given = http.body(ReceiveReturn)
    return http.once(
        lambda once: service.receive_return(
            return_id,
            given.location_id,
            given.units(),
            complete=given.complete,
            by=http.caller(),
            once=once,
            answer=_shown,
        )
    )


@routes.endpoint(
    "POST",
    "/v1/returns/{return_id}/inspections",
    summary="Decide on goods that came back",
    body=InspectReturn,
    answers={200: ReturnView},
    scopes=[SCOPE],
    idempotent=True,
    raises=[NotInReturn, NotReceived, LocationNeeded, TooManyUnits, CommandTooLarge],
)
def inspect_return(return_id: str) -> Response:
    """Units go on the shelf, are written off, or go back to the customer. What was paid for those accepted is refunded, credited
    or used for the exchange. Goods that left in very many parcels may take more than one inspection: `command_too_large`."""
    given = http.body(InspectReturn)
    return http.once(
        lambda once: service.inspect_return(
            return_id, given.findings(), given.location_id, by=http.caller(), once=once, answer=_shown
        )
    )


@routes.endpoint(
    "POST",
    "/v1/returns/{return_id}/resume",
    summary="Run the workflow of a return again",
    answers={202: ReturnView},
    idempotent=True,
    raises=[service.ReturnRunning],
)
def resume_return(return_id: str) -> Response:
    """For administrators, when an execution was stopped or failed. Nothing that was done is done again."""
    return http.once(
        lambda once: service.resume_workflow(
            return_id,
            by=http.caller(),
            once=once,
            answer=lambda value: http.answer(
                202, ReturnView.of(value), version=value.version, location=f"/v1/returns/{value.id}"
            ),
        )
    )


def _shown(value: Return) -> Answer:
    return http.answer(200, ReturnView.of(value), version=value.version)
