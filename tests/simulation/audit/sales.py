"""Orders as they stand at rest, with everything beside them: what is owed, and what was paid."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from tests.simulation.audit.items import Document, Item, Money, charged, document, number, share, text
from tests.simulation.cloud.functions import full_name
from tests.simulation.dynamodb import Database


@dataclass(frozen=True)
class Sale:
    """An order, its payment, its parcels, its returns, and what the provider's books say of it."""

    id: str
    order: Document
    payment: Money
    status: str
    """Of the payment."""
    fulfilments: tuple[Document, ...]
    returns: tuple[Document, ...]
    books: Mapping[str, Item]

    @property
    def decision(self) -> str:
        """What was decided of the order."""
        return str(self.order["decision"])

    @property
    def lines(self) -> list[Any]:
        """Its lines."""
        return list(self.order["lines"])

    @cached_property
    def token(self) -> str:
        """The card's token, as the provider has seen it."""
        tokens = [text(book, "token") for book in self.books.values() if text(book, "kind") == "authorise"]
        return tokens[0] if tokens else "-"

    @property
    def postage(self) -> int:
        """Charges beside the goods."""
        return sum(charge["amount"] for charge in self.order["charges"] if charge["amount"] > 0)

    @property
    def owed(self) -> int:
        """What the customer owes for the units that left, and the charges once anything did; minor units."""
        if self.decision != "confirmed":
            return 0
        left = any(line.get("shipped", 0) for line in self.lines)
        goods = sum(share(line, line.get("shipped", 0)) for line in self.lines)
        return goods + (self.postage if left or not self.lines else 0)

    @property
    def total(self) -> int:
        """What all of it costs."""
        return sum(map(charged, self.lines)) + self.postage

    @property
    def worth_of_returned(self) -> int:
        """What the units that came back for good had cost."""
        return sum(share(line, line.get("returned", 0)) for line in self.lines)

    @property
    def unsettled(self) -> str:
        """What of the money is not as it should be; empty where all is well.

        A card that refuses for good excuses what it refuses, and what depends on that.
        """
        payment, token = self.payment, self.token
        capturable = token != "tok_capture_fails"
        if payment.captured + payment.due != self.owed or (payment.due and capturable):
            return f"{self.owed} are owed, {payment.captured} captured and {payment.due} due"
        if self.held and token not in ("tok_void_fails", "tok_capture_fails"):
            return f"{self.held} are held and forgotten"
        if payment.refunded != payment.asked_back and token not in ("tok_refund_fails", "tok_capture_fails"):
            return f"{payment.asked_back} were asked back, {payment.refunded} given"
        return ""

    @property
    def unassigned(self) -> int:
        """Units of a confirmed order that are to be shipped, and by no location."""
        if self.decision != "confirmed":
            return 0
        return sum(line["ordered"] - line.get("allocated", 0) - line.get("cancelled", 0) for line in self.lines)

    @property
    def open_parcels(self) -> list[str]:
        """Parcels that a location has not answered for."""
        return [part["id"] for part in self.fulfilments if part["status"] in ("waiting", "requested", "packed")]

    @property
    def held(self) -> int:
        """What the card's provider still holds."""
        return sum(number(book, "remaining") for book in self._acted("authorise"))

    def booked(self, kind: str) -> int:
        """What the card's provider did of a kind, in minor units."""
        return sum(number(book, "amount") for book in self._acted(kind))

    def _acted(self, kind: str) -> Iterator[Item]:
        for book in self.books.values():
            if text(book, "kind") == kind and number(book, "operations") and "declined" not in book:
                yield book


def sales_in(database: Database) -> list[Sale]:
    """Every order in the table."""
    beside: dict[str, dict[str, Item]] = {}
    books: dict[str, dict[str, Item]] = {}
    for (pk, sk), item in database.items():
        if pk.startswith("ORDER#"):
            beside.setdefault(pk.removeprefix("ORDER#"), {})[sk] = item
        elif pk.startswith("SANDBOX#"):
            key = pk.removeprefix("SANDBOX#")
            books.setdefault(key.partition(":")[0], {})[key] = item
    return [_sale(id, items, books.get(id, {})) for id, items in beside.items() if "ORDER" in items]


def is_past(database: Database, queue: str, body: str) -> bool:
    """Whether a message is an answer of a warehouse that has nothing more to say: what it says a second time, or too late,
    is not listened to."""
    if queue != full_name("fulfilment-warehouse-answers"):
        return False
    answer = json.loads(body)
    order, _, number_ = answer["fulfilment_id"].removeprefix("ful_").rpartition("_")
    part = database.item(f"ORDER#ord_{order}", f"FULFILMENT#{number_}")
    return part is not None and text(part, "status") not in _BEFORE[answer["type"]]


_BEFORE = {"packed": {"requested"}, "shipped": {"requested", "packed"}, "delivered": {"shipped"}}
"""In which states of a fulfilment an answer of the warehouse still has something to say."""


def _sale(id: str, items: Mapping[str, Item], books: Mapping[str, Item]) -> Sale:
    return Sale(
        id=id,
        order=document(items["ORDER"]),
        payment=Money(document(items["PAYMENT"])),
        status=text(items["PAYMENT"], "status"),
        fulfilments=tuple(
            {**document(item), "status": text(item, "status")}
            for sk, item in items.items()
            if sk.startswith("FULFILMENT#")
        ),
        returns=tuple(
            {**document(item), "id": f"ret_{id.removeprefix('ord_')}_{sk.removeprefix('RETURN#')}"}
            for sk, item in items.items()
            if sk.startswith("RETURN#")
        ),
        books=books,
    )
