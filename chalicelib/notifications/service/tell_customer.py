"""Tell a customer, once per event, channel and recipient."""

from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from functools import partial

from chalicelib.core import clock, observability
from chalicelib.core.keys import SEPARATOR
from chalicelib.notifications import gateways, store
from chalicelib.notifications.domain import (
    KINDS,
    Audience,
    Channel,
    Message,
    Notice,
    Purpose,
    State,
    compose,
    values_of,
)
from chalicelib.notifications.gateways import AwsSender, Sender, Undeliverable
from chalicelib.notifications.service.manage_devices import forget_device
from chalicelib.notifications.store import Device, Sent

_Sends = Mapping[str, Callable[[], None]]
"""What to do to send, by recipient: the channel, and for push the device. It is claimed under this name."""


class NotAllTold(Exception):
    """Some channels failed, or another worker is at them; delivering the event again does what is missing."""


def tell(event_id: str, notice: Notice, to: Audience, *, sender: Sender | None = None) -> None:
    """Send a notice on every channel that the audience may be told on and can be reached by; what was sent is not sent again.

    The claim is written before sending, so two workers cannot both send. One that dies between sending and its note is
    taken over after five minutes: then, and only then, a customer may hear twice. A channel that fails does not keep the
    others silent; `NotAllTold` names it afterwards, so that the event is delivered again.
    """
    pushes = to.customer_id is not None and Channel.PUSH in to.channels and gateways.can_push()
    devices = store.devices_of(str(to.customer_id)) if pushes else []
    templates = store.templates_for(notice.event, _reachable(to, devices), to.language)
    values = values_of(notice, to.name, to.language)
    messages = {channel: compose(template, values) for channel, template in templates.items()}
    failed = []
    for recipient, send in _sends(notice, to, messages, devices, sender or AwsSender()).items():
        channel = recipient.partition(SEPARATOR)[0]
        try:
            _once(event_id, recipient, send, notice, to)
        except Exception as error:
            # Only the kind is logged: a provider's message may quote the number.
            observability.log.warning("not told", channel=channel, event_id=event_id, error=type(error).__name__)
            failed.append(f"{channel}: {type(error).__name__}")
    if failed:
        raise NotAllTold("; ".join(failed))


def was_told(event_id: str) -> bool:
    """Whether an event was told on some channel."""
    return store.was_sent(event_id)


def sent_to(customer_id: str, after: str | None, count: int) -> list[Sent]:
    """What a customer was told in the last 30 days, oldest first; `after` is the id of the one before."""
    return store.sent_to(customer_id, after, count)


def _reachable(to: Audience, devices: Sequence[Device]) -> list[Channel]:
    has = {
        Channel.TOPIC: True,
        Channel.SMS: to.phone is not None,
        Channel.EMAIL: to.email is not None and gateways.has_email(),
        Channel.PUSH: bool(devices),
    }
    return [channel for channel in Channel if channel in to.channels and has[channel]]


def _sends(
    notice: Notice, to: Audience, messages: Mapping[Channel, Message], devices: Sequence[Device], through: Sender
) -> _Sends:
    marketing = KINDS[notice.event].purpose is Purpose.MARKETING
    sends: dict[str, Callable[[], None]] = {}
    for channel, message in messages.items():
        if channel is Channel.TOPIC:
            sends[channel] = partial(through.to_topic, notice, message.text, to.customer_id)
        elif channel is Channel.SMS:
            sends[channel] = partial(through.to_phone, str(to.phone), message.text, marketing=marketing)
        elif channel is Channel.EMAIL:
            sends[channel] = partial(through.to_email, str(to.email), message, unsubscribe=to.unsubscribe)
        else:
            for device in devices:
                sends[SEPARATOR.join((channel, device.id))] = partial(_push, device, message.text, through)
    return sends


def _push(device: Device, text: str, through: Sender) -> None:
    try:
        through.to_device(device.endpoint, text)
    except Undeliverable:
        # The app is gone from the device, or was given another token.
        forget_device(device)
        raise


def _once(event_id: str, recipient: str, send: Callable[[], None], notice: Notice, to: Audience) -> None:
    channel = recipient.partition(SEPARATOR)[0]
    claimed_at = clock.now()
    try:
        store.claim(event_id, recipient, claimed_at, event=notice.event, customer_id=to.customer_id)
    except store.AlreadyTold:
        return
    try:
        send()
    except Undeliverable as error:
        observability.log.warning("undeliverable", channel=channel, event_id=event_id, code=error.code)
        observability.count("NotificationsUndeliverable")
        store.finish(event_id, recipient, State.UNDELIVERABLE)
        return
    except Exception:
        _release(event_id, recipient, claimed_at)
        raise
    store.finish(event_id, recipient, State.SENT)
    observability.count("NotificationsSent")


def _release(event_id: str, recipient: str, claimed_at: datetime) -> None:
    try:
        store.release(event_id, recipient, claimed_at)
    except Exception:
        # The claim runs out by itself; what counts to the caller is why nothing was sent.
        observability.log.exception("a claim stays", event_id=event_id, recipient=recipient)
