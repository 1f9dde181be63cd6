"""The retailer's stores: the whole file, and the part of it that is committed as a sample."""

import csv
import gzip
import io
import json
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

SAMPLE = Path(__file__).parent / "sample" / "best-buy-stores.csv.gz"
COLUMNS = ("id", "type", "name", "address", "address2", "city", "state", "zip", "lat", "lon", "hours")
"""What a locker site is made of; the services of a store are left out."""

Fields = Mapping[str, str]


def read_file(path: Path) -> Iterator[Fields]:
    """The fields of each store as the file has them: the data set's own JSON, or a sample (CSV.gz)."""
    if path.suffix == ".json":
        yield from (_flat(store) for store in json.loads(path.read_text()))
        return
    with gzip.open(path, "rt", encoding="utf-8", newline="") as lines:
        yield from csv.DictReader(lines)


def _flat(store: Mapping[str, Any]) -> Fields:
    given = {**store, **(store.get("location") or {})}
    return {column: "" if given.get(column) is None else str(given[column]) for column in COLUMNS}


def write_sample(stores: Iterable[Fields], path: Path) -> None:
    """Write stores as a sample, the same bytes for the same stores."""
    text = io.StringIO()
    writer = csv.DictWriter(text, COLUMNS, lineterminator="\n")
    writer.writeheader()
    writer.writerows(stores)
    with path.open("wb") as out, gzip.GzipFile(filename="", fileobj=out, mode="wb", mtime=0) as packed:
        packed.write(text.getvalue().encode())
