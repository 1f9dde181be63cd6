"""Policies: every version that ever held, in one partition, which is read whole."""

from dataclasses import asdict
from typing import Any

from pynamodb.attributes import UnicodeAttribute

from chalicelib.core.errors import AisleError, Stale
from chalicelib.core.keys import key
from chalicelib.core.table import Item, Json, RawItem, Transaction
from chalicelib.returns.domain.policy import Condition, InForce, PaidBy, Policy, Reason, Scope, Terms

POLICIES_PK = "RETURNPOLICIES"


class PolicyItem(Item):
    """pk = RETURNPOLICIES, sk = POLICY#<id>#<version>. Held from `since`, before `until`, which is set once."""

    document = Json()
    since = UnicodeAttribute()
    until = UnicodeAttribute(null=True)


def _at(policy_id: str, version: int) -> tuple[str, str]:
    return POLICIES_PK, key("POLICY", policy_id, f"{version:06}")


def _policy(item: PolicyItem) -> Policy:
    stored: dict[str, Any] = dict(item.document)
    _, policy_id, version = item.sk.split("#")
    return Policy(
        **{
            **stored,
            "scope": Scope(**{name: tuple(named) for name, named in stored["scope"].items()}),
            "terms": {Reason(reason): _terms(terms) for reason, terms in stored["terms"].items()},
            "return_channels": tuple(stored["return_channels"]),
        },
        id=policy_id,
        version=int(version),
    )


def _terms(stored: dict[str, Any]) -> Terms:
    conditions = tuple(Condition(one) for one in stored["conditions"])
    return Terms(**{**stored, "conditions": conditions, "shipping_paid_by": PaidBy(stored["shipping_paid_by"])})


def add_policy(tx: Transaction, one: InForce) -> None:
    """Write a version that holds from now on. Raises `Stale` at commit when there is one of its number."""
    document = asdict(one.policy)
    del document["id"], document["version"]
    item = PolicyItem(*_at(one.policy.id, one.policy.version), document=document, since=one.since)
    tx.create(item, lambda _: Stale(f"There is a version {one.policy.version}."))


def end_policy(tx: Transaction, policy: Policy, until: str) -> None:
    """End a version. Raises `Stale` at commit when it has ended before."""

    def ended(raw: RawItem | None) -> AisleError:
        return Stale(f"The policy is not at version {policy.version} any more.")

    item = PolicyItem(*_at(policy.id, policy.version))
    in_force = PolicyItem.pk.exists() & PolicyItem.until.does_not_exist()
    tx.update(item, [PolicyItem.until.set(until)], in_force, ended)


def policy_versions(policy_id: str | None = None, *, consistent: bool = False) -> list[InForce]:
    """All versions of all policies, or of one, oldest first."""
    prefix = key("POLICY", policy_id) + "#" if policy_id else "POLICY#"
    rows = PolicyItem.query(POLICIES_PK, PolicyItem.sk.startswith(prefix), consistent_read=consistent)
    return [InForce(_policy(item), item.since, item.until) for item in rows]
