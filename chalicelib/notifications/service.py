"""Tell a customer, once per event and channel."""

from collections.abc import Callable
from datetime import datetime

from chalicelib.core import clock, observability
from chalicelib.notifications import store
from chalicelib.notifications.domain import Channel, Notice, State, words
from chalicelib.notifications.gateways import Sender, SnsSender, Undeliverable


class NotAllTold(Exception):
    """Some channels failed, or another worker is at them; delivering the event again does what is missing."""


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
    taken over after five minutes: then, and only then, a customer may hear twice. A channel that fails does not keep the
    other silent; `NotAllTold` names it afterwards, so that the event is delivered again.
    """
    through = sender or SnsSender()
    text = words(notice, name, language)
    sends: dict[Channel, Callable[[], None]] = {Channel.TOPIC: lambda: through.to_topic(notice, text, customer_id)}
    if phone is not None:
        sends[Channel.SMS] = lambda: through.to_phone(phone, text)
    failed = []
    for channel, send in sends.items():
        try:
            _once(event_id, channel, send)
        except Exception as error:
            # Only the kind is logged: a provider's message may quote the number.
            observability.log.warning("not told", channel=channel, event_id=event_id, error=type(error).__name__)
            failed.append(f"{channel}: {type(error).__name__}")
    if failed:
        raise NotAllTold("; ".join(failed))


def _once(event_id: str, channel: Channel, send: Callable[[], None]) -> None:
    claimed_at = clock.now()
    try:
        store.claim(event_id, channel, claimed_at)
    except store.AlreadyTold:
        return
    try:
        send()
    except Undeliverable as error:
        observability.log.warning("undeliverable", channel=channel, event_id=event_id, code=error.code)
        observability.count("NotificationsUndeliverable")
        store.finish(event_id, channel, State.UNDELIVERABLE)
        return
    except Exception:
        _release(event_id, channel, claimed_at)
        raise
    store.finish(event_id, channel, State.SENT)
    observability.count("NotificationsSent")


def _release(event_id: str, channel: Channel, claimed_at: datetime) -> None:
    try:
        store.release(event_id, channel, claimed_at)
    except Exception:
        # The claim runs out by itself; what counts to the caller is why nothing was sent.
        observability.log.exception("a claim stays", event_id=event_id, channel=channel)
