"""The operator's settings of routing."""

from dataclasses import dataclass, replace

from chalicelib.core.auth import Principal
from chalicelib.core.errors import NotFound, Stale
from chalicelib.core.table import Transaction
from chalicelib.routing.domain.settings import RoutingSettings, SupplierSettings
from chalicelib.routing.store import items as store
from chalicelib.suppliers import service as suppliers


def read_settings(by: Principal) -> RoutingSettings:
    """The settings, for the operator."""
    suppliers.require_operator(by)
    return store.get_settings()


def change_settings(expected_version: int, wanted: RoutingSettings, by: Principal) -> RoutingSettings:
    """Let these hold for what is asked and called from now on. Raises `Stale`."""
    suppliers.require_operator(by)
    before = store.get_settings()
    if before.version != expected_version:
        raise Stale(f"The settings are at version {before.version}.", version=before.version)
    after = replace(wanted, version=expected_version + 1)
    tx = Transaction()
    store.put_settings(tx, after)
    tx.commit()
    return after


@dataclass(frozen=True, slots=True)
class SettingsOfSupplier:
    """What the operator said of a supplier (`answer_minutes`; None: nothing), and what holds for it."""

    supplier_id: str
    answer_minutes: int | None
    effective_answer_minutes: int
    version: int


def read_supplier_settings(supplier_id: str, by: Principal) -> SettingsOfSupplier:
    """What holds for one supplier, for itself and the operator. Raises `NotFound`."""
    suppliers.require_access(supplier_id, by)
    _must_be_known(supplier_id)
    return _seen(*store.get_settings_for(supplier_id))


def change_supplier_settings(
    supplier_id: str, expected_version: int, answer_minutes: int | None, by: Principal
) -> SettingsOfSupplier:
    """Let the supplier take so long to answer what it is asked from now on; None: as long as all. Raises `NotFound`, `Stale`."""
    suppliers.require_operator(by)
    _must_be_known(supplier_id)
    general, before = store.get_settings_for(supplier_id)
    if before.version != expected_version:
        raise Stale(f"The supplier's settings are at version {before.version}.", version=before.version)
    after = replace(before, answer_minutes=answer_minutes, version=expected_version + 1)
    tx = Transaction()
    store.put_supplier_settings(tx, after)
    tx.commit()
    return _seen(general, after)


def _must_be_known(supplier_id: str) -> None:
    if suppliers.find_seller(supplier_id) is None:
        raise NotFound(f"There is no supplier {supplier_id}.")


def _seen(general: RoutingSettings, one: SupplierSettings) -> SettingsOfSupplier:
    return SettingsOfSupplier(one.supplier_id, one.answer_minutes, general.answer_minutes_of(one), one.version)
