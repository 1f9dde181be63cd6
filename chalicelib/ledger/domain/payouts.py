"""When a supplier is paid and how much, and the life of a payout."""

from base64 import b32encode
from collections.abc import Mapping
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from enum import StrEnum
from hashlib import sha256

from chalicelib.core.clock import rfc3339
from chalicelib.core.errors import Conflict
from chalicelib.core.money import round_half_up

_WHOLE = 10_000
"""All of an amount, in basis points."""

DEFAULT_HOLD_DAYS = 14


class PayoutOutOfTurn(Conflict):
    code = "payout_out_of_turn"
    title = "The payout is not in a state for this"


@dataclass(frozen=True, slots=True)
class PayoutSettings:
    """When suppliers are paid. Of the operator each counts; of one supplier those that are not None go before.

    `hold_days`: how long what a supplier earned is kept after the parcel left, for what may come back. `minimum`: below it nothing
    is paid, in minor units by currency. `every_days`: from one payout to the next at least. `reserve_bps`: of what a supplier is
    owed, always kept.
    """

    hold_days: int | None = None
    minimum: Mapping[str, int] | None = None
    every_days: int | None = None
    reserve_bps: int | None = None
    version: int = 0

    def over(self, general: "PayoutSettings") -> "PayoutSettings":
        """What holds for a supplier with these settings beside the operator's."""
        own = {name: getattr(self, name) for name in ("hold_days", "minimum", "every_days", "reserve_bps")}
        return replace(general, **{name: value for name, value in own.items() if value is not None})


USUAL = PayoutSettings(hold_days=DEFAULT_HOLD_DAYS, minimum={}, every_days=0, reserve_bps=0)


class Carried(StrEnum):
    """Why a supplier is not paid in a run; what it is owed is carried to the next one."""

    OWES = "owes"
    HELD = "held"
    NOT_YET = "not_yet"
    BELOW_MINIMUM = "below_minimum"
    NO_BANK_ACCOUNT = "no_bank_account"


@dataclass(frozen=True, slots=True)
class Standing:
    """What is known of a supplier in a currency: its `balance` (minor units, what it is owed), of which so much is `young`: earned
    after what is old enough, less what came back since. `paid_at`: its last payout."""

    balance: int
    young: int = 0
    paid_at: str | None = None


def held_until(cutoff: datetime, settings: PayoutSettings) -> str:
    """What was posted after this moment is too young to be paid at `cutoff`."""
    return rfc3339(cutoff - timedelta(days=settings.hold_days or 0))


def payable(
    standing: Standing, settings: PayoutSettings, currency: str, cutoff: datetime
) -> tuple[int, Carried | None]:
    """What to pay a supplier now (minor units), or 0 and why not.

    It is what is old enough and not paid yet, and never more than the balance with all that came back since, less the reserve.
    """
    if standing.balance <= 0:
        return 0, Carried.OWES
    reserve = round_half_up(standing.balance * (settings.reserve_bps or 0), _WHOLE)
    amount = min(standing.balance - max(0, standing.young), standing.balance - reserve)
    if amount <= 0:
        return 0, Carried.HELD
    if standing.paid_at is not None:
        next_at = datetime.fromisoformat(standing.paid_at) + timedelta(days=settings.every_days or 0)
        if cutoff < next_at:
            return 0, Carried.NOT_YET
    if amount < (settings.minimum or {}).get(currency, 1):
        return 0, Carried.BELOW_MINIMUM
    return amount, None


# ---- runs and payouts ---------------------------------------------------------------------------------------------------


class RunState(StrEnum):
    """`stopped`: what is left could not be done; an administrator has it run again."""

    STARTED = "started"
    STOPPED = "stopped"
    FINISHED = "finished"


@dataclass(frozen=True, slots=True)
class Run:
    """A payout run in one currency: what was posted up to `cutoff` counts. Sums so far; `error` says why it stopped."""

    id: str
    currency: str
    cutoff: str
    started_at: str
    state: RunState = RunState.STARTED
    finished_at: str | None = None
    error: str | None = None
    payouts: int = 0
    amount: int = 0
    carried: int = 0
    version: int = 1


class PayoutState(StrEnum):
    """`booked`: in the books, not at the bank yet. `sent`: the bank has it. `paid`: it arrived. `returned`: it did not, and is owed
    again. `carried`: there was none."""

    CARRIED = "carried"
    BOOKED = "booked"
    SENT = "sent"
    PAID = "paid"
    RETURNED = "returned"


@dataclass(frozen=True, slots=True)
class BankAccount:
    """Where a supplier is paid: the token under which its account is sealed, and what may be shown of it."""

    token: str
    last4: str = ""


@dataclass(frozen=True, slots=True)
class Payout:
    """What a supplier got in a run, or why it got nothing (`reason`, also why it was returned). `balance`: what it was owed
    before, both in minor units. `end_to_end_id`: our name for it at the bank, the same however often it is asked to pay;
    `reference`: the bank's."""

    run_id: str
    supplier_id: str
    currency: str
    state: PayoutState
    at: str
    amount: int = 0
    balance: int = 0
    reason: str | None = None
    account: BankAccount | None = None
    end_to_end_id: str | None = None
    reference: str | None = None
    version: int = 1

    @property
    def key(self) -> str:
        """Tells it from all others."""
        return f"{self.run_id}:{self.supplier_id}"

    @property
    def text(self) -> str:
        """What its supplier reads in its own account, in characters that SEPA takes."""
        return f"Payout {self.run_id.rpartition('_')[2]}"


def end_to_end_id(run_id: str, supplier_id: str) -> str:
    """The name of a payout at the bank: 26 letters and digits that follow from whose it is. ISO 20022 has room for 35 (Max35Text), and
    SEPA for no underscore."""
    digest = sha256(f"{run_id}:{supplier_id}".encode()).digest()
    return b32encode(digest)[:_END_TO_END].decode()


_END_TO_END = 26


_BEFORE: Mapping[PayoutState, tuple[PayoutState, ...]] = {
    PayoutState.SENT: (PayoutState.BOOKED,),
    PayoutState.PAID: (PayoutState.SENT,),
    PayoutState.RETURNED: (PayoutState.BOOKED, PayoutState.SENT, PayoutState.PAID),
}


def moved(
    payout: Payout, state: PayoutState, at: str, *, reference: str | None = None, reason: str | None = None
) -> Payout:
    """The payout in its next state. Raises `PayoutOutOfTurn`."""
    if payout.state not in _BEFORE[state]:
        raise PayoutOutOfTurn(f"The payout is {payout.state}; it cannot become {state}.")
    return replace(
        payout,
        state=state,
        at=at,
        reference=reference or payout.reference,
        reason=reason or payout.reason,
        version=payout.version + 1,
    )


@dataclass(frozen=True, slots=True)
class Instruction:
    """What a bank is to pay, once for the same `key` (the payout's `end_to_end_id`), and the `text` that goes with it."""

    key: str
    amount: int
    currency: str
    supplier_id: str
    account: BankAccount
    text: str
