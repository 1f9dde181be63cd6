"""What comes back of orders: cancellations while the warehouse waits, returns and refunds once the order has arrived.

What concerns one order on one day is done in turn, each step under a key that follows from the file and noted once done, so
that it can be stopped anywhere, also in the middle of a return.
"""

from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass, field
from datetime import date
from threading import Lock
from typing import Any

from examples.online_retail.api import Api, Problem
from examples.online_retail.journal import Journal
from examples.online_retail.mapping import MAIN, Sale
from examples.online_retail.matching import GiveBack, Way

REASON = "changed_mind"
"""The ledger tells no reasons; with this one no postage is shared and no fee is kept."""


@dataclass(frozen=True, slots=True)
class Chain:
    """What comes back of one order on one day, in order."""

    sale: str
    day: date
    position: int
    steps: tuple[GiveBack, ...]


def chains(give_backs: Iterable[GiveBack]) -> list[Chain]:
    """The give-backs by order and day; each chain stands where its last row does."""
    found: dict[tuple[date, str], list[GiveBack]] = {}
    for one in give_backs:
        found.setdefault((one.day, one.sale), []).append(one)
    return [Chain(sale, day, max(one.position for one in some), tuple(some)) for (day, sale), some in found.items()]


class Waiting:
    """The orders with which the warehouse waits, since some of them is cancelled on their own day."""

    def __init__(self, api: Api, journal: Journal, sales: Iterable[Sale], waiting: Iterable[str]) -> None:
        self._api = api
        self._journal = journal
        self._waiting = frozenset(waiting)
        self._by_reference = {sale.body["reference"]: sale.key for sale in sales if sale.key in self._waiting}
        self._keys: dict[str, str] = {fact["id"]: key for key, fact in journal.all("placed").items()}
        self._lock = Lock()

    def placed(self, order_id: str, key: str) -> None:
        """An order of this key was placed."""
        with self._lock:
            self._keys[order_id] = key

    def __call__(self, order_id: str) -> bool:
        """Whether the warehouse is to pass the order over. One that was placed by a run that did not live to note it is looked
        up. Raises `Problem`, `Unreachable`."""
        with self._lock:
            key = self._keys.get(order_id)
        if key is None:
            key = self._by_reference.get(self._api.get(f"/v1/orders/{order_id}")["reference"], "")
            self.placed(order_id, key)
        return key in self._waiting and self._journal.get("released", key) is None


@dataclass(slots=True)
class GivingBack:
    """Carries chains out. `ship(order_id)` lets the warehouse go on with an order; `wait_until(known)` waits for what `known` tells,
    and raises when the replay is stopped or nothing moves any more."""

    api: Api
    journal: Journal
    ship: Callable[[str], None]
    wait_until: Callable[[Callable[[], Any]], Any]
    on_done: Callable[[], None] = lambda: None
    _ways: Mapping[Way, Callable[[GiveBack, str], None]] = field(init=False)

    def __post_init__(self) -> None:
        self._ways = {Way.CANCELLATION: self._cancel, Way.RETURN: self._return, Way.REFUND: self._refund}

    def run(self, chain: Chain) -> None:
        """Do all of a chain that was not done before."""
        placed = self.wait_until(lambda: self._fate_of(chain.sale))
        for one in chain.steps:
            if one.way is Way.CANCELLATION:
                self._do(one, placed)
        if any(one.way is Way.CANCELLATION for one in chain.steps):
            self._release(chain.sale, placed)
        for one in chain.steps:
            if one.way is not Way.CANCELLATION:
                self._do(one, placed)

    def _fate_of(self, sale: str) -> dict[str, Any] | None:
        return self.journal.get("placed", sale) or self.journal.get("not_placed", sale)

    def _do(self, one: GiveBack, placed: Mapping[str, Any]) -> None:
        if self.journal.get("given_back", one.key) is None:
            try:
                if "id" not in placed:
                    raise Problem("nothing asked", 404, {"detail": "its order was not placed"})
                if one.way is not Way.CANCELLATION:
                    self.wait_until(lambda: self.journal.get("settled", one.sale))
                self._ways[one.way](one, placed["id"])
            except Problem as problem:
                self.journal.write("not_given_back", one.key, reason=str(problem))
        self.on_done()

    def _release(self, sale: str, placed: Mapping[str, Any]) -> None:
        if "id" in placed and self.journal.get("released", sale) is None:
            self.ship(placed["id"])
            self.journal.write("released", sale)

    def _cancel(self, one: GiveBack, order_id: str) -> None:
        self.wait_until(lambda: self._is_decided(order_id) or None)
        lines = [{"line_id": line_id, "quantity": units} for line_id, _, units in one.lines]
        body = {"lines": lines, "reason": "customer_request"}
        done = self.api.post(f"/v1/orders/{order_id}/cancellations", body, key=_key(one)).body
        self.journal.write("given_back", one.key, pence=done["amount"])

    def _is_decided(self, order_id: str) -> bool:
        return bool(self.api.get(f"/v1/orders/{order_id}")["status"] != "placed")

    def _return(self, one: GiveBack, order_id: str) -> None:
        units = [{"line_id": line_id, "quantity": units} for line_id, _, units in one.lines]
        lines = [{**line, "reason": REASON} for line in units]
        announced = {"lines": lines, "waive_for": f"invoice {one.invoice} of the ledger"}
        known = self._noted("authorised", one, lambda: self._post(f"/v1/orders/{order_id}/returns", one, announced))
        path = f"/v1/returns/{known['id']}"
        came = {"location_id": MAIN, "lines": units, "complete": True}
        self._noted("received", one, lambda: self._post(f"{path}/receipts", one, came))
        inspected = {"location_id": MAIN, "lines": [{**line, "disposition": "restock"} for line in units]}
        refund = self._post(f"{path}/inspections", one, inspected)["refund"]
        amounts = {"pence": refund["amount"], "postage": refund["shipping"], "withheld": refund["withheld"]}
        self.journal.write("given_back", one.key, **amounts)

    def _noted(self, kind: str, one: GiveBack, do: Callable[[], Any]) -> Mapping[str, Any]:
        known = self.journal.get(kind, one.key)
        if known is None:
            self.journal.write(kind, one.key, id=do()["id"])
            known = self.journal.all(kind)[one.key]
        return known

    def _post(self, path: str, one: GiveBack, body: Any) -> Any:
        return self.api.post(path, body, key=f"{_key(one)}-{path.rpartition('/')[2]}").body

    def _refund(self, one: GiveBack, order_id: str) -> None:
        body = {"amount": one.pence, "reason": f"{one.code} on invoice {one.invoice}"}
        self.api.post(f"/v1/orders/{order_id}/refunds", body, key=_key(one))
        self.journal.write("given_back", one.key, pence=one.pence)


def _key(one: GiveBack) -> str:
    return f"online-retail-{one.key}"
