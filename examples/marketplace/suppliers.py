"""Three suppliers that come in: one whose papers are in order, one whose are put in order, one that a person looks at."""

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

from aisle_supplier.server import ReferenceSupplier
from examples.marketplace.accounts import Account
from examples.online_retail.api import Api
from examples.online_retail.stack import Stack

PATIENCE = 120.0
"""Seconds until a step that takes a few counts as failed."""


class Late(Exception):
    """Something that should have happened did not."""


def until(what: str, ask: Callable[[], Any], seconds: float = PATIENCE) -> Any:
    """The first truthy answer. Raises `Late` when there is none in time."""
    end = time.monotonic() + seconds
    while not (answer := ask()):
        if time.monotonic() > end:
            raise Late(f"{what} did not happen within {seconds:.0f} s.")
        time.sleep(0.3)
    return answer


@dataclass
class Trader:
    """A supplier of the demo: its account, its own system, and what Aisle calls it."""

    name: str
    id: str
    account: Account
    api: Api
    system: ReferenceSupplier

    def read(self) -> Any:
        """The supplier as it sees itself."""
        return self.api.get(f"/v1/suppliers/{self.id}")


def profile(name: str, run: str, **changes: Any) -> dict[str, Any]:
    """What a supplier says of itself; names carry the run, since no two suppliers may have the same."""
    return {
        "trading_name": name,
        "brands": [{"name": f"{name} {run}", "attestation": "owner"}],
        "legal_entity": {"name": f"{name} {run} Ltd", "registration_number": f"{name[0]}{run}", "country": "GB"},
        "tax_id": {"scheme": "vat", "country": "GB", "value": vat_number(f"{name}{run}")},
        "contacts": [
            {"role": "primary", "name": "Grace Hopper", "email": "grace@example.com", "phone": "+442079460018"}
        ],
        "address": {"line1": "1 Quay Street", "city": "Hull", "postal_code": "HU1 2AA", "country": "GB"},
        "service_countries": ["GB", "IE"],
        "timezone": "Europe/London",
        "default_currency": "GBP",
        **changes,
    }


def vat_number(seed: str) -> str:
    """A number that could be a British business's: seven digits of the seed, and the two that check them (modulus 97)."""
    digits = f"{sum(ord(letter) * 31**place for place, letter in enumerate(seed)) % 9_000_000 + 1_000_000}"
    weighed = sum(int(digit) * weight for digit, weight in zip(digits, range(8, 1, -1), strict=True))
    return f"GB{digits}{-weighed % 97:02d}"


def applied(stack: Stack, name: str, run: str, system: ReferenceSupplier, **changes: Any) -> Trader:
    """A new supplier, whose application is under way."""
    account = Account(stack, f"{name.split(maxsplit=1)[0].lower()}-{run}@example.com")
    api = account.api()
    body = {"profile": profile(name, run, **changes), "attestations": ["terms"]}
    made = api.post("/v1/suppliers", body, key=f"apply-{name}-{run}").body
    return Trader(name, made["id"], account, api, system)


def connected(trader: Trader) -> None:
    """Have orders handed to the supplier's own system, and that tried out."""
    issued = trader.api.post(f"/v1/suppliers/{trader.id}/endpoint-secrets", {}, key=uuid4().hex).body
    trader.system.secrets = (issued["secret"],)
    _change(trader, {"endpoint_url": trader.system.url})
    verified(trader)


def _change(trader: Trader, changes: dict[str, Any]) -> None:
    import json

    version = trader.read()["version"]
    headers = {"Content-Type": "application/json", "If-Match": f'"{version}"'}
    trader.api.call("PATCH", f"/v1/suppliers/{trader.id}", json.dumps(changes).encode(), headers)


def verified(trader: Trader) -> Any:
    """The supplier once nothing of it is being looked at any more."""
    return until(
        f"The verification of {trader.name}",
        lambda: (seen := trader.read())["status"] != "applied" and seen["check"] != "verifying" and seen,
    )
