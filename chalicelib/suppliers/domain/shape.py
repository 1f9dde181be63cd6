"""The shape of a profile, for those who change single fields of it."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from chalicelib.core.errors import Fault, RuleBroken
from chalicelib.suppliers.domain.record import MAX_BRANDS, Profile

MOST_CHARACTERS = 1_000

_ADDRESS = dict.fromkeys(("line1", "line2", "city", "region", "postal_code", "country"), str)
_SHAPE: dict[str, Any] = {
    "trading_name": str,
    "brands": [{"name": str, "attestation": str}],
    "legal_entity": dict.fromkeys(("name", "registration_number", "country"), str),
    "tax_id": dict.fromkeys(("scheme", "country", "value"), str),
    "contacts": [dict.fromkeys(("role", "name", "email", "phone"), str)],
    "address": _ADDRESS,
    "return_address": _ADDRESS,
    "service_countries": [str],
    "endpoint_url": str,
    "timezone": str,
    "default_currency": str,
    "language": str,
}


class ProfileMisshapen(RuleBroken):
    code = "profile_misshapen"
    title = "A profile cannot look like this"


def check_shape(profile: Profile) -> None:
    """Raise `ProfileMisshapen` that names every field which cannot be there, or cannot hold what it holds."""
    faults = [Fault(pointer, ProfileMisshapen.code, detail) for pointer, detail in _misfits("", profile, _SHAPE)]
    if len(profile.get("brands") or ()) > MAX_BRANDS:
        faults.append(Fault("/brands", ProfileMisshapen.code, f"At most {MAX_BRANDS}."))
    if faults:
        raise ProfileMisshapen("; ".join(f"{fault.pointer}: {fault.detail}" for fault in faults[:3]), faults=faults)


Misfits = Iterator[tuple[str, str]]


def _misfits(pointer: str, value: Any, shape: Any) -> Misfits:
    if isinstance(shape, dict):
        yield from _in_object(pointer, value, shape)
    elif isinstance(shape, list):
        yield from _in_list(pointer, value, shape[0])
    elif not isinstance(value, str) or not 0 < len(value) <= MOST_CHARACTERS:
        yield pointer, f"This is a text of 1 to {MOST_CHARACTERS} characters."


def _in_object(pointer: str, value: Any, shape: dict[str, Any]) -> Misfits:
    if not isinstance(value, dict):
        yield pointer, "This is an object."
        return
    for name, each in value.items():
        if name in shape:
            yield from _misfits(f"{pointer}/{name}", each, shape[name])
        else:
            yield f"{pointer}/{name}", "There is no such field."


def _in_list(pointer: str, value: Any, shape: Any) -> Misfits:
    if not isinstance(value, list):
        yield pointer, "This is a list."
        return
    for place, each in enumerate(value):
        yield from _misfits(f"{pointer}/{place}", each, shape)
