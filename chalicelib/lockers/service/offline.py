"""Cabinets without a line: what lets them open by themselves, and what they tell afterwards."""

from base64 import b64encode
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import groupby
from typing import Any

from chalicelib.core import clock, observability
from chalicelib.core.auth import Principal
from chalicelib.core.errors import Contended, Stale
from chalicelib.core.ids import new_id
from chalicelib.core.table import Transaction
from chalicelib.fulfilment import service as fulfilment
from chalicelib.lockers import events
from chalicelib.lockers.domain import compartments, pickups
from chalicelib.lockers.domain.cabinets import CompartmentStatus, CompartmentTaken
from chalicelib.lockers.domain.pickups import Pickup, PickupStatus
from chalicelib.lockers.gateways import grants as gateway
from chalicelib.lockers.gateways.cabinets import IotCore, Line
from chalicelib.lockers.service.hold import revoke_codes
from chalicelib.lockers.service.pickups import must_find_pickup
from chalicelib.lockers.store import cabinets as cabinets_store
from chalicelib.lockers.store import days
from chalicelib.lockers.store import grants as store
from chalicelib.lockers.store import pickups as pickups_store
from chalicelib.lockers.store.grants import Grant, Journalled
from chalicelib.lockers.store.pickups import PickupMoved

_ATTEMPTS = 8
_BEHIND = timedelta(minutes=1)
"""How far the clock of a cabinet may be behind ours: to it, a grant that has just been made is no grant of the future."""


@dataclass(frozen=True, slots=True)
class Entry:
    """Something that a cabinet did by itself, at a moment of its own clock."""

    sequence: int
    at: str
    type: str
    compartment: str | None
    grant_id: str | None


# ---- grants -------------------------------------------------------------------------------------------------------------


def grant_offline(pickup: Pickup, whose: str, digits: str, *, line: Line | None = None) -> None:
    """Give each cabinet that holds some of a pickup the permission to open it for this code, once and until it expires, without
    asking. The code before is of no use there, either, as soon as the cabinet hears of it."""
    now, expires = clock.now(), datetime.fromisoformat(str(pickup.expires_at))
    ordered = sorted(pickup.places, key=lambda place: place.cabinet_id)
    for cabinet_id, places in groupby(ordered, key=lambda place: place.cabinet_id):
        claims = {
            "sub": pickup.id,
            "aud": cabinet_id,
            "compartments": [place.number for place in places],
            "code": gateway.code_hash(cabinet_id, digits),
            "nbf": clock.epoch_seconds(now - _BEHIND),
            "exp": clock.epoch_seconds(expires),
        }
        before = [one for one in _active(cabinet_id, pickup.id) if one.whose == whose]
        _replace(cabinet_id, whose, claims, before, line or IotCore())


def extend_grants(pickup: Pickup, *, line: Line | None = None) -> None:
    """Let the grants of a pickup that is kept longer be of use as long. Safe to repeat."""
    expires = clock.epoch_seconds(datetime.fromisoformat(str(pickup.expires_at)))
    for cabinet_id in sorted({place.cabinet_id for place in pickup.places}):
        for grant in _active(cabinet_id, pickup.id):
            claims = gateway.claims_of(grant.token)
            if claims["exp"] < expires:
                _replace(cabinet_id, grant.whose, {**claims, "exp": expires}, [grant], line or IotCore())


def _replace(cabinet_id: str, whose: str, claims: dict[str, Any], before: Sequence[Grant], line: Line) -> None:
    grant_id = new_id("grt")
    token = gateway.sign({**claims, "jti": grant_id})
    tx = Transaction()
    store.add_grant(tx, cabinet_id, grant_id, claims["sub"], whose, token, claims["exp"])
    tx.commit()
    for spent in before:
        store.revoke_grant(cabinet_id, spent.id)
    line.tell(cabinet_id, "grants", {"grants": [token], "revoked": [spent.id for spent in before]})


def _active(cabinet_id: str, pickup_id: str) -> list[Grant]:
    return [one for one in store.grants_of(cabinet_id) if one.pickup_id == pickup_id and one.active]


def withdraw_grants(pickup: Pickup, *, whose: str | None = None, line: Line | None = None) -> None:
    """Tell the cabinets that a pickup is not to be opened without asking any more, by anybody or by one. Safe to repeat."""
    for cabinet_id in sorted({place.cabinet_id for place in pickup.places}):
        spent = [one.id for one in _active(cabinet_id, pickup.id) if whose in (None, one.whose)]
        for grant_id in spent:
            store.revoke_grant(cabinet_id, grant_id)
        if spent:
            (line or IotCore()).tell(cabinet_id, "grants", {"grants": [], "revoked": spent})


def keep_shut_offline(fulfilment_id: str, *, line: Line | None = None) -> None:
    """Let no cabinet open an order by itself that is on hold; once it is released it is opened with a line again. Safe to repeat."""
    pickup = pickups_store.get_pickup(pickups.pickup_id(fulfilment_id))
    if pickup is not None:
        withdraw_grants(pickup, line=line)


def welcome(cabinet_id: str, in_reply_to: str, *, line: Line | None = None) -> None:
    """Give a cabinet that has come online what it needs to go on by itself, and the grants that it may have missed."""
    line = line or IotCore()
    line.tell(
        cabinet_id,
        "welcome",
        {
            "in_reply_to": in_reply_to,
            "server_time": clock.rfc3339(clock.now()),
            "offline_key": b64encode(gateway.offline_key(cabinet_id)).decode(),
            "grant_keys": gateway.verification_keys(),
            "journal_up_to": store.journal_up_to(cabinet_id),
        },
    )
    known = store.grants_of(cabinet_id)
    active = [one.token for one in known if one.active]
    revoked = [one.id for one in known if not one.active]
    for at in range(0, max(len(active), len(revoked)), _AT_ONCE):
        message = {"grants": active[at : at + _AT_ONCE], "revoked": revoked[at : at + _AT_ONCE]}
        line.tell(cabinet_id, "grants", message)


_AT_ONCE = 20


# ---- the journal --------------------------------------------------------------------------------------------------------


def record_journal(cabinet_id: str, entries: list[Entry], by: Principal, *, line: Line | None = None) -> None:
    """Keep what a cabinet did while its line was down, and all that follows from it: each entry once, however often it comes."""
    for entry in sorted(entries, key=lambda one: one.sequence):
        _record(cabinet_id, entry, by)
    (line or IotCore()).tell(cabinet_id, "receipts", {"up_to": store.journal_up_to(cabinet_id)})


def _record(cabinet_id: str, entry: Entry, by: Principal) -> None:
    for _ in range(_ATTEMPTS):
        tx = Transaction()
        store.add_journal_entry(tx, cabinet_id, entry.sequence, _document(entry))
        collected = _follow(tx, cabinet_id, entry, by)
        try:
            tx.commit()
        except Journalled:
            return
        except (PickupMoved, Stale, CompartmentTaken):
            continue
        if collected:
            observability.count("PickupsCollected")
        return
    raise Contended(f"Entry {entry.sequence} of {cabinet_id} met others, several times over.")


def _document(entry: Entry) -> Mapping[str, Any]:
    return {
        "at": entry.at,
        "type": entry.type,
        "compartment": entry.compartment,
        "grant_id": entry.grant_id,
    }


def _follow(tx: Transaction, cabinet_id: str, entry: Entry, by: Principal) -> bool:
    """Add what an entry means for its pickup and compartment; says whether the pickup is collected with it."""
    pickup_id = store.pickup_of_grant(cabinet_id, entry.grant_id) if entry.grant_id else None
    if pickup_id is None or entry.compartment is None:
        return False
    if entry.type == "closed":
        _free(tx, cabinet_id, entry.compartment, pickup_id)
        return False
    if entry.type != "opened":
        return False
    before = must_find_pickup(pickup_id)
    after = pickups.opened_offline(before, cabinet_id, entry.compartment, entry.at)
    if after is None and pickups.is_told_already(
        before, cabinet_id, entry.compartment, _true_moment(cabinet_id, entry)
    ):
        return False
    if after is None:
        # It was called off, or collected before; goods may be gone that nobody paid for.
        events.pickup_changed(tx, "PickupOpenedOffline", before, by, number=entry.compartment, at=entry.at)
        observability.log.error("opened without a line", pickup_id=pickup_id, status=str(before.status))
        return False
    revoke_codes(tx, before)
    pickups_store.change_pickup(tx, after)
    if before.status in (PickupStatus.READY, PickupStatus.EXPIRED) and after.fulfilment_id is not None:
        fulfilment.hand_over(tx, after.fulfilment_id, gone=True)
    if after.status is not PickupStatus.COLLECTED:
        return False
    days.count_collected(tx, after.site_id, str(after.ready_at))
    events.pickup_changed(tx, "PickupCollected", after, by)
    return True


def _true_moment(cabinet_id: str, entry: Entry) -> datetime:
    """When it was by our clock, as far as the cabinet's is known to be off."""
    return datetime.fromisoformat(entry.at) - timedelta(seconds=cabinets_store.get_connection(cabinet_id).skew_seconds)


def _free(tx: Transaction, cabinet_id: str, number: str, pickup_id: str) -> None:
    compartment = cabinets_store.get_compartment(cabinet_id, number)
    if compartment is None or compartment.pickup_id != pickup_id:
        return
    if compartment.status in (CompartmentStatus.OCCUPIED, CompartmentStatus.TO_CLEAR):
        cabinets_store.change_compartment(tx, compartments.free(compartment))


def follow_pickup(pickup_id: str, *, line: Line | None = None) -> None:
    """Tell the cabinets what a change of a pickup means for what they may open by themselves. Safe to repeat."""
    pickup = must_find_pickup(pickup_id)
    if pickup.status is PickupStatus.READY:
        extend_grants(pickup, line=line)
    else:
        withdraw_grants(pickup, line=line)
