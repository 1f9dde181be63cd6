"""Stored items as the audit reads them: by itself, without the code under test."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import lru_cache
from typing import Any

Item = Mapping[str, Any]
Document = Mapping[str, Any]
Key = tuple[str, str]

STORED_VALUE = ("gift_card", "store_credit")


def text(item: Item | None, name: str) -> str:
    """A text attribute; empty where there is none."""
    return str(item[name]["S"]) if item is not None and name in item else ""


def number(item: Item | None, name: str) -> int:
    """A number; zero where there is none."""
    return int(item[name]["N"]) if item is not None and name in item else 0


def document(item: Item | None, name: str = "document") -> Any:
    """A JSON document, or None. Nobody changes what it holds."""
    return _parsed(item[name]["S"]) if item is not None and name in item else None


_parsed = lru_cache(maxsize=1_000)(json.loads)


def key_of(kind: str, id: str) -> Key | None:
    """Where an aggregate is stored, by its kind and id as events name it; None for what is only told of."""
    if kind in ("fulfilment", "return"):
        order, _, number_ = id.partition("_")[2].rpartition("_")
        return f"ORDER#ord_{order}", f"{kind.upper()}#{number_}"
    return {
        "order": (f"ORDER#{id}", "ORDER"),
        "payment": (f"ORDER#{id}", "PAYMENT"),
        "reservation": (f"RESERVATION#{id}", "RESERVATION"),
        "transfer": (f"TRANSFER#{id}", "TRANSFER"),
        "cart": (f"CART#{id}", "CART"),
    }.get(kind)


def charged(line: Document) -> int:
    """What a line of an order costs, tax and all (minor units)."""
    on_top = 0 if line.get("tax_included", True) else line["tax"]
    return int(line["amount"] - line.get("discount", 0) - line.get("tax_relief", 0) + on_top)


def share(line: Document, units: int) -> int:
    """What so many units of a line are worth, the first ones: to the nearest minor unit, halves up."""
    return (2 * charged(line) * units + line["ordered"]) // (2 * line["ordered"])


@dataclass(frozen=True, slots=True)
class Money:
    """A stored payment."""

    stored: Document

    @property
    def tenders(self) -> list[Document]:
        """Each way of paying."""
        return list(self.stored.get("tenders", ()))

    @property
    def amount(self) -> int:
        """What the order costs."""
        return int(self.stored["amount"])

    @property
    def authorised(self) -> int:
        """What was held."""
        return sum(map(held_by, self.tenders))

    @property
    def whole(self) -> bool:
        """Whether all of it was held at some time."""
        return bool(self.tenders) and self.authorised == self.amount

    @property
    def captured(self) -> int:
        """What was taken."""
        return sum(amount for tender in self.tenders for amount, _ in tender.get("captures", {}).values())

    @property
    def captures(self) -> set[tuple[int, str]]:
        """What was taken for: tender and due."""
        return {(index, due) for index, tender in enumerate(self.tenders) for due in tender.get("captures", {})}

    @property
    def due(self) -> int:
        """What is to be taken."""
        return sum(sum(tender.get("dues", {}).values()) for tender in self.tenders)

    @property
    def voided(self) -> list[int]:
        """What was given back of each tender before it was taken."""
        return [tender.get("voided", 0) for tender in self.tenders]

    @property
    def refunds(self) -> list[list[Any]]:
        """What was asked back: key, amount, reason, where to, parts."""
        return list(self.stored.get("refunds", ()))

    @property
    def asked_back(self) -> int:
        """The sum of what was asked back."""
        return sum(amount for _, amount, *_ in self.refunds)

    @property
    def given_back(self) -> list[tuple[Any, ...]]:
        """The parts of refunds that are done: key of the refund, tender, amount, capture."""
        return [(key, *part[:3]) for key, _, _, _, parts in self.refunds for part in parts if part[3] is not None]

    @property
    def refunded(self) -> int:
        """The sum of what was given back after it was taken."""
        return sum(amount for _, _, amount, _ in self.given_back)

    @property
    def credited(self) -> int:
        """What of it went to store credit instead of the tenders."""
        return sum(
            part[1] for _, _, _, to, parts in self.refunds for part in parts if to.startswith("credit:") and part[3]
        )


def held_by(tender: Document) -> int:
    """What a tender's provider held: all or nothing."""
    return int(tender["amount"]) if tender.get("authorisation") else 0


def events_in(changes: Iterator[Any]) -> Iterator[tuple[Any, Document]]:
    """The events among changes, each with its envelope."""
    for change in changes:
        if change.key[1].startswith("EVENT#") and change.before is None and change.after is not None:
            yield change, document(change.after, "event")
