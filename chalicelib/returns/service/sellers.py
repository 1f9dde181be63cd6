"""Who shipped what of an order, and where it goes back to."""

from collections import Counter
from collections.abc import Iterable, Mapping

from chalicelib.core.table import find_many
from chalicelib.fulfilment import service as fulfilments
from chalicelib.fulfilment.service import Fulfilment
from chalicelib.inventory import service as inventory
from chalicelib.orders.service import Line, Order
from chalicelib.returns import store
from chalicelib.returns.domain.model import Destination
from chalicelib.returns.domain.sellers import Part, share_out
from chalicelib.returns.domain.tally import Tally
from chalicelib.suppliers import service as suppliers
from chalicelib.suppliers.service.sending_back import return_address


def seller_at(location_id: str) -> str | None:
    """Whose units are received and inspected at a location: the supplier's that it is, or (None) ours."""
    return location_id if suppliers.is_supplier(location_id) else None


def sellers_of(order: Order, tally: Tally, wanted: Mapping[str, int]) -> dict[str, tuple[Part, ...]]:
    """To whom units by line id of an order come back. The tally, whose version the command is held to, was read before."""
    shipped = _shipped_by(order, [line for line in order.lines if line.id in wanted])
    shared = {line_id for line_id, parts in shipped.items() if len(parts) > 1}
    taken = _taken(tally, shared) if shared else {}
    return {
        line_id: share_out(units, shipped[line_id], taken.get(line_id, Counter())) for line_id, units in wanted.items()
    }


def _shipped_by(order: Order, lines: Iterable[Line]) -> dict[str, list[Part]]:
    """Suppliers first, in the order of their parcels; what they did not ship we did."""
    units: Counter[tuple[str, str]] = Counter()
    skus: dict[tuple[str, str], str | None] = {}
    for parcel in _parcels_of_suppliers(order):
        for one in parcel.lines:
            units[one.line_id, parcel.location_id] += one.shipped
            skus[one.line_id, parcel.location_id] = (one.terms or {}).get("supplier_sku")
    shipped = {}
    for line in lines:
        parts = [Part(of[1], count, skus[of]) for of, count in units.items() if of[0] == line.id]
        ours = line.shipped - sum(part.units for part in parts)
        shipped[line.id] = [*parts, Part(None, ours)] if ours > 0 else parts
    return shipped


def _parcels_of_suppliers(order: Order) -> list[Fulfilment]:
    ids = [note.id for note in order.fulfilments if suppliers.is_supplier(note.location_id)]
    found = find_many([fulfilments.key_of(id) for id in ids], consistent=True)
    return [parcel for id in ids if (parcel := fulfilments.in_batch(found, id)) is not None]


def _taken(tally: Tally, line_ids: Iterable[str]) -> dict[str, Counter[str | None]]:
    """Units of lines that are in returns under way, or back, by seller."""
    taken: dict[str, Counter[str | None]] = {line_id: Counter() for line_id in line_ids}
    for value in store.returns_of(tally.order_id, tally.returns, tally.returns):
        for line in value.lines:
            if line.line_id in taken:
                taken[line.line_id][line.seller] += line.quantity - line.given_up - line.refused
    return taken


def destinations(order: Order, sellers: Iterable[str | None]) -> tuple[Destination, ...]:
    """Where units of each of these sellers are sent."""
    return tuple(_destination(order, seller) for seller in dict.fromkeys(sellers))


def _destination(order: Order, seller: str | None) -> Destination:
    if seller is not None:
        name, address = return_address(seller)
        return Destination(seller, name, address)
    ours = next(iter(inventory.sourcing_locations(order.channel)), None)
    return Destination(None, ours.name, ours.address) if ours else Destination(None, "", None)
