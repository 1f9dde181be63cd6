"""The supplier's Order Acceptance API: whether it may be called, answers, and checks who calls (docs/supplier-api.md)."""

from __future__ import annotations

from collections.abc import Sequence

from chalicelib.core import outside
from chalicelib.core.findings import Finding, Severity
from chalicelib.suppliers.domain.record import Profile
from chalicelib.suppliers.gateways import endpoint

FIELD = "/endpoint_url"
REQUIREMENT = "endpoint"


def check_url(profile: Profile) -> list[Finding]:
    """Whether it is an address that may be called at all."""
    url = profile.get("endpoint_url")
    if not url:
        return []
    try:
        outside.destination(url)
    except outside.UrlNotAllowed as error:
        return [_finding("url_not_allowed", error.detail)]
    return [_finding("query", "The base has no query.")] if "?" in url else []


def probe_endpoint(url: str, secrets: Sequence[str], bearer_token: str | None = None) -> list[Finding]:
    """Asks for an allocation that never was, without a signature and with one."""
    try:
        return _unsigned(url) + _signed(url, secrets, bearer_token)
    except outside.CallFailed as error:
        return [_finding("unreachable", f"It could not be reached: {error}")]


def _unsigned(url: str) -> list[Finding]:
    status = endpoint.ask_for_nothing(url, ())
    if status in (401, 403):
        return []
    return [_finding("signature_not_checked", f"What is not signed has to be refused with 401; it answered {status}.")]


def _signed(url: str, secrets: Sequence[str], bearer_token: str | None) -> list[Finding]:
    if not secrets:
        return [_finding("no_secret", "Have a signing secret issued, let the endpoint know it, and submit again.")]
    status = endpoint.ask_for_nothing(url, secrets, bearer_token)
    if status == 404:
        return []
    if status in (401, 403):
        return [_finding("signature_refused", "What is signed was refused; does it know the latest secret?")]
    return [_finding("not_conformant", f"An allocation that never arrived is answered 404; it answered {status}.")]


def _finding(what: str, message: str) -> Finding:
    return Finding(FIELD, f"{REQUIREMENT}.{what}", Severity.ERROR, message)
