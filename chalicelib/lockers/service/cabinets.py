"""The registry of cabinets: their compartments, and what they prove themselves with."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import Any

from chalicelib.core.auth import Principal
from chalicelib.core.errors import Contended, NotFound, Stale
from chalicelib.core.idempotency import Answer, Idempotency, Replay
from chalicelib.core.paging import Page, page_of
from chalicelib.core.table import Transaction
from chalicelib.lockers.domain.cabinets import Cabinet, Compartment, Connection, check_in_service
from chalicelib.lockers.gateways import devices
from chalicelib.lockers.gateways.devices import Certificate
from chalicelib.lockers.service.access import require_admin, require_staff
from chalicelib.lockers.service.sites import read_site
from chalicelib.lockers.store import cabinets as store

_ATTEMPTS = 4


@dataclass(frozen=True, slots=True)
class CabinetState:
    """A cabinet with its compartments and its line."""

    cabinet: Cabinet
    compartments: Sequence[Compartment]
    connection: Connection


def add_cabinet(
    cabinet: Cabinet,
    compartments: Sequence[Compartment],
    *,
    by: Principal,
    once: Idempotency,
    answer: Callable[[CabinetState], Answer],
) -> Answer:
    """Add a cabinet with all its compartments. Raises `NotFound` for its site, `SerialTaken`."""
    require_admin(by)
    read_site(cabinet.site_id)
    tx = Transaction()
    store.add_cabinet(tx, cabinet)
    for compartment in compartments:
        store.add_compartment(tx, compartment)
    final = answer(CabinetState(cabinet, compartments, Connection()))
    once.record(tx, final)
    tx.commit()
    return final


def read_cabinet(cabinet_id: str, by: Principal) -> CabinetState:
    """The cabinet, its compartments and its line, for staff. Raises `NotFound`."""
    require_staff(by)
    return CabinetState(
        must_find_cabinet(cabinet_id), store.compartments_of(cabinet_id), store.get_connection(cabinet_id)
    )


def list_cabinets(site_id: str, limit: int, cursor: str | None, by: Principal) -> Page[dict[str, Any]]:
    """A site's cabinets by id, for staff."""
    require_staff(by)
    return page_of(
        f"cabinets {site_id}",
        limit,
        cursor,
        lambda after, count: store.cabinets_of(site_id, after, count),
        lambda row: row["id"],
    )


def list_compartments(site_id: str, status: str, limit: int, cursor: str | None, by: Principal) -> Page[Compartment]:
    """A site's compartments in a status, for staff."""
    require_staff(by)
    return page_of(
        f"compartments {site_id} {status}",
        limit,
        cursor,
        lambda after, count: store.compartments_at(site_id, status, after, count),
        lambda one: f"{one.cabinet_id}#{one.number}",
    )


def must_find_cabinet(cabinet_id: str) -> Cabinet:
    """The cabinet as it is now. Raises `NotFound`."""
    cabinet = store.get_cabinet(cabinet_id, consistent=True)
    if cabinet is None:
        raise NotFound(f"There is no cabinet {cabinet_id}.")
    return cabinet


# ---- certificates -------------------------------------------------------------------------------------------------------


def certify_cabinet(
    cabinet_id: str, csr: str, *, by: Principal, once: Idempotency, answer: Callable[[Certificate], Answer]
) -> Answer:
    """A certificate for a device that made the signing request: it may speak as this cabinet. Earlier ones stay of use until they
    are revoked, so that a device can change over. Raises `NotFound`, `CabinetRetired`, `CsrRefused`."""
    require_admin(by)
    check_in_service(must_find_cabinet(cabinet_id))
    if (earlier := once.earlier()) is not None:
        raise Replay(earlier)
    certificate = devices.certify(cabinet_id, csr)
    final = answer(certificate)
    _note_certificate(cabinet_id, certificate.id, "active", lambda tx: once.record(tx, final))
    return final


def revoke_certificate(cabinet_id: str, certificate_id: str, by: Principal) -> None:
    """Let nobody in with a certificate any more. Raises `NotFound` for one that is not the cabinet's."""
    require_admin(by)
    if certificate_id not in must_find_cabinet(cabinet_id).certificates:
        raise NotFound(f"Cabinet {cabinet_id} has no certificate {certificate_id}.")
    devices.revoke(cabinet_id, certificate_id)
    _note_certificate(cabinet_id, certificate_id, "revoked")


def _note_certificate(
    cabinet_id: str, certificate_id: str, state: str, alongside: Callable[[Transaction], None] = lambda _: None
) -> None:
    for _ in range(_ATTEMPTS):
        cabinet = must_find_cabinet(cabinet_id)
        certificates = {**cabinet.certificates, certificate_id: state}
        tx = Transaction()
        store.change_cabinet(tx, replace(cabinet, certificates=certificates, version=cabinet.version + 1))
        alongside(tx)
        try:
            tx.commit()
        except Stale:
            continue
        return
    raise Contended(f"Cabinet {cabinet_id} kept changing.")
