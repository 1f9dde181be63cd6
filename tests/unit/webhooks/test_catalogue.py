"""What can be subscribed to, against what is documented and what is in the code."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from chalicelib.webhooks.catalogue import (
    EVENT_TYPES,
    FOR_SUPPLIERS,
    NOT_FOR_SUPPLIERS,
    NOT_SENT,
    is_known,
    suppliers_hear,
    types_for,
)
from tests.unit.webhooks.builders import A

ROOT = Path(__file__).parents[3]
EVENTS = ROOT / "docs" / "events.md"
CONTEXTS = ROOT / "chalicelib"


def documented() -> set[str]:
    """The types in the table of docs/events.md; a row without a source belongs to the one above."""
    found, source = set(), ""
    for line in EVENTS.read_text().splitlines():
        cells = [cell.strip() for cell in line.strip("|").split("|")]
        if not line.startswith("|") or len(cells) < 4:
            continue
        source = cells[0].strip("`") or source
        found |= {f"{source}.{type}" for type in re.findall(r"`([A-Z]\w+)`", cells[1])}
    return found


def published() -> set[str]:
    """The types that stand in the code of each context's `events.py`."""
    found = set()
    for path in CONTEXTS.glob("*/events.py"):
        names = re.findall(r'"([A-Z][a-z]+(?:[A-Z][a-z]+)+)"', path.read_text())
        found |= {f"aisle.{path.parent.name}.{name}" for name in names}
    return found


def test_of_every_type_it_is_decided_whether_it_is_sent() -> None:
    undecided = (documented() | published()) - set(EVENT_TYPES) - NOT_SENT
    assert undecided == set(), "add these to EVENT_TYPES or NOT_SENT in chalicelib/webhooks/catalogue.py"


def test_every_type_is_documented() -> None:
    assert published() - documented() == set(), "add these to the table of docs/events.md"


def test_nothing_is_listed_that_does_not_exist() -> None:
    assert set(EVENT_TYPES) - documented() - published() == set()


def test_each_has_a_description_and_one_decision() -> None:
    assert all(EVENT_TYPES.values())
    assert not NOT_SENT & set(EVENT_TYPES)
    assert list(EVENT_TYPES) == sorted(EVENT_TYPES)


def test_a_pattern_is_known_when_any_type_matches() -> None:
    assert is_known("aisle.orders.OrderPlaced")
    assert is_known("aisle.orders.*")
    assert is_known("aisle.*")
    assert not is_known("aisle.orders.OrderLost")
    assert not is_known("aisle.nothing.*")
    assert not is_known("aisle.customers.VerificationRequested")


# ---- what suppliers hear ------------------------------------------------------------------------------------------------

MARKETPLACE = {"aisle.suppliers", "aisle.listings", "aisle.feeds", "aisle.routing", "aisle.ledger"}


def source_of(type: str) -> str:
    return type.rpartition(".")[0]


def test_of_every_type_of_the_marketplace_it_is_decided_whether_suppliers_hear_it() -> None:
    of_marketplace = {type for type in EVENT_TYPES if source_of(type) in MARKETPLACE}
    undecided = of_marketplace - FOR_SUPPLIERS - NOT_FOR_SUPPLIERS
    assert undecided == set(), "add these to FOR_SUPPLIERS or NOT_FOR_SUPPLIERS in chalicelib/webhooks/catalogue.py"
    assert not FOR_SUPPLIERS & NOT_FOR_SUPPLIERS


def test_nothing_is_decided_of_what_does_not_exist() -> None:
    """As far as a context publishes anything at all."""
    publishing = {source_of(type) for type in EVENT_TYPES}
    decided = {type for type in FOR_SUPPLIERS | NOT_FOR_SUPPLIERS if source_of(type) in publishing}
    assert decided - set(EVENT_TYPES) == set()


def test_suppliers_hear_nothing_but_of_the_marketplace_of_its_books_only_payouts_and_of_returns_their_own() -> None:
    assert {source_of(type) for type in FOR_SUPPLIERS} == MARKETPLACE | {"aisle.returns"}
    of_returns = {type for type in FOR_SUPPLIERS if source_of(type) == "aisle.returns"}
    assert of_returns == {"aisle.returns.ReturnAnnouncedToSupplier"}
    of_the_books = {type for type in FOR_SUPPLIERS if source_of(type) == "aisle.ledger"}
    assert of_the_books == {f"aisle.ledger.Payout{done}" for done in ("Booked", "Returned", "Sent")}


@pytest.mark.usefixtures("suppliers")
def test_a_suppliers_types_and_patterns_are_narrowed_to_what_it_may_hear() -> None:
    assert set(types_for(None)) == set(EVENT_TYPES)
    assert set(types_for(A)) == FOR_SUPPLIERS & set(EVENT_TYPES)
    assert is_known("aisle.ledger.*", A)
    assert is_known("aisle.*", A)
    for pattern in ("aisle.orders.*", "aisle.ledger.PayoutRunFinished", "aisle.suppliers.SupplierSentToReview"):
        assert is_known(pattern)
        assert not is_known(pattern, A)
        assert not suppliers_hear(pattern)


def test_what_is_not_sent_to_anybody_suppliers_do_not_hear_either(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(EVENT_TYPES, "aisle.listings.ListingPublished", raising=False)
    assert not suppliers_hear("aisle.listings.ListingPublished")
