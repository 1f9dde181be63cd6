"""Names that belong to another supplier."""

from __future__ import annotations

from chalicelib.core.findings import Finding, Severity
from chalicelib.suppliers.domain.profile import claims_of, resold
from chalicelib.suppliers.domain.record import Profile
from chalicelib.suppliers.store import items as store

_RULES = {
    "legal_entity": ("identity.legal_entity_taken", "Another supplier is this legal entity."),
    "tax_id": ("identity.tax_id_taken", "Another supplier has this tax id."),
    "brand": ("brands.taken", "Another supplier owns this brand."),
}
_OWNED = "brands.owned_by_other"

DUPLICATES = frozenset({_OWNED, *(rule for rule, _ in _RULES.values())})
"""All rules of this validator."""


def check_duplicates(profile: Profile, supplier_id: str) -> list[Finding]:
    """What it claims and another has; and, for a person who asks whether it may, brands that it sells and another owns."""
    claims, others = claims_of(profile), resold(profile)
    taken = {name: owner for name, owner in store.owners({**claims, **others}).items() if owner != supplier_id}
    found = [_taken(name, claims[name]) for name in claims if name in taken]
    message = "Another supplier owns this brand; see whether this one is authorised."
    return found + [Finding(others[name], _OWNED, Severity.WARNING, message) for name in others if name in taken]


def _taken(name: str, pointer: str) -> Finding:
    rule, message = _RULES[name.partition(":")[0]]
    return Finding(pointer, rule, Severity.ERROR, message)
