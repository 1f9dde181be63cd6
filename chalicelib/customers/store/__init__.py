"""Customers in the table.

| item | pk | sk | index |
|---|---|---|---|
| profile | CUSTOMER#<id> | PROFILE | gsi1 CUSTOMER_EMAIL#<hash> / <id>, gsi2 CUSTOMER_PHONE#<hash> / <id> |
| addresses | CUSTOMER#<id> | ADDRESSES | |
| consents, the last words | CUSTOMER#<id> | CONSENTS | |
| consent, an entry | CUSTOMER#<id> | CONSENT#<ulid> | |
| verification | CUSTOMER#<id> | VERIFICATION#<means> | |
| erasure | CUSTOMER#<id> | ERASURE | gsi3 DUE#ERASURE / <due>#<id>, until done |
| proven contact, a lock | EMAIL#<hash>, PHONE#<hash> | LOCK | |

Hashes are keyed (core.contacts). The collection also holds the customer's events (core.outbox).
"""

from chalicelib.customers.store.address_book import change_book, get_book, remove_book
from chalicelib.customers.store.consents import (
    add_consents,
    change_consents,
    consent_entries,
    get_consents,
    get_standing,
    remove_consents,
)
from chalicelib.customers.store.erasure import (
    add_erasure,
    change_erasure,
    due_erasures,
    get_erasure,
)
from chalicelib.customers.store.profile import (
    add_customer,
    change_customer,
    check_is_active,
    contact_hash,
    customer_pk,
    find_by_contact,
    get_customer,
    release_contact,
    take_contact,
)
from chalicelib.customers.store.verification import get_verification, put_verification, remove_verifications

__all__ = [
    "add_consents",
    "add_customer",
    "add_erasure",
    "change_book",
    "change_consents",
    "change_customer",
    "change_erasure",
    "check_is_active",
    "consent_entries",
    "contact_hash",
    "customer_pk",
    "due_erasures",
    "find_by_contact",
    "get_book",
    "get_consents",
    "get_customer",
    "get_erasure",
    "get_standing",
    "get_verification",
    "put_verification",
    "release_contact",
    "remove_book",
    "remove_consents",
    "remove_verifications",
    "take_contact",
]
