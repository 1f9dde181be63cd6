"""Consents as callers send and get them."""

from typing import Annotated

from pydantic import AfterValidator, Field, StringConstraints

from chalicelib.core.schemas import Schema, View
from chalicelib.customers.domain import ConsentChannel, Consents, Purpose
from chalicelib.customers.service import ConsentChange

# JSON has no enums: strict models would refuse the strings.
_Lax = Field(strict=False)


class ChangeOfConsent(Schema):
    """Yes or no to a purpose on a channel."""

    purpose: Annotated[Purpose, _Lax]
    channel: Annotated[ConsentChannel, _Lax]
    granted: bool


def _is_distinct(changes: list[ChangeOfConsent]) -> list[ChangeOfConsent]:
    if len({(change.purpose, change.channel) for change in changes}) < len(changes):
        raise ValueError("two answers for one purpose and channel")
    return changes


class ChangeConsents(Schema):
    """What a customer says, where they said it, and the version of the words they said it to."""

    changes: Annotated[
        list[ChangeOfConsent],
        Field(min_length=1, max_length=len(Purpose) * len(ConsentChannel)),
        AfterValidator(_is_distinct),
    ]
    source: Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9-]{0,31}$")] = Field(examples=["account", "phone"])
    wording: Annotated[str, StringConstraints(pattern=r"^[A-Za-z0-9][A-Za-z0-9_.-]{0,63}$")] = Field(
        examples=["2026-01"]
    )

    def as_changes(self) -> list[ConsentChange]:
        return [ConsentChange(one.purpose, one.channel, one.granted) for one in self.changes]


class ConsentView(View):
    """What was said, when, where, and to which words."""

    purpose: Purpose
    channel: ConsentChannel
    granted: bool
    at: str
    source: str
    wording: str | None


class AllowedView(View):
    """Whether the customer may be told, by what they said or, if they said nothing, by the rule."""

    purpose: Purpose
    channel: ConsentChannel
    allowed: bool


class ConsentsView(View):
    """The last word on every purpose and channel, and what follows from them."""

    said: list[ConsentView]
    allowed: list[AllowedView]
    version: int

    @classmethod
    def of(cls, consents: Consents) -> "ConsentsView":
        allowed = [
            AllowedView(purpose=purpose, channel=channel, allowed=consents.allows(purpose, channel))
            for purpose in Purpose
            for channel in ConsentChannel
        ]
        said = [ConsentView.of(consent) for consent in consents.current.values()]
        return cls(said=said, allowed=allowed, version=consents.version)
