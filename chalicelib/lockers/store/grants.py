"""Grants in the table, and what cabinets journalled by them."""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from pynamodb.attributes import NumberAttribute, UnicodeAttribute

from chalicelib.core import clock
from chalicelib.core.errors import Conflict, Stale
from chalicelib.core.keys import key
from chalicelib.core.table import Item, Json, Transaction, find
from chalicelib.lockers.store.cabinets import cabinet_pk
from chalicelib.lockers.store.commands import KEPT

GRANT_KEPT = timedelta(days=14)
"""After it has expired: a cabinet may be without a line for so long, and its journal is still understood."""


class GrantItem(Item):
    """pk = CABINET#<id>, sk = GRANT#<grant id>. `state` is active or revoked."""

    pickup_id = UnicodeAttribute()
    whose = UnicodeAttribute()
    token = UnicodeAttribute()
    state = UnicodeAttribute()


class JournalItem(Item):
    """pk = CABINET#<id>, sk = JOURNAL#<sequence, twelve digits>."""

    document = Json()


class JournalEndItem(Item):
    """pk = CABINET#<id>, sk = JOURNALEND. Up to `up_to` every entry is known, without a gap."""

    up_to = NumberAttribute()


class Journalled(Conflict):
    """Not a failure: the entry is known."""

    code = "journalled"


def add_grant(
    tx: Transaction, cabinet_id: str, grant_id: str, pickup_id: str, whose: str, token: str, expires: int
) -> None:
    """Keep a grant until it expires (epoch seconds) and for some time after, for what was journalled by it."""
    item = GrantItem(
        cabinet_pk(cabinet_id),
        key("GRANT", grant_id),
        pickup_id=pickup_id,
        whose=whose,
        token=token,
        state="active",
        ttl=expires + int(GRANT_KEPT.total_seconds()),
    )
    tx.create(item, lambda _: Stale("This grant exists."))


def revoke_grant(cabinet_id: str, grant_id: str) -> None:
    """Note that a grant is of no use any more."""
    tx = Transaction()
    item = GrantItem(cabinet_pk(cabinet_id), key("GRANT", grant_id))
    tx.update(item, [GrantItem.state.set("revoked")], GrantItem.pk.exists(), lambda _: Stale("There is no such grant."))
    tx.commit()


def pickup_of_grant(cabinet_id: str, grant_id: str) -> str | None:
    """The pickup that a grant opens, or None."""
    item = find(GrantItem, cabinet_pk(cabinet_id), key("GRANT", grant_id), consistent=True)
    return item.pickup_id if item else None


@dataclass(frozen=True, slots=True)
class Grant:
    """A permission for a cabinet to open without asking: the signed `token`, and for whose code."""

    id: str
    pickup_id: str
    whose: str
    token: str
    active: bool


def grants_of(cabinet_id: str) -> list[Grant]:
    """A cabinet's grants, also those of no use any more."""
    rows = GrantItem.query(cabinet_pk(cabinet_id), GrantItem.sk.startswith("GRANT#"), consistent_read=True)
    return [
        Grant(str(row.sk).partition("#")[2], row.pickup_id, row.whose, row.token, row.state == "active") for row in rows
    ]


def add_journal_entry(tx: Transaction, cabinet_id: str, sequence: int, document: Mapping[str, Any]) -> None:
    """Keep what a cabinet journalled. `Journalled` at commit when it is known."""
    item = JournalItem(
        cabinet_pk(cabinet_id),
        key("JOURNAL", f"{sequence:012}"),
        document=dict(document),
        ttl=clock.epoch_seconds(clock.now() + KEPT),
    )
    tx.create(item, lambda _: Journalled("The entry is known."))


def journal_up_to(cabinet_id: str) -> int:
    """The sequence up to which every entry of a cabinet's journal is known, 0 for none. What came after a gap does not count."""
    end = find(JournalEndItem, cabinet_pk(cabinet_id), "JOURNALEND", consistent=True)
    known = up_to = int(end.up_to) if end else 0
    after = JournalItem.sk.between(key("JOURNAL", f"{up_to + 1:012}"), key("JOURNAL", "9" * 12))
    for row in JournalItem.query(cabinet_pk(cabinet_id), after, consistent_read=True):
        if int(str(row.sk).partition("#")[2]) != up_to + 1:
            break
        up_to += 1
    if up_to > known:
        tx = Transaction()
        item = JournalEndItem(cabinet_pk(cabinet_id), "JOURNALEND", up_to=up_to)
        further = JournalEndItem.pk.does_not_exist() | (JournalEndItem.up_to < up_to)
        tx.put(item, further, lambda _: Journalled("Another was further."))
        with suppress(Journalled):
            tx.commit()
    return up_to
