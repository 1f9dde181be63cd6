"""Fleet provisioning by claim: a device that left the factory with a claim certificate gets one of its own, once it is some cabinet."""

import hmac
import secrets
from collections.abc import Mapping
from dataclasses import replace
from datetime import timedelta
from hashlib import sha256

from chalicelib.core import clock, observability
from chalicelib.core.auth import Principal
from chalicelib.core.errors import Contended, Stale
from chalicelib.core.table import Transaction
from chalicelib.lockers.domain.cabinets import Activation, Cabinet, CabinetStatus, check_in_service
from chalicelib.lockers.service.access import require_admin
from chalicelib.lockers.service.cabinets import must_find_cabinet
from chalicelib.lockers.store import cabinets as store

ACTIVATED_WITHIN = timedelta(hours=24)
_ATTEMPTS = 4


def issue_activation(cabinet_id: str, by: Principal) -> tuple[str, str]:
    """A code with which a device may claim to be this cabinet, once and within a day, and until when; the one before is of no use.

    Raises `NotFound`, `CabinetRetired`.
    """
    require_admin(by)
    code = secrets.token_urlsafe(24)
    expires_at = clock.rfc3339(clock.now() + ACTIVATED_WITHIN)
    for _ in range(_ATTEMPTS):
        cabinet = must_find_cabinet(cabinet_id)
        check_in_service(cabinet)
        tx = Transaction()
        activation = Activation(_hashed(code), expires_at)
        store.change_cabinet(tx, replace(cabinet, activation=activation, version=cabinet.version + 1))
        try:
            tx.commit()
        except Stale:
            continue
        return code, expires_at
    raise Contended(f"Cabinet {cabinet_id} kept changing.")


def allow_provisioning(certificate_id: str, parameters: Mapping[str, str]) -> bool:
    """Whether a device with these parameters (`CabinetId`, `SerialNumber`, `ActivationCode`) is the cabinet that it says; its
    certificate is noted then, and its code of no use any more. docs.aws.amazon.com/iot, "Pre-provisioning hooks"."""
    cabinet = store.get_cabinet(parameters.get("CabinetId", ""), consistent=True)
    code, serial = parameters.get("ActivationCode", ""), parameters.get("SerialNumber", "")
    if cabinet is None or not _may_activate(cabinet, code, serial):
        observability.count("ProvisioningRefused")
        observability.log.warning("a device was refused", cabinet_id=parameters.get("CabinetId"))
        return False
    certificates = {**cabinet.certificates, certificate_id: "active"}
    tx = Transaction()
    store.change_cabinet(tx, replace(cabinet, activation=None, certificates=certificates, version=cabinet.version + 1))
    try:
        tx.commit()
    except Stale:
        return False  # of two devices with one code, one was quicker
    return True


def _may_activate(cabinet: Cabinet, code: str, serial: str) -> bool:
    known = cabinet.activation
    right = hmac.compare_digest(known.hash if known else "-" * 64, _hashed(code))
    in_time = known is not None and clock.rfc3339(clock.now()) < known.expires_at
    return right and in_time and serial == cabinet.serial_number and cabinet.status is not CabinetStatus.RETIRED


def _hashed(code: str) -> str:
    # 192 random bits: nothing that could be tried.
    return sha256(code.encode()).hexdigest()
