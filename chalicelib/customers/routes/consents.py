"""Consents."""

from chalice.app import Response

from chalicelib.core import http
from chalicelib.core.errors import Stale
from chalicelib.core.schemas import PageQuery
from chalicelib.customers import service
from chalicelib.customers.domain import CustomerGone
from chalicelib.customers.routes.common import READ, WRITE, me, routes
from chalicelib.customers.schemas import ChangeConsents, ConsentsView, ConsentView


@routes.endpoint("GET", "/v1/me/consents", summary="Read your consents", answers={200: ConsentsView})
def read_my_consents() -> Response:
    """Your last word on every purpose and channel, and what may be sent to you."""
    return _consents(me())


@routes.endpoint(
    "PATCH",
    "/v1/me/consents",
    summary="Change your consents",
    body=ChangeConsents,
    answers={200: ConsentsView},
    versioned=True,
    raises=[Stale, CustomerGone],
)
def change_my_consents() -> Response:
    """Kept with time, source and the version of the words agreed to; earlier answers stay on record."""
    return _change_consents(me())


@routes.endpoint(
    "GET",
    "/v1/me/consents/history",
    summary="List what you agreed to",
    query=PageQuery,
    answers={200: http.list_of(ConsentView)},
)
def list_my_consents() -> Response:
    """Every answer you gave, oldest first."""
    wanted = http.query(PageQuery)
    return http.listed(service.consent_history(me(), wanted.limit, wanted.cursor, http.caller()), ConsentView.of)


@routes.endpoint(
    "GET",
    "/v1/customers/{customer_id}/consents",
    summary="Read a customer's consents",
    answers={200: ConsentsView},
    scopes=READ,
)
def read_consents(customer_id: str) -> Response:
    """For staff."""
    return _consents(customer_id)


@routes.endpoint(
    "PATCH",
    "/v1/customers/{customer_id}/consents",
    summary="Change a customer's consents",
    body=ChangeConsents,
    answers={200: ConsentsView},
    scopes=WRITE,
    versioned=True,
    raises=[Stale, CustomerGone],
)
def change_consents(customer_id: str) -> Response:
    """For staff to whom a customer said so, e.g. on the phone; `source` says where."""
    return _change_consents(customer_id)


def _consents(customer_id: str) -> Response:
    consents = service.read_consents(customer_id, http.caller())
    return http.ok(ConsentsView.of(consents), version=consents.version)


def _change_consents(customer_id: str) -> Response:
    given = http.body(ChangeConsents)
    consents = service.change_consents(
        customer_id,
        given.as_changes(),
        source=given.source,
        wording=given.wording,
        expected_version=http.expected_version(),
        by=http.caller(),
    )
    return http.ok(ConsentsView.of(consents), version=consents.version)


@routes.endpoint(
    "POST",
    "/v1/unsubscriptions/{token}",
    summary="Unsubscribe by the link in a message",
    answers={204: None},
    public=True,
    raises=[Stale],
)
def unsubscribe(token: str) -> Response:
    """One click (RFC 8058), without signing in: the token proves whom the message was sent to. Any body is ignored."""
    service.unsubscribe(token)
    return http.send(http.answer(204))
