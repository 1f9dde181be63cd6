"""Routes of returns that are dropped into lockers."""

from chalice.app import Response

from chalicelib.core import http
from chalicelib.core.errors import NotFound
from chalicelib.core.idempotency import Answer, Idempotency
from chalicelib.lockers import service
from chalicelib.lockers.domain.drop_offs import (
    DropOff,
    DropOffOpen,
    DropOffOutOfTurn,
    NoCompartmentFree,
    TooManyDropOffs,
    return_of,
)
from chalicelib.lockers.domain.sites import SitePaused
from chalicelib.lockers.routes.blueprint import SCOPE, routes
from chalicelib.lockers.schemas.drop_offs import (
    ClearDropOff,
    DropOffsQuery,
    DropOffSummary,
    DropOffView,
    RequestDropOff,
)
from chalicelib.lockers.service import SiteUnknown
from chalicelib.returns import service as returns
from chalicelib.returns.service import ReturnClosed


@routes.endpoint(
    "POST",
    "/v1/returns/{return_id}/drop-offs",
    summary="Drop a parcel of a return into a locker",
    body=RequestDropOff,
    answers={202: DropOffView},
    scopes=["returns.write"],
    idempotent=True,
    raises=[NotFound, ReturnClosed, SiteUnknown, SitePaused, DropOffOpen, NoCompartmentFree, TooManyDropOffs],
)
def request_drop_off(return_id: str) -> Response:
    """For its customer, who stands in front of the locker: an empty compartment opens. With its door shut again the parcel is
    dropped off, and the return is not given up while it lies there."""
    wanted = http.body(RequestDropOff)
    by = http.caller()

    def request(once: Idempotency) -> Answer:
        returns.check_awaited(return_id, by)
        return service.request_drop_off(
            return_id,
            wanted.site_id,
            wanted.size,
            within_reach=wanted.within_reach,
            by=by,
            once=once,
            answer=_accepted,
        )

    return http.once(request)


def _accepted(made: DropOff) -> Answer:
    return http.answer(202, DropOffView.of(made), version=made.version, location=f"/v1/drop-offs/{made.id}")


@routes.endpoint(
    "GET",
    "/v1/drop-offs/{drop_off_id}",
    summary="Read a drop-off",
    answers={200: DropOffView},
    scopes=["returns.write"],
    raises=[NotFound],
)
def read_drop_off(drop_off_id: str) -> Response:
    """For the customer of its return and for staff."""
    returns.read_return(return_of(drop_off_id), http.caller())
    value = service.must_find_drop_off(drop_off_id)
    return http.ok(DropOffView.of(value), version=value.version)


@routes.endpoint(
    "GET",
    "/v1/locker-sites/{site_id}/drop-offs",
    summary="List the drop-offs of a site by status",
    query=DropOffsQuery,
    answers={200: http.list_of(DropOffSummary)},
    scopes=[SCOPE],
)
def list_drop_offs(site_id: str) -> Response:
    """Oldest first. For staff: what lies there and is to be taken out."""
    wanted = http.query(DropOffsQuery)
    page = service.list_drop_offs(site_id, wanted.status, wanted.limit, wanted.cursor, http.caller())
    return http.listed(page, DropOffSummary.model_validate)


@routes.endpoint(
    "POST",
    "/v1/drop-offs/{drop_off_id}/clearings",
    summary="Record that a drop-off was taken out",
    body=ClearDropOff,
    answers={200: DropOffView},
    scopes=[SCOPE],
    idempotent=True,
    raises=[NotFound, DropOffOutOfTurn],
)
def clear_drop_off(drop_off_id: str) -> Response:
    """Or that nothing was in. The compartment is free; what came is received as any other return."""
    found = http.body(ClearDropOff).found
    return http.once(
        lambda once: service.clear_drop_off(
            drop_off_id,
            found=found,
            by=http.caller(),
            once=once,
            answer=lambda made: http.answer(200, DropOffView.of(made), version=made.version),
        )
    )
