"""Measures as people write them: a number and a unit, "1.5 kg"."""

import re
from decimal import Decimal

_UNITS = {
    "mass": {"mg": "0.001", "g": "1", "kg": "1000", "t": "1000000", "oz": "28.349523125", "lb": "453.59237"},
    "length": {"mm": "1", "cm": "10", "m": "1000", "km": "1000000", "in": "25.4", "ft": "304.8", "yd": "914.4"},
    "volume": {"ml": "1", "cl": "10", "dl": "100", "l": "1000"},
    "power": {"mw": "0.001", "w": "1", "kw": "1000"},
}
"""Of each unit, how many of the smallest in use. Pound, ounce, inch, foot and yard: the international ones (NIST SP 811, B.8)."""

_OTHER_NAMES = {
    "gram": "g", "grams": "g", "gr": "g", "kilogram": "kg", "kilograms": "kg", "kgs": "kg", "lbs": "lb", "pound": "lb",
    "pounds": "lb", "ounce": "oz", "ounces": "oz", "millimetre": "mm", "millimetres": "mm", "millimeter": "mm",
    "millimeters": "mm", "centimetre": "cm", "centimetres": "cm", "centimeter": "cm", "centimeters": "cm", "metre": "m",
    "metres": "m", "meter": "m", "meters": "m", "inch": "in", "inches": "in", '"': "in", "foot": "ft", "feet": "ft",
    "litre": "l", "litres": "l", "liter": "l", "liters": "l", "watt": "w", "watts": "w",
}  # fmt: skip

UNITS = frozenset(unit for units in _UNITS.values() for unit in units)
"""The units that an attribute may be measured in."""

_WRITTEN = re.compile(r"([0-9]{1,12}(?:[.,][0-9]{1,9})?)\s*([A-Za-z\"]*)\.?")
_THOUSANDS = re.compile(r"[0-9]{1,3}[.,][0-9]{3}")


def measured(text: str, unit: str) -> Decimal | None:
    """What is written, in `unit`; a bare number is in it already. None for what is no measure of its kind.

    "1,5" is one and a half. "1,500" and "1.500" could be thousands where others write them so, so they are no measure.
    """
    found = _WRITTEN.fullmatch(text.strip())
    if found is None or _THOUSANDS.fullmatch(found[1]):
        return None
    number = Decimal(found[1].replace(",", "."))
    written = found[2].lower()
    written = _OTHER_NAMES.get(written, written)
    if written in ("", unit):
        return number
    for units in _UNITS.values():
        if written in units and unit in units:
            return number * Decimal(units[written]) / Decimal(units[unit])
    return None
