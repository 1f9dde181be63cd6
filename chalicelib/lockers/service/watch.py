"""Noticing what nobody says: a cabinet that has fallen silent."""

from dataclasses import replace
from datetime import datetime, timedelta

from chalicelib.core import clock, observability
from chalicelib.lockers.domain.cabinets import CabinetStatus
from chalicelib.lockers.store import cabinets as store

SILENT = timedelta(minutes=5)
"""Five heartbeats. That a line broke is told by the broker long before, and mended mostly; this finds those that stay away, cabinets
that hang, and those that poll no more."""


def watch_cabinets() -> int:
    """Let those count as offline and lost that were not heard of for `SILENT`, at most `store.SEEN_WITHIN` later. Returns how many
    there were that should be there."""
    lost = 0
    now = clock.now()
    for cabinet_id in list(store.silent_since(now - SILENT)):
        known = store.get_connection(cabinet_id)
        if known.lost or now - datetime.fromisoformat(str(known.last_seen_at)) < SILENT:
            continue
        gone = replace(known, online=False, lost=True, since=clock.rfc3339(now) if known.online else known.since)
        # As of five minutes ago: whatever it says meanwhile is later, and counts.
        if store.put_connection(cabinet_id, gone, clock.rfc3339(now - SILENT)) and _is_missed(cabinet_id):
            lost += 1
            observability.count("CabinetsLost")
            observability.log.error("a cabinet is silent", cabinet_id=cabinet_id, last_seen_at=known.last_seen_at)
    return lost


def _is_missed(cabinet_id: str) -> bool:
    cabinet = store.get_cabinet(cabinet_id)
    return cabinet is not None and cabinet.status is not CabinetStatus.RETIRED
