"""From an event of an order to the ledger."""

import json
from dataclasses import replace
from datetime import UTC, datetime

import boto3
import pytest

from chalicelib.core.consumers import BatchFailed
from chalicelib.core.table import Transaction
from chalicelib.orders import domain as orders
from chalicelib.orders import store
from chalicelib.payments import service as payments
from chalicelib.taxes import consumers, service
from chalicelib.taxes.consumers import as_taxed
from chalicelib.taxes.service import TaxedLine
from tests.conftest import ADMIN
from tests.unit.orders.builders import a_charge, an_order, wanted
from tests.unit.payments.builders import card, due, owe

ARN = "arn:aws:sqs:eu-west-1:123456789012:aisle-test-taxes-order-events"


@pytest.fixture
def queue(table):
    sqs = boto3.client("sqs")
    url = sqs.create_queue(QueueName=ARN.rsplit(":", 1)[1])["QueueUrl"]
    yield url
    sqs.delete_queue(QueueUrl=url)


def deliver(queue, *events):
    """Put events on the queue and invoke the function as Lambda does for a batch of it."""
    sqs = boto3.client("sqs")
    for event in events:
        sqs.send_message(QueueUrl=queue, MessageBody=json.dumps({"detail": event}))
    records = [
        {
            "messageId": message["MessageId"],
            "receiptHandle": message["ReceiptHandle"],
            "eventSourceARN": ARN,
            "attributes": {"ApproximateReceiveCount": "1"},
            "body": message["Body"],
        }
        for message in sqs.receive_message(QueueUrl=queue, MaxNumberOfMessages=10)["Messages"]
    ]
    consumers.on_order_event({"Records": records}, None)


def an_event(order, type="OrderConfirmed", about="order", at="2026-01-31T23:59:59.000000Z", **data):
    return {
        "id": f"01E{type}",
        "source": "aisle.orders",
        "type": type,
        "version": 1,
        "occurred_at": at,
        "aggregate": {"type": about, "id": order.id if about == "order" else "pay_1", "version": 2},
        "correlation_id": "c-1",
        "causation_id": None,
        "actor": {"kind": "system", "id": "orders"},
        "data": data,
    }


def stored(order, *changes):
    """The order in the table with its payment, after these changes."""
    tx = Transaction()
    store.add(tx, order)
    payments.open_payment(tx, order.id, order.total, [card()], ADMIN)
    tx.commit()
    for change in changes:
        order = change(order)
        tx = Transaction()
        store.change(tx, order)
        tx.commit()
    return order


def confirmed(order):
    return replace(order, decision=orders.Decision.CONFIRMED, version=order.version + 1)


def entered(order):
    return [
        (str(entry.kind), entry.month, sum(row.tax for row in entry.rows))
        for entry in service.entries_of(order.id, by=ADMIN)
    ]


def test_a_confirmed_order_is_entered_once_however_often_it_is_told(queue):
    order = stored(an_order(wanted("A", 3, 1200)), confirmed)
    deliver(queue, an_event(order), an_event(order))
    deliver(queue, an_event(order))
    assert entered(order) == [("committed", "2026-01", 600)]


def test_an_order_that_is_cancelled_later_is_voided_in_its_month(queue):
    order = stored(an_order(wanted("A", 3, 1200)), confirmed)
    deliver(queue, an_event(order))
    order = orders.cancel(order, {"1": 3})
    tx = Transaction()
    store.change(tx, order)
    tx.commit()
    deliver(queue, an_event(order, "OrderCancelled", at="2026-02-01T00:00:00.000000Z"))
    assert entered(order) == [("committed", "2026-01", 600), ("voided", "2026-02", -600)]


def test_what_is_told_of_a_payment_is_about_its_order(queue):
    order = stored(an_order(wanted("A", 3, 1200)), confirmed, lambda one: orders.cancel(one, {"1": 1}))
    deliver(queue, an_event(order, "RefundRequested", about="payment", order_id=order.id))
    assert entered(order) == [("committed", "2026-01", 600), ("refunded", "2026-01", -200)]


def test_money_given_back_beyond_returned_units_takes_its_tax_along(queue):
    order = stored(an_order(wanted("A", 3, 1200)), confirmed)
    payments.authorise(order.id, by=ADMIN)
    due(order.id, "ful_1", 3600)
    owe(order.id, refund=payments.RefundRequest("r1", 600, "goodwill"))
    deliver(queue, an_event(order, "RefundRequested", about="payment", order_id=order.id))
    assert entered(order) == [("committed", "2026-01", 600), ("refunded", "2026-01", -100)]
    for change in (lambda one: shipped(one, 3), lambda one: orders.take_back(one, {"1": 1})):
        order = change(order)
        tx = Transaction()
        store.change(tx, order)
        tx.commit()
    owe(order.id, refund=payments.RefundRequest("r2", 1200, "returned"))
    deliver(queue, an_event(order, "RefundRequested", about="payment", order_id=order.id))
    assert entered(order)[2:] == [("refunded", "2026-01", -200)]


def shipped(order, units):
    line = replace(order.lines[0], shipped=units)
    return replace(order, lines=(line,), version=order.version + 1)


def test_an_order_that_was_refused_before_it_was_entered_leaves_nothing(queue):
    order = stored(an_order(), lambda one: orders.refuse(one, "declined"))
    deliver(queue, an_event(order, "OrderRefused"))
    assert entered(order) == []


def test_an_event_of_an_order_that_cannot_be_read_comes_again(queue):
    order = stored(an_order(), confirmed)
    with pytest.raises(BatchFailed, match="1 of 2"):
        deliver(queue, an_event(replace(order, id="ord_01J00000000000000000000009")), an_event(order))
    assert entered(order) == [("committed", "2026-01", 17)]


def test_an_order_as_the_ledger_sees_it():
    """The region of the address counts, charges are lines, and discounts are in the lines they were shared over."""
    charges = (orders.Charge("POST", "Postage", 600, 2000, 100), a_charge(-360))
    order = replace(an_order(wanted("A", 3, 1200), charges=charges), shipping_address={"country": "ES", "region": "CN"})
    line = replace(order.lines[0], ordered=3, shipped=2, cancelled=1, returned=1)
    taxed = as_taxed(replace(order, lines=(line,)), 1080 + 50, {})
    assert taxed.lines == (
        TaxedLine(2000, gross=3240, tax=540, units=3, cancelled=1, returned=1),
        TaxedLine(2000, gross=600, tax=100, units=1),
    )
    assert (taxed.country, taxed.region, taxed.currency, taxed.pending, taxed.void) == ("ES", "CN", "GBP", True, False)
    assert taxed.credited == 50
    assert as_taxed(replace(order, lines=(line,)), 1000, {}).credited == 0  # a fee was kept
    assert as_taxed(confirmed(order), 0, {}).pending is False
    assert as_taxed(orders.refuse(order, "declined"), 0, {}).void is True
    assert datetime.fromisoformat(an_event(order)["occurred_at"]).tzinfo == UTC
