"""The route that serves the OpenAPI document."""

import json
from functools import cache

from chalice.app import Response

from chalicelib.core import http
from chalicelib.core.http import Routes
from chalicelib.core.idempotency import Answer

routes = Routes(__name__, "meta")


@routes.endpoint("GET", "/v1/openapi.json", summary="Read this document", answers={200: None}, public=True)
def read_openapi() -> Response:
    """OpenAPI 3.1, generated from the code that answers."""
    return http.send(Answer(200, _document(), {"Content-Type": "application/json"}))


@cache
def _document() -> str:
    from chalicelib.core.openapi import document  # late: only this route needs it

    return json.dumps(document(http.OPERATIONS), separators=(",", ":"), ensure_ascii=False)
