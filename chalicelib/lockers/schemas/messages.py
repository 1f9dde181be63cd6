"""What cabinets and Aisle say to each other, over MQTT or HTTPS. docs/asyncapi.json is made from it.

Topics are `aisle/<stage>/cabinets/<cabinet id>/up/<channel>` for what a cabinet says and `…/down/<channel>` for what it is told,
all QoS 1. A message may come twice and out of order: `message_id` names one transport of it, and is new each time it is sent;
`command_id`, `grant_id` and `sequence` name what it is about, and stay. Times are RFC 3339 in UTC, by the sender's clock.

How a cabinet is set up, and what it says of itself, goes over the topics of its shadow, `$aws/things/<cabinet id>/shadow/…`.
"""

from datetime import datetime
from typing import Annotated, Any, Literal

from pydantic import ConfigDict, Field

from chalicelib.core.schemas import Schema
from chalicelib.lockers.domain.shadows import RANGES

MessageId = Annotated[str, Field(min_length=1, max_length=64, description="New for each transport")]
CommandId = Annotated[str, Field(pattern=r"^cmd_[0-9A-Z]{26}$", description="The same however often it is sent")]
Number = Annotated[str, Field(pattern=r"^[A-Z0-9]{1,4}$", description="Of a compartment, unique within its cabinet")]
Moment = Annotated[datetime, Field(strict=False, description="RFC 3339 in UTC, by the sender's clock")]
Seconds = Annotated[int | None, Field(ge=0, le=86_400)]
Zone = Annotated[str, Field(min_length=1, max_length=64)]
Celsius = Annotated[float, Field(ge=-100, le=100)]
Correlation = Annotated[str | None, Field(max_length=64)]


def _seconds(setting: str, description: str) -> Any:
    least, most = RANGES[setting]
    return Field(ge=least, le=most, description=description)


HeartbeatSeconds = Annotated[int, _seconds("heartbeat_seconds", "Between heartbeats")]
AnswerSeconds = Annotated[
    int, _seconds("answer_seconds", "Until the keypad stops waiting for an answer and decides by itself")
]
JournalSeconds = Annotated[int, _seconds("journal_seconds", "Until a journal without a receipt is sent again")]
DoorAlarmSeconds = Annotated[int, _seconds("door_alarm_seconds", "Until the cabinet beeps at whoever left a door open")]


class FromCabinet(Schema):
    """A message of a cabinet. Fields of a later version are ignored, so that firmware may be ahead."""

    model_config = ConfigDict(extra="ignore")

    message_id: MessageId
    at: Moment


class Acknowledgement(FromCabinet):
    """What became of a command. `opened`: the door is open. `closed`: it was, and is shut again. `jammed`: the lock did not
    give way. `failed`: something else was in the way. `expired`: it came too late and was dropped."""

    command_id: CommandId
    compartment: Number
    attempt: int | None = Field(default=None, ge=1, description="Of the command that this answers")
    outcome: Literal["opened", "closed", "jammed", "failed", "expired"]
    detail: str | None = Field(default=None, max_length=200)


class KeyedCode(FromCabinet):
    """A passcode, as it was typed at the keypad or read from a screen."""

    code: Annotated[str, Field(pattern=r"^[0-9]{4,12}$")]


class LineStatus(FromCabinet):
    """Said on connecting (`online`), and by the broker, as the cabinet's last will, when the line goes dead. `at` of a last
    will is when the cabinet connected."""

    online: bool


class Heartbeat(FromCabinet):
    """That it lives, once a minute unless it is set up otherwise. `open_doors` are compartments whose door is open."""

    firmware: str | None = Field(default=None, max_length=64)
    uptime_seconds: int = Field(default=0, ge=0)
    open_doors: list[Number] = Field(default_factory=list, max_length=200)
    temperatures: dict[str, float] = Field(default_factory=dict, max_length=10, description="Celsius, by zone")


class DoorReport(FromCabinet):
    """A door that moved without a command: `forced`, or found `closed` again."""

    compartment: Number
    state: Literal["forced", "closed"]


class JournalEntry(Schema):
    """Something that happened while the line was down. `sequence` rises by one with each entry, for ever."""

    model_config = ConfigDict(extra="ignore")

    sequence: int = Field(ge=1)
    at: Moment
    type: Literal["opened", "closed", "jammed", "code_refused"]
    compartment: Number | None = None
    grant_id: Annotated[str, Field(pattern=r"^grt_[0-9A-Z]{26}$")] | None = None


class Journal(FromCabinet):
    """Entries in their order, oldest first; sent again until a receipt covers them."""

    entries: list[JournalEntry] = Field(min_length=1, max_length=100)


class OpenCommand(Schema):
    """Open a compartment. After `expires_at` it is dropped, and acknowledged as `expired`; a second one with the same
    `command_id` opens nothing and gets the first acknowledgement again. A door that a grant has opened for the same pickup (`sub`),
    because the line was slow, is not opened once more, and acknowledged as if it were."""

    message_id: MessageId
    command_id: CommandId
    type: Literal["open"]
    compartment: Number
    purpose: Literal["pickup", "load", "clear", "staff", "dropoff"]
    pickup_id: Annotated[str | None, Field(max_length=64, description="Of a pickup: which")] = None
    attempt: int = Field(ge=1, description="Which sending of this command it is")
    issued_at: Moment
    expires_at: Moment
    correlation_id: Correlation = None


class CodeAnswer(Schema):
    """What to show whoever typed a code. `in_reply_to` is the `message_id` of the code. `locked`: no code is looked at for so many
    seconds."""

    message_id: MessageId
    in_reply_to: MessageId
    result: Literal["accepted", "refused", "locked", "unavailable"]
    compartments: list[Number] = Field(default_factory=list)
    retry_after_seconds: int | None = None


class Welcome(Schema):
    """The answer to an `online` status: what a cabinet needs to go on by itself.

    `offline_key` (base64) is the key of the code hashes in grants, `grant_keys` the public keys (PEM, by key id) that sign grants, and
    `server_time` what to correct its own clock by.
    """

    message_id: MessageId
    in_reply_to: MessageId
    server_time: Moment
    offline_key: str
    grant_keys: dict[str, str]
    journal_up_to: int = Field(ge=0, description="The last sequence that is known")


class Grants(Schema):
    """Permissions to open without asking, for when the line is down: compact JWS, ES256 (RFC 7515). `revoked` are ids of grants
    that are of no use any more.

    Claims: `jti` grant id, `sub` pickup, `aud` cabinet, `compartments`, `code` (base64url HMAC-SHA256 of the digits under the cabinet's
    `offline_key`), `nbf`, `exp`.
    """

    message_id: MessageId
    grants: list[str] = Field(default_factory=list, max_length=20)
    revoked: list[str] = Field(default_factory=list, max_length=100)


class JournalReceipt(Schema):
    """All entries up to this sequence are kept, and need not be sent again."""

    message_id: MessageId
    up_to: int = Field(ge=0)


UP: dict[str, type[FromCabinet]] = {
    "acknowledgements": Acknowledgement,
    "codes": KeyedCode,
    "doors": DoorReport,
    "heartbeats": Heartbeat,
    "journal": Journal,
    "status": LineStatus,
}
"""What a cabinet says, by channel."""

DOWN: dict[str, type[Schema]] = {
    "answers": CodeAnswer,
    "commands": OpenCommand,
    "grants": Grants,
    "receipts": JournalReceipt,
    "welcome": Welcome,
}
"""What a cabinet is told, by channel."""


# ---- its shadow ---------------------------------------------------------------------------------------------------------


class Reported(Schema):
    """What a cabinet says of itself: the settings that it goes by, and what it measures. What is not said stays as it was."""

    model_config = ConfigDict(extra="ignore")

    heartbeat_seconds: Seconds = None
    answer_seconds: Seconds = None
    journal_seconds: Seconds = None
    door_alarm_seconds: Seconds = None
    firmware: str | None = Field(default=None, max_length=64)
    temperatures: dict[Zone, Celsius] | None = Field(default=None, max_length=10, description="Celsius, by zone")


class ReportedState(Schema):
    """The half of its shadow that a cabinet writes."""

    model_config = ConfigDict(extra="ignore")

    reported: Reported


class ShadowReport(Schema):
    """Sent on connecting, when a setting is followed, and when what it measures has changed."""

    model_config = ConfigDict(extra="ignore")

    state: ReportedState


class DesiredState(Schema):
    """Settings that a cabinet is to go by, and does not say that it does. It follows those that it knows, and nothing else."""

    model_config = ConfigDict(extra="ignore")

    heartbeat_seconds: HeartbeatSeconds | None = None
    answer_seconds: AnswerSeconds | None = None
    journal_seconds: JournalSeconds | None = None
    door_alarm_seconds: DoorAlarmSeconds | None = None


class ShadowDelta(Schema):
    """What AWS IoT says while a shadow's halves differ. Of two, the one with the higher `version` counts."""

    model_config = ConfigDict(extra="ignore")

    version: int = Field(ge=0)
    state: DesiredState


SHADOW: dict[str, type[Schema]] = {"update": ShadowReport, "update/delta": ShadowDelta}
"""What goes over the topics of a shadow, by their end: the first from the cabinet, the second to it."""
