"""From the queue to SNS, both in memory."""

import json
from collections.abc import Iterator
from dataclasses import replace
from types import SimpleNamespace
from typing import Any

import boto3
import pytest

from chalicelib.core import outbox
from chalicelib.core.consumers import BatchFailed
from chalicelib.core.errors import NotFound
from chalicelib.core.idempotency import no_answer
from chalicelib.core.settings import settings
from chalicelib.customers import service as customers
from chalicelib.customers.domain import ConsentChange, ConsentChannel, Means, Purpose
from chalicelib.notifications import consumers, gateways
from chalicelib.notifications.domain import Notice
from chalicelib.notifications.gateways import AwsSender
from chalicelib.orders.service import Contact
from tests.unit.customers.builders import (
    a_key,
    a_shopper,
    ask_for_code,
    code_for,
    events_of,
    has_profile,
    has_proven,
    the_customer,
)
from tests.unit.notifications.builders import EMAIL, PHONE, FakeSender

ORDER = "ord_01K0000000000000000000000A"
QUEUE_ARN = "arn:aws:sqs:eu-west-1:123456789012:aisle-test-notifications-order-events"


@pytest.fixture
def heard(table: Any, monkeypatch: pytest.MonkeyPatch) -> Iterator[Any]:
    """What a subscriber of the topic gets."""
    sns, sqs = boto3.client("sns"), boto3.client("sqs")
    topic = sns.create_topic(Name="aisle-test-notifications-customers")["TopicArn"]
    queue = sqs.create_queue(QueueName="subscriber")["QueueUrl"]
    source = sqs.create_queue(QueueName=QUEUE_ARN.rsplit(":", 1)[1])["QueueUrl"]
    sns.subscribe(TopicArn=topic, Protocol="sqs", Endpoint="arn:aws:sqs:eu-west-1:123456789012:subscriber")
    stage = replace(
        settings(),
        notifications_topic_arn=topic,
        sender_address="shop@aisle.example",
        mail_configuration_set="aisle-test",
    )
    monkeypatch.setattr(gateways, "settings", lambda: stage)

    def received() -> list[dict[str, Any]]:
        got = sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10).get("Messages", [])
        return [json.loads(message["Body"]) for message in got]

    yield received
    for url in (queue, source):
        sqs.delete_queue(QueueUrl=url)


class Told(FakeSender):
    """What leaves for the customer; the topic is real."""

    def to_topic(self, notice: Notice, text: str, customer_id: str | None) -> None:
        AwsSender().to_topic(notice, text, customer_id)


@pytest.fixture
def told(monkeypatch: pytest.MonkeyPatch) -> Told:
    sender = Told()
    monkeypatch.setattr("chalicelib.notifications.service.tell_customer.AwsSender", lambda: sender)
    return sender


@pytest.fixture(autouse=True)
def contacts(monkeypatch: pytest.MonkeyPatch) -> dict[str, Contact]:
    """Whom orders were placed for."""
    known = {ORDER: Contact(name="Ada", email=EMAIL, phone=PHONE, language="en", customer_id="usr_ada")}

    def contact_of(order_id: str) -> Contact:
        if order_id not in known:
            raise NotFound(f"There is no order {order_id}.")
        return known[order_id]

    line = SimpleNamespace(sku="A", name="Blue mug")
    monkeypatch.setattr("chalicelib.orders.service.contact_of", contact_of)
    monkeypatch.setattr("chalicelib.orders.service.read_order", lambda order_id, by: SimpleNamespace(lines=[line]))
    return known


def deliver(*details: dict[str, Any]) -> None:
    """Put events on the queue and invoke the function as Lambda does for a batch of it."""
    sqs = boto3.client("sqs")
    queue = sqs.get_queue_url(QueueName=QUEUE_ARN.rsplit(":", 1)[1])["QueueUrl"]
    for detail in details:
        sqs.send_message(QueueUrl=queue, MessageBody=json.dumps({"detail": detail}))
    records = [
        {
            "messageId": message["MessageId"],
            "receiptHandle": message["ReceiptHandle"],
            "eventSourceARN": QUEUE_ARN,
            "attributes": {"ApproximateReceiveCount": "1"},
            "body": message["Body"],
        }
        for message in sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10)["Messages"]
    ]
    consumers.on_order_event({"Records": records}, None)


def an_event(
    type: str = "OrderConfirmed", id: str = "01E1", about: dict[str, str] | None = None, **data: Any
) -> dict[str, Any]:
    about = about or ({"type": "fulfilment", "id": "ful_1"} if "order_id" in data else {"type": "order", "id": ORDER})
    return {
        "id": id,
        "source": "aisle.orders",
        "type": type,
        "version": 1,
        "occurred_at": "2026-01-01T09:30:00.000000Z",
        "aggregate": {**about, "version": 2},
        "correlation_id": "c-1",
        "causation_id": None,
        "actor": {"kind": "system", "id": "orders"},
        "data": data,
    }


def test_an_event_reaches_subscribers_once(heard: Any, told: Told) -> None:
    for _ in range(2):
        deliver(an_event())
    [message] = heard()
    assert json.loads(message["Message"]) == {
        "event": "OrderConfirmed",
        "channel": "topic",
        "order_id": ORDER,
        "customer_id": "usr_ada",
        "text": f"Thank you, Ada. Your order {ORDER} is confirmed.",
    }
    assert {name: value["Value"] for name, value in message["MessageAttributes"].items()} == {
        "event": "OrderConfirmed",
        "channel": "topic",
        "order_id": ORDER,
        "customer_id": "usr_ada",
    }


def test_a_shipment_is_told_of_its_order(heard: Any, told: Told) -> None:
    tracking = {"carrier": "DHL", "number": "42"}
    deliver(an_event("FulfilmentShipped", order_id=ORDER, tracking=tracking))
    [message] = heard()
    assert json.loads(message["Message"])["text"] == (
        f"Good news, Ada: a parcel of your order {ORDER} is on its way (DHL 42)."
    )


def test_other_events_are_passed_over(heard: Any, told: Told) -> None:
    deliver(an_event("OrderPlaced"))
    assert heard() == []


def test_one_bad_event_does_not_keep_the_others(heard: Any, told: Told) -> None:
    unknown = an_event("FulfilmentShipped", "01E2", order_id="ord_none")
    with pytest.raises(BatchFailed, match="1 of 2"):
        deliver(unknown, an_event())
    assert len(heard()) == 1


# ---- whom, and on which channels ----------------------------------------------------------------------------------------


@pytest.fixture
def quiet(heard: Any, told: Told) -> Told:
    """A stage, of which only what leaves for the customer is looked at."""
    return told


def says(granted: bool, purpose: Purpose, *channels: ConsentChannel, id: str = "usr_ada") -> None:
    version = customers.read_consents(id, a_shopper(id)).version
    changes = [ConsentChange(purpose, channel, granted) for channel in channels]
    customers.change_consents(id, changes, source="account", wording="1", expected_version=version, by=a_shopper(id))


def last_event(type: str, id: str = "usr_ada") -> dict[str, Any]:
    event = [one for one in events_of(id) if one.type == type][-1]
    assert isinstance(event, outbox.Event)
    envelope: dict[str, Any] = json.loads(event.to_json())
    return envelope


def test_an_order_is_told_to_the_contact_given_with_it(quiet: Told) -> None:
    deliver(an_event("OrderCancelled", lines=[["1", "A", 2]], whole=False))
    assert quiet.sent == [("sms", PHONE), ("email", EMAIL)]
    assert "2 × Blue mug" in quiet.messages[1].text


@pytest.mark.parametrize(
    ("type", "data"),
    [
        ("ReturnAuthorised", {"return_id": "ret_1", "lines": [["1", "A", 1]], "label": "L"}),
        ("ReturnReceived", {"return_id": "ret_1"}),
        ("PaymentRefunded", {"amount": 1234, "currency": "GBP", "refund": "r"}),
        ("FulfilmentDelivered", {"lines": [["A", 1, 0]]}),
        ("BackorderDelayed", {"promised": "2026-03-01"}),
        ("PromiseChanged", {"promised": "2026-03-01T00:00:00.000000Z"}),
    ],
)
def test_what_follows_an_order_is_told_to_the_same(quiet: Told, type: str, data: dict[str, Any]) -> None:
    deliver(an_event(type, order_id=ORDER, **data))
    assert quiet.sent == [("sms", PHONE), ("email", EMAIL)]
    assert ORDER in quiet.messages[1].text


def test_who_opted_out_of_a_channel_is_not_told_there(heard: Any, told: Told) -> None:
    has_profile()
    says(False, Purpose.ORDER_UPDATES, ConsentChannel.SMS)
    deliver(an_event())
    assert told.sent == [("email", EMAIL)]
    assert len(heard()) == 1
    says(False, Purpose.ORDER_UPDATES, ConsentChannel.PUSH, ConsentChannel.EMAIL)
    deliver(an_event(id="01E2"))
    assert (told.sent, heard()) == ([("email", EMAIL)], [])


def test_a_guest_is_told_of_their_order(quiet: Told, contacts: dict[str, Contact]) -> None:
    contacts[ORDER] = replace(contacts[ORDER], customer_id=None)
    deliver(an_event())
    assert quiet.sent == [("sms", PHONE), ("email", EMAIL)]


def test_an_order_whose_person_was_forgotten_is_passed_over(
    heard: Any, told: Told, contacts: dict[str, Contact]
) -> None:
    contacts[ORDER] = Contact(name="", email=None, phone=None, language="en", customer_id="usr_ada")
    deliver(an_event())
    assert (told.sent, heard()) == ([], [])


def cart_abandoned(customer_id: str | None = "usr_ada") -> dict[str, Any]:
    return an_event("CartAbandoned", about={"type": "cart", "id": "crt_1"}, customer_id=customer_id)


def test_advertising_needs_a_yes_and_a_proven_address(heard: Any, told: Told) -> None:
    deliver(cart_abandoned())
    has_profile(name="Ada", email=EMAIL, phone=PHONE)
    says(True, Purpose.MARKETING, ConsentChannel.EMAIL, ConsentChannel.SMS)
    deliver(cart_abandoned())
    assert (told.sent, heard()) == ([], [])
    ask_for_code()
    customers.confirm_verification(
        Means.EMAIL, code_for("usr_ada"), by=a_shopper(), once=a_key(), answer=lambda _: no_answer()
    )
    deliver(cart_abandoned())
    assert told.sent == [("email", EMAIL)]
    [token] = told.unsubscribe
    assert token is not None
    customers.unsubscribe(token)
    deliver({**cart_abandoned(), "id": "01E2"})
    assert told.sent == [("email", EMAIL)]


@pytest.mark.parametrize("customer_id", [None, "usr_nobody"])
def test_the_cart_of_somebody_unknown_is_passed_over(quiet: Told, customer_id: str | None) -> None:
    deliver(cart_abandoned(customer_id))
    assert quiet.sent == []


@pytest.mark.parametrize(("means", "to"), [(Means.EMAIL, ("email", EMAIL)), (Means.PHONE, ("sms", PHONE))])
def test_a_code_goes_to_what_it_proves_and_nowhere_else(heard: Any, told: Told, means: Means, to: Any) -> None:
    has_profile(name="Ada", email=EMAIL, phone=PHONE)
    says(False, Purpose.ORDER_UPDATES, *ConsentChannel)
    ask_for_code(means=means)
    for _ in range(2):
        deliver(last_event("VerificationRequested"))
    assert (told.sent, heard()) == ([to], [])
    assert code_for("usr_ada", means) in told.messages[0].text


def test_a_code_that_is_of_no_use_any_more_is_not_sent(quiet: Told) -> None:
    has_profile(email=EMAIL)
    ask_for_code()
    first = last_event("VerificationRequested")
    ask_for_code()
    deliver(first)
    assert quiet.sent == []


def test_who_is_forgotten_hears_once_more(heard: Any, told: Told) -> None:
    has_proven("usr_ada", EMAIL)
    customers.request_erasure("usr_ada", expected_version=the_customer().version, by=a_shopper())
    for _ in range(2):
        deliver(last_event("CustomerErased"))
    assert (told.sent, heard()) == ([("email", EMAIL)], [])
    deliver(an_event())
    assert told.sent == [("email", EMAIL)]
