"""What the operator settles: commission, and when suppliers are paid."""

from dataclasses import replace

from chalicelib.core.auth import Principal, Role
from chalicelib.core.errors import NotFound, Stale
from chalicelib.core.table import Transaction
from chalicelib.ledger import domain, events, store
from chalicelib.ledger.domain import USUAL, CommissionRules, PayoutSettings
from chalicelib.ledger.service.whose import is_supplier, require_access

SCOPE = "ledger.write"


def require_bookkeeper(by: Principal) -> None:
    """Raise `Forbidden` for whoever does not keep the books: administrators, and machines with scope `ledger.write`."""
    by.require(Role.ADMIN, scope=SCOPE)


def read_rules(by: Principal) -> CommissionRules:
    """The commission rules, for whoever keeps the books."""
    require_bookkeeper(by)
    return store.rules()


def set_rules(rules: CommissionRules, *, expected_version: int, by: Principal) -> CommissionRules:
    """Put these rules in the place of all; at version 0 there are none yet. What was ordered before keeps its terms.

    Raises `RulesFaulty`, and `Stale` when they are not at `expected_version`.
    """
    require_bookkeeper(by)
    _check_version(store.rules().version, expected_version)
    after = replace(domain.checked(rules), version=expected_version + 1)
    tx = Transaction()
    store.put_rules(tx, after)
    events.rules_changed(tx, after, by)
    tx.commit()
    return after


def read_payout_settings(by: Principal) -> PayoutSettings:
    """When suppliers are paid unless something else was settled with one; for whoever keeps the books."""
    require_bookkeeper(by)
    return store.payout_settings() or USUAL


def set_payout_settings(settings: PayoutSettings, *, expected_version: int, by: Principal) -> PayoutSettings:
    """Settle when suppliers are paid. Raises `Stale` when the settings are not at `expected_version`."""
    require_bookkeeper(by)
    return _put(settings, None, expected_version)


def read_payout_settings_of(supplier_id: str, by: Principal) -> tuple[PayoutSettings, PayoutSettings]:
    """What was settled with a supplier, and what holds for it; for itself and the operator."""
    require_access(supplier_id, by)
    own = store.payout_settings(supplier_id) or PayoutSettings()
    return own, own.over(store.payout_settings() or USUAL)


def set_payout_settings_of(
    supplier_id: str, settings: PayoutSettings, *, expected_version: int, by: Principal
) -> tuple[PayoutSettings, PayoutSettings]:
    """Settle with a supplier when it is paid; what is None is as for all. Raises `NotFound`, `Stale`."""
    require_bookkeeper(by)
    if not is_supplier(supplier_id):
        raise NotFound(f"There is no supplier {supplier_id}.")
    own = _put(settings, supplier_id, expected_version)
    return own, own.over(store.payout_settings() or USUAL)


def _put(settings: PayoutSettings, supplier_id: str | None, expected_version: int) -> PayoutSettings:
    known = store.payout_settings(supplier_id)
    _check_version(known.version if known else 0, expected_version)
    after = replace(settings, version=expected_version + 1)
    tx = Transaction()
    store.put_payout_settings(tx, after, supplier_id)
    tx.commit()
    return after


def _check_version(actual: int, expected: int) -> None:
    if actual != expected:
        raise Stale(f"It is at version {actual} now.", version=actual)
