"""Texts as people send them: how they are tidied, compared, and searched for words."""

import re
import unicodedata
from collections.abc import Iterable
from html import unescape

_FOLDED_FORMS = ("<wide>", "<narrow>", "<noBreak>", "<compat>")
"""Forms of a character that only look different (Unicode Standard Annex 44, table 14). Superscripts and fractions mean something of
their own ("m²" is not "m2"), so full NFKC would change what is said."""

_TAG = re.compile(r"</?[A-Za-z][^<>]*>|<!--.*?-->", flags=re.DOTALL)
_ACTIVE = re.compile(r"<\s*(script|iframe|object|embed|style|form|svg)\b|javascript\s*:", flags=re.IGNORECASE)
_HANDLER = re.compile(r"\bon[a-z]+\s*=", flags=re.IGNORECASE)
_PLAIN_TAG = re.compile(
    r"""</?[a-z][a-z0-9]*(?:\s+(?!on)[a-z][a-z0-9-]*(?:="[^"<>]*"|='[^'<>]*'|=[^\s<>"'=`]+)?)*\s*/?>""",
    flags=re.IGNORECASE,
)
"""A tag that every browser closes at the same place, without a handler of an event. Each try ends at the next bracket."""
_TAG_BEGINS = re.compile(r"<[a-z]", flags=re.IGNORECASE)
_ESCAPED_TIMES = 3
_LINE_BREAK = re.compile(r"<\s*(br|/p|/li|/div|/h[1-6])\b[^<>]*>", flags=re.IGNORECASE)


def tidied(text: str, *, lines: bool = False) -> str:
    """Characters in their usual form, one space between words, none at the ends; `lines` are kept apart."""
    usual = "".join(_usual(char) for char in unicodedata.normalize("NFC", text.replace("\r\n", "\n")))
    usual = "".join(char for char in usual if char in "\n\t" or unicodedata.category(char) not in ("Cc", "Cf"))
    if not lines:
        return " ".join(usual.split())
    kept = "\n".join(" ".join(line.split()) for line in usual.split("\n"))
    return re.sub(r"\n{3,}", "\n\n", kept).strip()


def _usual(char: str) -> str:
    form = unicodedata.decomposition(char).partition(" ")[0]
    return unicodedata.normalize("NFKC", char) if form in _FOLDED_FORMS else char


def has_html(text: str) -> bool:
    """Whether there is markup in it; "a < b" is none."""
    return _TAG.search(text) is not None


def has_active_html(text: str) -> bool:
    """Whether a browser would run something of it, also when it was escaped. Handlers of events ("onclick=") count from the first tag
    on that is not plain: where that ends, browsers say, not we. Takes time in proportion to the text."""
    for _ in range(_ESCAPED_TIMES + 1):
        if _runs(text):
            return True
        plain = unescape(text)
        if plain == text:
            break
        text = plain
    return False


def _runs(text: str) -> bool:
    if _ACTIVE.search(text):
        return True
    rest = _PLAIN_TAG.sub(" ", text)
    begins = _TAG_BEGINS.search(rest)
    return begins is not None and _HANDLER.search(rest, begins.start()) is not None


def without_html(text: str) -> str:
    """What its markup would show, as plain lines; nothing in it is taken for markup any more, though it was escaped."""
    while has_html(text):  # each round is shorter
        text = unescape(_TAG.sub(" ", _LINE_BREAK.sub("\n", text)))
    return tidied(text, lines=True)


def folded(text: str) -> str:
    """For comparison: equal for what differs only in case, accents of Latin, Greek and Cyrillic letters, or form."""
    spread = unicodedata.normalize("NFKD", text.casefold())
    kept: list[str] = []
    accented = False
    for char in spread:
        if unicodedata.combining(char) and accented:
            continue
        if unicodedata.category(char) == "Cf":
            continue
        accented = char.isalpha() and unicodedata.name(char, "").startswith(("LATIN", "GREEK", "CYRILLIC"))
        kept.append(char)
    return " ".join("".join(kept).split())


def words_in(text: str, wanted: Iterable[str]) -> list[str]:
    """Those of the `wanted` words (or phrases) that stand in the text as words of their own: "ass" is not in "class".

    In scripts without spaces between words (Chinese, Japanese, Thai …) a word counts wherever it stands.
    """
    inside = folded(text)
    return [word for word in wanted if _stands_in(inside, folded(word))]


def _stands_in(text: str, word: str) -> bool:
    at = text.find(word) if word else -1
    while at >= 0:
        end = at + len(word)
        begins = at == 0 or _divides(text[at - 1], word[0])
        ends = end == len(text) or _divides(word[-1], text[end])
        if begins and ends:
            return True
        at = text.find(word, at + 1)
    return False


def _divides(left: str, right: str) -> bool:
    if not (_in_word(left) and _in_word(right)):
        return True
    return _is_spaceless(left) or _is_spaceless(right)


def _in_word(char: str) -> bool:
    return char.isalnum() or unicodedata.category(char).startswith("M")


_SPACELESS = ("CJK", "HIRAGANA", "KATAKANA", "THAI", "LAO", "KHMER", "MYANMAR")


def _is_spaceless(char: str) -> bool:
    return not char.isascii() and unicodedata.name(char, "").startswith(_SPACELESS)
