"""Invoices of suppliers: received once, and compared with what is owed."""

from collections.abc import Callable
from dataclasses import dataclass

from chalicelib.core import clock
from chalicelib.core.auth import Principal
from chalicelib.core.errors import RuleBroken, Stale
from chalicelib.core.idempotency import Answer, Idempotency
from chalicelib.core.observability import count
from chalicelib.core.paging import Page, page_of
from chalicelib.core.table import Transaction
from chalicelib.routing import events
from chalicelib.routing.domain import allocation as life
from chalicelib.routing.domain.allocation import Allocation, AllocationState, NotAccepted
from chalicelib.routing.domain.invoices import Invoice, InvoiceState, compare, owed
from chalicelib.routing.service.answer_order import must_be_theirs
from chalicelib.routing.store import items as store
from chalicelib.suppliers import service as suppliers

_ATTEMPTS = 8


class TaxBeyondTotal(RuleBroken):
    code = "tax_beyond_total"
    title = "The tax is within the total, and cannot exceed it"


@dataclass(frozen=True, slots=True)
class InvoiceGiven:
    """What an invoice says: amounts in minor units, the tax within the total."""

    number: str
    issued_on: str
    currency: str
    total: int
    tax: int


def receive_invoice(
    supplier_id: str,
    allocation_id: str,
    given: InvoiceGiven,
    *,
    by: Principal,
    once: Idempotency,
    answer: Callable[[Invoice], Answer],
) -> Answer:
    """Keep a supplier's invoice for what it ships; one that asks for more than is owed, after the matched ones before it, is disputed.

    Raises `NotAccepted` for what it does not ship, `InvoiceKnown` when the number was used, `TaxBeyondTotal`.
    """
    for _ in range(_ATTEMPTS):
        value = must_be_theirs(supplier_id, allocation_id, by)
        invoice = _compared(value, given)
        tx = Transaction()
        store.add_invoice(tx, invoice)
        if invoice.state is InvoiceState.MATCHED:
            value = life.note(value, invoiced=value.invoiced + invoice.total)
            store.change_allocation(tx, value)
        events.supplier_invoiced(tx, value, invoice, by)
        final = answer(invoice)
        once.record(tx, final)
        try:
            tx.commit()
        except Stale:
            continue
        if invoice.state is InvoiceState.DISPUTED:
            count("InvoicesDisputed")
        return final
    raise Stale(f"Allocation {allocation_id} kept changing.")


def _compared(value: Allocation, given: InvoiceGiven) -> Invoice:
    if value.state not in (AllocationState.ACCEPTED, AllocationState.SHIPPED):
        raise NotAccepted(f"The allocation is {value.state}.", state=str(value.state))
    if given.tax > given.total:
        raise TaxBeyondTotal(f"{given.tax} of {given.total}.")
    return Invoice(
        value.supplier_id,
        given.number,
        value.id,
        value.order_id,
        given.issued_on,
        given.currency,
        given.total,
        given.tax,
        owed(value),
        compare(value, given.currency, given.total),
        clock.rfc3339(clock.now()),
    )


def list_invoices(supplier_id: str, limit: int, cursor: str | None, by: Principal) -> Page[Invoice]:
    """A supplier's invoices, newest first."""
    suppliers.require_access(supplier_id, by)
    return page_of(
        f"invoices {supplier_id}",
        limit,
        cursor,
        lambda after, many: store.invoices_of(supplier_id, tuple(after) if after else None, many),
        lambda one: [one.received_at, one.number],
    )
