"""What inventory's tests are made of."""

from collections.abc import Callable, Sequence
from datetime import UTC, datetime, timedelta
from itertools import count
from typing import Any

from chalicelib.core import clock
from chalicelib.core.auth import Principal, Role
from chalicelib.core.idempotency import Answer, Idempotency, no_answer
from chalicelib.core.table import Transaction, find_many
from chalicelib.inventory import service
from chalicelib.inventory.domain import AdjustmentReason, Count, Location, LocationStatus, LocationType, Stock
from chalicelib.inventory.service import Booked, Reservation, StockLine
from chalicelib.inventory.store import in_batch, rows_in_batch
from chalicelib.inventory.store.stock import StockItem

ADMIN = Principal("user", "usr_admin", roles=frozenset({Role.ADMIN}))
ASSOCIATE = Principal("user", "usr_associate", roles=frozenset({Role.ASSOCIATE}))
NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)

_keys = count()


def a_key(payload: bytes = b"") -> Idempotency:
    """A new idempotency key."""
    return Idempotency.of("test", f"key-{next(_keys)}", payload)


def a_location(id: str = "leeds", **given: Any) -> Location:
    return Location(
        **{
            "id": id,
            "name": f"{id} warehouse",
            "type": LocationType.WAREHOUSE,
            "status": LocationStatus.ACTIVE,
            "priority": 1,
            "channels": ("web",),
            "address": {"line1": "1 Mill Lane", "line2": None, "city": "Leeds", "postal_code": None, "country": "GB"},
            **given,
        }
    )


def has_location(id: str = "leeds", **given: Any) -> str:
    """A location that is stored."""
    service.create_location(a_location(id, **given), by=ADMIN, once=a_key(), answer=lambda _: no_answer())
    return id


def receive(*units: tuple[str, int], at: str = "leeds") -> Booked:
    """Goods received."""
    return _booked(
        lambda answer: service.receive_stock(at, units, reference=None, by=ASSOCIATE, once=a_key(), answer=answer)
    )


def on_shelf(*units: tuple[str, int], at: str = "leeds") -> None:
    """Units that are there, of no known origin: quicker than receiving them."""
    with StockItem.batch_write() as batch:
        for sku, quantity in units:
            row = StockItem(f"STOCK#{sku}", f"LOCATION#{at}", on_hand=quantity, available=quantity, reserved=0)
            row.gsi1pk, row.gsi1sk, row.version = f"STOCK_AT#{at}", sku, 1
            batch.save(row)


def adjust(
    *units: tuple[str, int], at: str = "leeds", reason: AdjustmentReason = AdjustmentReason.CORRECTION
) -> Booked:
    """Stock adjusted."""
    return _booked(
        lambda answer: service.adjust_stock(
            at, units, reason, reference=None, by=ASSOCIATE, once=a_key(), answer=answer
        )
    )


def count_units(*counts: tuple[str, int, int], at: str = "leeds") -> Booked:
    """Stock counted: (sku, expected, counted)."""
    return _booked(
        lambda answer: service.count_stock(
            at, [Count(*one) for one in counts], reference=None, by=ASSOCIATE, once=a_key(), answer=answer
        )
    )


def noting(ids: list[str]) -> Callable[[Any], Answer]:
    """An answer that notes the id of what was made."""

    def answer(made: Any) -> Answer:
        ids.append(made.id)
        return no_answer()

    return answer


def _booked(command: Any) -> Booked:
    results: list[Booked] = []

    def answer(booked: Booked) -> Answer:
        results.append(booked)
        return no_answer()

    command(answer)
    return results[0]


def set_safety(sku: str, units: dict[str, int], at: str = "leeds") -> None:
    service.set_safety_stock(at, {sku: units}, by=ASSOCIATE, once=a_key(), answer=no_answer)


def set_policy(sku: str, limit: int, at: str = "leeds", days: int = 7, shards: int = 1, **safety: int) -> None:
    """The next version of the policy of a SKU at a location."""
    version = service.read_policy(sku, at, ADMIN).version
    given = {"safety": safety, "backorder_limit": limit, "backorder_days": days, "shards": shards}
    service.set_policy(sku, at, version, **given, by=ADMIN)


def split(sku: str, shards: int, at: str = "leeds", **safety: int) -> None:
    """The SKU's stock at a location lies in so many rows, level if they were not."""
    set_policy(sku, 0, at, 0, shards, **safety)


def rows(sku: str, at: str = "leeds") -> list[tuple[int, int, int]]:
    """On hand, available and reserved of each row."""
    found = find_many(service.stock_keys([sku], [at]), consistent=True)
    return [(one.on_hand, one.available, one.reserved) for one in rows_in_batch(found, sku, at)]


def serve(sku: str, quantity: int, at: str = "leeds", found: Any = None) -> None:
    """Units that waited do so no more."""
    tx = Transaction()
    found = find_many(service.stock_keys([sku], [at]), consistent=True) if found is None else found
    service.serve(tx, [StockLine(sku, at, quantity)], found=found)
    tx.commit()


def stock(sku: str, at: str = "leeds") -> Stock:
    """The counters as they are."""
    return in_batch(find_many(service.stock_keys([sku], [at]), consistent=True), sku, at)


def counters(sku: str, at: str = "leeds") -> tuple[int, int, int]:
    """On hand, available, reserved."""
    now = stock(sku, at)
    return now.on_hand, now.available, now.reserved


def movements(sku: str) -> list[tuple[str, str, int]]:
    """Kind, location and quantity of every movement, oldest first."""
    page = service.movements_of(sku, 100, None, ASSOCIATE)
    return [(str(one.kind), one.location_id, one.quantity) for one in page.items]


def reserve(
    id: str,
    *lines: tuple[str, int] | tuple[str, int, int],
    at: str = "leeds",
    channel: str = "web",
    owner: str = "ord_1",
    seconds: float = 600,
    found: Any = None,
) -> None:
    """A reservation, committed to the table: (sku, units) or (sku, units, how many of them wait)."""
    held = [StockLine(sku, at, *units) for sku, *units in lines]
    tx = Transaction()
    service.reserve(
        tx,
        id,
        held,
        found=find_many(service.stock_keys({line.sku for line in held}, [at])) if found is None else found,
        channel=channel,
        expires_at=clock.now() + timedelta(seconds=seconds),
        owner=owner,
        by=ASSOCIATE,
    )
    tx.commit()


def commit(id: str) -> None:
    tx = Transaction()
    service.commit_reservation(tx, id, ASSOCIATE)
    tx.commit()


def release(id: str) -> None:
    tx = Transaction()
    service.release_reservation(tx, the_reservation(id), ASSOCIATE)
    tx.commit()


def in_parts(
    id: str,
    *lines: tuple[str, int],
    at: str = "leeds",
    channel: str = "web",
    seconds: float = 600,
) -> Reservation:
    """A reservation that is taken part by part."""
    return service.reserve_in_parts(
        id,
        [StockLine(sku, at, quantity) for sku, quantity in lines],
        channel=channel,
        expires_at=clock.now() + timedelta(seconds=seconds),
        owner=id,
        by=ASSOCIATE,
    )


def open_parts(id: str) -> None:
    tx = Transaction()
    service.open_reservation(tx, the_reservation(id), ASSOCIATE)
    tx.commit()


def the_reservation(id: str) -> Reservation:
    found = service.find_reservation(id)
    assert found is not None
    return found


def settle(*lines: service.Settlement, reference: str = "ful_1") -> None:
    tx = Transaction()
    service.settle(tx, lines, reference=reference, by=ASSOCIATE)
    tx.commit()


def take_back(*lines: service.ReturnedUnits, reference: str = "ret_1") -> None:
    tx = Transaction()
    service.take_back(tx, lines, reference=reference, by=ASSOCIATE)
    tx.commit()


def move(*moves: service.Move) -> None:
    tx = Transaction()
    service.move_reserved(tx, moves, of="ord_1")
    tx.commit()


def put_back(lines: Sequence[StockLine]) -> None:
    tx = Transaction()
    service.put_back(tx, lines, of="ord_1")
    tx.commit()
