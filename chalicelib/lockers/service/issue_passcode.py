"""Passcodes: drawn, kept as a keyed hash, handed out once, and replaced."""

from dataclasses import dataclass

from chalicelib.core import observability
from chalicelib.core.errors import Contended, Stale
from chalicelib.core.table import Transaction
from chalicelib.lockers.domain import passcodes, pickups
from chalicelib.lockers.domain.pickups import Pickup
from chalicelib.lockers.gateways import keys
from chalicelib.lockers.service.offline import grant_offline, withdraw_grants
from chalicelib.lockers.service.pickups import must_find_pickup
from chalicelib.lockers.service.sites import read_site
from chalicelib.lockers.store import passcodes as store
from chalicelib.lockers.store import pickups as pickups_store
from chalicelib.lockers.store.passcodes import DigitsTaken, Passcode
from chalicelib.lockers.store.pickups import PickupMoved

_ATTEMPTS = 12


@dataclass(frozen=True, slots=True)
class Issued:
    """A passcode in the clear. It is kept nowhere, and in no log: whoever has this sends it, and forgets it."""

    pickup: Pickup
    whose: str
    digits: str

    def __repr__(self) -> str:
        return f"Issued({self.pickup.id}, {self.whose})"


def issue_passcode(pickup_id: str, whose: str = "shopper") -> Issued:
    """A new passcode for a pickup that is ready; the one before, if any, opens nothing any more. Whoever calls decides who may
    see it. Raises `PickupOutOfTurn`.
    """
    for _ in range(_ATTEMPTS):
        before = must_find_pickup(pickup_id)
        digits = passcodes.new_digits(read_site(before.site_id).code_digits)
        try:
            after = _replace(before, whose, keys.digest_of(before.site_id, digits))
        except (DigitsTaken, PickupMoved, Stale):
            continue
        observability.count("PasscodesIssued")
        _grant_offline(after, whose, digits)
        return Issued(after, whose, digits)
    raise Contended(f"Pickup {pickup_id} kept changing.")


def _grant_offline(pickup: Pickup, whose: str, digits: str) -> None:
    """A cabinet that does not get its grant opens as ever while it has a line."""
    try:
        grant_offline(pickup, whose, digits)
    except Exception as error:
        observability.count("GrantsFailed")
        observability.log.error("no grant", pickup_id=pickup.id, error=type(error).__name__)


def revoke_delegate(pickup_id: str) -> None:
    """Let somebody who was sent not open it any more. Whoever calls decides who may say so. Safe to repeat."""
    for _ in range(_ATTEMPTS):
        before = must_find_pickup(pickup_id)
        if "delegate" not in before.codes:
            return
        tx = Transaction()
        store.revoke_passcode(tx, before.site_id, before.codes["delegate"])
        pickups_store.change_pickup(tx, pickups.revoke_code(before, "delegate"))
        try:
            tx.commit()
        except (PickupMoved, Stale):
            continue
        withdraw_grants(before, whose="delegate")
        return
    raise Contended(f"Pickup {pickup_id} kept changing.")


def _replace(before: Pickup, whose: str, digest: str) -> Pickup:
    passcode = Passcode(before.site_id, digest, before.id, whose, "active", str(before.expires_at))
    after = pickups.issue_code(before, whose, passcode.name)
    tx = Transaction()
    store.add_passcode(tx, passcode)
    if whose in before.codes:
        store.revoke_passcode(tx, before.site_id, before.codes[whose])
    pickups_store.change_pickup(tx, after)
    tx.commit()
    return after
