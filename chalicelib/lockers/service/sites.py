"""The registry of sites, and the search for the nearest."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any

from chalicelib.core.auth import Principal
from chalicelib.core.errors import Fault, NotFound, RuleBroken, Stale
from chalicelib.core.idempotency import Answer, Idempotency
from chalicelib.core.table import Transaction
from chalicelib.lockers.domain import sites as domain
from chalicelib.lockers.domain.sites import Position, Site, SiteStatus
from chalicelib.lockers.service.access import require_admin
from chalicelib.lockers.store import sites as store


class SiteUnknown(RuleBroken):
    code = "locker_site_unknown"
    title = "There is no such locker site"


@dataclass(frozen=True, slots=True)
class FoundSite:
    """A site, how far it is (kilometres, great circle), whether it is open, and when that changes."""

    site: Site
    distance_km: float
    open: bool
    changes_at: datetime | None


def create_site(site: Site, *, by: Principal, once: Idempotency, answer: Callable[[Site], Answer]) -> Answer:
    """Add a site. Raises `SiteExists`."""
    require_admin(by)
    tx = Transaction()
    store.add_site(tx, site)
    final = answer(site)
    once.record(tx, final)
    tx.commit()
    return final


def change_site(site_id: str, expected_version: int, changes: Mapping[str, Any], *, by: Principal) -> Site:
    """Replace everything but the id. Raises `NotFound`, and `Stale` unless it is at `expected_version`."""
    require_admin(by)
    before = read_site(site_id)
    if before.version != expected_version:
        raise Stale(f"Site {site_id} is at version {before.version}, not {expected_version}.")
    changed = replace(before, **changes, version=expected_version + 1)
    tx = Transaction()
    store.change_site(tx, changed)
    tx.commit()
    return changed


def read_site(site_id: str) -> Site:
    """The site, for everybody. Raises `NotFound`."""
    site = store.get_site(site_id)
    if site is None:
        raise NotFound(f"There is no locker site {site_id}.")
    return site


def nearest_sites(
    position: Position, radius_km: float, now: datetime, *, limit: int, open_now: bool = False
) -> list[FoundSite]:
    """Active sites within a radius (at most `MAX_RADIUS_KM`), nearest first."""
    found = [
        FoundSite(site, distance, domain.is_open(site, now), domain.next_change(site, now))
        for cell in domain.cells_within(position, min(radius_km, domain.MAX_RADIUS_KM))
        for site in store.sites_in(cell)
        if site.status is SiteStatus.ACTIVE and (distance := domain.distance_km(position, site.position)) <= radius_km
    ]
    usable = [one for one in found if one.open or not open_now]
    return sorted(usable, key=lambda one: (one.distance_km, one.site.id))[:limit]


def site_for_order(site_id: str) -> Site:
    """The site that an order is to be collected at. Raises `SiteUnknown`, `SitePaused`."""
    site = store.get_site(site_id)
    if site is None:
        fault = Fault("/pickup/site_id", SiteUnknown.code, "GET /v1/locker-sites finds those near a place.")
        raise SiteUnknown(f"There is no locker site {site_id}.", faults=[fault])
    domain.check_active(site)
    return site
