"""Whom to write to about a supplier, and what. Asked when a mail is sent: events name no person and hold no secret."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import datetime

from chalicelib.core import clock
from chalicelib.suppliers.domain import SupplierStatus
from chalicelib.suppliers.domain.profile import PRIMARY, part
from chalicelib.suppliers.domain.record import Check, Profile, Supplier
from chalicelib.suppliers.domain.requirements import group_of
from chalicelib.suppliers.service.invitation_tokens import token_of
from chalicelib.suppliers.store import items as store

ORDERS = "orders"
"""The role of the contact that orders are for."""

_STILL_SO = {
    "SupplierApproved": SupplierStatus.APPROVED,
    "SupplierReinstated": SupplierStatus.APPROVED,
    "SupplierSuspended": SupplierStatus.SUSPENDED,
    "SupplierOffboarded": SupplierStatus.OFFBOARDED,
}


@dataclass(frozen=True, slots=True)
class Letter:
    """A mail: to whom, in which language (BCP 47, None: not known), and what its words may speak of."""

    email: str = field(repr=False)
    name: str | None = field(repr=False)
    language: str | None
    told: Mapping[str, str] = field(repr=False)


def invitation_letter(invitation_id: str) -> Letter | None:
    """To whoever is invited, with the token. None when it has served or is too old."""
    token = token_of(invitation_id)
    invitation = store.invitation_of(token)
    if invitation is None or invitation.accepted_at or datetime.fromisoformat(invitation.expires_at) < clock.now():
        return None
    one = store.get_supplier(invitation.supplier_id)
    profile = one.profile if one else {}
    told = {"invitation": token, "until": invitation.expires_at[:10]}
    return Letter(invitation.email, None, profile.get("language"), told)


def standing_letter(supplier_id: str, event_type: str) -> Letter | None:
    """To a supplier, of what became of it. None when that is not so any more, or nobody can be written to."""
    one = store.get_supplier(supplier_id)
    if one is None or not _is_so(one, event_type):
        return None
    return _letter(one, [PRIMARY], {"why": one.reason or "", "findings": _findings(one)})


def order_letter(supplier_id: str, answer_by: str) -> Letter | None:
    """To a supplier that an order waits for, until then (RFC 3339). For those whose own API is not called."""
    one = store.get_supplier(supplier_id)
    if one is None or one.approved is None:
        return None
    return _letter(one, [ORDERS, PRIMARY], {"until": _local(answer_by, one.approved.get("timezone"))})


def _is_so(one: Supplier, event_type: str) -> bool:
    if event_type == "SupplierRejected":
        return one.check is Check.REJECTED
    return one.status is _STILL_SO[event_type]


def _letter(one: Supplier, roles: Sequence[str], told: Mapping[str, str]) -> Letter | None:
    """What was approved goes before what only was proposed: nobody else hears of an approved supplier by proposing a contact."""
    profile = one.approved or one.profile
    contact = next((found for role in roles if (found := _contact(profile, role))), None)
    if contact is None:
        return None
    supplier = part(profile, "/trading_name") or ""
    return Letter(contact["email"], contact.get("name"), profile.get("language"), {"supplier": supplier, **told})


def _contact(profile: Profile, role: str) -> Mapping[str, str] | None:
    found = (one for one in profile.get("contacts", ()) if one.get("role") == role and one.get("email"))
    return next(found, None)


def _findings(one: Supplier) -> str:
    """What was found wrong, but for what suppliers are screened for."""
    shown = (each for each in one.findings if group_of(each) != "screening")
    return "\n".join(f"{each.field[1:] or '*'}: {each.message}" for each in shown)


def _local(moment: str, zone: str | None) -> str:
    """As its clocks show it; a reviewer may have let a time zone pass that there is not, or is but a directory of some."""
    from zoneinfo import ZoneInfo  # late: one letter needs it

    at = datetime.fromisoformat(moment)
    with suppress(KeyError, ValueError, OSError):
        at = at.astimezone(ZoneInfo(zone or "UTC"))
    return f"{at:%Y-%m-%d, %H:%M %Z}"
