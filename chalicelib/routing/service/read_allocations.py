"""Reading allocations: suppliers their own, the operator all, with the log of calls."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import count
from typing import Any

from chalicelib.core.auth import Principal, system
from chalicelib.core.errors import Conflict
from chalicelib.core.idempotency import Answer, Idempotency, Replay
from chalicelib.core.paging import Page, page_of
from chalicelib.core.table import Transaction
from chalicelib.fulfilment import service as fulfilments
from chalicelib.routing import gateways
from chalicelib.routing.domain.allocation import Allocation, AllocationState
from chalicelib.routing.service.answer_order import must_be_theirs
from chalicelib.routing.service.converse import must_find, ship_to
from chalicelib.routing.service.give_up import has_changed
from chalicelib.routing.service.keep_in_line import is_in_line
from chalicelib.routing.service.note_call import is_open
from chalicelib.routing.store import items as store
from chalicelib.routing.store.items import Call, Recall
from chalicelib.suppliers import service as suppliers

_ROUTING = system("routing")


class NothingToRetry(Conflict):
    code = "nothing_to_call"
    title = "The supplier has said and heard all there is"


@dataclass(frozen=True, slots=True)
class SupplierOrder:
    """An allocation as its supplier sees it: with where the parcel goes, and whether it has to wait."""

    value: Allocation
    ship_to: dict[str, Any]
    held: bool
    recalls: list[Recall]


@dataclass(frozen=True, slots=True)
class Traced:
    """An allocation as the operator sees it: with what the supplier was asked and told."""

    value: Allocation
    calls: list[Call]
    recalls: list[Recall]


def list_orders(
    supplier_id: str, state: AllocationState, limit: int, cursor: str | None, by: Principal
) -> Page[dict[str, Any]]:
    """A supplier's allocations in a state, oldest first."""
    suppliers.require_access(supplier_id, by)
    return _of_supplier(supplier_id, state, limit, cursor)


def read_order(supplier_id: str, allocation_id: str, by: Principal) -> SupplierOrder:
    """A supplier's allocation. Raises `NotFound` for another's."""
    value = must_be_theirs(supplier_id, allocation_id, by)
    return seen_by_supplier(value)


def seen_by_supplier(value: Allocation) -> SupplierOrder:
    """The allocation with what its fulfilment says of the parcel. Where it goes is shown while the supplier has to do with it."""
    part = fulfilments.read(value.id, _ROUTING)
    concerned = value.state in (AllocationState.REQUESTED, AllocationState.ACCEPTED, AllocationState.SHIPPED)
    return SupplierOrder(value, ship_to(part) if concerned else {}, part.held, store.recalls_of(value.id))


def list_allocations(
    state: AllocationState, supplier_id: str | None, limit: int, cursor: str | None, by: Principal
) -> Page[dict[str, Any]]:
    """Allocations in a state, of one supplier or of all, oldest first, for the operator."""
    suppliers.require_operator(by)
    if supplier_id is not None:
        return _of_supplier(supplier_id, state, limit, cursor)
    return page_of(
        f"allocations {state}",
        limit,
        cursor,
        lambda after, many: store.allocations_in_state(state, after, many),
        lambda row: row["id"],
    )


def _of_supplier(supplier_id: str, state: AllocationState, limit: int, cursor: str | None) -> Page[dict[str, Any]]:
    return page_of(
        f"allocations {supplier_id} {state}",
        limit,
        cursor,
        lambda after, many: store.allocations_of_supplier(supplier_id, state, after, many),
        lambda row: row["id"],
    )


def read_allocation(allocation_id: str, by: Principal) -> Traced:
    """An allocation with its latest calls, for the operator."""
    suppliers.require_operator(by)
    return traced(must_find(allocation_id).value)


def traced(value: Allocation) -> Traced:
    """The allocation with its latest calls and recalls."""
    return Traced(value, store.calls_of(value.id), store.recalls_of(value.id))


def retry_allocation(
    allocation_id: str, *, by: Principal, once: Idempotency, answer: Callable[[Allocation], Answer]
) -> Answer:
    """Have the supplier called again now, even while its endpoint rests; or, where the workflow died after its answer, have that take
    effect. Raises `NothingToRetry`."""
    suppliers.require_operator(by)
    earlier = once.earlier()
    if earlier is not None:
        raise Replay(earlier)
    value = must_find(allocation_id).value
    if not _is_unfinished(value):
        raise NothingToRetry(f"The allocation is {value.state}.", state=str(value.state))
    final = answer(value)
    tx = Transaction()
    once.record(tx, final)
    gateways.request_retry(allocation_id)
    tx.commit()
    return final


def _is_unfinished(value: Allocation) -> bool:
    """Whether something is left that a retry does."""
    unheard = [recall for recall in store.recalls_of(value.id) if recall.state in store.UNHEARD]
    return is_open(value) or bool(unheard) or has_changed(value, _ROUTING) or not is_in_line(value, _ROUTING)


def resume_workflow(allocation_id: str) -> bool:
    """Run route-order again for an allocation that is not answered and whose executions have all ended; whether it was started."""
    value = must_find(allocation_id).value
    for execution in _executions(allocation_id):
        status = gateways.execution_status(execution)
        if status == "RUNNING":
            return False
        if status is None:
            gateways.start_route_order(value.id, value.order_id, execution)
            return True
    raise AssertionError("names never run out")


def _executions(allocation_id: str) -> Iterator[str]:
    """The names that an allocation's executions have, one after the other."""
    yield allocation_id
    yield from (f"{allocation_id}-r{number}" for number in count(1))
