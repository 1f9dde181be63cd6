"""Customers as values and rules: profile, addresses, consents, proofs of ownership, erasure. Pure."""

from chalicelib.customers.domain.addresses import (
    MAX_ADDRESSES,
    AddressBook,
    KeptAddress,
    TooManyAddresses,
)
from chalicelib.customers.domain.consents import (
    Consent,
    ConsentChange,
    ConsentChannel,
    Consents,
    Purpose,
)
from chalicelib.customers.domain.erasure import Erasure, ErasureStep
from chalicelib.customers.domain.profile import (
    ContactTaken,
    Customer,
    CustomerGone,
    CustomerState,
    Means,
    NotVerified,
)
from chalicelib.customers.domain.verification import (
    CodeRefused,
    NothingToVerify,
    TooManyRequests,
    Verification,
)

__all__ = [
    "MAX_ADDRESSES",
    "AddressBook",
    "CodeRefused",
    "Consent",
    "ConsentChange",
    "ConsentChannel",
    "Consents",
    "ContactTaken",
    "Customer",
    "CustomerGone",
    "CustomerState",
    "Erasure",
    "ErasureStep",
    "KeptAddress",
    "Means",
    "NotVerified",
    "NothingToVerify",
    "Purpose",
    "TooManyAddresses",
    "TooManyRequests",
    "Verification",
]
