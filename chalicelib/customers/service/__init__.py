"""Use cases of customers. The first group is for those who act for the system."""

from chalicelib.customers.domain import ConsentChange, ConsentChannel, Customer, Means, Purpose
from chalicelib.customers.service.addresses import (
    AddressRequest,
    add_address,
    read_addresses,
    remove_address,
    replace_address,
)
from chalicelib.customers.service.claim_orders import Claimed, claim_orders
from chalicelib.customers.service.consents import (
    change_consents,
    channels_for,
    consent_history,
    may_tell,
    read_consents,
    unsubscribe,
    unsubscribe_token,
)
from chalicelib.customers.service.contact import Contact, contact_of
from chalicelib.customers.service.erase_customer import continue_erasures, read_erasure, request_erasure
from chalicelib.customers.service.export_customer import Record, export_customer
from chalicelib.customers.service.profile import (
    change_profile,
    create_customer,
    enter,
    find_customers,
    read_customer,
)
from chalicelib.customers.service.verify_contact import Code, code_of, confirm_verification, request_verification

__all__ = [
    "AddressRequest",
    "Claimed",
    "Code",
    "ConsentChange",
    "ConsentChannel",
    "Contact",
    "Customer",
    "Means",
    "Purpose",
    "Record",
    "add_address",
    "change_consents",
    "change_profile",
    "channels_for",
    "claim_orders",
    "code_of",
    "confirm_verification",
    "consent_history",
    "contact_of",
    "continue_erasures",
    "create_customer",
    "enter",
    "export_customer",
    "find_customers",
    "may_tell",
    "read_addresses",
    "read_consents",
    "read_customer",
    "read_erasure",
    "remove_address",
    "replace_address",
    "request_erasure",
    "request_verification",
    "unsubscribe",
    "unsubscribe_token",
]
