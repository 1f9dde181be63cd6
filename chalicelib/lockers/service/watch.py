"""Noticing what nobody says: a cabinet that has fallen silent."""

from dataclasses import replace
from datetime import datetime, timedelta

from chalicelib.core import clock, observability
from chalicelib.lockers.store import cabinets as store

SILENT = timedelta(minutes=5)
"""Five heartbeats. A line that breaks is told by the broker long before; this finds cabinets that hang, and those that poll."""


def watch_cabinets() -> int:
    """Let those count as offline that were not heard of for `SILENT`, at most `store.SEEN_WITHIN` later. Returns how many there were."""
    lost = 0
    now = clock.now()
    for cabinet_id in list(store.silent_since(now - SILENT)):
        known = store.get_connection(cabinet_id)
        if not known.online or now - datetime.fromisoformat(str(known.last_seen_at)) < SILENT:
            continue
        # As of when it was last heard of: whatever it says meanwhile is later, and counts.
        gone = replace(known, online=False, since=clock.rfc3339(now))
        if store.put_connection(cabinet_id, gone, str(known.last_seen_at)):
            lost += 1
            observability.count("CabinetsLost")
            observability.log.error("a cabinet is silent", cabinet_id=cabinet_id, last_seen_at=known.last_seen_at)
    return lost
