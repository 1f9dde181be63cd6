"""Routes of cabinets: registry, certificates, compartments."""

from chalice.app import Response

from chalicelib.core import http
from chalicelib.core.errors import NotFound
from chalicelib.core.idempotency import Answer
from chalicelib.core.schemas import PageQuery
from chalicelib.lockers import service
from chalicelib.lockers.domain.cabinets import CabinetRetired, CompartmentTaken
from chalicelib.lockers.routes.blueprint import SCOPE, routes
from chalicelib.lockers.schemas.cabinets import (
    AddCabinet,
    CabinetSummary,
    CabinetView,
    CertificateView,
    CertifyCabinet,
    CompartmentsQuery,
    CompartmentView,
)
from chalicelib.lockers.schemas.staff import TakeOutOfUse
from chalicelib.lockers.service import CabinetState, CsrRefused, SerialTaken


@routes.endpoint(
    "POST",
    "/v1/locker-sites/{site_id}/cabinets",
    summary="Add a cabinet to a site",
    body=AddCabinet,
    answers={201: CabinetView},
    scopes=[SCOPE],
    idempotent=True,
    raises=[NotFound, SerialTaken],
)
def add_cabinet(site_id: str) -> Response:
    """With all its compartments. Its device gets a certificate next, or polls with a token."""
    cabinet, compartments = http.body(AddCabinet).as_cabinet(site_id)
    return http.once(
        lambda once: service.add_cabinet(
            cabinet,
            compartments,
            by=http.caller(),
            once=once,
            answer=lambda made: http.answer(
                201,
                CabinetView.of(made),
                version=made.cabinet.version,
                location=f"/v1/cabinets/{made.cabinet.id}",
            ),
        )
    )


@routes.endpoint(
    "GET",
    "/v1/locker-sites/{site_id}/cabinets",
    summary="List the cabinets of a site",
    query=PageQuery,
    answers={200: http.list_of(CabinetSummary)},
    scopes=[SCOPE],
)
def list_cabinets(site_id: str) -> Response:
    """By id. For staff."""
    wanted = http.query(PageQuery)
    return http.listed(
        service.list_cabinets(site_id, wanted.limit, wanted.cursor, http.caller()), CabinetSummary.model_validate
    )


@routes.endpoint(
    "GET",
    "/v1/cabinets/{cabinet_id}",
    summary="Read a cabinet",
    answers={200: CabinetView},
    scopes=[SCOPE],
    raises=[NotFound],
)
def read_cabinet(cabinet_id: str) -> Response:
    """Its compartments, what is in them, and whether it is online. For staff."""
    state = service.read_cabinet(cabinet_id, http.caller())
    return http.ok(CabinetView.of(state), version=state.cabinet.version)


@routes.endpoint(
    "POST",
    "/v1/cabinets/{cabinet_id}/blocks",
    summary="Put nothing new into a cabinet",
    body=TakeOutOfUse,
    answers={200: CabinetView},
    scopes=[SCOPE],
    idempotent=True,
    raises=[NotFound, CabinetRetired],
)
def block_cabinet(cabinet_id: str) -> Response:
    """What is in it can be collected."""
    reason = http.body(TakeOutOfUse).reason
    return http.once(lambda once: service.block_cabinet(cabinet_id, reason, by=http.caller(), once=once, answer=_shown))


@routes.endpoint(
    "POST",
    "/v1/cabinets/{cabinet_id}/releases",
    summary="Use a blocked cabinet again",
    answers={200: CabinetView},
    scopes=[SCOPE],
    idempotent=True,
    raises=[NotFound, CabinetRetired],
)
def release_cabinet(cabinet_id: str) -> Response:
    """Who waits for a compartment gets it."""
    return http.once(lambda once: service.release_cabinet(cabinet_id, by=http.caller(), once=once, answer=_shown))


@routes.endpoint(
    "POST",
    "/v1/cabinets/{cabinet_id}/retirements",
    summary="Give a cabinet up for good",
    body=TakeOutOfUse,
    answers={200: CabinetView},
    scopes=[SCOPE],
    idempotent=True,
    raises=[NotFound, CabinetRetired, CompartmentTaken],
)
def retire_cabinet(cabinet_id: str) -> Response:
    """An empty one. Its certificates and its token are revoked; its device may become another cabinet."""
    reason = http.body(TakeOutOfUse).reason
    return http.once(
        lambda once: service.retire_cabinet(cabinet_id, reason, by=http.caller(), once=once, answer=_shown)
    )


def _shown(state: CabinetState) -> Answer:
    return http.answer(200, CabinetView.of(state), version=state.cabinet.version)


@routes.endpoint(
    "POST",
    "/v1/cabinets/{cabinet_id}/certificates",
    summary="Issue a certificate for a cabinet's device",
    body=CertifyCabinet,
    answers={201: CertificateView},
    scopes=[SCOPE],
    idempotent=True,
    raises=[NotFound, CabinetRetired, CsrRefused],
)
def certify_cabinet(cabinet_id: str) -> Response:
    """From a signing request of the device's own key. Earlier certificates stay of use until they are revoked, so that a device
    can change over."""
    csr = http.body(CertifyCabinet).csr
    return http.once(
        lambda once: service.certify_cabinet(
            cabinet_id,
            csr,
            by=http.caller(),
            once=once,
            answer=lambda made: http.answer(
                201,
                CertificateView(certificate_id=made.id, certificate_pem=made.pem, status="active"),
                location=f"/v1/cabinets/{cabinet_id}",
            ),
        )
    )


@routes.endpoint(
    "POST",
    "/v1/cabinets/{cabinet_id}/certificates/{certificate_id}/revocations",
    summary="Revoke a certificate",
    answers={204: None},
    scopes=[SCOPE],
    raises=[NotFound],
)
def revoke_certificate(cabinet_id: str, certificate_id: str) -> Response:
    """Whoever has it is not let in any more."""
    service.revoke_certificate(cabinet_id, certificate_id, http.caller())
    return http.send(http.answer(204))


@routes.endpoint(
    "GET",
    "/v1/locker-sites/{site_id}/compartments",
    summary="List the compartments of a site by status",
    query=CompartmentsQuery,
    answers={200: http.list_of(CompartmentView)},
    scopes=[SCOPE],
)
def list_compartments(site_id: str) -> Response:
    """By cabinet and number. For staff: what is free, what is to be cleared, what is broken."""
    wanted = http.query(CompartmentsQuery)
    return http.listed(
        service.list_compartments(site_id, wanted.status, wanted.limit, wanted.cursor, http.caller()),
        CompartmentView.of,
    )
