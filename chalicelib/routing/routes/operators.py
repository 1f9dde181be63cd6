"""What the operator sees of allocations, and sets for all suppliers and for one."""

from chalice.app import Response

from chalicelib.core import http
from chalicelib.core.errors import NotFound, Stale
from chalicelib.routing.routes.blueprint import OPERATOR_SCOPES, SUPPLIER_SCOPES, routes
from chalicelib.routing.schemas.operators import (
    AllocationsQuery,
    AllocationStateView,
    AllocationSummary,
    AllocationView,
    SettingsBody,
    SettingsView,
    SupplierSettingsBody,
    SupplierSettingsView,
)
from chalicelib.routing.service import use_cases as service


@routes.endpoint(
    "GET",
    "/v1/allocations",
    summary="List what suppliers are asked to ship",
    query=AllocationsQuery,
    answers={200: http.list_of(AllocationSummary)},
    scopes=OPERATOR_SCOPES,
)
def list_allocations() -> Response:
    """In a state, of all suppliers or of one, oldest first."""
    wanted = http.query(AllocationsQuery)
    page = service.list_allocations(wanted.state, wanted.supplier_id, wanted.limit, wanted.cursor, http.caller())
    return http.listed(page, AllocationSummary.of)


@routes.endpoint(
    "GET",
    "/v1/allocations/{allocation_id}",
    summary="Read an allocation and its calls",
    answers={200: AllocationView},
    scopes=OPERATOR_SCOPES,
)
def read_allocation(allocation_id: str) -> Response:
    """What the supplier was asked, and what became of it."""
    found = service.read_allocation(allocation_id, http.caller())
    return http.ok(AllocationView.of(found), version=found.value.version)


@routes.endpoint(
    "POST",
    "/v1/allocations/{allocation_id}/retries",
    summary="Call a supplier again",
    answers={202: AllocationStateView},
    scopes=OPERATOR_SCOPES,
    idempotent=True,
    raises=[service.NothingToRetry],
)
def retry_allocation(allocation_id: str) -> Response:
    """At once, even while its endpoint rests: with an order that it has not answered, or with what it has not heard of. An answer that
    never took effect, because its workflow died, takes effect."""
    return http.once(
        lambda once: service.retry_allocation(
            allocation_id,
            by=http.caller(),
            once=once,
            answer=lambda value: http.answer(202, AllocationStateView.of(value), version=value.version),
        )
    )


@routes.endpoint(
    "GET",
    "/v1/routing-settings",
    summary="Read how suppliers are asked",
    answers={200: SettingsView},
    scopes=OPERATOR_SCOPES,
)
def read_routing_settings() -> Response:
    """Deadline, calls, and when an endpoint is left in peace."""
    settings = service.read_settings(http.caller())
    return http.ok(SettingsView.of(settings), version=settings.version)


@routes.endpoint(
    "PUT",
    "/v1/routing-settings",
    summary="Change how suppliers are asked",
    body=SettingsBody,
    answers={200: SettingsView},
    scopes=OPERATOR_SCOPES,
    versioned=True,
    raises=[Stale],
)
def change_routing_settings() -> Response:
    """For what is asked and called from now on."""
    wanted = http.body(SettingsBody).as_settings()
    settings = service.change_settings(http.expected_version(), wanted, http.caller())
    return http.ok(SettingsView.of(settings), version=settings.version)


@routes.endpoint(
    "GET",
    "/v1/suppliers/{supplier_id}/routing-settings",
    summary="Read how a supplier is asked",
    answers={200: SupplierSettingsView},
    scopes=SUPPLIER_SCOPES,
    raises=[NotFound],
)
def read_supplier_routing_settings(supplier_id: str) -> Response:
    """How long it may take to answer; for the supplier itself, too."""
    settings = service.read_supplier_settings(supplier_id, http.caller())
    return http.ok(SupplierSettingsView.of(settings), version=settings.version)


@routes.endpoint(
    "PUT",
    "/v1/suppliers/{supplier_id}/routing-settings",
    summary="Change how a supplier is asked",
    body=SupplierSettingsBody,
    answers={200: SupplierSettingsView},
    scopes=OPERATOR_SCOPES,
    versioned=True,
    raises=[NotFound, Stale],
)
def change_supplier_routing_settings(supplier_id: str) -> Response:
    """For what it is asked from now on; `If-Match: "0"` for the first."""
    minutes = http.body(SupplierSettingsBody).answer_minutes
    settings = service.change_supplier_settings(supplier_id, http.expected_version(), minutes, http.caller())
    return http.ok(SupplierSettingsView.of(settings), version=settings.version)
