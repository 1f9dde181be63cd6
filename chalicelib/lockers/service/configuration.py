"""How cabinets are set up. Their shadow is where that is kept, and how they hear of it."""

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from chalicelib.core import observability
from chalicelib.core.auth import Principal
from chalicelib.core.errors import Stale
from chalicelib.lockers.domain.cabinets import check_in_service
from chalicelib.lockers.domain.shadows import Configuration, Shadow
from chalicelib.lockers.gateways import devices, shadows
from chalicelib.lockers.service.access import require_staff
from chalicelib.lockers.service.cabinets import must_find_cabinet
from chalicelib.lockers.service.open_compartments import Ways


def read_configuration(cabinet_id: str, by: Principal) -> Shadow:
    """What a cabinet is to go by and what it says that it does, for staff; at version 0 neither was ever said. Raises `NotFound`."""
    require_staff(by)
    must_find_cabinet(cabinet_id)
    return shadows.read(cabinet_id) or Shadow()


def configure_cabinet(cabinet_id: str, configuration: Configuration, *, expected_version: int, by: Principal) -> Shadow:
    """Have a cabinet go by a configuration, as soon as it hears of it.

    Raises `NotFound`, `CabinetRetired`, `Stale` unless it is at `expected_version`: the cabinet, too, makes a new version of it when it
    says something. Of two at version 0, the later one counts.
    """
    require_staff(by)
    check_in_service(must_find_cabinet(cabinet_id))
    before = shadows.read(cabinet_id)
    if (before.version if before else 0) != expected_version:
        raise Stale(f"The configuration of cabinet {cabinet_id} is not at version {expected_version}.")
    if before is None:
        devices.register(cabinet_id)
    shadows.desire(cabinet_id, asdict(configuration), before.version if before else None)
    observability.log.info("a cabinet was configured", cabinet_id=cabinet_id, by=by.id, **asdict(configuration))
    return shadows.read(cabinet_id) or Shadow()


def hear_report(cabinet_id: str, said: Mapping[str, Any], by: Principal, through: Ways) -> None:
    """What a cabinet that holds no line open says of itself; it is told what it is to go by, and does not yet. (Over MQTT AWS IoT
    does both.)"""
    if shadows.read(cabinet_id) is None:
        devices.register(cabinet_id)
    reported = said["state"]["reported"]
    shadows.report(cabinet_id, {name: value for name, value in reported.items() if value is not None})
    now = shadows.read(cabinet_id)
    if now is not None and now.delta:
        through.line.tell(cabinet_id, "delta", {"version": now.version, "state": now.delta})
