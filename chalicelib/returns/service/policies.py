"""Return policies: kept in versions, found for goods, explained before anything is bought."""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from datetime import datetime, timedelta

from chalicelib.catalog import service as catalog
from chalicelib.core import clock
from chalicelib.core.auth import Principal, Role
from chalicelib.core.errors import NotFound, Stale
from chalicelib.core.idempotency import Answer, Idempotency
from chalicelib.core.ids import new_id
from chalicelib.core.paging import Page, page_of
from chalicelib.core.table import Transaction, find_many
from chalicelib.returns import events, store
from chalicelib.returns.domain import eligibility
from chalicelib.returns.domain.eligibility import Option, Situation
from chalicelib.returns.domain.policy import DEFAULT, Goods, InForce, Policy, Rules, rules_at

KEPT_FOR = timedelta(seconds=30)
"""How long a process keeps the policies: a change reaches everybody within so long."""

_kept: tuple[datetime, list[InForce]] | None = None


@dataclass(frozen=True, slots=True)
class Explanation:
    """The policy of goods, and what it says of each reason."""

    goods: Goods
    channel: str
    policy: Policy
    options: tuple[Option, ...]


def rules_of(moment: str) -> Rules:
    """The policies that held at a moment (RFC 3339)."""
    global _kept
    now = clock.now()
    if _kept is None or not timedelta() <= now - _kept[0] < KEPT_FOR:
        _kept = (now, store.policy_versions())
    return rules_at(_kept[1], moment)


def forget_policies() -> None:
    """Read them anew next time; after a change, and between tests."""
    global _kept
    _kept = None


def goods_of(rules: Rules, sold: Iterable[tuple[str, str]]) -> dict[str, Goods]:
    """Goods by SKU for pairs of SKU and product id; their categories are read only where a policy goes by them."""
    products = dict(sold)
    found = find_many(catalog.offer_keys(products)) if rules.name_categories else {}
    places = catalog.places(found, products)
    return {sku: Goods(sku, product_id, places.get(sku, ())[::-1]) for sku, product_id in products.items()}


def explain(sku: str, channel: str, by: Principal) -> Explanation:
    """The policy that goods bought now would have. For anybody. Raises `NotFound` for what is not in the catalogue."""
    variant = catalog.get_variant(sku, by=by)
    now = clock.now()
    goods = Goods(sku, variant.product_id, variant.category_path[::-1])
    policy = rules_of(clock.rfc3339(now)).policy_for(goods, channel)
    # How goods come back is decided later: the explanation names the channels.
    through = policy.return_channels[0] if policy.return_channels else channel
    options = eligibility.options(policy, Situation(now.date(), None, through))
    return Explanation(goods, channel, policy, tuple(options))


def create_policy(wanted: Policy, *, by: Principal, once: Idempotency, answer: Callable[[InForce], Answer]) -> Answer:
    """Add a policy; it holds for what is bought from now on, and gets an id of its own."""
    by.require(Role.ADMIN)
    policy = replace(wanted, id=new_id("rpl"), version=1)
    made = InForce(policy, clock.rfc3339(clock.now()))
    tx = Transaction()
    store.add_policy(tx, made)
    events.policy_changed(tx, policy, "created", by)
    final = answer(made)
    once.record(tx, final)
    tx.commit()
    forget_policies()
    return final


def change_policy(policy_id: str, expected_version: int, wanted: Policy, by: Principal) -> InForce:
    """Let the next version hold for what is bought from now on. Raises `NotFound`, `Stale`."""
    by.require(Role.ADMIN)
    before = _expected(policy_id, expected_version)
    now = clock.rfc3339(clock.now())
    made = InForce(replace(wanted, id=policy_id, version=before.version + 1), now)
    tx = Transaction()
    store.end_policy(tx, before, now)
    store.add_policy(tx, made)
    events.policy_changed(tx, made.policy, "changed", by)
    tx.commit()
    forget_policies()
    return made


def withdraw_policy(policy_id: str, expected_version: int, by: Principal) -> None:
    """End a policy for what is bought from now on. Raises `NotFound`, `Stale`."""
    by.require(Role.ADMIN)
    before = _expected(policy_id, expected_version)
    tx = Transaction()
    store.end_policy(tx, before, clock.rfc3339(clock.now()))
    events.policy_changed(tx, replace(before, version=before.version + 1), "withdrawn", by)
    tx.commit()
    forget_policies()


def read_policy(policy_id: str, version: int | None, by: Principal) -> InForce:
    """A version of a policy, or the one in force, for staff. `default` is the one in the code. Raises `NotFound`."""
    by.require(Role.ASSOCIATE, Role.ADMIN)
    if policy_id == DEFAULT.id:
        return InForce(DEFAULT, None)
    for one in store.policy_versions(policy_id, consistent=True):
        if one.policy.version == version or (version is None and one.until is None):
            return one
    raise NotFound(f"There is no return policy {policy_id}{f' at version {version}' * (version is not None)} in force.")


def list_policies(limit: int, cursor: str | None, by: Principal) -> Page[InForce]:
    """The policies in force, oldest first, for staff."""
    by.require(Role.ASSOCIATE, Role.ADMIN)

    def after(position: str | None, count: int) -> list[InForce]:
        current = [one for one in store.policy_versions(consistent=True) if one.until is None]
        return [one for one in current if position is None or one.policy.id > position][:count]

    return page_of("return policies", limit, cursor, after, lambda one: one.policy.id)


def _expected(policy_id: str, version: int) -> Policy:
    current = [one.policy for one in store.policy_versions(policy_id, consistent=True) if one.until is None]
    if not current:
        raise NotFound(f"There is no return policy {policy_id} in force.")
    if current[0].version != version:
        raise Stale(f"The policy is at version {current[0].version}.", version=current[0].version)
    return current[0]
