"""Rows of a ledger, with the field a test is about."""

from typing import Any

from examples.online_retail.ledger import Entry, Ledger, read_ledger


def a_row(**fields: Any) -> dict[str, str]:
    """Raw fields of a sale of six units at 2.55."""
    usual = {
        "InvoiceNo": "536365",
        "StockCode": "85123A",
        "Description": "WHITE HANGING HEART T-LIGHT HOLDER",
        "Quantity": "6.0",
        "InvoiceDate": "2010-12-01 08:26:00",
        "UnitPrice": "2.55",
        "CustomerID": "17850.0",
        "Country": "United Kingdom",
    }
    return usual | {name: str(value) for name, value in fields.items()}


def a_note(**fields: Any) -> dict[str, str]:
    """A stock keeper's row: alone on its invoice, for nobody, without a price."""
    return a_row(**{"UnitPrice": "0.0", "CustomerID": "", "Description": "", "InvoiceNo": "536414", **fields})


def a_ledger(*rows: dict[str, str]) -> Ledger:
    return read_ledger(rows)


def the_entry(*rows: dict[str, str]) -> Entry:
    """The first row, classified among the others."""
    return a_ledger(*rows).entries[0]
