"""Entries of money that moves: taken from customers, given back, charged to suppliers, paid out to them."""

from collections.abc import Iterable

from chalicelib.ledger.domain.entries import Account, Entry, Kind, entry, supplier_account


def capture_entry(order_id: str, key: str, currency: str, amount: int, *, stored_value: bool = False) -> Entry:
    """What customers owed was taken: by the payment provider, or from a gift card or store credit. `key` names the capture within
    its order."""
    into = Account.STORED_VALUE if stored_value else Account.CASH
    postings = [(into, amount), (Account.CUSTOMERS, -amount)]
    return entry(f"capture:{order_id}:{key}", Kind.CAPTURE, currency, postings, order_id=order_id)


def refund_paid_entry(order_id: str, key: str, currency: str, amount: int, *, stored_value: bool = False) -> Entry:
    """What was asked back was given back, by the payment provider or as store credit. `key` names that part of the refund."""
    out_of = Account.STORED_VALUE if stored_value else Account.CASH
    postings = [(Account.REFUNDS_PAYABLE, amount), (out_of, -amount)]
    return entry(f"refund_paid:{order_id}:{key}", Kind.REFUND_PAID, currency, postings, order_id=order_id)


def forgone_entry(order_id: str, key: str, currency: str, amount: int) -> Entry:
    """What was booked to be given back is not: it was given back for nothing meanwhile."""
    postings = [(Account.REFUNDS_PAYABLE, amount), (Account.GOODWILL, -amount)]
    return entry(f"forgone:{order_id}:{key}", Kind.REFUND, currency, postings, order_id=order_id)


def listing_fee_entry(supplier_id: str, listing_id: str, currency: str, amount: int) -> Entry:
    """What a supplier is charged for a listing, once."""
    postings = [(supplier_account(supplier_id), amount), (Account.LISTING_FEES, -amount)]
    name = f"listing_fee:{supplier_id}:{listing_id}"
    about = {"listing_id": listing_id}
    return entry(name, Kind.LISTING_FEE, currency, postings, supplier_id=supplier_id, about=about)


def payout_entry(run_id: str, supplier_id: str, currency: str, amount: int) -> Entry:
    """What a supplier is owed is paid out to it."""
    postings = [(supplier_account(supplier_id), amount), (Account.BANK, -amount)]
    name = f"payout:{run_id}:{supplier_id}"
    return entry(name, Kind.PAYOUT, currency, postings, supplier_id=supplier_id, about={"run_id": run_id})


def payout_returned_entry(run_id: str, supplier_id: str, currency: str, amount: int, reason: str) -> Entry:
    """A payout did not arrive: its supplier is owed it again."""
    postings = [(Account.BANK, amount), (supplier_account(supplier_id), -amount)]
    about = {"run_id": run_id, "reason": reason}
    name = f"payout_returned:{run_id}:{supplier_id}"
    return entry(name, Kind.PAYOUT_RETURNED, currency, postings, supplier_id=supplier_id, about=about)


def adjustment_entry(
    id: str,
    currency: str,
    postings: Iterable[tuple[str, int]],
    reason: str,
    *,
    supplier_id: str | None = None,
    order_id: str | None = None,
) -> Entry:
    """What the operator books by hand. Raises ValueError for postings that do not add up to zero."""
    about = {"reason": reason}
    return entry(id, Kind.ADJUSTMENT, currency, postings, supplier_id=supplier_id, order_id=order_id, about=about)
