"""Policies, for administrators, and what they say, for everybody."""

from chalice.app import Response

from chalicelib.core import http
from chalicelib.core.errors import NotFound
from chalicelib.core.schemas import PageQuery
from chalicelib.returns import service
from chalicelib.returns.domain.policy import InForce
from chalicelib.returns.routes.blueprint import routes
from chalicelib.returns.schemas import ExplanationView, PolicyBody, PolicyQuery, PolicyVersionQuery, PolicyView


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
