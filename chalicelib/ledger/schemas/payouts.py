"""Payout runs, and what each supplier got in them."""

from collections.abc import Mapping
from typing import Annotated, Any, Self

from pydantic import AwareDatetime, Field

from chalicelib.core.schemas import Schema, View
from chalicelib.ledger.domain import Payout, Run
from chalicelib.ledger.schemas.fields import Currency, Id, Text

Moment = Annotated[AwareDatetime, Field(strict=False)]


class StartRun(Schema):
    """Pay suppliers what they are owed in a currency, of what was posted up to `cutoff`, by default now."""

    currency: Currency
    cutoff: Moment | None = None


class RunView(View):
    """A payout run and its sums so far (minor units); `error` says why it stopped."""

    id: str
    currency: str
    cutoff: str
    state: str
    started_at: str
    finished_at: str | None
    error: str | None
    payouts: int
    amount: int
    carried: int
    version: int

    @classmethod
    def of(cls, value: Run, /) -> Self:
        return cls(**{name: getattr(value, name) for name in cls.model_fields})


class PayoutView(View):
    """What a supplier got in a run; or why not, and then `balance` is carried. Amounts in minor units. `end_to_end_id`: by which the
    payment is known at every bank that it passes."""

    run_id: str
    supplier_id: str
    currency: str
    state: str
    at: str
    amount: int
    balance: int
    reason: str | None
    account_ending: str | None
    end_to_end_id: str | None
    reference: str | None

    @classmethod
    def of(cls, value: Payout, /) -> Self:
        known: Mapping[str, Any] = {name: getattr(value, name) for name in cls.model_fields if name != "account_ending"}
        return cls(**known, account_ending=value.account.last4 if value.account else None)


class ConfirmPayouts(Schema):
    """Payouts of the run that arrived, by supplier."""

    supplier_ids: list[Id] = Field(min_length=1, max_length=50)

    def distinct(self) -> list[str]:
        """Each once."""
        return list(dict.fromkeys(self.supplier_ids))


class ReturnPayout(Schema):
    """A payout of the run that did not arrive, and why."""

    supplier_id: Id
    reason: Text
