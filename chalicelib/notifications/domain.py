"""What is said, per event and language."""

from dataclasses import dataclass
from enum import StrEnum
from string import Template

FALLBACK = "en"
_TEXTS: dict[str, dict[str, Template]] = {
    "en": {
        "OrderConfirmed": Template("Thank you, $name. Your order $order is confirmed."),
        "OrderRefused": Template("Sorry, $name. Your order $order could not be taken: $reason. Nothing was charged."),
        "FulfilmentShipped": Template("Good news, $name: a parcel of your order $order is on its way$tracking."),
    },
    "de": {
        "OrderConfirmed": Template("Danke, $name. Ihre Bestellung $order ist bestätigt."),
        "OrderRefused": Template(
            "$name, Ihre Bestellung $order konnte leider nicht angenommen werden: $reason. Es wurde nichts berechnet."
        ),
        "FulfilmentShipped": Template("$name, ein Paket Ihrer Bestellung $order ist unterwegs$tracking."),
    },
}
_REASONS: dict[str, dict[str, str]] = {
    "en": {
        "insufficient_funds": "the card has insufficient funds",
        "expired_card": "the card has expired",
        "reservation_lost": "the goods were sold meanwhile",
        "unavailable": "the payment could not be made at the moment",
        "": "the payment was not accepted",
    },
    "de": {
        "insufficient_funds": "die Karte ist nicht gedeckt",
        "expired_card": "die Karte ist abgelaufen",
        "reservation_lost": "die Ware wurde inzwischen verkauft",
        "unavailable": "die Zahlung war im Moment nicht möglich",
        "": "die Zahlung wurde nicht angenommen",
    },
}


class Channel(StrEnum):
    """`topic`: whoever subscribes. `sms`: the customer's phone."""

    TOPIC = "topic"
    SMS = "sms"


class State(StrEnum):
    """`sending`: a worker claimed it. `undeliverable`: refused for good, e.g. a number that does not exist."""

    SENDING = "sending"
    SENT = "sent"
    UNDELIVERABLE = "undeliverable"


@dataclass(frozen=True, slots=True)
class Notice:
    """What is to be told about an order."""

    event: str
    order_id: str
    reason: str | None = None
    tracking: str | None = None


def words(notice: Notice, name: str, language: str) -> str:
    """The text in the customer's language (BCP 47, by its primary subtag), or in English."""
    spoken = language.split("-", maxsplit=1)[0]
    if spoken not in _TEXTS:
        spoken = FALLBACK
    reasons = _REASONS[spoken]
    return _TEXTS[spoken][notice.event].substitute(
        name=name,
        order=notice.order_id,
        reason=reasons.get(notice.reason or "", reasons[""]),
        tracking=f" ({notice.tracking})" if notice.tracking else "",
    )


def is_told(event: str) -> bool:
    """Whether customers hear of this event."""
    return event in _TEXTS[FALLBACK]
