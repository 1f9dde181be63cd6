"""API Gateway's own answers, to requests that reach no function, as problem documents like all others.

Chalice has no word for them, and each of its deployments replaces the whole API, so they are put in place after each
(`infra/local/after_deploy.py`).
docs.aws.amazon.com/apigateway/latest/developerguide/supported-gateway-response-types.html
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from typing import Any
from urllib.parse import urlsplit

from chalicelib.core import errors, http
from chalicelib.core.errors import AisleError

KINDS: dict[str, type[AisleError]] = {
    "ACCESS_DENIED": errors.Forbidden,
    "BAD_REQUEST_BODY": errors.Invalid,
    "BAD_REQUEST_PARAMETERS": errors.Invalid,
    "EXPIRED_TOKEN": errors.Unauthenticated,
    "INTEGRATION_FAILURE": errors.Unavailable,
    "INTEGRATION_TIMEOUT": errors.Unavailable,
    "MISSING_AUTHENTICATION_TOKEN": errors.NotFound,  # what API Gateway says of a path or method that is not there
    "QUOTA_EXCEEDED": errors.Throttled,
    "REQUEST_TOO_LARGE": errors.TooLarge,
    "RESOURCE_NOT_FOUND": errors.NotFound,
    "THROTTLED": errors.Throttled,
    "UNAUTHORIZED": errors.Unauthenticated,
    "UNSUPPORTED_MEDIA_TYPE": errors.UnsupportedMedia,
}


def put_in_place(resources: Iterable[Mapping[str, Any]], gateway: Any) -> None:
    """Give the REST API among what Chalice has deployed (`deployed/<stage>.json`) its answers, and deploy them."""
    for api in resources:
        if api["resource_type"] == "rest_api":
            for name, kind in KINDS.items():
                gateway.put_gateway_response(restApiId=api["rest_api_id"], responseType=name, **response(kind))
            stage = urlsplit(api["rest_api_url"]).path.strip("/").rpartition("/")[2]
            gateway.create_deployment(restApiId=api["rest_api_id"], stageName=stage)


def response(kind: type[AisleError]) -> dict[str, Any]:
    """The gateway response of an error: its status, headers and problem document, in API Gateway's words where it has
    some (`$context.…`)."""
    status = http.status_of(kind)
    headers = {"Access-Control-Allow-Origin": "*", "Content-Type": http.PROBLEM_TYPE}
    if status == 401:
        headers["WWW-Authenticate"] = "Bearer"
    if status in (429, 503):
        headers["Retry-After"] = "1"
    document = json.dumps(
        {
            "type": http.problem_type(kind.code),
            "title": kind.title,
            "status": status,
            "detail": "DETAIL",
            "code": kind.code,
            "retryable": kind.retryable,
            "request_id": "$context.requestId",
            "errors": [],
        }
    )
    return {
        "statusCode": str(status),
        "responseParameters": {f"gatewayresponse.header.{name}": f"'{value}'" for name, value in headers.items()},
        "responseTemplates": {"application/json": document.replace('"DETAIL"', "$context.error.messageString")},
    }
