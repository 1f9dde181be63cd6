"""What notifications' tests are made of."""

from collections.abc import Callable

from chalicelib.core.table import find
from chalicelib.notifications import service
from chalicelib.notifications.domain import Audience, Channel, Message, Notice
from chalicelib.notifications.store.claims import NotificationItem

EVENT = "01K0000000000000000000000E"
PHONE = "+447700900123"
EMAIL = "ada@example.com"


class FakeSender:
    """Remembers what it was given; `on[channel]` happens instead of, or (`after`) beside, sending."""

    def __init__(self, **on: Callable[[], None]) -> None:
        self.sent: list[tuple[str, str]] = []
        self.messages: list[Message] = []
        self.unsubscribe: list[str | None] = []
        self.marketing: list[bool] = []
        self._on = on

    def to_topic(self, notice: Notice, text: str, customer_id: str | None) -> None:
        self._send("topic", str(customer_id), Message(text))

    def to_phone(self, phone: str, text: str, *, marketing: bool = False) -> None:
        self.marketing.append(marketing)
        self._send("sms", phone, Message(text))

    def to_email(self, address: str, message: Message, *, unsubscribe: str | None = None) -> None:
        self.unsubscribe.append(unsubscribe)
        self._send("email", address, message)

    def to_device(self, endpoint: str, text: str) -> None:
        self._send("push", endpoint, Message(text))

    def _send(self, channel: str, to: str, message: Message) -> None:
        if channel in self._on:
            self._on[channel]()
        self.sent.append((channel, to))
        self.messages.append(message)
        if f"{channel}_after" in self._on:
            self._on[f"{channel}_after"]()


def raising(error: BaseException) -> Callable[[], None]:
    def fail() -> None:
        raise error

    return fail


def an_audience(phone: str | None = PHONE, email: str | None = None, **given: object) -> Audience:
    return Audience(
        **{"name": "Ada", "language": "en", "phone": phone, "email": email, "customer_id": "usr_1", **given}
    )


def tell(
    sender: FakeSender,
    *,
    phone: str | None = PHONE,
    email: str | None = None,
    event_id: str = EVENT,
    notice: Notice | None = None,
    **given: object,
) -> list[tuple[str, str]]:
    told = notice or Notice("OrderConfirmed", {}, "ord_1")
    service.tell(event_id, told, an_audience(phone, email, **given), sender=sender)
    return sender.sent


def record(recipient: Channel | str, event_id: str = EVENT) -> NotificationItem:
    item = find(NotificationItem, f"NOTIFICATION#{event_id}", str(recipient), consistent=True)
    assert item is not None
    return item
