"""Profiles in which nothing is wrong."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

_PROFILE: dict[str, Any] = {
    "trading_name": "Red Mugs",
    "brands": [{"name": "Redware", "attestation": "owner"}],
    "legal_entity": {"name": "Red Mugs Ltd", "registration_number": "01234567", "country": "GB"},
    "tax_id": {"scheme": "vat", "country": "GB", "value": "GB980780684"},
    "contacts": [
        {"role": "primary", "name": "Ada Lovelace", "email": "ada@redmugs.example.com", "phone": "+442079460018"}
    ],
    "address": {"line1": "12 St James Square", "city": "London", "postal_code": "SW1Y 4JH", "country": "GB"},
    "service_countries": ["GB", "IE"],
    "timezone": "Europe/London",
    "default_currency": "GBP",
}

ENDPOINT = "https://orders.redmugs.example.com/aisle"


def a_profile(**changes: Any) -> dict[str, Any]:
    """A clean profile with other parts; None takes one away."""
    profile = {**deepcopy(_PROFILE), **changes}
    return {name: value for name, value in profile.items() if value is not None}


def another(number: int = 2) -> dict[str, Any]:
    """Parts that make another supplier of a profile: nothing in it is the first one's."""
    vats = {2: "GB220430231", 3: "GB727255821", 4: "GB618184140"}
    return {
        "trading_name": f"Shop {number}",
        "brands": [{"name": f"Brand {number}", "attestation": "owner"}],
        "legal_entity": {
            "name": f"Shop number {number} Ltd",
            "registration_number": f"0000000{number}",
            "country": "GB",
        },
        "tax_id": {"scheme": "vat", "country": "GB", "value": vats[number]},
    }
