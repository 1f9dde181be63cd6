"""Tell a customer, once per event and channel."""

from collections.abc import Callable

from chalicelib.core import clock, observability
from chalicelib.notifications import store
from chalicelib.notifications.domain import Notice, words
from chalicelib.notifications.gateways import Sender, SnsSender


def tell(
    event_id: str,
    notice: Notice,
    *,
    name: str,
    language: str,
    phone: str | None,
    customer_id: str | None,
    sender: Sender | None = None,
) -> None:
    """Send a notice to the topic and, when there is a number, to the phone; what was sent is not sent again.

    The claim is written before sending, so two workers cannot both send. One that dies between sending and its note is
    taken over after five minutes: then, and only then, a customer may hear twice.
    """
    sender = sender or SnsSender()
    text = words(notice, name, language)
    _once(event_id, "topic", lambda: sender.to_topic(notice, text, customer_id))
    if phone is not None:
        _once(event_id, "sms", lambda: sender.to_phone(phone, text))


def _once(event_id: str, channel: str, send: Callable[[], None]) -> None:
    try:
        store.claim(event_id, channel, clock.now())
    except store.AlreadyTold:
        return
    try:
        send()
    except Exception:
        store.release(event_id, channel, clock.now())
        raise
    store.mark_sent(event_id, channel, clock.now())
    observability.count("NotificationsSent")
