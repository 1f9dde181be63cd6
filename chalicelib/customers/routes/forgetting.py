"""Everything that is held of a customer: to take along, and to have forgotten."""

from chalice.app import Response

from chalicelib.core import http
from chalicelib.core.errors import Stale
from chalicelib.core.schemas import PageQuery
from chalicelib.customers import service
from chalicelib.customers.domain import Erasure
from chalicelib.customers.routes.common import READ, me, routes
from chalicelib.customers.schemas import ErasureView, RecordView


@routes.endpoint(
    "GET", "/v1/me/export", summary="Export your data", query=PageQuery, answers={200: http.list_of(RecordView)}
)
def export_me() -> Response:
    """Everything that is held of you: profile, addresses, consents, orders, devices, and messages of the last 30 days."""
    return _export(me())


@routes.endpoint(
    "GET",
    "/v1/customers/{customer_id}/export",
    summary="Export a customer's data",
    query=PageQuery,
    answers={200: http.list_of(RecordView)},
    scopes=READ,
)
def export_customer(customer_id: str) -> Response:
    """For staff whom a customer asked for it."""
    return _export(customer_id)


def _export(customer_id: str) -> Response:
    wanted = http.query(PageQuery)
    return http.listed(service.export_customer(customer_id, wanted.limit, wanted.cursor, http.caller()), RecordView.of)


@routes.endpoint(
    "DELETE",
    "/v1/me",
    summary="Have yourself forgotten",
    answers={202: ErasureView},
    versioned=True,
    raises=[Stale],
)
def erase_me() -> Response:
    """The profile is empty at once and cannot be brought back; the account, orders and messages follow. Asked again, it answers how
    far that has come."""
    return _erase(me(), "/v1/me/erasure")


@routes.endpoint("GET", "/v1/me/erasure", summary="See how far you are forgotten", answers={200: ErasureView})
def read_my_erasure() -> Response:
    """As long as your access token is valid: the account is removed first."""
    return _progress(me())


@routes.endpoint(
    "DELETE",
    "/v1/customers/{customer_id}",
    summary="Have a customer forgotten",
    answers={202: ErasureView},
    versioned=True,
    raises=[Stale],
)
def erase_customer(customer_id: str) -> Response:
    """For administrators whom a customer asked for it."""
    return _erase(customer_id, f"/v1/customers/{customer_id}/erasure")


@routes.endpoint(
    "GET",
    "/v1/customers/{customer_id}/erasure",
    summary="See how far a customer is forgotten",
    answers={200: ErasureView},
    scopes=READ,
)
def read_erasure(customer_id: str) -> Response:
    """For staff. `finished_at` stays as the proof that it was done."""
    return _progress(customer_id)


def _erase(customer_id: str, location: str) -> Response:
    begun = service.request_erasure(customer_id, expected_version=http.expected_version(), by=http.caller())
    return http.send(http.answer(202, ErasureView.of(begun), location=location))


def _progress(customer_id: str) -> Response:
    erasure: Erasure = service.read_erasure(customer_id, http.caller())
    return http.ok(ErasureView.of(erasure))
