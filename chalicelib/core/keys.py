"""How table keys are put together, and how load is spread over them."""

from zlib import crc32

from chalicelib.core.errors import NotFound

SEPARATOR = "#"

MAX_BYTES = 1024
"""The longest sort key that DynamoDB takes; a partition key might have twice that."""


def key(*parts: str) -> str:
    """`key("ORDER", "ord_01…")` → `ORDER#ord_01…`. A part may not hold the separator, so no part can forge another.

    Raises `NotFound` for one that does, and for keys beyond `MAX_BYTES`, e.g. with an id out of a URL: nothing is stored
    under it, and nothing ever will be.
    """
    for part in parts:
        if SEPARATOR in part:
            raise NotFound(f"There is nothing named {part[:64]}.")
    joined = SEPARATOR.join(parts)
    if len(joined.encode()) > MAX_BYTES:
        raise NotFound(f"There is nothing named {joined[:64]}….")
    return joined


def shard(of: str, count: int) -> str:
    """A stable shard number for an id, as text. One index partition takes 1,000 writes a second; shards share them."""
    return str(crc32(of.encode()) % count)
