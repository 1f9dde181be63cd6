"""What fulfilment asks of a supplier: ship this, leave that out, wait, send it elsewhere."""

from contextlib import suppress
from datetime import timedelta

from ulid import ULID

from chalicelib.core import clock
from chalicelib.core.auth import Principal
from chalicelib.core.errors import Stale, Unavailable
from chalicelib.core.table import Transaction
from chalicelib.fulfilment import service as fulfilments
from chalicelib.fulfilment.service import Fulfilment, FulfilmentLine
from chalicelib.routing import gateways
from chalicelib.routing.domain.allocation import Allocation, Line
from chalicelib.routing.service.converse import Ways, must_find
from chalicelib.routing.service.keep_in_line import Decline, call_off, is_in_line, keep_in_line, wanted_units
from chalicelib.routing.service.note_call import is_open
from chalicelib.routing.service.offer_order import offer_order
from chalicelib.routing.service.read_allocations import resume_workflow
from chalicelib.routing.service.tell_supplier import SupplierDidNotAnswer, open_recalls, tell_change, try_to_recall
from chalicelib.routing.store import items as store


def request_shipment(allocation_id: str, by: Principal, ways: Ways | None = None) -> None:
    """Have the supplier asked, once, however often this comes: the allocation is written, and its workflow started. One that is known
    is told how things are now. Of what was cancelled before this came, or while it is written, nothing is asked."""
    found = store.get_allocation(allocation_id)
    if found is None:
        part = fulfilments.read(allocation_id, by)
        if not any((wanted_units(part) or {}).values()):
            return None
        value = _made(part)
        tx = Transaction()
        store.add_allocation(tx, value)
        try:
            tx.commit()
        except Stale:
            return request_shipment(allocation_id, by, ways)
    else:
        value = found.value
    if is_open(value):
        # A recall that came before the allocation was written has found none.
        if is_in_line(value, by):
            gateways.start_route_order(value.id, value.order_id, value.id)
        else:
            call_off(value, by)
    if found is not None:
        change_shipment(allocation_id, by, ways)
    return None


def recall_units(allocation_id: str, decline: Decline, by: Principal, ways: Ways | None = None) -> bool:
    """Have the supplier leave out what the fulfilment does not hold any more. While it cannot be told, a workflow goes on trying.

    Returns whether there is an allocation. One that was not requested yet, be it held or overtaken by its recall, will be without these
    units.
    """
    found = store.get_allocation(allocation_id)
    if found is None:
        return False
    keep_in_line(allocation_id, decline, by)
    if try_to_recall(allocation_id, by, ways)["outcome"] != "told":
        for latest in open_recalls(allocation_id)[-1:]:
            _have_told(found.value, latest.id)
    return True


def change_shipment(allocation_id: str, by: Principal, ways: Ways | None = None) -> None:
    """Tell the supplier whether the parcel has to wait, and where it goes. One that was never asked has nothing to change. While it
    cannot be told, a workflow goes on trying."""
    found = store.get_allocation(allocation_id)
    if found is None:
        return
    try:
        tell_change(allocation_id, by, ways)
    except Unavailable:
        _have_told(found.value, f"{allocation_id}.v{fulfilments.read(allocation_id, by).version}")


def _have_told(value: Allocation, news: str) -> None:
    """Have route-order tell the supplier what it could not be told now. The execution of an allocation that was open still has its
    end before it, which sees to that; any other may have ended, or be about to, so `news` gets one of its own, once."""
    if not is_open(value):
        gateways.start_route_order(value.id, value.order_id, news)


def retry(allocation_id: str, decline: Decline, by: Principal, ways: Ways | None = None) -> None:
    """Call the supplier again now, because the operator says so: with the order, if it has not answered, or with what it has not
    heard of. A workflow that has ended is run again."""
    if not is_open(must_find(allocation_id).value):
        keep_in_line(allocation_id, decline, by)
        try_to_recall(allocation_id, by, ways, by_hand=True)
        with suppress(SupplierDidNotAnswer):  # as the log of calls says; whoever asked for it can again
            tell_change(allocation_id, by, ways, by_hand=True)
    elif not resume_workflow(allocation_id):
        offer_order(allocation_id, by, ways, despite_rest=True)


def _made(part: Fulfilment) -> Allocation:
    now = clock.now()
    general, own = store.get_settings_for(part.location_id)
    wanted = [line for line in part.lines if line.wanted]
    terms = [line.terms or {} for line in wanted]
    return Allocation(
        part.id,
        part.location_id,
        part.order_id,
        str(terms[0].get("currency", "")) if terms else "",
        _placed_at(part.order_id),
        clock.rfc3339(now),
        clock.rfc3339(now + timedelta(minutes=general.answer_minutes_of(own))),
        tuple(_line(line) for line in wanted),
    )


def _line(line: FulfilmentLine) -> Line:
    """In the supplier's terms; without any, the goods are called by our own names."""
    terms = line.terms or {}
    return Line(
        line.line_id,
        line.sku,
        str(terms.get("supplier_sku", line.sku)),
        str(terms.get("name", line.sku)),
        line.wanted,
        int(terms.get("unit_price", 0)),
    )


def _placed_at(order_id: str) -> str:
    """The moment that stands in the order's id."""
    return clock.rfc3339(ULID.from_str(order_id.removeprefix("ord_")).datetime)
