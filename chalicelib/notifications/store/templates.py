"""Templates: the shop's own in the table, else those that ship."""

from collections.abc import Iterable, Mapping
from dataclasses import replace
from functools import cache
from pathlib import Path
from typing import cast

from pynamodb.attributes import NumberAttribute

from chalicelib.core.errors import AisleError, Stale
from chalicelib.core.keys import SEPARATOR, key
from chalicelib.core.table import Item, Json, RawItem, Transaction, find, find_many
from chalicelib.notifications.domain import FALLBACK, Channel, Template, languages_for

_SHIPPED = Path(__file__).parent / "templates"


class TemplateItem(Item):
    """pk = TEMPLATE#<event>, sk = <channel>#<language>. Without a document the one that ships is used again: the item stays, so
    that no version comes twice."""

    version = NumberAttribute()
    document = Json(null=True)


def templates_for(event: str, channels: Iterable[Channel], language: str) -> dict[Channel, Template]:
    """The words for an event in a language (BCP 47), by channel, in one round trip: for `de-AT` the shop's own in de-AT, in de,
    else those that ship in de, else all that in English. `language` of the answer is the one they are in."""
    channels = list(channels)
    wanted = [(channel, tongue) for channel in channels for tongue in languages_for(language)]
    found = find_many([(TemplateItem, *_key(event, channel, tongue)) for channel, tongue in wanted])
    own = {
        (channel, tongue): cast(TemplateItem, item)
        for channel, tongue in wanted
        if (item := found.get(_key(event, channel, tongue))) is not None
    }
    return {channel: _first(event, channel, language, own) for channel in channels}


def template_at(event: str, channel: Channel, language: str) -> Template:
    """The words that are used for exactly this language, at the version that changes of them go by: the shop's own, else those
    that the language falls back to."""
    words = templates_for(event, [channel], language)[channel]
    if words.custom and words.language == language:
        return words
    item = find(TemplateItem, *_key(event, channel, language), consistent=True)
    return replace(words, language=language, custom=False, version=int(item.version) if item else 0)


def _first(event: str, channel: Channel, language: str, own: Mapping[tuple[Channel, str], TemplateItem]) -> Template:
    for tongue in languages_for(language):
        item = own.get((channel, tongue))
        if item is not None and item.document is not None:
            return Template(event, channel, tongue, **item.document, custom=True, version=int(item.version))
        if tongue in shipped_languages():
            return _shipped(event, channel, tongue)
    raise AssertionError(f"there is no {FALLBACK}")


def _shipped(event: str, channel: Channel, language: str) -> Template:
    words = _file(language)[event]
    if channel is Channel.EMAIL:
        return Template(event, channel, language, words["text"], subject=words["subject"])
    return Template(event, channel, language, words["short"])


@cache
def _file(language: str) -> dict[str, dict[str, str]]:
    import tomllib  # late: the API seldom reads them

    return tomllib.loads((_SHIPPED / f"{language}.toml").read_text(encoding="utf-8"))


@cache
def shipped_languages() -> tuple[str, ...]:
    """The languages that ship."""
    return tuple(sorted(path.stem for path in _SHIPPED.glob("*.toml")))


def put_template(tx: Transaction, template: Template) -> None:
    """Write the next version of the shop's own; one that is not `custom` stands for the one that ships. Raises `Stale` at commit
    when another was quicker."""

    def stale(raw: RawItem | None) -> AisleError:
        return Stale(f"The template is not at version {template.version - 1} any more.")

    words = {"text": template.text, "subject": template.subject, "html": template.html}
    name = SEPARATOR.join((template.event, template.channel, template.language))
    item = TemplateItem(
        *_key(template.event, template.channel, template.language),
        version=template.version,
        document=words if template.custom else None,
        gsi1pk="TEMPLATES" if template.custom else None,
        gsi1sk=name if template.custom else None,
        summary={"version": template.version} if template.custom else None,
    )
    as_read = TemplateItem.version == template.version - 1
    tx.put(item, as_read if template.version > 1 else TemplateItem.pk.does_not_exist(), stale)


def custom_templates() -> dict[tuple[str, Channel, str], int]:
    """Versions of the shop's own templates by event, channel and language; an instant behind what was written."""
    names = {str(row.gsi1sk): int(row.summary["version"]) for row in TemplateItem.by_owner.query("TEMPLATES")}
    return {_parts(name): version for name, version in names.items()}


def _parts(name: str) -> tuple[str, Channel, str]:
    event, channel, language = name.split(SEPARATOR)
    return event, Channel(channel), language


def _key(event: str, channel: Channel, language: str) -> tuple[str, str]:
    return key("TEMPLATE", event), key(channel, language)
