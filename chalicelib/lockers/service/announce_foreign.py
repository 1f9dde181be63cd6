"""Orders of systems beside Aisle that lie in its lockers."""

from collections.abc import Mapping, Sequence
from hashlib import sha256
from typing import Any

from ulid import ULID

from chalicelib.core import clock, observability
from chalicelib.core.auth import Principal
from chalicelib.core.errors import RuleBroken
from chalicelib.core.table import Transaction
from chalicelib.lockers import events
from chalicelib.lockers.domain import compartments, pickups
from chalicelib.lockers.domain.cabinets import CompartmentTaken
from chalicelib.lockers.domain.packing import Package
from chalicelib.lockers.domain.pickups import Pickup, PickupStatus, Place, PlaceState
from chalicelib.lockers.service.sites import read_site
from chalicelib.lockers.store import cabinets as cabinets_store
from chalicelib.lockers.store import days
from chalicelib.lockers.store import pickups as store
from chalicelib.lockers.store.pickups import PickupExists


class NotAtSite(RuleBroken):
    code = "compartment_not_at_site"
    title = "The site has no such compartment"


def foreign_pickup_id(source: str, reference: str) -> str:
    """The id of the pickup of another system's order: the same whenever it is announced."""
    digest = sha256(f"{source}\n{reference}".encode()).digest()
    return f"pck_{ULID.from_bytes(digest[:16])}_1"


def announce_foreign(
    source: str, reference: str, site_id: str, labels: Sequence[str], contact: Mapping[str, Any], by: Principal
) -> Pickup:
    """Let another system's order be collected, which lies in these compartments already. Safe to repeat.

    Raises `NotFound` for the site, `NotAtSite`, `CompartmentTaken` for one that holds something else.
    """
    pickup_id = foreign_pickup_id(source, reference)
    if (known := store.get_pickup(pickup_id)) is not None:
        return known
    try:
        return _announce(pickup_id, source, reference, site_id, labels, contact, by)
    except (PickupExists, CompartmentTaken):
        # Taken by the same announcement, perhaps, come twice at once.
        if (known := store.get_pickup(pickup_id)) is not None:
            return known
        raise


def _announce(
    pickup_id: str,
    source: str,
    reference: str,
    site_id: str,
    labels: Sequence[str],
    contact: Mapping[str, Any],
    by: Principal,
) -> Pickup:
    site = read_site(site_id)
    places = []
    tx = Transaction()
    for label in labels:
        cabinet_id, _, number = label.partition("/")
        compartment = cabinets_store.get_compartment(cabinet_id, number)
        if compartment is None or compartment.site_id != site_id:
            raise NotAtSite(f"Site {site_id} has no compartment {label}.")
        reserved = compartments.reserve(compartment, pickup_id)
        cabinets_store.change_compartment(tx, compartments.taken_over(reserved))
        places.append(Place(cabinet_id, number, ("1",), PlaceState.LOADED))
    lying = Pickup(
        id=pickup_id,
        site_id=site_id,
        order_id=reference,
        fulfilment_id=None,
        status=PickupStatus.ALLOCATED,
        packages=(Package("1"),),
        hold=site.hold,
        places=tuple(places),
        source=source,
        contact=contact,
    )
    ready = pickups.ready(lying, clock.now())
    store.add_pickup(tx, ready)
    days.count(tx, site_id, loaded=1)
    events.pickup_changed(tx, "PickupAnnounced", ready, by, source=source)
    tx.commit()
    observability.count("PickupsReady")
    return ready
