"""Consents: the last words as one item, and every entry for good."""

from typing import Any, cast

from pynamodb.attributes import NumberAttribute

from chalicelib.core.errors import AisleError, Conflict, Stale
from chalicelib.core.table import Item, Json, RawItem, Transaction, fields_of, find, find_many
from chalicelib.customers.domain import Consent, ConsentChannel, Consents, Customer, Purpose
from chalicelib.customers.store.profile import CustomerItem, customer_from, customer_pk

_ENTRY = "CONSENT#"


class ConsentsItem(Item):
    """pk = CUSTOMER#<id>, sk = CONSENTS. The last entry per purpose and channel; none before the first."""

    version = NumberAttribute()
    document = Json()


class ConsentItem(Item):
    """pk = CUSTOMER#<id>, sk = CONSENT#<ulid>. Never changed; stays, without a name, when the customer is forgotten."""

    document = Json()


def _consent(document: dict[str, Any]) -> Consent:
    return Consent(
        **{
            **document,
            "purpose": Purpose(document["purpose"]),
            "channel": ConsentChannel(document["channel"]),
        }
    )


def get_consents(customer_id: str) -> Consents:
    """The last words of a customer, at version 0 when they never said any."""
    return _consents(customer_id, find(ConsentsItem, customer_pk(customer_id), "CONSENTS", consistent=True))


def get_standing(customer_id: str) -> tuple[Customer | None, Consents]:
    """A customer, or None, and their last words, in one round trip."""
    pk = customer_pk(customer_id)
    found = find_many([(CustomerItem, pk, "PROFILE"), (ConsentsItem, pk, "CONSENTS")], consistent=True)
    profile, said = found.get((pk, "PROFILE")), found.get((pk, "CONSENTS"))
    return (
        customer_from(cast(CustomerItem, profile)) if profile else None,
        _consents(customer_id, cast(ConsentsItem, said) if said else None),
    )


def _consents(customer_id: str, item: ConsentsItem | None) -> Consents:
    if item is None:
        return Consents(customer_id)
    entries = [_consent(document) for document in item.document]
    return Consents(customer_id, {(one.purpose, one.channel): one for one in entries}, version=int(item.version))


def change_consents(tx: Transaction, consents: Consents) -> None:
    """Write the next version. Raises `Stale` at commit when another was quicker."""

    def stale(raw: RawItem | None) -> AisleError:
        return Stale(f"The consents are not at version {consents.version - 1} any more.")

    document = [fields_of(entry) for entry in consents.current.values()]
    item = ConsentsItem(customer_pk(consents.customer_id), "CONSENTS", version=consents.version, document=document)
    as_read = ConsentsItem.version == consents.version - 1 if consents.version > 1 else ConsentsItem.pk.does_not_exist()
    tx.put(item, as_read, stale)


def remove_consents(tx: Transaction, customer_id: str) -> None:
    """Forget the last words, whatever they are by now; the entries stay."""
    anything = ConsentsItem.pk.exists() | ConsentsItem.pk.does_not_exist()
    tx.delete(ConsentsItem(customer_pk(customer_id), "CONSENTS"), anything, lambda _: Stale("The consents changed."))


def add_consents(tx: Transaction, customer_id: str, entries: list[Consent]) -> None:
    """Keep entries for good."""
    for entry in entries:
        item = ConsentItem(customer_pk(customer_id), _ENTRY + entry.id, document=fields_of(entry))
        tx.create(item, lambda _: Conflict("This consent was recorded before."))


def consent_entries(customer_id: str, after: str | None, count: int) -> list[Consent]:
    """What was said and when, oldest first; `after` is the id of the entry before."""
    pk = customer_pk(customer_id)
    # "$" is the character after "#": the end of all entries.
    wanted = ConsentItem.sk.between(_ENTRY + after + "0", "CONSENT$") if after else ConsentItem.sk.startswith(_ENTRY)
    rows = ConsentItem.query(pk, wanted, limit=count, consistent_read=True)
    return [_consent(row.document) for row in rows]
