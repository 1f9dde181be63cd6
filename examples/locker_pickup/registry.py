"""The importer: each site and its cabinet are there as the file says, however often it is run."""

import json
from collections import Counter
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from enum import StrEnum
from typing import Any

from examples.locker_pickup.mapping import Site
from examples.online_retail.api import Api, Problem
from infra.local.lockers.fleet import COMPARTMENTS

CHANGE_ATTEMPTS = 3


class NoCabinet(Exception):
    """A site has none of the cabinets that are registered here."""


class Outcome(StrEnum):
    """What became of a site, or of its cabinet."""

    CREATED = "created"
    CHANGED = "changed"
    UNCHANGED = "unchanged"


Tally = Counter[tuple[str, Outcome]]
"""How many of `site` and of `cabinet` had which outcome."""


def register_all(api: Api, sites: Sequence[Site], *, clients: int, on_step: Callable[[], None]) -> Tally:
    """Register sites, so many at once. Raises `Problem`, `Unreachable`."""

    def register_one(site: Site) -> tuple[Outcome, Outcome]:
        done = register_site(api, site), register_cabinet(api, site["id"])
        on_step()
        return done

    tally: Tally = Counter()
    with ThreadPoolExecutor(clients, thread_name_prefix="registrar") as pool:
        try:
            for site, cabinet in pool.map(register_one, sites):
                tally.update([("site", site), ("cabinet", cabinet)])
        except BaseException:
            pool.shutdown(cancel_futures=True)
            raise
    return tally


def register_site(api: Api, site: Site) -> Outcome:
    """Create a site, or bring it up to what the file says. What else was set of it (hold, special days, …) stays."""
    path = f"/v1/locker-sites/{site['id']}"
    for attempt in range(1, CHANGE_ATTEMPTS + 1):
        there = _find(api, path)
        if there is None:
            api.post("/v1/locker-sites", site, key=f"locker-pickup-{site['id']}")
            return Outcome.CREATED
        if {name: there[name] for name in site} == site:
            return Outcome.UNCHANGED
        wanted = there | site
        version = wanted.pop("version")
        del wanted["id"]
        headers = {"Content-Type": "application/json", "If-Match": f'"{version}"'}
        try:
            api.call("PUT", path, json.dumps(wanted).encode(), headers)
            return Outcome.CHANGED
        except Problem as problem:  # somebody else changed it meanwhile
            if problem.status != 412 or attempt == CHANGE_ATTEMPTS:
                raise
    raise AssertionError("unreachable: the last attempt returns or raises")


def _find(api: Api, path: str) -> dict[str, Any] | None:
    try:
        found: dict[str, Any] = api.get(path)
        return found
    except Problem as problem:
        if problem.status == 404:
            return None
        raise


def register_cabinet(api: Api, site_id: str) -> Outcome:
    """Add a cabinet to a site that has none."""
    if any(True for _ in api.listed(f"/v1/locker-sites/{site_id}/cabinets")):
        return Outcome.UNCHANGED
    serial = serial_number(site_id)
    cabinet = {"name": "At the entrance", "serial_number": serial, "compartments": list(COMPARTMENTS)}
    api.post(f"/v1/locker-sites/{site_id}/cabinets", cabinet, key=f"locker-pickup-{serial}")
    return Outcome.CREATED


def serial_number(site_id: str) -> str:
    """The serial number of the cabinet that a site gets."""
    return f"{site_id}-1"


def cabinet_of(api: Api, site_id: str) -> dict[str, Any]:
    """The cabinet that was registered for a site. Raises `NoCabinet`."""
    for one in api.listed(f"/v1/locker-sites/{site_id}/cabinets"):
        cabinet: dict[str, Any] = api.get(f"/v1/cabinets/{one['id']}")
        if cabinet["serial_number"] == serial_number(site_id):
            return cabinet
    raise NoCabinet(f"{site_id} has other cabinets, and none with the serial number {serial_number(site_id)}.")
