"""How table keys are put together, and how load is spread over them."""

from zlib import crc32

SEPARATOR = "#"


def key(*parts: str) -> str:
    """`key("ORDER", "ord_01…")` → `ORDER#ord_01…`. A part may not hold the separator, so no part can forge another."""
    for part in parts:
        if SEPARATOR in part:
            raise ValueError(f"a key part may not contain {SEPARATOR!r}: {part!r}")
    return SEPARATOR.join(parts)


def shard(of: str, count: int) -> str:
    """A stable shard number for an id, as text. One index partition takes 1,000 writes a second; shards share them."""
    return str(crc32(of.encode()) % count)
