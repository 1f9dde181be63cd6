"""What cabinets exchange over HTTPS: the messages of `messages.py`, several in one answer."""

from typing import Annotated, Any, Literal

from pydantic import Field, RootModel

from chalicelib.core.schemas import Schema, View
from chalicelib.lockers.schemas.messages import (
    Acknowledgement,
    DoorReport,
    Heartbeat,
    Journal,
    KeyedCode,
    LineStatus,
    ShadowReport,
)


class SaysAcknowledgement(Schema):
    channel: Literal["acknowledgements"]
    message: Acknowledgement


class SaysCode(Schema):
    channel: Literal["codes"]
    message: KeyedCode


class SaysDoor(Schema):
    channel: Literal["doors"]
    message: DoorReport


class SaysHeartbeat(Schema):
    channel: Literal["heartbeats"]
    message: Heartbeat


class SaysJournal(Schema):
    channel: Literal["journal"]
    message: Journal


class SaysShadow(Schema):
    """Over MQTT it is said to the shadow itself; what it says in return is `delta` here."""

    channel: Literal["shadow"]
    message: ShadowReport


class SaysStatus(Schema):
    channel: Literal["status"]
    message: LineStatus


_Said = SaysAcknowledgement | SaysCode | SaysDoor | SaysHeartbeat | SaysJournal | SaysShadow | SaysStatus


class CabinetSays(RootModel[Annotated[_Said, Field(discriminator="channel")]]):
    """A message on one of a cabinet's channels, as docs/asyncapi.json describes it."""

    @property
    def channel(self) -> str:
        return self.root.channel

    @property
    def said(self) -> dict[str, Any]:
        return self.root.message.model_dump()


class ToldView(View):
    """A message to a cabinet, on one of its channels."""

    channel: str
    message: dict[str, Any]


class ToldListView(View):
    """Messages to a cabinet, oldest first."""

    messages: list[ToldView]


class ActivationView(View):
    """What a device needs to claim that it is a cabinet; it is shown this once, and good for one device."""

    cabinet_id: str
    activation_code: str
    expires_at: str


class TokenView(View):
    """A cabinet's token; it is shown this once."""

    cabinet_id: str
    token: str
