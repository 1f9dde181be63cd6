"""Reading suppliers, and what the operator decides about them."""

from chalice.app import Response

from chalicelib.core import http
from chalicelib.core.errors import NotFound
from chalicelib.suppliers.domain.life import CorrectionOutdated, NotInThisStatus
from chalicelib.suppliers.routes.blueprint import BOTH, OPERATOR, routes, sent, shown
from chalicelib.suppliers.schemas.commands import GiveReason, SuppliersQuery
from chalicelib.suppliers.schemas.views import SupplierSummary, SupplierView, TimelineEntry, TimelineView
from chalicelib.suppliers.service import use_cases as service
from chalicelib.suppliers.store.items import ClaimTaken


@routes.endpoint(
    "GET",
    "/v1/suppliers",
    summary="List suppliers",
    query=SuppliersQuery,
    answers={200: http.list_of(SupplierSummary)},
    scopes=OPERATOR,
)
def list_suppliers() -> Response:
    """For the operator: those in a status, the ones that applied last first."""
    wanted = http.query(SuppliersQuery)
    page = service.list_suppliers(wanted.status, wanted.limit, wanted.cursor, http.caller())
    return http.listed(page, SupplierSummary.model_validate)


@routes.endpoint(
    "GET",
    "/v1/suppliers/me",
    summary="Read the supplier that you act for",
    answers={200: SupplierView},
    scopes=["suppliers.self"],
    raises=[NotFound],
)
def read_own_supplier() -> Response:
    """With what was found in its profile, and what was put right."""
    return sent(service.read_own(http.caller()))


@routes.endpoint(
    "GET",
    "/v1/suppliers/{supplier_id}",
    summary="Read a supplier",
    answers={200: SupplierView},
    scopes=BOTH,
    raises=[NotFound],
)
def read_supplier(supplier_id: str) -> Response:
    """For itself and for the operator; anyone else's is not found."""
    return sent(service.read_supplier(supplier_id, http.caller()))


@routes.endpoint(
    "GET",
    "/v1/suppliers/{supplier_id}/timeline",
    summary="Read what happened to a supplier",
    answers={200: TimelineView},
    scopes=BOTH,
    raises=[NotFound],
)
def read_supplier_timeline(supplier_id: str) -> Response:
    """Who did what and when, oldest first."""
    happened = service.read_timeline(supplier_id, http.caller())
    return http.ok(TimelineView(items=[TimelineEntry.of(event) for event in happened]))


@routes.endpoint(
    "POST",
    "/v1/suppliers/{supplier_id}/suspensions",
    summary="Suspend a supplier",
    body=GiveReason,
    answers={200: SupplierView},
    scopes=OPERATOR,
    idempotent=True,
    raises=[NotFound, NotInThisStatus],
)
def suspend_supplier(supplier_id: str) -> Response:
    """For the operator. It sells nothing until it is reinstated."""
    reason = http.body(GiveReason).reason
    return http.once(lambda once: service.suspend(supplier_id, reason, by=http.caller(), once=once, answer=shown))


@routes.endpoint(
    "POST",
    "/v1/suppliers/{supplier_id}/reinstatements",
    summary="Reinstate a supplier",
    answers={200: SupplierView},
    scopes=OPERATOR,
    idempotent=True,
    raises=[NotFound, NotInThisStatus],
)
def reinstate_supplier(supplier_id: str) -> Response:
    """For the operator, when it is suspended."""
    return http.once(lambda once: service.reinstate(supplier_id, by=http.caller(), once=once, answer=shown))


@routes.endpoint(
    "POST",
    "/v1/suppliers/{supplier_id}/offboardings",
    summary="Part with a supplier",
    body=GiveReason,
    answers={200: SupplierView},
    scopes=OPERATOR,
    idempotent=True,
    raises=[NotFound, NotInThisStatus],
)
def offboard_supplier(supplier_id: str) -> Response:
    """For the operator, and for good. Its brands may be another's; its legal entity and tax id stay known."""
    reason = http.body(GiveReason).reason
    return http.once(lambda once: service.offboard(supplier_id, reason, by=http.caller(), once=once, answer=shown))


@routes.endpoint(
    "POST",
    "/v1/suppliers/{supplier_id}/corrections/{number}/reversals",
    summary="Take a correction back",
    answers={200: SupplierView},
    scopes=OPERATOR,
    idempotent=True,
    raises=[NotFound, CorrectionOutdated, ClaimTaken],
)
def reverse_supplier_correction(supplier_id: str, number: str) -> Response:
    """For the operator. The field holds again what it held, and is not corrected so again; nothing is verified. 409 when that is the
    name of another supplier by now."""
    place = int(number) if number.isdecimal() and len(number) < 10 else 0
    return http.once(
        lambda once: service.reverse_correction(supplier_id, place, by=http.caller(), once=once, answer=shown)
    )
