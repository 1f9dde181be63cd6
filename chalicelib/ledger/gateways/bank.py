"""The way to the bank: whoever carries payouts out."""

from dataclasses import dataclass, field
from typing import Protocol

from chalicelib.ledger.domain import BankAccount, Instruction


@dataclass(frozen=True, slots=True)
class Sent:
    """The bank has it, under a name of its own."""

    reference: str


@dataclass(frozen=True, slots=True)
class Refused:
    """The bank will never pay this, and why."""

    reason: str


class Bank(Protocol):
    """Whoever pays suppliers. The same `key` is paid once, however often it is asked for.

    Raises `Unavailable` while it is not known whether it was taken: the same key will be asked for again.
    """

    def pay(self, instruction: Instruction) -> Sent | Refused: ...


class FileBank:
    """The finance team is the bank: it takes a run's payments as a file (`service.payment_file`) and confirms what was paid. Nothing
    leaves here, so nothing can be unknown."""

    def pay(self, instruction: Instruction) -> Sent | Refused:
        """The payout's own name, which stands in the file."""
        return Sent(instruction.key)


@dataclass(slots=True)
class SandboxBank:
    """A bank for trying out: it remembers what it was asked, and refuses accounts whose number ends in 0000."""

    asked: list[Instruction] = field(default_factory=list)

    def pay(self, instruction: Instruction) -> Sent | Refused:
        """Taken, or refused by the account."""
        self.asked.append(instruction)
        return Refused("account_closed") if instruction.account.last4 == "0000" else Sent(f"bank:{instruction.key}")


class BankAccounts(Protocol):
    """Who knows the accounts that suppliers are paid to."""

    def account_of(self, supplier_id: str, currency: str) -> BankAccount | None:
        """The verified account of a supplier for a currency, or None."""
        ...

    def open(self, account: BankAccount) -> "OpenAccount":
        """The account itself. It is for the payment file alone: it goes into no log, event or other answer."""
        ...


@dataclass(frozen=True, slots=True)
class OpenAccount:
    """A bank account: its holder, its number (an IBAN, or a number within the country's bank `code`)."""

    holder: str = field(repr=False)
    number: str = field(repr=False)
    code: str = ""
