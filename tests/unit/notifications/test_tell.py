"""Once per event and channel: repetitions, two workers, crashes, failures of the sender."""

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from chalicelib.core import clock
from chalicelib.notifications import service, store
from chalicelib.notifications.domain import Channel, Notice, State
from chalicelib.notifications.gateways import Undeliverable
from chalicelib.notifications.service import NotAllTold
from tests.unit.notifications.builders import EMAIL, EVENT, PHONE, FakeSender, raising, record, tell

pytestmark = pytest.mark.usefixtures("table")
NOON = datetime(2026, 1, 1, 12, tzinfo=UTC)


class Crash(BaseException):
    """The function dies."""


@pytest.fixture(autouse=True)
def mail(monkeypatch: pytest.MonkeyPatch) -> None:
    """The stage sends mail."""
    monkeypatch.setattr("chalicelib.notifications.gateways.has_email", lambda: True)


def test_a_notice_goes_to_the_topic_and_to_the_phone_once() -> None:
    sender = FakeSender()
    tell(sender)
    tell(sender)
    assert sender.sent == [("topic", "usr_1"), ("sms", PHONE)]
    assert [record(channel).state for channel in (Channel.TOPIC, Channel.SMS)] == ["sent", "sent"]
    tell(sender, event_id="01K0000000000000000000000F", phone=None)
    assert sender.sent[2:] == [("topic", "usr_1")]


def test_the_record_lives_thirty_days_and_holds_no_word_of_it() -> None:
    with clock.at(NOON):
        tell(FakeSender())
    item = record(Channel.SMS)
    assert item.ttl == clock.epoch_seconds(NOON + timedelta(days=30))
    assert item.to_simple_dict() == {
        "pk": f"NOTIFICATION#{EVENT}",
        "sk": "sms",
        "state": "sent",
        "claimed_at": "2026-01-01T12:00:00.000000Z",
        "ttl": item.ttl,
        "gsi1pk": "NOTIFIED#usr_1",
        "gsi1sk": f"{EVENT}#sms",
        "summary": item.to_simple_dict()["summary"],
    }
    assert item.summary == {"event": "OrderConfirmed", "channel": "sms", "at": "2026-01-01T12:00:00.000000Z"}


def test_what_a_customer_was_told_is_listed_and_a_guests_is_not() -> None:
    with clock.at(NOON):
        tell(FakeSender(), email=EMAIL)
        tell(FakeSender(), event_id="01K0000000000000000000000F", customer_id=None)
    assert [(one.id, one.event, one.channel) for one in service.sent_to("usr_1", None, 2)] == [
        (f"{EVENT}#email", "OrderConfirmed", "email"),
        (f"{EVENT}#sms", "OrderConfirmed", "sms"),
    ]
    [last] = service.sent_to("usr_1", f"{EVENT}#sms", 2)
    assert (last.channel, last.at) == ("topic", "2026-01-01T12:00:00.000000Z")


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
            store.claim(EVENT, Channel.TOPIC, clock.now(), event="OrderConfirmed", customer_id="usr_1")
        raise TimeoutError

    with clock.at(NOON), pytest.raises(NotAllTold, match="TimeoutError"):
        tell(FakeSender(topic=overtaken), phone=None)
    with clock.at(NOON + timedelta(minutes=7)), pytest.raises(NotAllTold, match="BeingTold"):
        tell(heir, phone=None)
    assert heir.sent == []


def test_only_channels_they_may_be_told_on_are_used() -> None:
    assert tell(FakeSender(), email=EMAIL, channels=frozenset({Channel.EMAIL})) == [("email", EMAIL)]
    assert tell(FakeSender(), email=EMAIL, event_id="01F", channels=frozenset()) == []


def test_a_stage_without_an_address_sends_no_mail(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("chalicelib.notifications.gateways.has_email", lambda: False)
    assert tell(FakeSender(), email=EMAIL, phone=None) == [("topic", "usr_1")]


def test_a_mail_has_a_subject_and_both_bodies_in_the_readers_language() -> None:
    sender = FakeSender()
    notice = Notice("OrderConfirmed", {"total": {"amount": 1999, "currency": "EUR"}}, "ord_1")
    tell(sender, email=EMAIL, phone=None, language="de-AT", notice=notice, channels=frozenset({Channel.EMAIL}))
    [message] = sender.messages
    assert message.subject == "Ihre Bestellung ord_1 ist bestätigt"
    assert "über 19,99 EUR" in message.text
    assert message.html is not None
    assert 'lang="de"' in message.html
    assert sender.unsubscribe == [None]


def test_advertising_says_that_it_is_and_how_to_end_it() -> None:
    sender = FakeSender()
    tell(sender, email=EMAIL, notice=Notice("CartAbandoned"), unsubscribe="token")
    assert (sender.unsubscribe, sender.marketing) == (["token"], [True])
    tell(sender, event_id="01F")
    assert sender.marketing == [True, False]


def test_only_what_was_sent_is_counted(capsys: pytest.CaptureFixture[str]) -> None:
    tell(FakeSender(sms=raising(Undeliverable("OptedOut"))))
    tell(FakeSender())
    out = capsys.readouterr().out
    assert out.count('"NotificationsSent":[1.0]') == 1
    assert out.count('"NotificationsUndeliverable":[1.0]') == 1
    assert PHONE not in out
