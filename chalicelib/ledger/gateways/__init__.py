"""Ways out of the books: the bank, and the workflow that pays suppliers."""

from chalicelib.ledger.gateways.bank import Bank, BankAccounts, FileBank, OpenAccount, Refused, SandboxBank, Sent
from chalicelib.ledger.gateways.workflows import has_died, start_pay_suppliers

__all__ = [
    "Bank",
    "BankAccounts",
    "FileBank",
    "OpenAccount",
    "Refused",
    "SandboxBank",
    "Sent",
    "has_died",
    "start_pay_suppliers",
]
