"""Templates: words with `$placeholders` (string.Template), which hold no logic, so one who writes them cannot reach anything."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from html import escape
from string import Template as Words

from chalicelib.core.errors import Fault, RuleBroken
from chalicelib.notifications.domain.kinds import KINDS, Channel

FALLBACK = "en"
"""The language of last resort; the templates that ship have it."""

_LAYOUT = Words(
    '<!doctype html><html lang="$language"><head><meta charset="utf-8"><title>$subject</title></head>'
    "<body>$body</body></html>"
)


class TemplateInvalid(RuleBroken):
    code = "template_invalid"
    title = "The template cannot be used"


@dataclass(frozen=True, slots=True)
class Template:
    """The words for an event on a channel in a language. `subject` and `html` are for e-mail only; without `html` it is made of
    `text`. `custom` tells the shop's own from those that ship, which are at version 0."""

    event: str
    channel: Channel
    language: str
    text: str
    subject: str | None = None
    html: str | None = None
    custom: bool = False
    version: int = 0


@dataclass(frozen=True, slots=True)
class Message:
    """What is sent."""

    text: str
    subject: str | None = None
    html: str | None = None


def check_template(template: Template) -> None:
    """Raise `TemplateInvalid` that names every fault: unknown placeholders, a stray `$`, what the channel lacks or has not."""
    faults = list(_faults(template))
    if faults:
        raise TemplateInvalid("; ".join(fault.detail for fault in faults[:3]), faults=faults)


def _faults(template: Template) -> Iterator[Fault]:
    known = KINDS[template.event].placeholders
    for name in ("subject", "text", "html"):
        given = getattr(template, name)
        if given is None:
            continue
        words = Words(given)
        if not words.is_valid():
            yield Fault(f"/{name}", "stray_dollar", "A $ begins a placeholder; write $$ for the sign itself.")
            continue
        unknown = sorted(set(words.get_identifiers()) - known)
        if unknown:
            yield Fault(
                f"/{name}",
                "unknown_placeholder",
                f"No {', '.join(unknown)} here; there are {', '.join(sorted(known))}.",
            )
    if template.channel is Channel.EMAIL and template.subject is None:
        yield Fault("/subject", "missing", "An e-mail needs a subject.")
    if template.channel is not Channel.EMAIL and (template.subject is not None or template.html is not None):
        yield Fault("/subject", "not_here", "Only an e-mail has a subject and HTML.")


def compose(template: Template, values: Mapping[str, str]) -> Message:
    """The message. Values are escaped in HTML, and nothing breaks out of the subject's line."""
    text = Words(template.text).substitute(values)
    if template.subject is None:
        return Message(text)
    subject = " ".join(Words(template.subject).substitute(values).split())
    body = Words(template.html).substitute(_in_html(values)) if template.html is not None else _as_html(text)
    html = _LAYOUT.substitute(language=escape(template.language), subject=escape(subject), body=body)
    return Message(text, subject, html)


def _in_html(values: Mapping[str, str]) -> dict[str, str]:
    return {name: escape(value).replace("\n", "<br>") for name, value in values.items()}


def _as_html(text: str) -> str:
    paragraphs = (escape(paragraph).replace("\n", "<br>") for paragraph in text.strip().split("\n\n"))
    return "".join(f"<p>{paragraph}</p>" for paragraph in paragraphs)


def languages_for(language: str) -> list[str]:
    """Where to look for words, first choice first: `de-AT` → de-AT, de, en."""
    return list(dict.fromkeys((language, language.split("-", maxsplit=1)[0], FALLBACK)))
