"""SNS: a topic that e-mail, push and CRM systems subscribe to, and text messages."""

import json
from typing import Protocol

from chalicelib.core.aws import client
from chalicelib.core.settings import settings
from chalicelib.notifications.domain import Notice


class Sender(Protocol):
    """How notices leave."""

    def to_topic(self, notice: Notice, text: str, customer_id: str | None) -> None: ...

    def to_phone(self, phone: str, text: str) -> None: ...


class SnsSender:
    """Amazon SNS."""

    def to_topic(self, notice: Notice, text: str, customer_id: str | None) -> None:
        """Publish for subscribers, who filter by the attributes."""
        attributes = {"event": notice.event, "order_id": notice.order_id, "customer_id": customer_id or "guest"}
        client("sns").publish(
            TopicArn=settings().notifications_topic_arn,
            Message=json.dumps({**attributes, "text": text}),
            MessageAttributes={
                name: {"DataType": "String", "StringValue": value} for name, value in attributes.items()
            },
        )

    def to_phone(self, phone: str, text: str) -> None:
        """Send a text message to an E.164 number."""
        client("sns").publish(
            PhoneNumber=phone,
            Message=text,
            MessageAttributes={"AWS.SNS.SMS.SMSType": {"DataType": "String", "StringValue": "Transactional"}},
        )
