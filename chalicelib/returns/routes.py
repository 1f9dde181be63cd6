"""Routes of returns, for customers and the staff; policies, for administrators; and what they say, for everybody."""

from chalice.app import Response

from chalicelib.catalog.service import OffersRefused
from chalicelib.core import http
from chalicelib.core.errors import Forbidden, NotFound
from chalicelib.core.http import Routes
from chalicelib.core.idempotency import Answer
from chalicelib.core.schemas import PageQuery
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
from chalicelib.returns.domain.policy import InForce
from chalicelib.returns.schemas import (
    AnnounceReturn,
    ExplanationView,
    InspectReturn,
    LineOptionsView,
    OptionsQuery,
    PolicyBody,
    PolicyQuery,
    PolicyVersionQuery,
    PolicyView,
    ReceiveReturn,
    ReturnsQuery,
    ReturnSummary,
    ReturnView,
)

routes = Routes(__name__, "returns")
SCOPE = "returns.write"


# ---- before anything is bought ------------------------------------------------------------------------------------------


@routes.endpoint(
    "GET",
    "/v1/return-policy",
    summary="Read what goods that are bought now could come back for",
    query=PolicyQuery,
    answers={200: ExplanationView},
    public=True,
    raises=[NotFound],
)
def explain_return_policy() -> Response:
    """Reason by reason: until when, in which condition, who pays for the way back, what is kept."""
    wanted = http.query(PolicyQuery)
    return http.ok(ExplanationView.of(service.explain(wanted.sku, wanted.channel, http.caller())))


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
    """Authorised at once, or refused with the rule for each line. Up to 25 lines; a label follows."""
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
    """All or some of it, at a location. Units beyond those announced are noted as extra and refunded by no return."""
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
    raises=[NotInReturn, NotReceived, LocationNeeded, TooManyUnits],
)
def inspect_return(return_id: str) -> Response:
    """Units go on the shelf, are written off, or go back to the customer. What was paid for those accepted is refunded, credited
    or used for the exchange."""
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


# ---- policies -----------------------------------------------------------------------------------------------------------


@routes.endpoint(
    "POST",
    "/v1/return-policies",
    summary="Create a return policy",
    body=PolicyBody,
    answers={201: PolicyView},
    idempotent=True,
)
def create_return_policy() -> Response:
    """For administrators. It decides on what is bought from now on; what was bought before keeps what was promised then. Where
    no policy fits, the one called `default` decides, which is part of the code."""
    wanted = http.body(PolicyBody).as_policy()
    return http.once(
        lambda once: service.create_policy(
            wanted,
            by=http.caller(),
            once=once,
            answer=lambda made: http.answer(
                201, PolicyView.of(made), version=made.policy.version, location=f"/v1/return-policies/{made.policy.id}"
            ),
        )
    )


@routes.endpoint(
    "GET",
    "/v1/return-policies",
    summary="List return policies",
    query=PageQuery,
    answers={200: http.list_of(PolicyView)},
)
def list_return_policies() -> Response:
    """Those in force, for staff; `default` is not among them."""
    wanted = http.query(PageQuery)
    return http.listed(service.list_policies(wanted.limit, wanted.cursor, http.caller()), PolicyView.of)


@routes.endpoint(
    "GET",
    "/v1/return-policies/{policy_id}",
    summary="Read a return policy",
    query=PolicyVersionQuery,
    answers={200: PolicyView},
)
def read_return_policy(policy_id: str) -> Response:
    """The version in force, or any that ever was, for staff."""
    one = service.read_policy(policy_id, http.query(PolicyVersionQuery).version, http.caller())
    return _policy(one)


@routes.endpoint(
    "PUT",
    "/v1/return-policies/{policy_id}",
    summary="Change a return policy",
    body=PolicyBody,
    answers={200: PolicyView},
    versioned=True,
)
def change_return_policy(policy_id: str) -> Response:
    """For administrators. The next version decides on what is bought from now on, within half a minute."""
    wanted = http.body(PolicyBody).as_policy()
    return _policy(service.change_policy(policy_id, http.expected_version(), wanted, http.caller()))


@routes.endpoint(
    "DELETE",
    "/v1/return-policies/{policy_id}",
    summary="Withdraw a return policy",
    answers={204: None},
    versioned=True,
)
def withdraw_return_policy(policy_id: str) -> Response:
    """For administrators. It decides on nothing that is bought from now on; its versions stay."""
    service.withdraw_policy(policy_id, http.expected_version(), http.caller())
    return http.send(http.answer(204))


def _policy(one: InForce) -> Response:
    return http.ok(PolicyView.of(one), version=one.policy.version)
