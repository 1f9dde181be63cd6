"""What checks work with: the client, what the engineer told, and orders that are placed and taken back."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from aisle_supplier import samples
from aisle_supplier.checks.registry import Failed, NotChecked
from aisle_supplier.client import Client
from aisle_supplier.protocol import Unreadable, parsed, problems_of_answer, refuses_for_good, units_promised
from aisle_supplier.wire import Answer, NoAnswer

POLL_SECONDS = 1.0
SAME = ("decision", "lines", "reason", "supplier_reference", "ship_by")
"""Fields of an answer in which a repetition has to be the same."""


@dataclass(frozen=True, slots=True)
class Options:
    """What the engineer told. `units` of `sku` are on the shelf, if that is known; `wait` seconds for answers that come later."""

    sku: str = ""
    units: int = 0
    refuse_sku: str = ""
    wait: float = 30.0


@dataclass(frozen=True, slots=True)
class Said:
    """A decision without problems, and the units by line id that it promises. `later`: it took a 202 to come to it."""

    status: int
    answer: Mapping[str, Any]
    promised: Mapping[str, int]
    later: bool = False

    @property
    def decision(self) -> str:
        return str(self.answer["decision"])

    def differs_from(self, other: Said) -> str:
        """In which field, with both values; empty if it does not. A 4xx says no more than that it is rejected."""
        for name in SAME if self.status == other.status else SAME[:1]:
            mine, others = self.answer.get(name), other.answer.get(name)
            if mine != others:
                return f"`{name}` is {quoted(mine)}, and was {quoted(others)}"
        return ""


@dataclass(slots=True)
class Probe:
    """One run."""

    client: Client
    options: Options
    _promised: dict[str, Mapping[str, int]] = field(default_factory=dict)
    _untidied: set[str] = field(default_factory=set)

    @property
    def spent(self) -> int:
        """Units that the endpoint promised so far, taken back or not."""
        return sum(sum(units.values()) for units in self._promised.values())

    def order(self, units: int = 1, **how: Any) -> dict[str, Any]:
        """An order for the SKU that is in stock. Raises `NotChecked` if none was named."""
        if not self.options.sku:
            raise NotChecked("name a SKU of your test stock with --sku")
        return samples.an_order((self.options.sku, units), **how)

    def place(self, order: Mapping[str, Any]) -> Said:
        """Ask for an order, and wait for the decision if it comes later. Raises `Failed` for what is no answer."""
        return self.read(order, self.client.order(order))

    def read(self, order: Mapping[str, Any], answer: Answer) -> Said:
        """The decision in an answer. Raises `Failed` for what is none, and what Aisle would therefore not know."""
        said = self.settled(order) if _is_open(answer, 202) else read(order, answer)
        if said.promised:
            self._promised[order["allocation_id"]] = said.promised
            self._untidied.add(order["allocation_id"])
        return said

    def accepted(self, order: Mapping[str, Any]) -> Said:
        """Place an order that has to be accepted, because the units are there. Raises `Failed`, `NotChecked` if they are gone."""
        said = self.place(order)
        if said.decision == "accepted":
            return said
        if said.answer.get("reason") == "out_of_stock":
            raise NotChecked(f"{self.options.sku} is out of stock by now: fill up, or give a SKU with more units")
        raise Failed(f"the order was answered with {quoted(said.answer)}")

    def known(self, order: Mapping[str, Any]) -> Said:
        """What GET says of an order. Raises `Failed` if that is not an answer."""
        return told(order, self.client.status(order["allocation_id"]))

    def settled(self, order: Mapping[str, Any]) -> Said:
        """What GET says once it does not say `later` any more. Raises `NotChecked` if that takes too long."""
        until = time.monotonic() + self.options.wait
        while True:
            answer = self.client.status(order["allocation_id"])
            if not _is_open(answer, 200):
                said = told(order, answer)
                return Said(said.status, said.answer, said.promised, later=True)
            if time.monotonic() >= until:
                raise NotChecked(
                    f"the order is still open after {self.options.wait:g} s: decide tests sooner, or --wait"
                )
            time.sleep(min(POLL_SECONDS, self.options.wait / 20))

    def tidy(self) -> None:
        """Take back what was ordered. Nothing depends on it but the test stock."""
        untidied, self._untidied = sorted(self._untidied), set()
        for allocation_id in untidied:
            try:
                self.client.cancel(allocation_id, samples.a_cancellation(*self._promised[allocation_id].items()))
            except NoAnswer:
                return


def _is_open(answer: Answer, status: int) -> bool:
    return answer.status == status and content_of(answer).get("decision") == "later"


def told(order: Mapping[str, Any], answer: Answer) -> Said:
    """The decision in an answer to GET. Raises `Failed` for what is none."""
    if answer.status != 200:
        raise Failed(f"GET for an allocation that it has answered says {shown(answer)}")
    return read(order, answer)


def read(order: Mapping[str, Any], answer: Answer) -> Said:
    """The decision in an answer. Raises `Failed` for what is none."""
    if refuses_for_good(answer.status):
        return Said(answer.status, {"decision": "rejected", "reason": "other"}, {})
    if answer.status not in (200, 202):
        raise Failed(f"it answered {shown(answer)}, which tells Aisle nothing")
    content = content_of(answer)
    asked = samples.units_of(dict(order))
    problems = problems_of_answer(answer.status, content, asked)
    if problems:
        raise Failed(f"{'; '.join(problems)}. It answered {shown(answer)}")
    return Said(answer.status, content, units_promised(content, asked))


def content_of(answer: Answer) -> dict[str, Any]:
    """The object in the body. Raises `Failed`."""
    if answer.too_long:
        raise Failed(f"the body of the {answer.status} is longer than 64 KB")
    try:
        return parsed(answer.body)
    except Unreadable as error:
        raise Failed(f"{error}: it answered {shown(answer)}") from None


def shown(answer: Answer) -> str:
    """Status and the beginning of the body, fit for a terminal."""
    body = answer.body[:160].decode(errors="replace")
    return f"{answer.status} {quoted(body)}" if body else f"{answer.status} without a body"


def quoted(value: object) -> str:
    """A value of theirs on one line, without what a terminal would obey."""
    text = value if isinstance(value, str) else str(value)
    clean = "".join(letter if letter.isprintable() else " " for letter in text)
    return clean if len(clean) <= 160 else f"{clean[:159]}…"
