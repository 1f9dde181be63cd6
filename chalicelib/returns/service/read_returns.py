"""Reading returns: what may come back, and what is coming, each by whom it concerns."""

from dataclasses import dataclass
from datetime import date
from typing import Any

from chalicelib.core.auth import Principal, Role
from chalicelib.core.paging import Page, page_of
from chalicelib.orders.service import Line
from chalicelib.returns import store
from chalicelib.returns.domain import eligibility
from chalicelib.returns.domain.eligibility import Breach, Candidate, Option
from chalicelib.returns.domain.model import Return
from chalicelib.returns.service.receive_return import must_be_theirs, visible
from chalicelib.returns.service.situation import candidates_of, situation_of, standing_of
from chalicelib.suppliers import service as suppliers


@dataclass(frozen=True, slots=True)
class LineOptions:
    """What of an order line can be announced now, or the rule that keeps all of it, and what each reason allows."""

    line: Line
    candidate: Candidate
    delivered_on: date | None
    breach: Breach | None
    options: tuple[Option, ...]


def read_options(
    order_id: str, channel: str | None, limit: int, cursor: str | None, by: Principal
) -> Page[LineOptions]:
    """Line by line what of an order can come back through a channel (by default its own), for its customer and the staff.

    Raises `NotFound` for another's order.
    """
    standing = standing_of(order_id, by)
    now = situation_of(standing.order, channel)

    def after(position: int | None, count: int) -> list[LineOptions]:
        lines = standing.order.lines[position or 0 :][:count]
        candidates = candidates_of(standing, lines)
        return [
            LineOptions(
                line,
                candidates[line.id],
                now.delivered_on,
                eligibility.units_breach(candidates[line.id], 1),
                tuple(eligibility.options(candidates[line.id].policy, now)),
            )
            for line in lines
        ]

    places = {line.id: place for place, line in enumerate(standing.order.lines, start=1)}
    return page_of(f"return options of {order_id}", limit, cursor, after, lambda one: places[one.line.id])


def read_return(return_id: str, by: Principal) -> Return:
    """The return, for its customer and the staff. Raises `NotFound`, also for another's."""
    by.require(Role.SHOPPER, Role.ASSOCIATE, Role.ADMIN, scope="returns.write")
    return visible(return_id, by)


def list_for_order(order_id: str, limit: int, cursor: str | None, by: Principal) -> Page[Return]:
    """An order's returns, the latest first, for its customer and the staff. Raises `NotFound` for another's order."""
    standing = standing_of(order_id, by)
    return page_of(
        f"returns of {order_id}",
        limit,
        cursor,
        lambda after, count: store.returns_of(order_id, standing.tally.returns if after is None else after - 1, count),
        lambda value: int(value.id.rpartition("_")[2]),
    )


def read_for_supplier(supplier_id: str, return_id: str, by: Principal) -> Return:
    """What of a return a supplier shipped, for itself and the operator. Raises `NotFound`, also when that is nothing."""
    return must_be_theirs(supplier_id, return_id, by)


def list_for_supplier(supplier_id: str, limit: int, cursor: str | None, by: Principal) -> Page[Return]:
    """Returns of what a supplier shipped, each with its units alone, newest first, for itself and the operator."""
    suppliers.require_access(supplier_id, by)

    def after(position: tuple[str, str] | None, count: int) -> list[Return]:
        return [one.of_seller(supplier_id) for one in store.returns_of_supplier(supplier_id, position, count)]

    return page_of(f"returns of {supplier_id}", limit, cursor, after, lambda one: (one.announced_at, one.id))


def list_for_staff(day: str, status: str, limit: int, cursor: str | None, by: Principal) -> Page[dict[str, Any]]:
    """Summaries of the returns announced on a UTC day that are in a status now, newest first."""
    by.require(Role.ASSOCIATE, Role.ADMIN, scope="returns.write")
    return page_of(
        f"returns on {day} {status}",
        limit,
        cursor,
        lambda after, count: store.by_status_and_day(day, status, after, count),
        lambda row: (row["announced_at"], row["id"]),
    )
