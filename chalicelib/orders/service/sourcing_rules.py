"""The operator's rules of who sells what."""

from collections.abc import Sequence

from chalicelib.core.auth import Principal, Role
from chalicelib.core.errors import Stale
from chalicelib.core.table import Transaction
from chalicelib.orders import store
from chalicelib.orders.domain.sourcing import SourcingRule, SourcingRules


def read_sourcing_rules(by: Principal) -> SourcingRules:
    """The rules in force; at version 0 nobody is preferred. For administrators."""
    by.require(Role.ADMIN, scope="suppliers.write")
    return store.sourcing_rules()


def set_sourcing_rules(
    rules: Sequence[SourcingRule], max_loss_bps: int, *, expected_version: int, by: Principal
) -> SourcingRules:
    """Put these rules in the place of all; orders that are placed from now on follow them. Raises `Stale`."""
    by.require(Role.ADMIN, scope="suppliers.write")
    before = store.sourcing_rules()
    if before.version != expected_version:
        raise Stale(f"The sourcing rules are at version {before.version}.", version=before.version)
    after = SourcingRules(tuple(rules), max_loss_bps, expected_version + 1)
    tx = Transaction()
    store.change_sourcing_rules(tx, after)
    tx.commit()
    return after
