"""Once per event and channel: repetitions, two workers, crashes, failures of the sender."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from chalicelib.core import clock
from chalicelib.core.table import find
from chalicelib.notifications import service, store
from chalicelib.notifications.domain import Channel, Notice, State
from chalicelib.notifications.gateways import Undeliverable
from chalicelib.notifications.service import NotAllTold

pytestmark = pytest.mark.usefixtures("table")
EVENT = "01K0000000000000000000000E"
NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)
PHONE = "+447700900123"


class Crash(BaseException):
    """The function dies."""


class FakeSender:
    """Remembers what it was given; `on[channel]` happens instead of, or (`after`) beside, sending."""

    def __init__(self, **on: Callable[[], None]) -> None:
        self.sent: list[tuple[str, str]] = []
        self._on = on

    def to_topic(self, notice: Notice, text: str, customer_id: str | None) -> None:
        self._send("topic", str(customer_id))

    def to_phone(self, phone: str, text: str) -> None:
        self._send("sms", phone)

    def _send(self, channel: str, to: str) -> None:
        if channel in self._on:
            self._on[channel]()
        self.sent.append((channel, to))
        if f"{channel}_after" in self._on:
            self._on[f"{channel}_after"]()


def raising(error: BaseException) -> Callable[[], None]:
    def fail() -> None:
        raise error

    return fail


def tell(sender: FakeSender, *, phone: str | None = PHONE, event_id: str = EVENT) -> list[tuple[str, str]]:
    notice = Notice("OrderConfirmed", "ord_1")
    service.tell(event_id, notice, name="Ada", language="en", phone=phone, customer_id="usr_1", sender=sender)
    return sender.sent


def record(channel: Channel, event_id: str = EVENT) -> store.NotificationItem:
    item = find(store.NotificationItem, f"NOTIFICATION#{event_id}", str(channel), consistent=True)
    assert item is not None
    return item


def test_a_notice_goes_to_the_topic_and_to_the_phone_once() -> None:
    sender = FakeSender()
    tell(sender)
    tell(sender)
    assert sender.sent == [("topic", "usr_1"), ("sms", PHONE)]
    assert [record(channel).state for channel in Channel] == ["sent", "sent"]
    tell(sender, event_id="01K0000000000000000000000F", phone=None)
    assert sender.sent[2:] == [("topic", "usr_1")]


def test_the_record_lives_thirty_days_and_holds_nothing_personal() -> None:
    with clock.at(NOON):
        tell(FakeSender())
    item = record(Channel.SMS)
    assert item.ttl == clock.epoch_seconds(NOON + timedelta(days=30))
    assert set(item.to_simple_dict()) == {"pk", "sk", "state", "claimed_at", "ttl"}


def test_two_workers_send_once_and_the_second_has_the_event_delivered_again() -> None:
    other = FakeSender()
    met: list[str] = []

    def meanwhile() -> None:
        with pytest.raises(NotAllTold) as failure:
            tell(other, phone=None)
        met.append(str(failure.value))

    assert tell(FakeSender(topic=meanwhile), phone=None) == [("topic", "usr_1")]
    assert (met, other.sent) == (["topic: BeingTold"], [])
    assert tell(other, phone=None) == []


@pytest.mark.parametrize(("minutes", "sent"), [(4, []), (6, [("topic", "usr_1")])])
def test_the_claim_of_a_worker_that_died_is_taken_over_after_five_minutes(minutes: int, sent: Any) -> None:
    with clock.at(NOON), pytest.raises(Crash):
        tell(FakeSender(topic=raising(Crash())), phone=None)
    heir = FakeSender()
    with clock.at(NOON + timedelta(minutes=minutes)):
        if sent:
            tell(heir, phone=None)
        else:
            with pytest.raises(NotAllTold, match="topic: BeingTold"):
                tell(heir, phone=None)
    assert heir.sent == sent


def test_what_was_sent_is_not_taken_over() -> None:
    sender = FakeSender()
    for hours in (0, 24):
        with clock.at(NOON + timedelta(hours=hours)):
            tell(sender, phone=None)
    assert len(sender.sent) == 1


def test_a_failure_is_tried_again_at_once_and_leaves_the_other_channel_alone() -> None:
    broken = FakeSender(topic=raising(TimeoutError()))
    with pytest.raises(NotAllTold, match=r"^topic: TimeoutError$"):
        tell(broken)
    assert broken.sent == [("sms", PHONE)]
    assert tell(FakeSender()) == [("topic", "usr_1")]


def test_a_number_that_is_refused_for_good_is_not_tried_again() -> None:
    assert tell(FakeSender(sms=raising(Undeliverable("OptedOut")))) == [("topic", "usr_1")]
    assert record(Channel.SMS).state == State.UNDELIVERABLE
    assert tell(FakeSender()) == []


def test_a_late_failure_leaves_the_claim_of_whoever_took_over_alone() -> None:
    heir = FakeSender()

    def overtaken() -> None:
        with clock.at(NOON + timedelta(minutes=6)):
            store.claim(EVENT, Channel.TOPIC, clock.now())
        raise TimeoutError

    with clock.at(NOON), pytest.raises(NotAllTold, match="TimeoutError"):
        tell(FakeSender(topic=overtaken), phone=None)
    with clock.at(NOON + timedelta(minutes=7)), pytest.raises(NotAllTold, match="BeingTold"):
        tell(heir, phone=None)
    assert heir.sent == []


def test_only_what_was_sent_is_counted(capsys: pytest.CaptureFixture[str]) -> None:
    tell(FakeSender(sms=raising(Undeliverable("OptedOut"))))
    tell(FakeSender())
    out = capsys.readouterr().out
    assert out.count('"NotificationsSent":[1.0]') == 1
    assert out.count('"NotificationsUndeliverable":[1.0]') == 1
    assert PHONE not in out
