"""What the placeholders stand for, in the words of a language. Data of events is read with care: a field that another version
of its publisher does not send leaves its placeholder empty, and nobody is left untold for it."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from chalicelib.notifications.domain.kinds import KINDS, PLACEHOLDERS, Notice

_DECIMALS = {
    **dict.fromkeys("BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX VND VUV XAF XOF XPF".split(), 0),
    **dict.fromkeys("BHD IQD JOD KWD LYD OMR TND".split(), 3),
}
"""Digits of the minor unit (ISO 4217) where there are not two."""

MINUTES = "15"
"""How long a code is good for, as customers' verifications have it."""


@dataclass(frozen=True, slots=True)
class _Language:
    decimal_sign: str
    greeting: str
    everything: str
    units: tuple[str, str]
    unknown_date: str
    reasons: Mapping[str, str]
    refusals: Mapping[str, str]


_LANGUAGES = {
    "en": _Language(
        decimal_sign=".",
        greeting="Hello",
        everything="everything",
        units=("unit", "units"),
        unknown_date="as soon as we can",
        reasons={
            "insufficient_funds": "the card has insufficient funds",
            "expired_card": "the card has expired",
            "reservation_lost": "the goods were sold meanwhile",
            "unavailable": "the payment could not be made at the moment",
            "": "the payment was not accepted",
        },
        refusals={
            "review": "a reviewer did not accept it",
            "review_expired": "nobody could look at it in time",
            "": "our rules do not allow it",
        },
    ),
    "de": _Language(
        decimal_sign=",",
        greeting="Guten Tag",
        everything="alles",
        units=("Stück", "Stück"),
        unknown_date="so bald wie möglich",
        reasons={
            "insufficient_funds": "die Karte ist nicht gedeckt",
            "expired_card": "die Karte ist abgelaufen",
            "reservation_lost": "die Ware wurde inzwischen verkauft",
            "unavailable": "die Zahlung war im Moment nicht möglich",
            "": "die Zahlung wurde nicht angenommen",
        },
        refusals={
            "review": "bei der Prüfung wurde es nicht angenommen",
            "review_expired": "es konnte nicht rechtzeitig geprüft werden",
            "": "unsere Regeln lassen es nicht zu",
        },
    ),
}


def values_of(notice: Notice, name: str | None, language: str) -> dict[str, str]:
    """What each placeholder of the notice's kind stands for, in plain text."""
    spoken = _LANGUAGES.get(language.split("-", maxsplit=1)[0], _LANGUAGES["en"])
    values = _Values(notice, name or "", spoken)
    return {placeholder: getattr(values, placeholder)() for placeholder in KINDS[notice.event].placeholders}


def sample_values(event: str) -> dict[str, str]:
    """Stand-ins for previews."""
    return {placeholder: PLACEHOLDERS[placeholder] for placeholder in KINDS[event].placeholders}


def told_skus(notice: Notice) -> list[str]:
    """The SKUs that the notice's lines speak of, for whoever looks up their names."""
    return [sku for sku, _ in _units(notice.data)]


@dataclass(frozen=True, slots=True)
class _Values:
    """One method a placeholder."""

    notice: Notice
    given_name: str
    spoken: _Language

    def allocation(self) -> str:
        return self._text("allocation_id")

    def amount(self) -> str:
        return self._money("amount")

    def cart(self) -> str:
        return self._text("cart_id")

    def code(self) -> str:
        return str(self.notice.data["code"])

    def findings(self) -> str:
        found = self._text("findings")
        return f"\n\n{found}" if found else ""

    def greeting(self) -> str:
        return f"{self.spoken.greeting} {self.given_name}".rstrip() + ","

    def invitation(self) -> str:
        return self._text("invitation")

    def label(self) -> str:
        to = self._text("to")
        return " ".join(filter(None, (self._text("carrier"), self._text("reference"), to and f"({to})")))

    def lines(self) -> str:
        data = self.notice.data
        if data.get("whole"):
            return self.spoken.everything
        if "units" in data:
            return f"{data['units']} {self.spoken.units[data['units'] != 1]}"
        return "\n".join(f"{units} × {self.notice.names.get(sku, sku)}" for sku, units in _units(data))

    def link(self) -> str:
        return self._text("link")

    def minutes(self) -> str:
        return MINUTES

    def name(self) -> str:
        return self.given_name

    def order(self) -> str:
        return self.notice.order_id or ""

    def promised(self) -> str:
        """The day, whatever finer time it comes with."""
        return self._text("promised")[:10] or self.spoken.unknown_date

    def reason(self) -> str:
        return self.spoken.reasons.get(self._text("reason"), self.spoken.reasons[""])

    def refusal(self) -> str:
        """Screening is not spoken of: suppliers are not told for what they are screened."""
        return self.spoken.refusals.get(self._text("reason"), self.spoken.refusals[""])

    def return_id(self) -> str:
        return self._text("return_id")

    def site(self) -> str:
        return self._text("site")

    def supplier(self) -> str:
        return self._text("supplier")

    def total(self) -> str:
        return self._money("total")

    def tracking(self) -> str:
        tracking = self.notice.data.get("tracking") or {}
        words = " ".join(str(tracking[part]) for part in ("carrier", "number") if part in tracking)
        return f" ({words})" if words else ""

    def until(self) -> str:
        return self._text("until")

    def why(self) -> str:
        return self._text("why")

    def _text(self, field: str) -> str:
        return str(self.notice.data.get(field) or "")

    def _money(self, field: str) -> str:
        """Of `{"amount", "currency"}` under `field`, or of an amount there and a currency beside it; minor units."""
        given = self.notice.data.get(field)
        if given is None:
            return ""
        if not isinstance(given, Mapping):
            given = {"amount": given, "currency": self.notice.data.get("currency", "")}
        digits = _DECIMALS.get(given["currency"], 2)
        whole, minor = divmod(int(given["amount"]), 10**digits)
        fraction = f"{self.spoken.decimal_sign}{minor:0{digits}}" if digits else ""
        return f"{whole}{fraction} {given['currency']}".rstrip()


def _units(data: Mapping[str, Any]) -> Iterator[tuple[str, int]]:
    """SKU and units of the lines of an event: `[line_id, sku, units]`, `[sku, units, …]`, or by name. What is not sent out
    (units short) is left out."""
    for line in data.get("lines") or ():
        if isinstance(line, Mapping):
            sku, units = line.get("sku", ""), line.get("quantity", line.get("units", 0))
        else:
            sku, units = line[:2] if isinstance(line[1], int) else line[1:3]
        if units:
            yield str(sku), int(units)
