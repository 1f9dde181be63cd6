"""What is told to whom, in which words, and on which channel. Pure."""

from chalicelib.notifications.domain.kinds import KINDS, PLACEHOLDERS, Audience, Channel, Kind, Notice, Purpose, State
from chalicelib.notifications.domain.templates import (
    FALLBACK,
    Message,
    Template,
    TemplateInvalid,
    check_template,
    compose,
    languages_for,
)
from chalicelib.notifications.domain.words import sample_values, told_skus, values_of

__all__ = [
    "FALLBACK",
    "KINDS",
    "PLACEHOLDERS",
    "Audience",
    "Channel",
    "Kind",
    "Message",
    "Notice",
    "Purpose",
    "State",
    "Template",
    "TemplateInvalid",
    "check_template",
    "compose",
    "languages_for",
    "sample_values",
    "told_skus",
    "values_of",
]
