"""Aisle's own API, called by its functions under the signature of their roles."""

import json
from functools import cache
from typing import Any, Protocol

import urllib3
from botocore.auth import SigV4Auth
from botocore.awsrequest import AWSRequest

from chalicelib.core.aws import client, credentials
from chalicelib.core.errors import AisleError, Conflict, NotFound, Unavailable
from chalicelib.core.observability import trace
from chalicelib.core.settings import settings

SECONDS = 10.0


class Issuer(Protocol):
    """Whoever issues passcodes."""

    def issue_passcode(self, pickup_id: str, whose: str) -> str: ...


class NotIssued(Conflict):
    code = "passcode_not_issued"
    title = "The pickup is not in a state for a passcode"


class InternalApi:
    """The internal routes."""

    def issue_passcode(self, pickup_id: str, whose: str) -> str:
        """A new passcode in the clear. Raises `NotFound`, `NotIssued` when there is nothing to collect (any more), `Unavailable`."""
        answer = _call("POST", f"/v1/internal/pickups/{pickup_id}/passcodes", {"whose": whose})
        return str(answer["code"])


def _call(method: str, path: str, body: dict[str, Any]) -> Any:
    url = api_url() + path
    headers = {"Content-Type": "application/json", "X-Correlation-Id": trace().correlation_id}
    request = AWSRequest(method, url, headers=headers, data=json.dumps(body).encode())
    SigV4Auth(credentials(), "execute-api", settings().region).add_auth(request)
    try:
        answer = _pool().request(method, url, body=request.data, headers=dict(request.headers), timeout=SECONDS)
    except urllib3.exceptions.HTTPError as error:
        raise Unavailable(f"The API did not answer ({type(error).__name__}).") from None
    if answer.status < 300:
        return answer.json()
    raise _problem(answer.status)


def _problem(status: int) -> AisleError:
    if status == 404:
        return NotFound("There is no such pickup.")
    if status == 409:
        return NotIssued("The pickup is not ready, or not any more.")
    return Unavailable(f"The API answered {status}.")


@cache
def _pool() -> urllib3.PoolManager:
    return urllib3.PoolManager(retries=False)


@cache
def api_url() -> str:
    """Where the API is reached, as whoever deployed it has noted."""
    found = client("ssm").get_parameter(Name=settings().api_url_parameter)
    return str(found["Parameter"]["Value"]).rstrip("/")
