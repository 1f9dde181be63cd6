"""What callers send and get of templates and devices."""

from typing import Annotated

from pydantic import Field, StringConstraints

from chalicelib.core.schemas import Schema, View
from chalicelib.notifications.domain import Channel, Template


class PutTemplate(Schema):
    """Words with `$placeholders`. `subject` and `html` are for e-mail; without `html` it is made of `text`."""

    text: Annotated[str, StringConstraints(min_length=1, max_length=20_000)]
    subject: Annotated[str, StringConstraints(pattern=r"^[^\r\n]{1,200}$")] | None = None
    html: Annotated[str, StringConstraints(min_length=1, max_length=100_000)] | None = Field(
        default=None, description="What stands inside the body; values are escaped"
    )

    def as_template(self, event: str, channel: str, language: str) -> Template:
        return Template(event, Channel(channel), language, self.text, subject=self.subject, html=self.html)


class ListedTemplateView(View):
    """A template and what its words may speak of; one that is not `custom` ships."""

    event: str
    channel: Channel
    language: str
    custom: bool
    placeholders: list[str]


class TemplateView(View):
    """The words that are used. Version 0 is what ships."""

    event: str
    channel: Channel
    language: str
    custom: bool
    version: int
    text: str
    subject: str | None
    html: str | None


class MessageView(View):
    """A message as it would be sent."""

    text: str
    subject: str | None
    html: str | None


class RegisterDevice(Schema):
    """The token that the app was given for push messages."""

    token: Annotated[str, StringConstraints(pattern=r"^[!-~]{16,4096}$")]


class DeviceView(View):
    """A device that is pushed to."""

    id: str
    registered_at: str
    version: int


class DevicesView(View):
    items: list[DeviceView]
