"""Stored value: money that customers have with us, on gift cards and as store credit."""


def store_credit_account(holder: str, currency: str) -> str:
    """The account of a holder's store credit in a currency; the holder is a customer, or who else is owed goods."""
    return f"{holder}.{currency}"
