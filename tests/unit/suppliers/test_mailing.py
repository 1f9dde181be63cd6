"""What suppliers are told by mail: asked for when it is sent, of what is so at that moment."""

from __future__ import annotations

import json
from dataclasses import replace
from datetime import timedelta
from typing import Any

import boto3
import pytest

from chalicelib.core import clock
from chalicelib.core.outbox import Event
from chalicelib.core.settings import settings
from chalicelib.core.table import Transaction
from chalicelib.notifications import consumers, gateways
from chalicelib.suppliers.service import mailing
from chalicelib.suppliers.service.correct_profile import stage_changes
from chalicelib.suppliers.service.mailing import Letter
from tests.conftest import ADMIN
from tests.unit.notifications.builders import FakeSender
from tests.unit.suppliers.builders import a_profile
from tests.unit.suppliers.conftest import ALICE, Market
from tests.unit.suppliers.test_reviews import WRONG_VAT

ADA = "ada@redmugs.example.com"
BILL = "bill@redmugs.example.com"
TWO = [{"role": "orders", "name": "Bill", "email": BILL}, *a_profile()["contacts"]]
QUEUE = "aisle-test-notifications-order-events"
QUEUE_ARN = f"arn:aws:sqs:eu-west-1:123456789012:{QUEUE}"


@pytest.fixture
def post(table: Any, monkeypatch: pytest.MonkeyPatch) -> FakeSender:
    """What leaves by mail, and by nothing else."""
    sender = FakeSender()
    stage = replace(settings(), sender_address="shop@aisle.example", notifications_topic_arn="arn:aws:sns:::none")
    monkeypatch.setattr(gateways, "settings", lambda: stage)
    monkeypatch.setattr("chalicelib.notifications.service.tell_customer.AwsSender", lambda: sender)
    return sender


def deliver(event: Event) -> None:
    """As the queue of notifications does."""
    sqs = boto3.client("sqs")
    queue = sqs.create_queue(QueueName=QUEUE)["QueueUrl"]
    sqs.send_message(QueueUrl=queue, MessageBody=json.dumps({"detail": json.loads(event.to_json())}))
    [message] = sqs.receive_message(QueueUrl=queue)["Messages"]
    record = {"messageId": "1", "receiptHandle": message["ReceiptHandle"], "eventSourceARN": QUEUE_ARN}
    consumers.on_order_event({"Records": [{**record, "body": message["Body"]}]}, None)


def invited(market: Market, **profile: Any) -> Any:
    body = {"email": ADA, "profile": profile}
    return market.call("POST", "/v1/supplier-invitations", json=body).json


def accept(market: Market, token: str) -> Any:
    body = {"token": token, "profile": a_profile(), "attestations": ["terms"]}
    return market.call("POST", "/v1/supplier-invitations/acceptances", by=ALICE, json=body)


def operator(market: Market, supplier_id: str, what: str) -> None:
    reply = market.call("POST", f"/v1/suppliers/{supplier_id}/{what}", json={"reason": "Two parcels did not arrive"})
    assert reply.status == 200, reply


# ---- invitations --------------------------------------------------------------------------------------------------------


def test_who_is_invited_is_sent_the_token_that_the_operator_is_shown(market: Market, post: FakeSender) -> None:
    made = invited(market)
    event = market.event(made["supplier_id"], "SupplierInvited")
    for _ in range(2):
        deliver(event)
    assert post.sent == [("email", ADA)]
    [mail] = post.messages
    assert made["token"] in mail.text
    assert made["token"] in str(mail.html)
    assert made["expires_at"][:10] in mail.text
    assert accept(market, made["token"]).status == 202


def test_a_token_is_in_no_event_no_row_and_no_log(market: Market) -> None:
    made = invited(market)
    event = market.event(made["supplier_id"], "SupplierInvited")
    assert event.data == {"status": "invited", "invitation_id": made["id"], "expires_at": made["expires_at"]}
    assert made["token"] not in market.everything()
    letter = mailing.invitation_letter(made["id"])
    assert letter is not None
    assert letter.told["invitation"] == made["token"]
    assert repr(letter) == "Letter(language=None)"


def test_each_invitation_has_a_token_of_its_own(market: Market) -> None:
    first, second = (invited(market)["token"] for _ in range(2))
    assert first != second
    assert len(first) == len("inv_") + 40


def test_nobody_is_sent_what_has_served_or_is_too_old(market: Market, post: FakeSender) -> None:
    old, used = invited(market), invited(market)
    assert accept(market, used["token"]).status == 202
    deliver(market.event(used["supplier_id"], "SupplierInvited"))
    with clock.at(clock.now() + timedelta(days=14, seconds=1)):
        deliver(market.event(old["supplier_id"], "SupplierInvited"))
    assert mailing.invitation_letter("inv_none") is None
    assert post.sent == []


def test_an_invitation_is_in_the_language_that_the_operator_filled_in(market: Market, post: FakeSender) -> None:
    deliver(market.event(invited(market, language="de-AT")["supplier_id"], "SupplierInvited"))
    assert post.messages[0].subject == "Sie sind eingeladen, bei uns zu verkaufen"


# ---- what became of a supplier ------------------------------------------------------------------------------------------


def test_a_supplier_hears_that_it_was_approved_suspended_reinstated_and_parted_from(
    market: Market, post: FakeSender
) -> None:
    supplier_id = market.approved()
    deliver(market.event(supplier_id, "SupplierApproved"))
    operator(market, supplier_id, "suspensions")
    deliver(market.event(supplier_id, "SupplierSuspended"))
    assert market.call("POST", f"/v1/suppliers/{supplier_id}/reinstatements").status == 200
    deliver(market.event(supplier_id, "SupplierReinstated"))
    operator(market, supplier_id, "offboardings")
    deliver(market.event(supplier_id, "SupplierOffboarded"))
    assert post.sent == [("email", ADA)] * 4
    assert [mail.subject for mail in post.messages] == [
        "Red Mugs is approved",
        "Red Mugs is suspended",
        "Red Mugs sells again",
        "Red Mugs does not sell with us any more",
    ]
    assert post.messages[0].text.startswith("Hello Ada Lovelace,")
    assert ["Two parcels did not arrive" in mail.text for mail in post.messages] == [False, True, False, True]


def test_who_is_refused_hears_why_but_not_for_whom_it_was_screened(market: Market, post: FakeSender) -> None:
    screened = {"countries": ["GB"], "names": [], "refused_countries": []}
    listed = market.call("PUT", "/v1/supplier-screening-list", json=screened, headers={"If-Match": '"0"'})
    assert listed.status == 200, listed
    supplier_id = market.in_review(tax_id={"scheme": "vat", "country": "GB", "value": "GB000000001"})
    assert {"screening.country", "identity.tax_id"} <= market.rules(supplier_id), market.rules(supplier_id)
    assert market.step("reject_supplier", supplier_id, reason="review") == "rejected"
    deliver(market.event(supplier_id, "SupplierRejected"))
    [mail] = post.messages
    assert "a reviewer did not accept it." in mail.text
    assert "tax_id/value: The form or the check digits are wrong.\n" in mail.text
    assert "screening" not in mail.text.lower()
    hidden = [one["message"] for one in market.read(supplier_id)["findings"] if one["rule"].startswith("screening.")]
    assert hidden
    assert not any(message in mail.text for message in hidden)


def test_what_is_not_so_any_more_is_not_told(market: Market) -> None:
    supplier_id = market.approved()
    assert mailing.standing_letter(supplier_id, "SupplierApproved") is not None
    for other in ("SupplierRejected", "SupplierSuspended", "SupplierOffboarded"):
        assert mailing.standing_letter(supplier_id, other) is None
    operator(market, supplier_id, "suspensions")
    assert mailing.standing_letter(supplier_id, "SupplierApproved") is None
    assert mailing.standing_letter(supplier_id, "SupplierReinstated") is None
    assert mailing.standing_letter("sup_none", "SupplierApproved") is None


def test_a_change_that_is_not_approved_has_no_say_in_who_is_written_to(market: Market) -> None:
    supplier_id = market.approved()
    proposed = [{"role": "primary", "name": "Eve", "email": "eve@elsewhere.example.com"}]
    assert market.changed(supplier_id, ALICE, contacts=proposed).status == 202
    letter = mailing.standing_letter(supplier_id, "SupplierApproved")
    assert letter is not None
    assert letter.email == ADA


# ---- orders -------------------------------------------------------------------------------------------------------------

ANSWER_BY = "2026-07-03T20:30:00.000000Z"


def offered_to(approved: Event, *, called: bool) -> None:
    """The supplier that this event is about is asked whether it ships an order."""
    data = {"supplier_id": approved.aggregate.id, "allocation_id": "ful_1_1", "answer_by": ANSWER_BY, "called": called}
    deliver(replace(approved, type="OrderOfferedToSupplier", source="aisle.routing", data=data))


def test_who_has_no_api_of_its_own_hears_of_an_order_by_its_own_clocks(market: Market, post: FakeSender) -> None:
    supplier_id = market.approved(contacts=TWO, timezone="Europe/London")
    offered_to(market.event(supplier_id, "SupplierApproved"), called=False)
    assert post.sent == [("email", BILL)]
    assert "ful_1_1" in post.messages[0].text
    assert "2026-07-03, 21:30 BST" in post.messages[0].text


@pytest.mark.parametrize(("called", "letters"), [(True, 0), (False, 1)])
def test_whose_api_is_asked_is_not_written_to(market: Market, post: FakeSender, called: bool, letters: int) -> None:
    """What routing did decides: whoever has an address and no secret that is there is not called."""
    approved = market.event(market.approved(), "SupplierApproved")
    offered_to(approved, called=called)
    assert len(post.sent) == letters


def test_without_a_contact_for_orders_the_first_one_hears(market: Market) -> None:
    letter = mailing.order_letter(market.approved(), ANSWER_BY)
    assert letter == Letter(ADA, "Ada Lovelace", None, {"supplier": "Red Mugs", "until": "2026-07-03, 21:30 BST"})


def test_nobody_is_written_to_who_is_not_approved(market: Market) -> None:
    assert mailing.order_letter(market.applied(), ANSWER_BY) is None
    assert mailing.order_letter("sup_none", ANSWER_BY) is None


@pytest.mark.parametrize(
    "zone", ["Mars/Olympus", "Europe", pytest.param("x" * 300, id="long"), "../etc/passwd", "\x00"]
)
def test_a_time_zone_that_there_is_not_keeps_nobody_untold(market: Market, zone: str) -> None:
    supplier_id = market.in_review(trading_name="Red Mugs", **WRONG_VAT)
    tx = Transaction()
    stage_changes(tx, supplier_id, [("/timezone", zone)], ADMIN)
    tx.commit()
    assert market.reviewer_approves(supplier_id) == "approved"
    letter = mailing.order_letter(supplier_id, ANSWER_BY)
    assert letter is not None
    assert letter.told["until"] == "2026-07-03, 20:30 UTC"
