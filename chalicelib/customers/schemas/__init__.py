"""What callers send and get of customers."""

from chalicelib.customers.schemas.addresses import AddressBookView, PutAddress
from chalicelib.customers.schemas.consents import ChangeConsents, ConsentsView, ConsentView
from chalicelib.customers.schemas.profile import (
    ChangeProfile,
    ClaimedView,
    ConfirmVerification,
    CreateCustomer,
    CustomersQuery,
    CustomerView,
    ErasureView,
    RecordView,
    VerificationView,
)

__all__ = [
    "AddressBookView",
    "ChangeConsents",
    "ChangeProfile",
    "ClaimedView",
    "ConfirmVerification",
    "ConsentView",
    "ConsentsView",
    "CreateCustomer",
    "CustomerView",
    "CustomersQuery",
    "ErasureView",
    "PutAddress",
    "RecordView",
    "VerificationView",
]
