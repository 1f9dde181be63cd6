"""Where a supplier is paid, and how it is called."""

from chalice.app import Response

from chalicelib.core import http
from chalicelib.core.errors import NotFound
from chalicelib.core.idempotency import Answer
from chalicelib.suppliers.domain.bank import BankAccountRefused
from chalicelib.suppliers.domain.life import NotInThisStatus
from chalicelib.suppliers.domain.record import Supplier
from chalicelib.suppliers.routes.blueprint import BOTH, routes, sent
from chalicelib.suppliers.schemas.commands import BankAccountBody, BearerToken
from chalicelib.suppliers.schemas.views import EndpointSecretView, SupplierView
from chalicelib.suppliers.service import use_cases as service


@routes.endpoint(
    "PUT",
    "/v1/suppliers/{supplier_id}/bank-account",
    summary="Name the bank account that a supplier is paid to",
    body=BankAccountBody,
    answers={202: SupplierView},
    scopes=BOTH,
    versioned=True,
    raises=[NotFound, NotInThisStatus, BankAccountRefused],
)
def set_supplier_bank_account(supplier_id: str) -> Response:
    """It is verified like a change of the profile; payouts go to the one before until then. Of the account only country, currency
    and the last four digits are ever shown."""
    given = http.body(BankAccountBody).as_given()
    return sent(service.set_bank_account(supplier_id, http.expected_version(), given, by=http.caller()), 202)


@routes.endpoint(
    "POST",
    "/v1/suppliers/{supplier_id}/endpoint-secrets",
    summary="Issue a signing secret for a supplier's endpoint",
    answers={201: EndpointSecretView},
    scopes=BOTH,
    idempotent=True,
    raises=[NotFound, NotInThisStatus],
)
def issue_endpoint_secret(supplier_id: str) -> Response:
    """What calls of the Order Acceptance API are signed with. It is shown this once; calls are signed with each one before as well,
    for a day after it was replaced, with the five latest of them at most."""
    return http.once(lambda once: service.issue_secret(supplier_id, by=http.caller(), once=once, answer=_secret))


def _secret(one: Supplier, secret: str | None) -> Answer:
    view = EndpointSecretView(secret=secret, old_valid_for_seconds=service.OLD_VALID_SECONDS)
    return http.answer(201, view, version=one.version)


@routes.endpoint(
    "PUT",
    "/v1/suppliers/{supplier_id}/endpoint-token",
    summary="Name the bearer token that a supplier's endpoint wants to see",
    body=BearerToken,
    answers={204: None},
    scopes=BOTH,
    versioned=True,
    raises=[NotFound],
)
def set_endpoint_token(supplier_id: str) -> Response:
    """For suppliers whose own gateway wants one, beside our signature. It is kept with the secret and never shown."""
    token = http.body(BearerToken).bearer_token
    one = service.set_bearer_token(supplier_id, http.expected_version(), token, by=http.caller())
    return http.send(http.answer(204, version=one.version))
