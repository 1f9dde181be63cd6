"""Where a passcode is checked: at the keypad of a cabinet, or through the link that the shopper got."""

import hmac
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import sha256

from chalicelib.core import clock, observability
from chalicelib.core.auth import Principal
from chalicelib.core.errors import Contended, Stale
from chalicelib.core.idempotency import Answer, Idempotency, Replay
from chalicelib.core.table import Transaction
from chalicelib.fulfilment import service as fulfilment
from chalicelib.lockers import events
from chalicelib.lockers.domain import passcodes, pickups
from chalicelib.lockers.domain.passcodes import OF_CABINET, OF_CALLER, OF_PICKUP, Limit, PasscodeLocked, refused
from chalicelib.lockers.domain.pickups import Pickup
from chalicelib.lockers.gateways import keys
from chalicelib.lockers.service.cabinets import must_find_cabinet
from chalicelib.lockers.store import passcodes as store
from chalicelib.lockers.store import pickups as pickups_store
from chalicelib.lockers.store.passcodes import PasscodeSpent
from chalicelib.lockers.store.pickups import PickupMoved

_ATTEMPTS = 6
_NOWHERE = "nowhere"
"""The site of a pickup that does not exist: a code is worked out and looked for all the same, so that nothing tells."""


@dataclass(frozen=True, slots=True)
class _Counted:
    """Whose wrong tries are counted, and how many they have."""

    kind: str
    whose: str
    limit: Limit


def confirm_by_link(
    pickup_id: str,
    digits: str,
    *,
    caller: str,
    by: Principal,
    once: Idempotency,
    answer: Callable[[Pickup], Answer],
) -> Answer:
    """Open the doors of a pickup with its passcode, from anywhere: the link says which, the code that they may.

    `caller` names who asks, be it only by a network address; it is kept as a hash. Raises `PasscodeRefused`, the same for every
    code that does not do and every pickup that is not there, `PasscodeLocked`, `OnHold`.
    """
    known = pickups_store.get_pickup(pickup_id)
    counted = (_Counted("CALLER", _hashed(caller), OF_CALLER), _Counted("PICKUP", _hashed(pickup_id), OF_PICKUP))
    return _confirm(known.site_id if known else _NOWHERE, pickup_id, digits, counted, by, once, answer)


def confirm_at_cabinet(
    cabinet_id: str, digits: str, *, by: Principal, once: Idempotency, answer: Callable[[Pickup], Answer]
) -> Answer:
    """Open the doors of whichever pickup at the cabinet's site has this passcode. Raises as `confirm_by_link`."""
    site_id = must_find_cabinet(cabinet_id).site_id
    return _confirm(site_id, None, digits, (_Counted("CABINET", cabinet_id, OF_CABINET),), by, once, answer)


def check_code(pickup_id: str, digits: str, *, caller: str) -> None:
    """Whether a passcode opens a pickup, without using it; a wrong one costs a try. Raises as `confirm_by_link`."""
    known = pickups_store.get_pickup(pickup_id)
    counted = (_Counted("CALLER", _hashed(caller), OF_CALLER), _Counted("PICKUP", _hashed(pickup_id), OF_PICKUP))
    with _counting(counted):
        site_id = known.site_id if known else _NOWHERE
        _opened_by(site_id, pickup_id, keys.digest_of(site_id, digits))


def fingerprint_of(pickup_id: str, digits: str) -> bytes:
    """What tells a request with one code from a request with another, where requests are kept: keyed, because a plain hash of so
    few digits is found by trying them all."""
    return keys.fingerprint_of(pickup_id, digits)


def _confirm(
    site_id: str,
    pickup_id: str | None,
    digits: str,
    counted: Sequence[_Counted],
    by: Principal,
    once: Idempotency,
    answer: Callable[[Pickup], Answer],
) -> Answer:
    if (earlier := once.earlier()) is not None:
        raise Replay(earlier)
    with _counting(counted):
        digest = keys.digest_of(site_id, digits)
        for _ in range(_ATTEMPTS):
            pickup, passcode = _opened_by(site_id, pickup_id, digest)
            after = pickups.confirm(pickup, clock.now())
            final = answer(after)
            tx = Transaction()
            store.use_passcode(tx, passcode, clock.rfc3339(clock.now()))
            for whose, name in pickup.codes.items():
                if whose != passcode.whose:
                    store.revoke_passcode(tx, site_id, name)
            pickups_store.change_pickup(tx, after)
            if after.fulfilment_id is not None:
                _hand_over(tx, after.fulfilment_id)
            events.pickup_changed(tx, "PickupConfirmed", after, by, whose=passcode.whose)
            once.record(tx, final)
            try:
                tx.commit()
            except (PickupMoved, PasscodeSpent, Stale):
                continue
            observability.count("PickupsConfirmed")
            return final
    raise Contended("The pickup kept changing.")


def _hand_over(tx: Transaction, fulfilment_id: str) -> None:
    try:
        fulfilment.hand_over(tx, fulfilment_id)
    except fulfilment.OutOfTurn:
        # Called off, and its pickup has not heard of it yet: there is nothing to collect.
        raise refused() from None


def _opened_by(site_id: str, pickup_id: str | None, digest: str) -> tuple[Pickup, store.Passcode]:
    """The pickup that a code opens now, and the code. Raises `PasscodeRefused`."""
    found = store.find_passcode(site_id, digest)
    # Compared although it was found by its first half, so that what is equal is decided here and not by an index.
    same = hmac.compare_digest(found.digest if found else "-" * len(digest), digest)
    if found is None or not same or found.state != "active" or pickup_id not in (None, found.pickup_id):
        raise refused()
    pickup = pickups_store.get_pickup(found.pickup_id)
    if pickup is None or pickup.codes.get(found.whose) != found.name or not pickups.is_collectable(pickup, clock.now()):
        raise refused()
    return pickup, found


# ---- wrong tries --------------------------------------------------------------------------------------------------------


@contextmanager
def _counting(counted: Sequence[_Counted]) -> Iterator[None]:
    """Each costs a try before the code is looked at, and gets it back when the code was right: however many ask at once, no more
    codes are looked at than there are tries."""
    for one in counted:
        _take(one)
    try:
        yield
    except passcodes.PasscodeRefused:
        observability.count("PasscodesRefused")
        raise
    except Exception:
        _give_back_all(counted)  # of whatever went wrong then, nothing can be learnt about the code
        raise
    _give_back_all(counted)


def _give_back_all(counted: Sequence[_Counted]) -> None:
    for one in counted:
        _give_back(one)


def _take(counted: _Counted) -> None:
    for _ in range(_ATTEMPTS):
        guard = store.get_guard(counted.kind, counted.whose)
        try:
            store.put_guard(counted.kind, counted.whose, passcodes.take_try(guard, counted.limit, clock.now()))
        except PasscodeLocked:
            observability.count("PasscodesLocked")
            raise
        except Contended:
            continue
        return
    raise Contended("Several codes were tried at the same moment.")


def _give_back(counted: _Counted) -> None:
    for _ in range(_ATTEMPTS):
        guard = store.get_guard(counted.kind, counted.whose)
        try:
            store.put_guard(counted.kind, counted.whose, passcodes.give_back(guard))
        except Contended:
            continue
        return
    # It counts as a wrong one then, and is forgotten within the hour.
    observability.log.warning("a try was not given back", kind=counted.kind)


def _hashed(text: str) -> str:
    return sha256(text.encode()).hexdigest()[:40]
