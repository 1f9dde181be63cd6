"""Returns in the table.

| item | pk | sk | gsi1 | gsi2 |
|---|---|---|---|---|
| return | ORDER#<order> | RETURN#<n> | | RETURNS#<day>#<status>#<shard> / <announced>#<id> |
| return of a supplier's units | ORDER#<order> | SUPPLIERRETURN#<n>#<supplier> | RETURNS#<supplier> / <announced>#<id> | |
| tally of an order's returns | ORDER#<order> | RETURNS | | |
| version of a policy | RETURNPOLICIES | POLICY#<id>#<version> | | |
"""

from chalicelib.returns.store.policies import POLICIES_PK, add_policy, end_policy, policy_versions
from chalicelib.returns.store.returns import (
    Parked,
    add_return,
    by_status_and_day,
    card_of,
    change_return,
    get_return,
    in_batch,
    order_pk,
    park_token,
    return_key,
    returns_of,
)
from chalicelib.returns.store.suppliers import list_for_suppliers, returns_of_supplier
from chalicelib.returns.store.tallies import change_tally, tally_in, tally_key

__all__ = [
    "POLICIES_PK",
    "Parked",
    "add_policy",
    "add_return",
    "by_status_and_day",
    "card_of",
    "change_return",
    "change_tally",
    "end_policy",
    "get_return",
    "in_batch",
    "list_for_suppliers",
    "order_pk",
    "park_token",
    "policy_versions",
    "return_key",
    "returns_of",
    "returns_of_supplier",
    "tally_in",
    "tally_key",
]
