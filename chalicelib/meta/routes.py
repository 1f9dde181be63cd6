"""The route that serves the OpenAPI document."""

from functools import cache

from chalice.app import Response

from chalicelib.core import http
from chalicelib.core.http import Routes

routes = Routes(__name__, "meta")


@routes.endpoint("GET", "/v1/openapi.json", summary="Read this document", answers={200: None}, public=True)
def read_openapi() -> Response:
    """OpenAPI 3.1, generated from the code that answers."""
    return http.send(http.Answer(200, _document(), {"Content-Type": "application/json"}))


@cache
def _document() -> str:
    from chalicelib.core.openapi import document, to_json  # late: only this route needs it

    return to_json(document(http.OPERATIONS))
