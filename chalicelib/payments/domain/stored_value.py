"""Stored value: money that customers have with us, on gift cards and as store credit, and the codes of gift cards."""

from dataclasses import dataclass
from datetime import date
from enum import StrEnum

from chalicelib.core.errors import Conflict, RuleBroken

ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
"""Crockford's base32: no I, L, O, U, so that a code can be read aloud and typed."""

RANDOM_CHARACTERS = 19
"""With the check digit, five groups of four. 95 random bits cannot be guessed."""

_READ_AS = str.maketrans({"O": "0", "I": "1", "L": "1", "-": None, " ": None})


class CodeInvalid(RuleBroken):
    code = "gift_card_code_invalid"
    title = "This is no code of a gift card"


class AccountVoid(Conflict):
    code = "gift_card_void"
    title = "The gift card was voided"


class AccountKind(StrEnum):
    """Who may spend an account: the bearer of a code, or its holder."""

    GIFT_CARD = "gift_card"
    STORE_CREDIT = "store_credit"


class EntryKind(StrEnum):
    """Why a balance changed. A capture changes none: the hold before it did."""

    ISSUE = "issue"
    TOP_UP = "top_up"
    GRANT = "grant"
    HOLD = "hold"
    CAPTURE = "capture"
    RELEASE = "release"
    REFUND = "refund"
    WRITE_OFF = "write_off"


@dataclass(frozen=True, slots=True)
class Account:
    """Money of a holder in a currency; the holder of a gift card's is the card. Without `expires_on` it is good for ever,
    else to the end of that day (UTC)."""

    holder: str
    currency: str
    kind: AccountKind
    balance: int
    void: bool = False
    expires_on: date | None = None

    @property
    def id(self) -> str:
        """Names the account in refunds and tenders."""
        return account_id(self.holder, self.currency)


def account_id(holder: str, currency: str) -> str:
    """Names the account of a holder in a currency."""
    return f"{holder}.{currency}"


def store_credit_account(holder: str, currency: str) -> str:
    """The account of a holder's store credit; the holder is a customer, or whatever else is owed goods (an exchange)."""
    return account_id(holder, currency)


def parts_of(account: str) -> tuple[str, str]:
    """Holder and currency of an account id."""
    holder, _, currency = account.rpartition(".")
    return holder, currency


def code_of(random: int) -> str:
    """A gift card's code of so many random bits: 19 characters and a check digit, in groups of four."""
    characters = "".join(ALPHABET[random >> 5 * place & 31] for place in range(RANDOM_CHARACTERS))
    whole = characters + _check_digit(characters)
    return "-".join(whole[start : start + 4] for start in range(0, len(whole), 4))


def plain(code: str) -> str:
    """A code as it is compared: without case, spaces and hyphens. Raises `CodeInvalid` unless its check digit holds."""
    characters = code.upper().translate(_READ_AS)
    known = len(characters) == RANDOM_CHARACTERS + 1 and set(characters) <= set(ALPHABET)
    if not known or _check_digit(characters[:-1]) != characters[-1]:
        raise CodeInvalid("Check the code: a character is missing or wrong.")
    return characters


def _check_digit(characters: str) -> str:
    """Luhn's algorithm modulo 32: it finds every single wrong character and almost every swap of neighbours."""
    total = 0
    for place, character in enumerate(reversed(characters)):
        value = ALPHABET.index(character) * (2 - place % 2)
        total += value // 32 + value % 32
    return ALPHABET[-total % 32]
