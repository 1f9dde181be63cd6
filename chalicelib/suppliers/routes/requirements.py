"""The checklist and the screening list, and how suppliers stand."""

from chalice.app import Response

from chalicelib.core import http
from chalicelib.core.errors import NotFound
from chalicelib.core.paging import Page
from chalicelib.suppliers.domain.life import NotInThisStatus
from chalicelib.suppliers.domain.requirements import Checklist, RequirementUnknown
from chalicelib.suppliers.domain.screening import ScreeningList
from chalicelib.suppliers.routes.blueprint import BOTH, OPERATOR, routes, shown
from chalicelib.suppliers.schemas.commands import Attest, ChecklistBody, ScreeningBody, Waive
from chalicelib.suppliers.schemas.views import (
    ChecklistView,
    RequirementView,
    ScreeningView,
    StandingView,
    SupplierView,
)
from chalicelib.suppliers.service import use_cases as service
from chalicelib.suppliers.service.access import SUPPLIER_SCOPE


@routes.endpoint(
    "GET",
    "/v1/supplier-requirements",
    summary="Read what is asked of suppliers",
    answers={200: ChecklistView},
    scopes=BOTH,
)
def read_supplier_requirements() -> Response:
    """For suppliers and for the operator."""
    return _checklist(service.read_checklist(http.caller()))


@routes.endpoint(
    "PUT",
    "/v1/supplier-requirements",
    summary="Change what is asked of suppliers",
    body=ChecklistBody,
    answers={200: ChecklistView},
    scopes=OPERATOR,
    versioned=True,
    raises=[service.ChecklistRefused],
)
def set_supplier_requirements() -> Response:
    """For the operator. It holds for approvals from now on; who is approved stays so."""
    items = http.body(ChecklistBody).as_items()
    return _checklist(service.set_checklist(http.expected_version(), items, by=http.caller()))


def _checklist(one: Checklist) -> Response:
    view = ChecklistView(version=one.version, items=[RequirementView.of(item) for item in one.items])
    return http.ok(view, version=one.version)


@routes.endpoint(
    "GET",
    "/v1/suppliers/{supplier_id}/requirements",
    summary="Read how a supplier stands",
    answers={200: http.list_of(StandingView)},
    scopes=BOTH,
    raises=[NotFound],
)
def read_supplier_standings(supplier_id: str) -> Response:
    """All that is asked of it, and how far it has come with each."""
    return http.listed(Page(service.read_standings(supplier_id, http.caller()), None), StandingView.of)


@routes.endpoint(
    "POST",
    "/v1/suppliers/{supplier_id}/attestations",
    summary="Give your word for a requirement",
    body=Attest,
    answers={200: SupplierView},
    scopes=[SUPPLIER_SCOPE],
    idempotent=True,
    raises=[NotFound, NotInThisStatus, RequirementUnknown],
)
def attest_requirement(supplier_id: str) -> Response:
    """For the supplier. Who gave it and when is kept."""
    code = http.body(Attest).code
    return http.once(lambda once: service.attest(supplier_id, code, by=http.caller(), once=once, answer=shown))


@routes.endpoint(
    "POST",
    "/v1/suppliers/{supplier_id}/waivers",
    summary="Ask no more for a requirement",
    body=Waive,
    answers={200: SupplierView},
    scopes=OPERATOR,
    idempotent=True,
    raises=[NotFound, NotInThisStatus, RequirementUnknown],
)
def waive_requirement(supplier_id: str) -> Response:
    """For the operator, of this supplier. Who did so and why is kept."""
    given = http.body(Waive)
    return http.once(
        lambda once: service.waive(supplier_id, given.code, given.reason, by=http.caller(), once=once, answer=shown)
    )


@routes.endpoint(
    "GET",
    "/v1/supplier-screening-list",
    summary="Read whom to look at",
    answers={200: ScreeningView},
    scopes=OPERATOR,
)
def read_supplier_screening_list() -> Response:
    """For the operator. Suppliers are not told what they are screened for."""
    return _screening(service.read_screening_list(http.caller()))


@routes.endpoint(
    "PUT",
    "/v1/supplier-screening-list",
    summary="Change whom to look at",
    body=ScreeningBody,
    answers={200: ScreeningView},
    scopes=OPERATOR,
    versioned=True,
)
def set_supplier_screening_list() -> Response:
    """For the operator: sanctions, embargoes, whom one has parted with. Names match if they are alike."""
    wanted = http.body(ScreeningBody).as_list()
    return _screening(service.set_screening_list(http.expected_version(), wanted, by=http.caller()))


def _screening(one: ScreeningList) -> Response:
    view = ScreeningView(
        version=one.version,
        countries=list(one.countries),
        names=list(one.names),
        refused_countries=list(one.refused_countries),
    )
    return http.ok(view, version=one.version)
