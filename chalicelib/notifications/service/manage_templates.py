"""The shop's own words in place of those that ship."""

import re
from dataclasses import dataclass, replace

from chalicelib.core.auth import Principal, Role
from chalicelib.core.errors import NotFound, Stale
from chalicelib.core.paging import Page, page_of
from chalicelib.core.table import Transaction
from chalicelib.notifications import store
from chalicelib.notifications.domain import (
    KINDS,
    Channel,
    Message,
    Template,
    check_template,
    compose,
    sample_values,
)

_CHANNELS = (Channel.EMAIL, Channel.PUSH, Channel.SMS)
"""What subscribers of the topic get has the words of push."""

_LANGUAGE = re.compile(r"[a-z]{2,3}(-[A-Za-z0-9]{2,8})*")


@dataclass(frozen=True, slots=True)
class Listed:
    """A template in a list; one that is not `custom` ships."""

    event: str
    channel: Channel
    language: str
    custom: bool
    placeholders: tuple[str, ...]


def list_templates(limit: int, cursor: str | None, by: Principal) -> Page[Listed]:
    """What can be changed: every event and channel in every language that ships or that the shop added, for administrators."""
    by.require(Role.ADMIN)
    custom = store.custom_templates()
    shipped = {
        (event, channel, language) for event in KINDS for channel in _CHANNELS for language in store.shipped_languages()
    }
    listed = [
        Listed(event, channel, language, (event, channel, language) in custom, tuple(sorted(KINDS[event].placeholders)))
        for event, channel, language in sorted(shipped | custom.keys())
        if event in KINDS
    ]
    return page_of(
        "notification templates",
        limit,
        cursor,
        lambda after, count: [one for one in listed if after is None or _name(one) > after][:count],
        _name,
    )


def _name(one: Listed) -> list[str]:
    return [one.event, one.channel, one.language]


def read_template(event: str, channel: str, language: str, by: Principal) -> Template:
    """The words that are used, also for a language that has none of its own: those it falls back to. For administrators.

    Raises `NotFound` for an event that is not told, another channel, or what is no language.
    """
    by.require(Role.ADMIN)
    if event not in KINDS or channel not in _CHANNELS or _LANGUAGE.fullmatch(language) is None:
        raise NotFound(f"There is no template {event}/{channel}/{language}.")
    return store.template_at(event, Channel(channel), language)


def change_template(words: Template, *, expected_version: int, by: Principal) -> Template:
    """Use other words from now on. Raises `TemplateInvalid`, `NotFound`, `Stale` unless at `expected_version` (0: those that ship)."""
    before = _at(words, expected_version, by)
    after = replace(words, custom=True, version=before.version + 1)
    check_template(after)
    _put(after)
    return after


def reset_template(event: str, channel: str, language: str, *, expected_version: int, by: Principal) -> Template:
    """Use the words that ship again. Raises `NotFound`, `Stale` unless at `expected_version`."""
    before = _at(read_template(event, channel, language, by), expected_version, by)
    _put(replace(before, custom=False, version=before.version + 1))
    return read_template(event, channel, language, by)


def _at(words: Template, expected_version: int, by: Principal) -> Template:
    before = read_template(words.event, words.channel, words.language, by)
    if before.version != expected_version:
        raise Stale(f"The template is at version {before.version}.", version=before.version)
    return before


def _put(template: Template) -> None:
    tx = Transaction()
    store.put_template(tx, template)
    tx.commit()


def preview_template(words: Template, by: Principal) -> Message:
    """How a message with these words would look, with sample values; nothing is kept or sent. Raises `TemplateInvalid`."""
    by.require(Role.ADMIN)
    check_template(words)
    return compose(words, sample_values(words.event))
