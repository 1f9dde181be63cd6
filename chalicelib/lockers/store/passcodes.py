"""Passcodes and wrong tries in the table. A code is kept as its keyed hash alone, and found by it."""

from dataclasses import dataclass
from datetime import datetime, timedelta

from pynamodb.attributes import NumberAttribute, UnicodeAttribute

from chalicelib.core import clock
from chalicelib.core.errors import AisleError, Conflict, Contended, Stale
from chalicelib.core.keys import key
from chalicelib.core.table import Item, Json, RawItem, Transaction, find
from chalicelib.lockers.domain.passcodes import Guard

KEPT = timedelta(days=30)
"""How long a code that is of no use any more stands in the way of being drawn again: who still has it opens no other's door."""

NAME_CHARACTERS = 40
"""160 bits of the hash find a code; all of it is compared."""


class PasscodeItem(Item):
    """pk = PASSCODE#<site>#<first half of the hash>, sk = PASSCODE. `state` is active, used or revoked."""

    digest = UnicodeAttribute()
    pickup_id = UnicodeAttribute()
    whose = UnicodeAttribute()
    state = UnicodeAttribute()
    expires_at = UnicodeAttribute()


class GuardItem(Item):
    """pk = GUARD#<kind>#<of whom>, sk = GUARD."""

    version = NumberAttribute()
    document = Json()


class DigitsTaken(Conflict):
    """Not a failure: another code of the site has these digits, and others are drawn."""

    code = "digits_taken"


class PasscodeSpent(Conflict):
    """The code was used, revoked or replaced at this moment."""

    code = "passcode_spent"


@dataclass(frozen=True, slots=True)
class Passcode:
    """A stored code: whose it is, and of which pickup."""

    site_id: str
    digest: str
    pickup_id: str
    whose: str
    state: str
    expires_at: str

    @property
    def name(self) -> str:
        """By which it is found."""
        return self.digest[:NAME_CHARACTERS]


def _pk(site_id: str, name: str) -> str:
    return key("PASSCODE", site_id, name)


def find_passcode(site_id: str, digest: str) -> Passcode | None:
    """The code with this hash at a site, whatever has become of it, or None."""
    item = find(PasscodeItem, _pk(site_id, digest[:NAME_CHARACTERS]), "PASSCODE", consistent=True)
    if item is None:
        return None
    return Passcode(site_id, item.digest, item.pickup_id, item.whose, item.state, item.expires_at)


def add_passcode(tx: Transaction, passcode: Passcode) -> None:
    """Keep a new code. `DigitsTaken` at commit when the site has one of these digits, in use or kept from being drawn again."""
    until = datetime.fromisoformat(passcode.expires_at) + KEPT
    item = PasscodeItem(
        _pk(passcode.site_id, passcode.name),
        "PASSCODE",
        digest=passcode.digest,
        pickup_id=passcode.pickup_id,
        whose=passcode.whose,
        state=passcode.state,
        expires_at=passcode.expires_at,
        ttl=clock.epoch_seconds(until),
    )
    free = PasscodeItem.pk.does_not_exist() | (PasscodeItem.ttl < clock.epoch_seconds(clock.now()))
    tx.put(item, free, lambda _: DigitsTaken("Another code has these digits."))


def use_passcode(tx: Transaction, passcode: Passcode, now: str) -> None:
    """Use a code up, if it is of use still. `PasscodeSpent` at commit: of two who have it, one opens."""
    tx.update(
        PasscodeItem(_pk(passcode.site_id, passcode.name), "PASSCODE"),
        [PasscodeItem.state.set("used")],
        (PasscodeItem.state == "active")
        & (PasscodeItem.pickup_id == passcode.pickup_id)
        & (PasscodeItem.expires_at > now),
        lambda _: PasscodeSpent("The code was used at this moment."),
    )


def revoke_passcode(tx: Transaction, site_id: str, name: str) -> None:
    """Make a code useless; one that was used stays used."""
    tx.update(
        PasscodeItem(_pk(site_id, name), "PASSCODE"),
        [PasscodeItem.state.set("revoked")],
        PasscodeItem.state == "active",
        lambda _: Stale("The code was used at this moment."),
    )


def extend_passcode(tx: Transaction, site_id: str, name: str, expires_at: str) -> None:
    """Let a code be of use for longer."""
    until = clock.epoch_seconds(datetime.fromisoformat(expires_at) + KEPT)
    tx.update(
        PasscodeItem(_pk(site_id, name), "PASSCODE"),
        [PasscodeItem.expires_at.set(expires_at), PasscodeItem.ttl.set(until)],
        PasscodeItem.state == "active",
        lambda _: Stale("The code was used at this moment."),
    )


# ---- wrong tries --------------------------------------------------------------------------------------------------------


def get_guard(kind: str, whose: str) -> Guard:
    """The wrong tries of somebody, none if none are known."""
    item = find(GuardItem, key("GUARD", kind, whose), "GUARD", consistent=True)
    if item is None or (item.ttl or 0) < clock.epoch_seconds(clock.now()):
        return Guard(version=int(item.version) if item else 0)
    times = {
        name: datetime.fromisoformat(item.document[name]) if item.document[name] else None
        for name in ("window_ends", "locked_until", "forgiven_at")
    }
    return Guard(**{**item.document, **times}, version=int(item.version))


def put_guard(kind: str, whose: str, guard: Guard) -> None:
    """Keep the next version. Raises `Contended` when another try was quicker: two at once count twice."""

    def contended(raw: RawItem | None) -> AisleError:
        return Contended("Another code was tried at the same moment.")

    forgotten = max(moment for moment in (clock.now(), guard.window_ends, guard.forgiven_at) if moment is not None)
    item = GuardItem(
        key("GUARD", kind, whose),
        "GUARD",
        version=guard.version,
        document={
            "tries": guard.tries,
            "window_ends": clock.rfc3339(guard.window_ends) if guard.window_ends else None,
            "locks": guard.locks,
            "locked_until": clock.rfc3339(guard.locked_until) if guard.locked_until else None,
            "forgiven_at": clock.rfc3339(guard.forgiven_at) if guard.forgiven_at else None,
        },
        ttl=clock.epoch_seconds(forgotten),
    )
    as_read = GuardItem.version == guard.version - 1
    tx = Transaction()
    tx.put(item, as_read if guard.version > 1 else GuardItem.pk.does_not_exist(), contended)
    tx.commit()
