"""What decides on an order's goods at this moment: its policies, its deliveries, and its other returns."""

from collections.abc import Iterable
from dataclasses import dataclass

from chalicelib.core import clock, outbox
from chalicelib.core.auth import Principal, Role
from chalicelib.core.errors import NotFound
from chalicelib.core.table import find_many
from chalicelib.orders import service as orders
from chalicelib.orders.service import Line, Order
from chalicelib.returns import store
from chalicelib.returns.domain import eligibility
from chalicelib.returns.domain.eligibility import Candidate, Situation
from chalicelib.returns.domain.tally import Tally
from chalicelib.returns.service.policies import goods_of, rules_of


@dataclass(frozen=True, slots=True)
class Standing:
    """An order as returns see it."""

    order: Order
    tally: Tally


def is_staff(by: Principal) -> bool:
    """Whether they act for customers."""
    return by.may(Role.ASSOCIATE, Role.ADMIN, scope="returns.write")


def standing_of(order_id: str, by: Principal) -> Standing:
    """The order and what its returns hold, as they are now. Raises `NotFound`, also for another's order."""
    by.require(Role.SHOPPER, Role.ASSOCIATE, Role.ADMIN, scope="returns.write")
    # Units that are shipped stay shipped, so the tally, whose version the command is held to, may be read a moment earlier.
    tally = read_tally(order_id)
    order = orders.find_order(order_id)
    if not is_staff(by) and order.customer_id != by.id:
        raise NotFound(f"There is no order {order_id}.")
    return Standing(order, tally)


def read_tally(order_id: str) -> Tally:
    """What the order's returns hold, as it is now."""
    return store.tally_in(find_many([store.tally_key(order_id)], consistent=True), order_id)


def candidates_of(standing: Standing, lines: Iterable[Line]) -> dict[str, Candidate]:
    """The lines by id, each with the policy that held when the order was placed."""
    order, chosen = standing.order, list(lines)
    rules = rules_of(order.placed_at)
    goods = goods_of(rules, [(line.sku, line.product_id) for line in chosen])
    return {
        line.id: Candidate(
            line.id, line.shipped, standing.tally.of(line.id), rules.policy_for(goods[line.sku], order.channel)
        )
        for line in chosen
    }


def situation_of(order: Order, channel: str | None) -> Situation:
    """Now, and the day from which the order's days count; goods come back through `channel`, or that they were bought in."""
    delivered = sum(line.delivered for line in order.lines)
    day = eligibility.delivered_on(
        shipped=sum(line.shipped for line in order.lines),
        delivered=delivered,
        open=sum(line.open for line in order.lines),
        last_delivery=_last_delivery(order.id) if delivered else None,
    )
    return Situation(clock.now().date(), day, channel or order.channel)


def _last_delivery(order_id: str) -> str | None:
    happened = outbox.timeline(store.order_pk(order_id))
    return max((event.occurred_at for event in happened if event.type == "FulfilmentDelivered"), default=None)
