"""Routes of how cabinets are set up."""

from chalice.app import Response

from chalicelib.core import http
from chalicelib.core.errors import NotFound, Stale
from chalicelib.lockers import service
from chalicelib.lockers.domain.cabinets import CabinetRetired
from chalicelib.lockers.routes.blueprint import SCOPE, routes
from chalicelib.lockers.schemas.configuration import ConfigurationView, ConfigureCabinet


@routes.endpoint(
    "GET",
    "/v1/cabinets/{cabinet_id}/configuration",
    summary="Read how a cabinet is set up",
    answers={200: ConfigurationView},
    scopes=[SCOPE],
    raises=[NotFound],
)
def read_cabinet_configuration(cabinet_id: str) -> Response:
    """What it is to go by, what it said last of itself, and whether that is the same. For staff."""
    shadow = service.read_configuration(cabinet_id, http.caller())
    return http.ok(ConfigurationView.of(shadow), version=shadow.version)


@routes.endpoint(
    "PUT",
    "/v1/cabinets/{cabinet_id}/configuration",
    summary="Set a cabinet up",
    body=ConfigureCabinet,
    answers={200: ConfigurationView},
    scopes=[SCOPE],
    versioned=True,
    raises=[NotFound, CabinetRetired, Stale],
)
def configure_cabinet(cabinet_id: str) -> Response:
    """All settings at once; `If-Match: "0"` where there are none yet. A cabinet on the line follows at once, another when it is back;
    each time it says something of itself there is a new version."""
    configuration = http.body(ConfigureCabinet).as_configuration()
    shadow = service.configure_cabinet(
        cabinet_id, configuration, expected_version=http.expected_version(), by=http.caller()
    )
    return http.ok(ConfigurationView.of(shadow), version=shadow.version)
