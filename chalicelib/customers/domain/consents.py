"""What a customer agreed to hear, about what and on which channel; how that came about is kept as entries, never changed."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field, replace
from enum import StrEnum

Flag = tuple["Purpose", "ConsentChannel"]


class Purpose(StrEnum):
    """What a customer may be contacted for."""

    ORDER_UPDATES = "order_updates"
    MARKETING = "marketing"
    RESEARCH = "research"


class ConsentChannel(StrEnum):
    EMAIL = "email"
    SMS = "sms"
    PUSH = "push"
    POST = "post"


@dataclass(frozen=True, slots=True)
class ConsentChange:
    """A customer says yes or no to a purpose on a channel."""

    purpose: Purpose
    channel: ConsentChannel
    granted: bool


@dataclass(frozen=True, slots=True)
class Consent:
    """A change, with what proves it: when, where it was said (`source`), and to which words (`wording`, a version of the
    shop's). `id` is a ULID, so entries sort by time."""

    id: str
    purpose: Purpose
    channel: ConsentChannel
    granted: bool
    at: str
    source: str
    wording: str | None


@dataclass(frozen=True, slots=True)
class Consents:
    """The last word on every purpose and channel."""

    customer_id: str
    current: Mapping[Flag, Consent] = field(default_factory=dict)
    version: int = 0

    def allows(self, purpose: Purpose, channel: ConsentChannel) -> bool:
        """Whether they may be told. What concerns their orders is part of the contract unless they opt out; everything else
        needs a yes (Directive 2002/58/EC, article 13)."""
        said = self.current.get((purpose, channel))
        return purpose is Purpose.ORDER_UPDATES if said is None else said.granted


def record(consents: Consents, entries: Iterable[Consent]) -> Consents:
    """The consents after some entries; of two on one purpose and channel the later counts."""
    said = {(entry.purpose, entry.channel): entry for entry in entries}
    return replace(consents, current={**consents.current, **said}, version=consents.version + 1)
