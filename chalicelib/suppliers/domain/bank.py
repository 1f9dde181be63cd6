"""A bank account that a supplier is paid to."""

from __future__ import annotations

from dataclasses import dataclass, field

from chalicelib.core.errors import RuleBroken


class BankAccountRefused(RuleBroken):
    code = "bank_account_refused"
    title = "This is no bank account that can be paid to"


@dataclass(frozen=True, slots=True)
class BankAccount:
    """An IBAN, or an account number with a routing number or sort code. Its text shows nothing of it."""

    holder: str = field(repr=False)
    country: str
    currency: str
    iban: str | None = field(default=None, repr=False)
    account_number: str | None = field(default=None, repr=False)
    routing_number: str | None = field(default=None, repr=False)
    bic: str | None = field(default=None, repr=False)

    @property
    def last4(self) -> str:
        """The only digits that are ever shown."""
        return (self.iban or self.account_number or "")[-4:]
