"""How a cabinet is set up, as staff sends and gets it."""

from pydantic import Field

from chalicelib.core.schemas import Schema, View
from chalicelib.lockers.domain.shadows import Configuration, Shadow
from chalicelib.lockers.schemas.messages import AnswerSeconds, DoorAlarmSeconds, HeartbeatSeconds, JournalSeconds

_DEFAULT = Configuration()


class ConfigureCabinet(Schema):
    """All settings; one that is not sent gets its default."""

    heartbeat_seconds: HeartbeatSeconds = _DEFAULT.heartbeat_seconds
    answer_seconds: AnswerSeconds = _DEFAULT.answer_seconds
    journal_seconds: JournalSeconds = _DEFAULT.journal_seconds
    door_alarm_seconds: DoorAlarmSeconds = _DEFAULT.door_alarm_seconds

    def as_configuration(self) -> Configuration:
        """The configuration."""
        return Configuration(**self.model_dump())


class SettingsView(View):
    """Settings; null where none is known."""

    heartbeat_seconds: int | None = None
    answer_seconds: int | None = None
    journal_seconds: int | None = None
    door_alarm_seconds: int | None = None


class ReportedView(SettingsView):
    """What a cabinet said last. `temperatures`: Celsius, by zone."""

    firmware: str | None
    temperatures: dict[str, float]


class ConfigurationView(View):
    """`desired`: what a cabinet is to go by. `reported`: what it says that it does, and when. `in_sync`: whether it does all that it is
    to."""

    desired: SettingsView
    reported: ReportedView
    in_sync: bool
    reported_at: str | None
    version: int = Field(description="Rises with each change, also of what is reported")

    @classmethod
    def of(cls, shadow: Shadow) -> "ConfigurationView":
        return cls(
            desired=SettingsView(**shadow.desired),
            reported=ReportedView(firmware=shadow.firmware, temperatures=dict(shadow.temperatures), **shadow.reported),
            in_sync=not shadow.delta,
            reported_at=shadow.reported_at,
            version=shadow.version,
        )
