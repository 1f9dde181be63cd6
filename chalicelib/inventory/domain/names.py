"""What may be called so."""

import re

_NAME = re.compile(r"[A-Za-z0-9][A-Za-z0-9_.-]{0,63}")


def is_name(text: str) -> bool:
    """Whether a SKU, location, reservation or transfer could be called so; nothing else is looked up."""
    return _NAME.fullmatch(text) is not None
