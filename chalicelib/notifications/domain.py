"""What is said, per event and language."""

from dataclasses import dataclass
from string import Template

_TEXTS: dict[str, dict[str, Template]] = {
    "en": {
        "OrderConfirmed": Template("Thank you, $name. Your order $order is confirmed."),
        "OrderRefused": Template("Sorry, $name. Your order $order could not be taken: $reason. Nothing was charged."),
        "FulfilmentShipped": Template("Good news, $name: a parcel of your order $order is on its way$tracking."),
    },
    "de": {
        "OrderConfirmed": Template("Danke, $name. Ihre Bestellung $order ist bestätigt."),
        "OrderRefused": Template("$name, Ihre Bestellung $order konnte leider nicht angenommen werden: $reason."),
        "FulfilmentShipped": Template("$name, ein Paket Ihrer Bestellung $order ist unterwegs$tracking."),
    },
}
_REASONS = {
    "insufficient_funds": "the card has insufficient funds",
    "expired_card": "the card has expired",
    "reservation_lost": "the goods were sold meanwhile",
}
FALLBACK = "en"


@dataclass(frozen=True, slots=True)
class Notice:
    """What is to be told about an order."""

    event: str
    order_id: str
    reason: str | None = None
    tracking: str | None = None


def words(notice: Notice, name: str, language: str) -> str:
    """The text in the customer's language (BCP 47, by its primary subtag), or in English."""
    texts = _TEXTS.get(language.split("-")[0], _TEXTS[FALLBACK])
    return texts[notice.event].substitute(
        name=name,
        order=notice.order_id,
        reason=_REASONS.get(notice.reason or "", "the payment was not accepted"),
        tracking=f" ({notice.tracking})" if notice.tracking else "",
    )


def is_told(event: str) -> bool:
    """Whether customers hear of this event."""
    return event in _TEXTS[FALLBACK]
