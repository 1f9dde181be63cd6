"""The next version of a compartment, for each thing that happens to it."""

from dataclasses import replace

from chalicelib.lockers.domain.cabinets import Compartment, CompartmentStatus, CompartmentTaken


def reserve(compartment: Compartment, pickup_id: str) -> Compartment:
    """Kept for a pickup. Raises `CompartmentTaken` unless it is free."""
    if compartment.status is not CompartmentStatus.FREE:
        raise CompartmentTaken(f"Compartment {compartment.label} is {compartment.status}.")
    return _next(compartment, CompartmentStatus.RESERVED, pickup_id)


def occupy(compartment: Compartment, pickup_id: str) -> Compartment:
    """With the goods in it. Raises `CompartmentTaken` when it is not kept for this pickup."""
    if compartment.status is not CompartmentStatus.RESERVED or compartment.pickup_id != pickup_id:
        raise CompartmentTaken(f"Compartment {compartment.label} is {compartment.status}.")
    return _next(compartment, CompartmentStatus.OCCUPIED, pickup_id)


def await_clearing(compartment: Compartment, reason: str) -> Compartment:
    """With goods that staff is to take out."""
    return replace(_next(compartment, CompartmentStatus.TO_CLEAR, compartment.pickup_id), reason=reason)


def break_down(compartment: Compartment, reason: str) -> Compartment:
    """With a door that does not do what it should; what is in it stays known."""
    return replace(_next(compartment, CompartmentStatus.FAULTY, compartment.pickup_id), reason=reason)


def free(compartment: Compartment) -> Compartment:
    """Empty, and to be had."""
    return replace(_next(compartment, CompartmentStatus.FREE, None), reason=None)


def block(compartment: Compartment, reason: str) -> Compartment:
    """Out of use by staff. Raises `CompartmentTaken` unless nothing is in it or kept for it."""
    if compartment.pickup_id is not None:
        raise CompartmentTaken(f"Compartment {compartment.label} is {compartment.status}.")
    return replace(_next(compartment, CompartmentStatus.BLOCKED, None), reason=reason)


def _next(compartment: Compartment, status: CompartmentStatus, pickup_id: str | None) -> Compartment:
    return replace(compartment, status=status, pickup_id=pickup_id, version=compartment.version + 1)


def put_back_into_use(compartment: Compartment) -> Compartment:
    """Free again, after staff has blocked or mended it. Raises `CompartmentTaken` when something is in it or kept for it."""
    usable = compartment.status in (CompartmentStatus.BLOCKED, CompartmentStatus.FAULTY)
    if compartment.pickup_id is not None or not usable:
        raise CompartmentTaken(f"Compartment {compartment.label} is {compartment.status}.")
    return free(compartment)


def vacate(compartment: Compartment) -> Compartment:
    """Emptied by staff: free, or, when its door is broken, broken and empty."""
    if compartment.status is CompartmentStatus.FAULTY:
        return replace(_next(compartment, CompartmentStatus.FAULTY, None), reason=compartment.reason)
    return free(compartment)


def taken_over(compartment: Compartment) -> Compartment:
    """With goods in it that staff moved there, in one step from being reserved."""
    return replace(compartment, status=CompartmentStatus.OCCUPIED)
