"""What goes over the wire to SNS and SES, and which refusals are for good."""

import json
from dataclasses import replace
from typing import Any

import pytest
from botocore.exceptions import ClientError
from botocore.stub import Stubber

from chalicelib.core.aws import client
from chalicelib.core.settings import settings
from chalicelib.notifications import gateways
from chalicelib.notifications.domain import Message, Notice
from chalicelib.notifications.gateways import AwsSender, Undeliverable
from tests.unit.notifications.builders import EMAIL, PHONE

pytestmark = pytest.mark.usefixtures("table")
MAIL = Message("Hello", "A subject", "<p>Hello</p>")


@pytest.fixture
def stage(monkeypatch: pytest.MonkeyPatch) -> Any:
    def deploy(**given: str) -> None:
        known = {"sender_address": "shop@aisle.example", "mail_configuration_set": "aisle-test", **given}
        monkeypatch.setattr(gateways, "settings", lambda: replace(settings(), **known))

    deploy()
    return deploy


def sent_mail(**headers: Any) -> dict[str, Any]:
    utf8 = {"Charset": "UTF-8"}
    return {
        "FromEmailAddress": "shop@aisle.example",
        "ConfigurationSetName": "aisle-test",
        "Destination": {"ToAddresses": [EMAIL]},
        "Content": {
            "Simple": {
                "Subject": {"Data": "A subject", **utf8},
                "Body": {"Text": {"Data": "Hello", **utf8}, "Html": {"Data": "<p>Hello</p>", **utf8}},
                **headers,
            }
        },
    }


def test_a_mail_goes_out_from_the_stages_address(stage: Any) -> None:
    with Stubber(client("sesv2")) as ses:
        ses.add_response("send_email", {"MessageId": "1"}, sent_mail())
        AwsSender().to_email(EMAIL, MAIL)
        ses.assert_no_pending_responses()


@pytest.mark.parametrize(
    ("public_url", "headers"),
    [
        (
            "https://api.shop.example",
            [
                {"Name": "List-Unsubscribe", "Value": "<https://api.shop.example/v1/unsubscriptions/token>"},
                {"Name": "List-Unsubscribe-Post", "Value": "List-Unsubscribe=One-Click"},
            ],
        ),
        ("", [{"Name": "List-Unsubscribe", "Value": "<mailto:shop@aisle.example?subject=unsubscribe>"}]),
    ],
)
def test_advertising_can_be_ended_from_the_mail_program(stage: Any, public_url: str, headers: Any) -> None:
    stage(public_url=public_url)
    with Stubber(client("sesv2")) as ses:
        ses.add_response("send_email", {"MessageId": "1"}, sent_mail(Headers=headers))
        AwsSender().to_email(EMAIL, MAIL, unsubscribe="token")
        ses.assert_no_pending_responses()


def test_an_address_travels_as_ascii_and_what_is_none_is_not_sent(stage: Any) -> None:
    with Stubber(client("sesv2")) as ses:
        wanted = {**sent_mail(), "Destination": {"ToAddresses": ["ada@xn--bcher-kva.example"]}}
        ses.add_response("send_email", {"MessageId": "1"}, wanted)
        AwsSender().to_email("ada@bücher.example", MAIL)
        with pytest.raises(Undeliverable, match=r"^InvalidAddress$"):
            AwsSender().to_email("ada@localhost", MAIL)


@pytest.mark.parametrize(
    ("code", "error"), [("BadRequestException", Undeliverable), ("TooManyRequestsException", ClientError)]
)
def test_a_mail_that_ses_will_never_take_is_told_from_a_failure(stage: Any, code: str, error: type[Exception]) -> None:
    with Stubber(client("sesv2")) as ses:
        ses.add_client_error("send_email", code, f"no {EMAIL}")
        with pytest.raises(error) as refused:
            AwsSender().to_email(EMAIL, MAIL)
        if error is Undeliverable:
            assert str(refused.value) == "BadRequestException"


@pytest.mark.parametrize(("marketing", "kind"), [(False, "Transactional"), (True, "Promotional")])
def test_a_text_message_says_what_it_is_for(stage: Any, marketing: bool, kind: str) -> None:
    attributes = {"AWS.SNS.SMS.SMSType": {"DataType": "String", "StringValue": kind}}
    with Stubber(client("sns")) as sns:
        wanted = {"PhoneNumber": PHONE, "Message": "text", "MessageAttributes": attributes}
        sns.add_response("publish", {"MessageId": "1"}, wanted)
        AwsSender().to_phone(PHONE, "text", marketing=marketing)
        sns.assert_no_pending_responses()


def test_a_push_is_shown_by_the_device_itself(stage: Any) -> None:
    message = {
        "default": "schön",
        "GCM": json.dumps({"notification": {"body": "schön"}}, ensure_ascii=False),
        "APNS": json.dumps({"aps": {"alert": "schön"}}, ensure_ascii=False),
    }
    with Stubber(client("sns")) as sns:
        sns.add_response(
            "publish",
            {"MessageId": "1"},
            {
                "TargetArn": "arn:endpoint",
                "Message": json.dumps(message, ensure_ascii=False),
                "MessageStructure": "json",
            },
        )
        AwsSender().to_device("arn:endpoint", "schön")
        sns.assert_no_pending_responses()


@pytest.mark.parametrize("code", ["InvalidParameter", "InvalidParameterValue", "OptedOut", "EndpointDisabled"])
def test_a_recipient_that_is_refused_for_good_is_told_from_a_failure(stage: Any, code: str) -> None:
    with Stubber(client("sns")) as sns:
        sns.add_client_error("publish", code, f"no {PHONE}")
        with pytest.raises(Undeliverable, match=rf"^{code}$"):
            AwsSender().to_phone(PHONE, "text")
        sns.add_client_error("publish", "Throttled")
        with pytest.raises(ClientError):
            AwsSender().to_phone(PHONE, "text")
        sns.add_client_error("publish", code)
        with pytest.raises(ClientError):
            AwsSender().to_topic(Notice("OrderConfirmed", {}, "ord_1"), "text", None)


def test_a_stage_without_an_address_sends_no_mail(stage: Any) -> None:
    assert gateways.has_email()
    stage(sender_address="")
    assert not gateways.has_email()
