"""Amazon SNS (topic, text messages, push) and Amazon SES (e-mail)."""

import json
from collections.abc import Mapping
from typing import Any, Protocol

from chalicelib.core.aws import client
from chalicelib.core.contacts import mailable
from chalicelib.core.settings import settings
from chalicelib.notifications.domain import Channel, Message, Notice


class Undeliverable(Exception):
    """The recipient is refused for good; `code` is the provider's word for it, without the number or address."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class Sender(Protocol):
    """How notices leave. Each call may deliver twice when its answer is lost."""

    def to_topic(self, notice: Notice, text: str, customer_id: str | None) -> None:
        """Publish for subscribers."""

    def to_phone(self, phone: str, text: str, *, marketing: bool = False) -> None:
        """Send a text message to an E.164 number. Raises `Undeliverable`."""

    def to_email(self, address: str, message: Message, *, unsubscribe: str | None = None) -> None:
        """Send a mail; `unsubscribe` is the token of the link by which to have no more. Raises `Undeliverable`."""

    def to_device(self, endpoint: str, text: str) -> None:
        """Push to a device by its SNS endpoint. Raises `Undeliverable`."""


class AwsSender:
    """Amazon SNS and Amazon SES."""

    def to_topic(self, notice: Notice, text: str, customer_id: str | None) -> None:
        """Publish for subscribers, who filter by the attributes."""
        attributes = {
            "event": notice.event,
            "channel": str(Channel.TOPIC),
            "order_id": notice.order_id or "none",
            "customer_id": customer_id or "guest",
        }
        client("sns").publish(
            TopicArn=settings().notifications_topic_arn,
            Message=json.dumps({**attributes, "text": text}, ensure_ascii=False),
            MessageAttributes=_typed(attributes),
        )

    def to_phone(self, phone: str, text: str, *, marketing: bool = False) -> None:
        """Send as transactional, which SNS puts before marketing."""
        kind = "Promotional" if marketing else "Transactional"
        _publish(PhoneNumber=phone, Message=text, MessageAttributes=_typed({"AWS.SNS.SMS.SMSType": kind}))

    def to_email(self, address: str, message: Message, *, unsubscribe: str | None = None) -> None:
        """Send from the stage's address, with bounces and complaints counted by its configuration set."""
        try:
            to = mailable(address)
        except ValueError:
            raise Undeliverable("InvalidAddress") from None
        simple: dict[str, Any] = {
            "Subject": _utf8(message.subject or ""),
            "Body": {"Text": _utf8(message.text), "Html": _utf8(message.html or message.text)},
        }
        if unsubscribe is not None:
            simple["Headers"] = _unsubscribe_headers(unsubscribe)
        ses = client("sesv2")
        try:
            ses.send_email(
                FromEmailAddress=settings().sender_address,
                ConfigurationSetName=settings().mail_configuration_set,
                Destination={"ToAddresses": [to]},
                Content={"Simple": simple},
            )
        except ses.exceptions.BadRequestException:
            raise Undeliverable("BadRequestException") from None

    def to_device(self, endpoint: str, text: str) -> None:
        """Push as a notification that the device shows by itself."""
        message = {
            "default": text,
            "GCM": json.dumps({"notification": {"body": text}}, ensure_ascii=False),
            "APNS": json.dumps({"aps": {"alert": text}}, ensure_ascii=False),
        }
        _publish(TargetArn=endpoint, Message=json.dumps(message, ensure_ascii=False), MessageStructure="json")


def has_email() -> bool:
    """Whether this stage sends mail."""
    return bool(settings().sender_address)


def can_push() -> bool:
    """Whether this stage pushes to devices."""
    return bool(settings().push_application_arn)


def create_endpoint(token: str) -> str:
    """What SNS calls the device with this push token; the same for the same. Raises `Undeliverable`."""
    from botocore.exceptions import ClientError

    application = settings().push_application_arn
    try:
        answer = client("sns").create_platform_endpoint(PlatformApplicationArn=application, Token=token)
    except ClientError as error:
        raise _refusal(error) from None
    return str(answer["EndpointArn"])


def delete_endpoint(endpoint: str) -> None:
    """SNS forgets the device, if it knows it."""
    client("sns").delete_endpoint(EndpointArn=endpoint)


def _publish(**arguments: Any) -> None:
    from botocore.exceptions import ClientError

    try:
        client("sns").publish(**arguments)
    except ClientError as error:
        raise _refusal(error) from None


def _refusal(error: Any) -> Exception:
    code = str(error.response["Error"]["Code"])
    return Undeliverable(code) if code in _REFUSED_FOR_GOOD else error


_REFUSED_FOR_GOOD = {"InvalidParameter", "InvalidParameterValue", "OptedOut", "EndpointDisabled"}
"""Errors of SNS Publish that another try does not change: docs.aws.amazon.com/sns/latest/api/API_Publish.html."""


def _unsubscribe_headers(token: str) -> list[dict[str, str]]:
    """One click in the mail program (RFC 8058) where the API has an address of its own, else a mail to the sender (RFC 2369)."""
    if not settings().public_url:
        return [{"Name": "List-Unsubscribe", "Value": f"<mailto:{settings().sender_address}?subject=unsubscribe>"}]
    return [
        {"Name": "List-Unsubscribe", "Value": f"<{settings().public_url}/v1/unsubscriptions/{token}>"},
        {"Name": "List-Unsubscribe-Post", "Value": "List-Unsubscribe=One-Click"},
    ]


def _utf8(text: str) -> dict[str, str]:
    return {"Data": text, "Charset": "UTF-8"}


def _typed(attributes: Mapping[str, str]) -> dict[str, Any]:
    return {name: {"DataType": "String", "StringValue": value} for name, value in attributes.items()}
