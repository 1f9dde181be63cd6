"""The operator's settings of routing."""

from dataclasses import replace

from chalicelib.core.auth import Principal
from chalicelib.core.errors import Stale
from chalicelib.core.table import Transaction
from chalicelib.routing.domain.settings import RoutingSettings
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
