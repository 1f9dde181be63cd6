"""Invoices of suppliers, each number once."""

from pynamodb.attributes import UnicodeAttribute

from chalicelib.core.errors import Conflict
from chalicelib.core.keys import key
from chalicelib.core.table import Item, Json, Transaction, fields_of, find_many
from chalicelib.routing.domain.invoices import Invoice, InvoiceState


class InvoiceKnown(Conflict):
    code = "invoice_known"
    title = "An invoice of this number was received before"


class InvoiceItem(Item):
    """pk = SUPPLIERINVOICE#<supplier>#<number>, sk = INVOICE."""

    state = UnicodeAttribute()
    document = Json()


def _invoice(document: dict[str, object]) -> Invoice:
    return Invoice(**{**document, "state": InvoiceState(str(document["state"]))})  # type: ignore[arg-type]


def add_invoice(tx: Transaction, invoice: Invoice) -> None:
    """Write an invoice. `InvoiceKnown` at commit when its number was used."""
    item = InvoiceItem(
        key("SUPPLIERINVOICE", invoice.supplier_id, invoice.number),
        "INVOICE",
        state=str(invoice.state),
        document=fields_of(invoice),
        gsi1pk=key("SUPPLIERINVOICES", invoice.supplier_id),
        gsi1sk=key(invoice.received_at, invoice.number),
    )
    tx.create(item, lambda _: InvoiceKnown(f"Invoice {invoice.number} was received before."))


def invoices_of(supplier_id: str, after: tuple[str, str] | None, count: int) -> list[Invoice]:
    """A supplier's invoices, newest first; `after` is when the last one seen was received, and its number."""
    condition = InvoiceItem.gsi1sk < key(*after) if after else None
    rows = InvoiceItem.by_owner.query(
        key("SUPPLIERINVOICES", supplier_id), condition, scan_index_forward=False, limit=count
    )
    numbers = [row.gsi1sk.partition("#")[2] for row in rows]
    keys = [(InvoiceItem, key("SUPPLIERINVOICE", supplier_id, number), "INVOICE") for number in numbers]
    found = find_many([(kind, pk, sk) for kind, pk, sk in keys])
    return [_invoice(item.document) for _, pk, sk in keys if isinstance(item := found.get((pk, sk)), InvoiceItem)]
