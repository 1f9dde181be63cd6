"""How a supplier's Order Acceptance API is called: where, and signed with what."""

from __future__ import annotations

from dataclasses import dataclass, field

from chalicelib.core import clock
from chalicelib.suppliers import store
from chalicelib.suppliers.gateways import secrets


@dataclass(frozen=True, slots=True)
class Endpoint:
    """The base of a supplier's API; every call is signed with each of `secrets`, the newest first, and shows the token if
    there is one."""

    url: str
    secrets: tuple[str, ...] = field(repr=False)
    bearer_token: str | None = field(default=None, repr=False)


def endpoint(supplier_id: str) -> Endpoint | None:
    """Where orders of this supplier go, or None for one that has no API, or no secret. Secrets are up to a minute old."""
    seller = store.seller(supplier_id)
    if seller is None or seller.endpoint_url is None:
        return None
    held = secrets.read(supplier_id)
    valid = held.valid(clock.now()) if held else ()
    return Endpoint(seller.endpoint_url, valid, held.bearer_token) if held and valid else None
