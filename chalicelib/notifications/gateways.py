"""SNS: a topic that e-mail, push and CRM systems subscribe to, and text messages."""

import json
from collections.abc import Mapping
from typing import Any, Protocol

from chalicelib.core.aws import client
from chalicelib.core.settings import settings
from chalicelib.notifications.domain import Channel, Notice


class Undeliverable(Exception):
    """The recipient is refused for good; `code` is the provider's word for it, without the number."""

    def __init__(self, code: str) -> None:
        super().__init__(code)
        self.code = code


class Sender(Protocol):
    """How notices leave. Either call may deliver twice when its answer is lost."""

    def to_topic(self, notice: Notice, text: str, customer_id: str | None) -> None:
        """Publish for subscribers."""

    def to_phone(self, phone: str, text: str) -> None:
        """Send a text message to an E.164 number. Raises `Undeliverable`."""


class SnsSender:
    """Amazon SNS."""

    def to_topic(self, notice: Notice, text: str, customer_id: str | None) -> None:
        """Publish for subscribers, who filter by the attributes."""
        attributes = {
            "event": notice.event,
            "channel": str(Channel.TOPIC),
            "order_id": notice.order_id,
            "customer_id": customer_id or "guest",
        }
        client("sns").publish(
            TopicArn=settings().notifications_topic_arn,
            Message=json.dumps({**attributes, "text": text}, ensure_ascii=False),
            MessageAttributes=_typed(attributes),
        )

    def to_phone(self, phone: str, text: str) -> None:
        """Send as transactional, which SNS puts before marketing."""
        from botocore.exceptions import ClientError

        attributes = _typed({"AWS.SNS.SMS.SMSType": "Transactional"})
        try:
            client("sns").publish(PhoneNumber=phone, Message=text, MessageAttributes=attributes)
        except ClientError as error:
            code = error.response["Error"]["Code"]
            if code in _REFUSED_FOR_GOOD:
                raise Undeliverable(code) from None
            raise


_REFUSED_FOR_GOOD = {"InvalidParameter", "InvalidParameterValue", "OptedOut"}
"""Errors of SNS Publish that another try does not change: docs.aws.amazon.com/sns/latest/api/API_Publish.html."""


def _typed(attributes: Mapping[str, str]) -> dict[str, Any]:
    return {name: {"DataType": "String", "StringValue": value} for name, value in attributes.items()}
