"""Why a target is not reached, where that is known; shown only while it is so."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace

from bench.report import Figure

WHY = {
    "Package": "a third is Aisle itself, of twenty contexts now instead of five, a quarter two compiled libraries (pydantic-core, wrapt)"
    " and botocore's certificates and service models, a tenth the libraries of telephone and VAT numbers and of Stripe",
    "Cold start": "imports of Aisle and PynamoDB; the API holds all twenty contexts, 490 Pydantic models among them, and Lambda"
    " imports them at full speed before the first request rather than in it",
    "DynamoDB per command": "ten counters cost 20; the order's document passed another kilobyte (see its line below)",
    "CPU per warm invocation": "two calls through PynamoDB and botocore are half of it; who sells, promotions, taxes, shipping and"
    " tenders are asked for each order",
    "Orders through the local API": "the emulator and the functions share this machine's cores",
}
"""By part."""


def explained(figures: Iterable[Figure]) -> list[Figure]:
    """The figures, with the reason of those that missed their target."""
    return [replace(figure, why=WHY.get(figure.part, "")) if figure.reached is False else figure for figure in figures]
